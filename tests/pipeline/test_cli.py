"""The command as a process: exit codes, standard output and standard error."""

import importlib
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import click
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pipeline import cli
from pipeline.commands.models import models
from render.models import registry
from tests.waiting import PATIENCE

SCHEDULES = Path(__file__).parents[2] / "schedules"
FRAMES = 12
TOY = f"""
output: {{size: [32, 32], fps: 8, length: {FRAMES}, seed: 3}}
models: {{latent: pixels, perceptors: [toy]}}
prompts: {{0: red, 11: blue}}
motion: {{zoom: 1.2/s}}
refine: {{steps: 24, first_frame: 24, cutouts: 4}}
"""
ENDLESS = TOY.replace("steps: 24, first_frame: 24", "steps: {0: 1, 1: 10000}, first_frame: 1")

Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the commands run; they render to its subfolder `out`."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "a.yaml").write_text(TOY)
    (folder / "b.yaml").write_text(TOY.replace(f"length: {FRAMES}", "length: 3"))
    (folder / "endless.yaml").write_text(ENDLESS)
    (folder / "bad.yaml").write_text(TOY.replace("zoom: 1.2/s", "zom: 1.2/s"))
    return folder


@pytest.fixture(scope="module")
def call(folder: Path, command: str) -> Call:
    """Run `render` with arguments to its end; it must print no traceback."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [command, *map(str, arguments)],
            cwd=folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.fixture(scope="module")
def first(call: Call) -> subprocess.CompletedProcess[str]:
    """`render a.yaml b.yaml --json`, from nothing."""
    return call("a.yaml", "b.yaml", "--out", "out", "--json")


@pytest.fixture(scope="module")
def finished(first: subprocess.CompletedProcess[str], folder: Path) -> Path:
    """The folder of the finished a.yaml; not to be changed."""
    assert first.returncode == 0, first.stderr
    return folder / "out" / "a"


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """An --out folder with a copy of the finished run."""
    shutil.copytree(finished, tmp_path / "copy" / "a")
    return tmp_path / "copy"


def events_of(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def frame_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "frames").iterdir())}


def count_frames(video: Path) -> int:
    with av.open(str(video)) as container:
        return sum(1 for _ in container.decode(video=0))


# rendering


def test_two_files_are_rendered_to_two_folders(first: subprocess.CompletedProcess[str], finished: Path) -> None:
    assert first.stderr == ""
    assert count_frames(finished / "video.mp4") == FRAMES
    assert count_frames(finished.with_name("b") / "video.mp4") == 3
    assert (finished / "schedule.yaml").read_text() == TOY


def test_json_is_one_event_per_line_in_order(first: subprocess.CompletedProcess[str]) -> None:
    found = [(event["event"], event.get("schedule"), event.get("index")) for event in events_of(first)]
    assert found == [
        ("started", "a", None),
        *(("frame", "a", index) for index in range(FRAMES)),
        ("finished", "a", None),
        ("started", "b", None),
        *(("frame", "b", index) for index in range(3)),
        ("finished", "b", None),
    ]


def test_two_files_in_lockstep(call: Call, tmp_path: Path) -> None:
    done = call("a.yaml", "b.yaml", "--lockstep", "2", "--out", tmp_path, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = [(event["event"], event["schedule"]) for event in events_of(done)]
    assert found[:2] == [("started", "a"), ("started", "b")]
    assert found.index(("finished", "b")) < found.index(("finished", "a"))
    assert (found.count(("frame", "a")), found.count(("frame", "b"))) == (FRAMES, 3)
    assert count_frames(tmp_path / "b" / "video.mp4") == 3
    report = json.loads((tmp_path / "a" / "report.json").read_text())
    assert report["device"].endswith(", in lockstep")


def test_lockstep_without_a_number_measures(call: Call, tmp_path: Path) -> None:
    done = call("b.yaml", "a.yaml", "--out", tmp_path, "--lockstep")
    assert done.returncode == 0
    assert "lockstep: " in done.stderr
    assert done.stderr.strip().endswith(" at once")


def test_render_file_is_render_video_file(call: Call, copy: Path) -> None:
    done = call("video", "a.yaml", "--out", copy)
    assert done.returncode == 0
    assert done.stdout == f"{copy}/a/video.mp4: {FRAMES} frames (nothing to do)\n"


def test_options_may_precede_the_file(call: Call, copy: Path) -> None:
    assert call("--out", copy, "a.yaml").stdout.endswith("(nothing to do)\n")


def test_failing_ffmpeg_is_exit_code_1_and_loses_no_frame(
    call: Call, copy: Path, script: Callable[[str, str], Path]
) -> None:
    program = script("ffmpeg", "echo 'No space left on device' >&2; exit 1")
    (copy / "a" / "report.json").unlink()
    video = (copy / "a" / "video.mp4").read_bytes()
    done = call("a.yaml", "--out", copy, "--ffmpeg", program)
    assert done.returncode == 1
    assert done.stderr == "a: ffmpeg: the disk is full; free some space and run again, the frames are kept\n"
    assert (copy / "a" / "video.mp4").read_bytes() == video
    assert call("a.yaml", "--out", copy).returncode == 0


def test_failure_is_an_event_with_json(call: Call, copy: Path) -> None:
    done = call("a.yaml", "--out", copy, "--json", "--ffmpeg", "/nowhere/ffmpeg")
    assert done.returncode == 1
    (failed,) = events_of(done)
    assert (failed["event"], failed["schedule"]) == ("failed", "a")
    assert "/nowhere/ffmpeg" in failed["message"]
    assert done.stderr == ""


@pytest.fixture(scope="module")
def drafts(call: Call, folder: Path, finished: Path) -> subprocess.CompletedProcess[str]:
    """Drafts of both beside the finished runs, but the first one's folder cannot be created."""
    (folder / "out" / "a-draft").write_text("a file is in the way")
    return call("a.yaml", "b.yaml", "--out", "out", "--draft")


