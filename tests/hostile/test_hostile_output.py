"""File contents that would control a terminal: every command shows them escaped; files get them unchanged."""

import io
import json
import re
import sys
import wave
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from pipeline import terminal
from pipeline.batch.display import JsonDisplay, LineDisplay, TableDisplay
from pipeline.batch.jobs.job import JobState
from pipeline.cli import entry as command
from pipeline.run.events import Failed, Warned
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.lock import Holder
from pipeline.run.folder.status import Status
from pipeline.run.progress import BarReporter, JsonReporter, LineReporter
from pipeline.schedule.origin import Origin
from pipeline.video.formats import apng, gif, webp
from pipeline.video.notes import MARK
from tests.hostile.conftest import MEGABYTES, Forked

ROOT = Path(__file__).parents[2]
# Clear the screen; the same in one character; set the title; write right to left; return to the start of the line.
STEERS = "\x1b[2J\x9b2J\x1b]0;owned\x07\u202edesrever\u2066\rgone\u2028"
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `render ...` and returns its exit code with everything it printed."""

    def run(*arguments: str | Path) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["render", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            command()
        return int(end.value.code or 0), "".join(capsys.readouterr())

    return run


def assert_harmless(text: str) -> None:
    assert text.strip()
    for line in text.split("\n"):
        assert line.isprintable(), line


def assert_printable(text: str) -> None:
    assert_harmless(text)
    assert "\\x1b[2J" in text or "\\u001b[2J" in text


@pytest.mark.parametrize(
    ("kind", "write"), [("gif", gif.write_text), ("webp", webp.write_text), ("png", apng.write_text)]
)
def test_inspect(tmp_path: Path, run_command: Run, kind: str, write: Callable[[Path, str], None]) -> None:
    video, source = tmp_path / f"a.{kind}", f"{MARK}\n# {STEERS}\noutput: {{length: 1s}}\n"
    Image.new("RGB", (8, 8)).save(video)
    write(video, source)
    code, text = run_command("inspect", video)
    assert code == 0
    assert_printable(text)
    code, _ = run_command("inspect", video, "-o", tmp_path / "a.yaml")
    assert code == 0
    if kind != "webp":  # XML cannot contain control characters
        assert (tmp_path / "a.yaml").read_bytes().decode() == source


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + kind + content + bytes(4)


@pytest.mark.parametrize("begin", [b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(7) + b"!\xfe\1", b"RIFF\0\0\0\0WEBP"])
def test_a_large_file_is_inspected_in_little_memory(tmp_path: Path, render: Forked, begin: bytes) -> None:
    with (tmp_path / "a.gif").open("wb") as file:
        file.write(begin + _png_chunk(b"IDAT", b""))
        file.truncate(2 << 30)
    outcome = render("inspect", tmp_path / "a.gif")
    assert outcome.code == 2
    assert "contains no schedule" in outcome.output
    assert outcome.megabytes <= MEGABYTES


def test_texts_longer_than_schedules_are_skipped(tmp_path: Path, run_command: Run) -> None:
    long, right = f"{MARK}\n#{' ' * 21_000_000}", f"{MARK}\n# it\n"
    for kind, write in (("gif", gif.write_text), ("webp", webp.write_text), ("png", apng.write_text)):
        video = tmp_path / f"a.{kind}"
        Image.new("RGB", (8, 8)).save(video)
        write(video, long)
        write(video, right)
        assert run_command("inspect", video) == (0, right)


@pytest.mark.parametrize("length", [5_000_000, 100_000_000])
def test_metadata_longer_than_schedules_are_refused_in_little_memory(
    tmp_path: Path, render: Forked, length: int
) -> None:
    def atom(kind: bytes, content: bytes) -> bytes:
        return (8 + len(content)).to_bytes(4, "big") + kind + content

    comment = atom(b"\xa9cmt", atom(b"data", b"\0\0\0\1\0\0\0\0" + b"=" * length))
    handler = atom(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    notes = atom(b"udta", atom(b"meta", bytes(4) + handler + atom(b"ilst", comment)))
    video = tmp_path / "a.mp4"
    video.write_bytes(atom(b"ftyp", b"isom\0\0\2\0isom") + atom(b"moov", atom(b"mvhd", bytes(100)) + notes))
    outcome = render("inspect", video)
    assert outcome.code == 2
    assert re.search("its metadata has over 4,000,000 bytes|cannot read it as a video", outcome.output), outcome.output
    assert outcome.megabytes <= MEGABYTES


def _hostile_run(folder: Path, schedule: Path) -> RunFolder:
    from pipeline.schedule.loader import load_schedule

    run = RunFolder(folder)
    folder.mkdir()
    run.write_origin(load_schedule(schedule), Origin(file=f"{STEERS}.yaml"))
    return run


def test_commands_on_the_folder_of_a_run(tmp_path: Path, run_command: Run) -> None:
    (tmp_path / "s.yaml").write_text("output: {length: 4}\nmodels: {latent: pixels, perceptors: [toy]}\nprompts: sea\n")
    folder = _hostile_run(tmp_path / "run", tmp_path / "s.yaml").path
    for arguments in (("status", folder), ("status", folder, "--json"), ("verify", folder)):
        code, text = run_command(*arguments)
        assert code == 2
        assert_printable(text)


def test_status_itself() -> None:
    writer = Holder(host=STEERS, pid=1, started=STEERS)
    held = Status(
        folder="f",
        schedule=STEERS,
        frames=1,
        done=(),
        stale=(),
        missing=("0:1",),
        states=(),
        edited=False,
        video=False,
        writer=writer,
    )
    assert_printable(terminal.printable_lines(str(held)))


@pytest.mark.parametrize("name", ["animations.txt", "deforum_webui.txt", "deforum_notebook.txt"])
def test_import(tmp_path: Path, run_command: Run, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    source = (ROOT / "tests" / "pipeline" / "importers" / "settings" / name).read_text()
    strange = json.dumps(STEERS) if source.startswith("{") else "\x1b[2J\x9b"
    begin = source.replace("{", f"{{{strange}: {strange},", 1) if source.startswith("{") else source
    (tmp_path / f"a\x1b[2J{name}").write_text(begin.replace("snow", f"{strange}snow"))
    _, text = run_command("import", tmp_path / f"a\x1b[2J{name}")
    assert_harmless(text)  # the control characters are removed from the schedule's own name


def test_music_and_plots_and_previews_are_named(tmp_path: Path, run_command: Run) -> None:
    track = tmp_path / "a\x1b[2J\u202e.wav"
    with wave.open(str(track), "wb") as file:
        file.setparams((1, 2, 22_050, 0, "NONE", ""))
        file.writeframes(bytes(2 * 22_050))
    schedule = tmp_path / "b\x1b[2J\u202e.yaml"
    schedule.write_text("output: {length: 4}\nmodels: {latent: pixels, perceptors: [toy]}\nprompts: sea\n")
    for arguments in (
        ("music", track),
        ("music", track, "--json"),
        ("check", schedule),
        ("check", schedule, "--json"),
        ("plot", schedule, "-o", tmp_path / "c\x1b[2J.svg"),
    ):
        code, text = run_command(*arguments)
        assert code == 0, text
        assert_printable(text)


def test_plans_are_the_same_objects(tmp_path: Path, run_command: Run) -> None:
    (tmp_path / "s.yaml").write_text("output: {length: 1}\nprompts: {0s: 'a \u00ad\u200dsea'}\n")
    code, text = run_command("plan", tmp_path / "s.yaml")
    assert code == 0, text
    assert json.loads(text)["prompts"][0]["text"] == "a \u00ad\u200dsea"
    assert text.removesuffix("\n").isprintable()


@pytest.mark.parametrize("display", [JsonDisplay, LineDisplay])
def test_the_displays_of_a_batch(display: type[JsonDisplay | LineDisplay], capsys: pytest.CaptureFixture[str]) -> None:
    job = JobState(name=STEERS, file=Path("a"), status="failed", message=f"{STEERS}\n{STEERS}")
    shown = display()
    shown.changed(job)
    shown.event(job, Warned(schedule="a", message=STEERS))
    shown.note(STEERS)
    assert_printable("".join(capsys.readouterr()))


def test_the_table_of_a_batch() -> None:
    job = JobState(name=STEERS, file=Path("a"), status="failed", message=STEERS)
    console = Console(width=300, file=io.StringIO(), force_terminal=False)
    table = TableDisplay([job], console)
    table.changed(job)
    table.note(STEERS)
    table.close([job])
    written = console.file
    assert isinstance(written, io.StringIO)
    assert_printable(written.getvalue())


@pytest.mark.parametrize("kind", [JsonReporter, LineReporter, BarReporter])
def test_the_events_of_a_run(
    kind: type[JsonReporter | LineReporter | BarReporter], capsys: pytest.CaptureFixture[str]
) -> None:
    reporter = kind()
    reporter(Warned(schedule=STEERS, message=STEERS))
    reporter(Failed(schedule=STEERS, message=STEERS))
    reporter.note(STEERS)
    reporter.downloaded(STEERS, 1, 1)
    reporter.close()
    text = "".join(capsys.readouterr())
    assert "owned" in text
    assert "\x1b]0;" not in text
    assert "\u202e" not in text
    if kind is not BarReporter:
        assert_printable(text)


def test_json_stays_the_same_object(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show_json(json.dumps({"a": STEERS + "\U000e0001ä"}, ensure_ascii=False))
    text = capsys.readouterr().out
    assert json.loads(text) == {"a": STEERS + "\U000e0001ä"}
    assert text.removesuffix("\n").isprintable()


def test_nothing_else_prints() -> None:
    """Standard output and error are written in one place only, so that no output bypasses `show`."""
    for path in (ROOT / "pipeline").rglob("*.py"):
        if path.name != "terminal.py":
            text = path.read_text(encoding="utf-8")
            assert not re.search(
                r"click\.s?echo\(|^\s*print\(|sys\.std(out|err)\.write\(", _code(text), re.MULTILINE
            ), path


def _code(text: str) -> str:
    """The code without its docstrings."""
    return re.sub(r'""".*?"""', "", text, flags=re.DOTALL)
