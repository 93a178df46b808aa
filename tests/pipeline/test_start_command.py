"""`render start`: numbers on the sheet are those of `pick`, and the printed line starts from that picture."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner
from PIL import Image

from pipeline.cli import main
from pipeline.run.delivery.sheet import MARGIN, WIDTH
from render.errors import InputError

SIZE = (64, 48)
HEIGHT = WIDTH * SIZE[1] // SIZE[0]
LABEL = 28  # rows of a picture that its label may cover
PLAIN = "output: {size: [64, 48], fps: 2, length: 2s}\nprompts: {0: a sunset over the sea, 3: a forest}\n"
UNREFINED = "refine: {steps: 0, first_frame: 0}\n"
SHOTS = f"""
output: {{size: [64, 48], fps: 2}}
{UNREFINED}
start: {{prior: bank, temperature: 0.5}}
shots:
  - {{length: 1s, prompts: a red house}}
  - {{length: 1s, prompts: a forest, start: {{candidates: 3, pick: 2}}}}
  - {{length: 1s, prompts: a castle, start: carry}}
  - {{length: 1s, prompts: the moon, start: noise}}
"""

Picture = npt.NDArray[np.uint8]


@pytest.fixture
def schedule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(PLAIN + UNREFINED)
    return tmp_path / "a.yaml"


def run(*arguments: str | Path) -> str:
    done = CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def line_of(output: str) -> str:
    (line,) = (line for line in output.splitlines() if line.startswith("start: "))
    return line


def on_sheet(path: Path, number: int, columns: int) -> Picture:
    """Picture `number` of the sheet, from 1, without the rows of its label."""
    row, column = divmod(number - 1, columns)
    left, top = MARGIN + column * (WIDTH + MARGIN), MARGIN + row * (HEIGHT + MARGIN)
    with Image.open(path) as sheet:
        return np.asarray(sheet.crop((left, top + LABEL, left + WIDTH, top + HEIGHT)))


def rendered(schedule: Path, index: int) -> Picture:
    """A frame of the schedule as a sheet would show it."""
    run("video", schedule, "--out", "out", "--frames", f"{index}:{index + 1}")
    with Image.open(Path("out") / schedule.stem / "frames" / f"{index:06d}.png") as frame:
        return np.asarray(frame.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS))[LABEL:]


def test_a_frame_with_the_printed_line_starts_from_the_picture_of_that_number(schedule: Path) -> None:
    output = run("start", schedule, "-n", "5", "-o", "sheet.png")
    assert "a.yaml starts from noise; shown is what {prior: bank} proposes" in output
    assert "sheet.png: 5 pictures" in output
    line = line_of(output)
    assert line.startswith("start: {prior: bank, candidates: 5, pick: 1} ")
    shown = [on_sheet(Path("sheet.png"), number, columns=3) for number in range(1, 6)]
    assert len({picture.tobytes() for picture in shown}) == 5
    for number in (1, 2, 5):
        schedule.write_text(f"{PLAIN}{UNREFINED}{line.replace('pick: 1}', f'pick: {number}}}')}\n")
        assert np.array_equal(rendered(schedule, 0), shown[number - 1])


def test_the_shot_at_a_time_with_what_it_leaves_to_the_top(schedule: Path) -> None:
    """A shot that carries on shows the cut that it came from."""
    schedule.write_text(SHOTS)
    output = run("start", schedule, "--at", "2.5s", "-n", "4", "-o", "sheet.png")
    assert "the line for shots[1]:" in output
    line = line_of(output).partition("   ")[0]
    assert line == "start: {candidates: 4, pick: 2, prior: bank, temperature: 0.5}"
    schedule.write_text(SHOTS.replace("start: {candidates: 3, pick: 2}", line))
    assert np.array_equal(rendered(schedule, 2), on_sheet(Path("sheet.png"), 2, columns=2))


def test_a_shot_that_starts_from_noise_shows_the_bank(schedule: Path) -> None:
    schedule.write_text(SHOTS)
    output = run("start", schedule, "--at", "end", "-n", "1", "-o", "sheet.png")
    assert "a.yaml: shots[3] starts from noise" in output
    assert line_of(output).startswith("start: {prior: bank, candidates: 1, pick: 1} ")


def test_sixteen_pictures_in_the_folder_of_the_run_which_can_then_be_rendered(schedule: Path) -> None:
    first = run("start", schedule)
    assert f"{Path('outputs') / 'a' / 'start.png'}: 16 pictures" in first
    with Image.open("outputs/a/start.png") as sheet:
        assert sheet.size == (MARGIN + 4 * (WIDTH + MARGIN), MARGIN + 4 * (HEIGHT + MARGIN))
    run("video", schedule)
    assert Path("outputs/a/video.mp4").is_file()
    assert Path("outputs/a/start.png").is_file()


def test_another_seed_proposes_other_pictures_and_says_what_they_need(schedule: Path) -> None:
    run("start", schedule, "-n", "1", "-o", "one.png")
    output = run("start", schedule, "-n", "1", "--seed", "3", "-o", "other.png")
    assert "the schedule, which needs output.seed: 3:" in output
    other = on_sheet(Path("other.png"), 1, columns=1)
    assert not np.array_equal(other, on_sheet(Path("one.png"), 1, columns=1))
    schedule.write_text(f"{PLAIN.replace('fps: 2', 'fps: 2, seed: 3')}{UNREFINED}{line_of(output)}\n")
    assert np.array_equal(rendered(schedule, 0), other)


def test_a_small_bank_shows_all_that_it_has(schedule: Path) -> None:
    Path("pictures").mkdir()
    for name, colour in (("red", (255, 0, 0)), ("blue", (0, 0, 255))):
        Image.fromarray(np.full((48, 64, 3), colour, np.uint8)).save(Path("pictures") / f"{name}.png")
    toy = f"{PLAIN.replace('a sunset over the sea', 'blue')}models: {{perceptors: [toy]}}\n"
    schedule.write_text(f"{toy}start: {{prior: mine.bank, candidates: 20}}\n")
    run("bank", "pictures", "-o", "mine.bank", "--models", schedule, "--size", "64", "48")
    output = run("start", schedule, "-o", "sheet.png")
    assert "sheet.png: 2 pictures" in output
    assert line_of(output) == "start: {prior: mine.bank, candidates: 20, pick: 1}    # pick: 1 to 2"
    red, _, blue = on_sheet(Path("sheet.png"), 1, columns=2).mean(axis=(0, 1))
    assert blue > red


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-n", "0"), "-n 0: expected a number of pictures from 1 to 256"),
        (("-n", "257"), "-n 257: expected a number of pictures from 1 to 256"),
        (("-o", "sheet.txt"), r"-o sheet\.txt: expected a name that ends in \.png"),
        (("--at", "9s"), "--at 9s: is after the end"),
        (("--seed", "-1"), r"--set output\.seed"),
        (("--set", "models.perceptors=[toy]"), "'bank' was made with the perceptor 'embedded'"),
    ],
)
def test_what_cannot_be_shown_is_refused(arguments: tuple[str, ...], message: str, schedule: Path) -> None:
    with pytest.raises(InputError, match=message) as caught:
        run("start", schedule, *arguments)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    assert not list(schedule.parent.glob("**/*.png"))