def test_one_failing_run_does_not_stop_the_other(drafts: subprocess.CompletedProcess[str], folder: Path) -> None:
    assert drafts.returncode == 1
    assert drafts.stderr.startswith("a: ")
    assert "a-draft" in drafts.stderr
    assert drafts.stderr.count("\n") == 1
    assert count_frames(folder / "out" / "b-draft" / "video.mp4") == 3


def test_draft_is_half_the_size_in_a_separate_folder(drafts: subprocess.CompletedProcess[str], folder: Path) -> None:
    with Image.open(folder / "out" / "b-draft" / "frames" / "000000.png") as image:
        assert image.size == (16, 16)
    with Image.open(folder / "out" / "b" / "frames" / "000000.png") as image:
        assert image.size == (32, 32)


def test_schedule_of_a_draft_is_marked_as_one(
    drafts: subprocess.CompletedProcess[str], call: Call, folder: Path
) -> None:
    kept = folder / "out" / "b-draft" / "schedule.yaml"
    first, rest = kept.read_text().split("\n", 1)
    assert first.startswith("# Rendered as a draft")
    assert rest == (folder / "b.yaml").read_text()
    assert call("check", kept).returncode == 0


# Ctrl-C


class Started:
    """A running `render --json`."""

    def __init__(self, command: str, folder: Path, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [command, *arguments, "--json"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def wait_for_frame(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if json.loads(line)["event"] == "frame":
                return
        raise AssertionError("no frame was reported")

    def wait_for_file(self, path: Path) -> None:
        """A frame is reported when it is written, or after the next one if writing takes longer."""
        while not path.exists():
            assert self._process.poll() is None, "the process ended before"
            time.sleep(0.01)

    def press_ctrl_c(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def wait_for_note(self) -> str:
        assert self._process.stderr is not None
        return self._process.stderr.readline()

    def end(self) -> subprocess.CompletedProcess[str]:
        out, err = self._process.communicate(timeout=PATIENCE)
        assert "Traceback" not in err
        return subprocess.CompletedProcess(self._process.args, self._process.returncode, out, err)

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def start(command: str, folder: Path) -> Iterator[Callable[..., Started]]:
    processes: list[Started] = []

    def start(*arguments: str) -> Started:
        processes.append(Started(command, folder, *arguments))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()


def test_ctrl_c_finishes_the_frame_and_the_next_run_completes_the_same_video(
    start: Callable[..., Started], call: Call, finished: Path, tmp_path: Path
) -> None:
    process = start("a.yaml", "--out", str(tmp_path))
    process.wait_for_frame()
    process.press_ctrl_c()
    assert process.wait_for_note() == "finishing this frame; Ctrl-C again stops at once\n"
    done = process.end()
    assert done.returncode == 130
    last = events_of(done)[-1]
    assert last["event"] == "interrupted"
    kept = frame_bytes(tmp_path / "a")
    assert 1 <= len(kept) == last["done"] < FRAMES
    assert kept.items() <= frame_bytes(finished).items()
    assert not (tmp_path / "a" / "video.mp4").exists()

    again = call("a.yaml", "--out", tmp_path)
    assert again.returncode == 0
    assert f"resuming: {len(kept)} frames reused" in again.stdout
    assert frame_bytes(tmp_path / "a") == frame_bytes(finished)
    assert (tmp_path / "a" / "video.mp4").read_bytes() == (finished / "video.mp4").read_bytes()


def test_ctrl_c_twice_stops_at_once_and_keeps_finished_frames(start: Callable[..., Started], tmp_path: Path) -> None:
    """The second frame takes minutes: only the second Ctrl-C can end it."""
    process = start("endless.yaml", "--out", str(tmp_path))
    process.wait_for_file(tmp_path / "endless" / "frames" / "000000.png")
    process.press_ctrl_c()
    process.wait_for_note()
    process.press_ctrl_c()
    done = process.end()
    assert done.returncode == 130
    assert done.stderr.strip() == "stopped; run the same command again to continue"
    assert list(frame_bytes(tmp_path / "endless")) == ["000000.png"]


# what is refused


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bad.yaml"], "bad.yaml:5:10: motion.zom: unknown key; did you mean 'zoom'?"),
        (["nothing.yaml"], "nothing.yaml: cannot be read: No such file or directory"),
        (["a.yml"], "a.yml: cannot be read: No such file or directory; did you mean 'a.yaml'?"),
        (["a"], "a: cannot be read: No such file or directory; did you mean 'a.yaml'?"),
        (["no/such"], "no/such: cannot be read: No such file or directory"),
        (["check", "bda.yaml"], "did you mean 'bad.yaml'?"),
        (["import", "bda.yaml"], "did you mean 'bad.yaml'?"),
        (["inspect", "bda.yaml"], "did you mean 'bad.yaml'?"),
        (["music", "bda.yaml"], "did you mean 'bad.yaml'?"),
        (["."], "is a folder; expected a file"),
        (["chekc", "a.yaml"], "No such command 'chekc'"),
        (["a.yaml", "--frame", "1:2"], "--frames"),
        (["a.yaml", "--frames", "3"], "expected A:B, A: or :B with frame numbers, got '3'"),
        (["a.yaml", "--frames", "a:b"], "expected A:B"),
        (["a.yaml", "--lockstep", "b.yaml"], "expected auto or a number of schedules such as 4, got 'b.yaml'"),
        (["a.yaml", "--lockstep", "0"], "expected auto or a number of schedules such as 4, got '0'"),
        (["a.yaml", "--frames", "5:99"], "--frames 5:99: expected A:B with 0 <= A < B <= 12"),
        (["--draft"], "FILE"),
        (["plot", "a.yaml", "-o", "a.xyz"], "a.xyz: cannot be drawn"),
        (["plot", "a.yaml", "-o", "no/such/folder/a.png"], "cannot be drawn"),
        (["plan", "nothing.yaml"], "nothing.yaml: cannot be read"),
        (["check"], "FILE"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_gives_exit_code_2_and_a_message(
    call: Call, folder: Path, arguments: list[str], message: str
) -> None:
    done = call(*arguments, *(["--out", "refused"] if arguments[0] == "a.yaml" else []))
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""
    assert not (folder / "refused").exists()


def test_two_schedules_of_one_name_are_refused_before_anything_is_rendered(call: Call, folder: Path) -> None:
    (folder / "other").mkdir()
    shutil.copy(folder / "b.yaml", folder / "other" / "a.yaml")
    done = call("a.yaml", "other/a.yaml", "--out", "refused")
    assert done.returncode == 2
    assert "another schedule of this name" in done.stderr
    assert not (folder / "refused").exists()


def test_a_bad_schedule_among_good_ones_is_reported_before_anything_is_rendered(call: Call, folder: Path) -> None:
    done = call("a.yaml", "bad.yaml", "--out", "refused")
    assert done.returncode == 2
    assert "bad.yaml:5" in done.stderr
    assert not (folder / "refused").exists()


def test_unknown_device_is_exit_code_2(call: Call, tmp_path: Path) -> None:
    done = call("b.yaml", "--out", tmp_path, "--device", "gpu7")
    assert done.returncode == 2
    assert done.stderr == "device 'gpu7': expected auto, cpu, cuda, cuda:N or mps\n"


# the other commands


def test_check_reports_good_and_bad_schedules(call: Call) -> None:
    done = call("check", "a.yaml", "bad.yaml", "nothing.yaml", SCHEDULES / "sunset.yaml")
    assert done.returncode == 2
    assert done.stdout.splitlines() == [
        "a.yaml: OK: 12 frames, 1.5 s at 8 fps, 32×32",
        f"{SCHEDULES}/sunset.yaml: OK: 144 frames, 12 s at 12 fps, 256×144",
    ]
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["bad.yaml", "nothing.yaml"]


def test_check_of_good_schedules_is_exit_code_0(call: Call) -> None:
    done = call("check", *sorted(SCHEDULES.glob("*.yaml")))
    output = [
        line for line in done.stderr.splitlines() if not line.startswith("loop.ogg: ")
    ]  # the analysis of its track
    assert (done.returncode, output) == (0, [])


def test_plan_prints_one_spec_per_frame(call: Call) -> None:
    done = call("plan", "a.yaml")
    specs = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [spec["index"] for spec in specs] == list(range(FRAMES))
    assert all(spec["size"] == [32, 32] for spec in specs)
    assert specs[0]["prompts"] == [{"text": "red", "weight": 1.0}]


@pytest.fixture(scope="module")
def headed(command: str, folder: Path) -> tuple[int, str]:
    """A long plan into a pipe whose reader leaves after one line: exit code and standard error."""
    (folder / "long.yaml").write_text(TOY.replace(f"length: {FRAMES}", "length: 2000"))
    process = subprocess.Popen(
        [command, "plan", "long.yaml"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert json.loads(process.stdout.readline())["index"] == 0
    process.stdout.close()
    output = process.stderr.read()
    process.stderr.close()
    return process.wait(timeout=PATIENCE), output


def test_plan_into_head_prints_no_error(headed: tuple[int, str]) -> None:
    assert headed[1] == ""


def test_plan_into_head_succeeds(headed: tuple[int, str]) -> None:
    assert headed[0] == 0


def test_plot_prints_the_path_of_its_picture(call: Call, tmp_path: Path) -> None:
    done = call("plot", "a.yaml", "-o", tmp_path / "curves.png")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{tmp_path}/curves.png\n", "")
    with Image.open(tmp_path / "curves.png") as image:
        assert np.asarray(image).std() > 0


def test_plot_is_named_after_its_schedule_by_default(call: Call, folder: Path) -> None:
    assert call("plot", "a.yaml").stdout == "a-plot.png\n"
    assert (folder / "a-plot.png").is_file()


def test_plot_prints_the_file_that_it_wrote(call: Call, tmp_path: Path) -> None:
    done = call("plot", "a.yaml", "-o", tmp_path / "curves")
    assert [done.stdout.strip()] == [str(path) for path in tmp_path.iterdir()]


def test_models_lists_every_latent_and_the_embedded_models(call: Call) -> None:
    done = call("models")
    assert done.returncode == 0
    for name in [*registry.latents(), "embedded", "toy"]:
        assert f"  {name} " in done.stdout
    assert done.stdout.count(" MB on disk ") >= 2  # the embedded ones


@pytest.mark.parametrize("name", ["video", "check", "plan", "plot", "start"])
def test_help_has_examples(name: str) -> None:
    output = CliRunner().invoke(cli.main, [name, "--help"]).output
    assert f"render {'' if name == 'video' else name + ' '}schedules/" in output


def test_main_help_has_examples_and_every_command(call: Call) -> None:
    for arguments in (["--help"], ["-h"]):
        done = call(*arguments)
        assert done.returncode == 0
        assert "render schedules/sunset.yaml --draft" in done.stdout
        for name in ("video", "check", "plan", "plot", "start", "models"):
            assert f"\n  {name} " in done.stdout


def test_version_is_printed(call: Call) -> None:
    done = call("--version")
    assert done.returncode == 0
    assert "0.1.0" in done.stdout


def test_every_command_is_registered_and_in_the_readme() -> None:
    """Every command that a module of pipeline/commands defines must be reachable."""
    commands = Path(__file__).parents[2] / "pipeline" / "commands"
    defined = {
        found.name
        for path in commands.glob("[!_]*.py")
        for found in vars(importlib.import_module(f"pipeline.commands.{path.stem}")).values()
        if isinstance(found, click.Command) and found.callback is not None
    }
    reachable = set(cli.main.commands) | set(models.commands)
    assert defined <= reachable, defined - reachable
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert [name for name in set(cli.main.commands) - {"video"} if f"| `render {name}" not in readme] == []


# trials, history and names


@pytest.fixture(scope="module")
def tried(call: Call, folder: Path) -> Path:
    """A finished run, and a trial of its first frame with another seed."""
    (folder / "keep.yaml").write_text((folder / "b.yaml").read_text())
    assert call("keep.yaml", "--out", "tried").returncode == 0
    video = (folder / "tried" / "keep" / "video.mp4").read_bytes()
    done = call("keep.yaml", "--out", "tried", "--set", "output.seed=9", "--frames", ":1")
    assert "tried/keep-output.seed=9/video.mp4: 1 frame " in done.stdout
    assert (folder / "tried" / "keep" / "video.mp4").read_bytes() == video
    return folder / "tried"


def test_a_trial_of_one_frame_leaves_the_finished_run(call: Call, tried: Path) -> None:
    assert call("keep.yaml", "--out", "tried").stdout.endswith("(nothing to do)\n")
    assert sorted(path.name for path in tried.iterdir()) == ["keep", "keep-output.seed=9"]


def test_status_of_a_trial_prints_how_to_continue(call: Call, tried: Path, folder: Path) -> None:
    last = call("status", tried / "keep-output.seed=9").stdout.splitlines()[-1]
    assert last == f"  continue with: render {folder}/keep.yaml --set output.seed=9"


def test_history_lists_restores_and_clears(call: Call, tried: Path, folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "keep"
    shutil.copytree(tried / "keep", place)
    video = (place / "video.mp4").read_bytes()
    (folder / "edited").mkdir(exist_ok=True)
    text = (folder / "keep.yaml").read_text()
    (folder / "edited" / "keep.yaml").write_text(
        f"{text}\nmotion: {{zoom: 1.3/s}}\n".replace("motion: {zoom: 1.2/s}", "")
    )
    done = call("edited/keep.yaml", "--out", tmp_path)
    assert f"keep: the previous finished video is kept; render history {place} --restore 1 restores it" in done.stdout
    listing = call("history", place)
    assert (listing.returncode, listing.stderr) == (0, "")
    assert "+motion: {zoom: 1.3/s}" in listing.stdout
    assert [run["number"] for run in json.loads(call("history", place, "--json").stdout)] == [1, None]
    back = call("history", place, "--restore", "1")
    assert back.returncode == 0
    assert (place / "video.mp4").read_bytes() == video
    assert call("history", place, "--restore", "7").returncode == 2
    assert call("history", place, "--restore", "1", "--clear").returncode == 2
    assert call("history", folder).returncode == 2
    assert call("history", place, "--keep", "1").stdout.endswith(": 1 removed\n")
    assert call("history", place, "--clear").stdout.endswith(": 1 removed\n")
    assert (place / "video.mp4").read_bytes() == video


@pytest.mark.parametrize("name", ["...yaml", "..yaml", ".yaml"])
def test_a_file_of_any_name_is_rendered_inside_out(call: Call, folder: Path, tmp_path: Path, name: str) -> None:
    (folder / "names").mkdir(exist_ok=True)
    shutil.copy(folder / "b.yaml", folder / "names" / name)
    for arguments in ((f"names/{name}",), ("batch", f"names/{name}", "--device", "cpu")):
        out = tmp_path / arguments[0].replace("/", "-") / "out"
        assert call(*arguments, "--out", out).returncode == 0
        assert [path.name for path in out.parent.iterdir()] == ["out"]
        (run,) = (path for path in out.iterdir() if path.is_dir())
        assert (run / "video.mp4").is_file()


LATE = """
import atexit, os, signal, sys
atexit.register(os.kill, os.getpid(), signal.SIGINT)
sys.argv[0] = "render"
from pipeline.cli import entry
entry()
"""


@pytest.mark.parametrize(("arguments", "code"), [(["check", "a.yaml"], 0), (["check", "bad.yaml"], 2)])
def test_ctrl_c_as_the_interpreter_ends_changes_nothing(folder: Path, arguments: list[str], code: int) -> None:
    """Such as the second of two: the first was enough."""
    done = subprocess.run(
        [sys.executable, "-c", LATE, *arguments], cwd=folder, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == code
    assert "KeyboardInterrupt" not in done.stderr
