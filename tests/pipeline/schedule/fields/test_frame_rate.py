"""`fps:` as a number, a fraction, or the rate at which a loop has whole frames; exact all the way to the file."""

from fractions import Fraction

import numpy as np
import pytest

from pipeline.curves.beat_grid import BeatGrid
from pipeline.curves.rates import exact
from pipeline.run.folder.hashes import chain
from pipeline.run.folder.video_plan import VideoPlan
from pipeline.schedule.fields.frame_rate import as_written, fitting
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render.errors import ScheduleError


def read(fps: str, length: str = "4s", more: str = "") -> Schedule:
    return read_schedule(f"prompts: a\noutput: {{fps: {fps}, length: {length}}}\n{more}", "a.yaml", "a")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("24000/1001", Fraction(24000, 1001)),
        ("30000 / 1001", Fraction(30000, 1001)),
        ("23.976", Fraction(24000, 1001)),
        ("29.97", Fraction(30000, 1001)),
        ("59.94", Fraction(60000, 1001)),
        ("12", Fraction(12)),
        ("12.5", Fraction(25, 2)),
        ("713/60", Fraction(713, 60)),
    ],
)
def test_a_rate_is_exact_to_the_bit(written: str, meant: Fraction) -> None:
    fps = read(written).output.fps
    assert fps == float(meant)
    assert exact(fps) == meant


@pytest.mark.parametrize("numerator", [1, 7, 961, 24000, 60000])
@pytest.mark.parametrize("denominator", [1, 3, 80, 1001, 4163])
def test_a_float_gives_its_fraction_back(numerator: int, denominator: int) -> None:
    rate = Fraction(numerator, denominator)
    if 0.1 <= rate <= 240:
        assert exact(float(rate)) == rate


def test_the_video_has_a_rate_of_its_own_as_a_fraction() -> None:
    (video,) = read("12, video: {fps: 60000/1001}").output.video
    assert video.fps == 60000 / 1001


@pytest.mark.parametrize(
    "wrong", ["24000/0", "1/300", "fast", "0", "241", "true", "[24, 1]", "auto 900", "auto fast", "1/2/3", '"12"']
)
def test_a_wrong_rate_is_reported(wrong: str) -> None:
    with pytest.raises(ScheduleError, match=r"2:15: output\.fps: expected frames per second from 0\.1 to 240, such as"):
        read(wrong)


def test_auto_is_not_allowed_for_a_file() -> None:
    with pytest.raises(ScheduleError, match=r"output\.video\.fps: expected frames per second from 1 to 240"):
        read("12, video: {fps: auto}")


BEAT = "music: {bpm: 124}"


@pytest.mark.parametrize(
    ("fps", "length", "rate"),
    [
        ("auto", "2 bars", Fraction(713, 60)),  # 23 frames per bar
        ("auto", "8 bars", Fraction(713, 60)),
        ("auto 8", "8 bars", Fraction(31, 4)),  # 15 per bar
        ("auto", "6 beats", Fraction(62, 5)),  # 6 per beat
        ("auto", "3.9s", Fraction(470, 39)),
        ("auto 24", "48", Fraction(24)),
    ],
)
def test_auto_makes_bars_else_beats_else_the_length_whole_frames(fps: str, length: str, rate: Fraction) -> None:
    output = read(fps, length, BEAT).output
    assert exact(output.fps) == rate
    assert output.length * output.fps == pytest.approx(output.num_frames, abs=1e-9)


def test_auto_uses_the_shots_and_reports_problems_once() -> None:
    shots = "shots: [{length: 1 bar, prompts: a}, {length: 1 bar, prompts: b}]"
    text = f"output: {{fps: auto}}\n{BEAT}\n{shots}"
    assert exact(read_schedule(text, "a.yaml", "a").output.fps) == Fraction(713, 60)
    with pytest.raises(ScheduleError) as caught:
        read_schedule(text.replace("124", "-1"), "a.yaml", "a")
    assert len(str(caught.value).splitlines()) == 1


def test_found_beats_count_as_bars_where_they_are_nearly_even() -> None:
    times = 0.5 + 60 / 124 * np.arange(33) + 0.004 * np.sin(np.arange(33))
    grid = BeatGrid.of([(float(time), float(number)) for number, time in enumerate(times)], 4)
    length = grid.duration(32)
    assert fitting(length, grid, 12.0) * length == pytest.approx(8 * 23, abs=1e-6)


def test_the_rate_that_fits_can_be_written() -> None:
    assert [as_written(fps) for fps in (12.0, 713 / 60, 12.008123456)] == ["12", "713/60 (11.8833)", "12.00812"]


LOOP = "loop: {blend: 1s}"


@pytest.mark.parametrize("more", [f"{BEAT}\n{LOOP}", BEAT])
def test_a_loop_that_is_rounded_to_frames_gives_a_warning(more: str) -> None:
    video = "" if LOOP in more else ", video: {repeat: 2}"
    (warning,) = read("12", f"2 bars{video}", more).warnings
    assert str(warning) == (
        "a.yaml:2:27: output.length: 3.871 s are 46.45 frames at 12 fps: the video lasts 3.833 s, so every repeat "
        "starts 38 ms early; use output.fps: 713/60 (11.8833) or auto"
    )
    for fps in ("auto", "713/60"):
        assert not read(fps, f"2 bars{video}", more).warnings


def test_a_video_played_once_may_be_rounded() -> None:
    assert not read("12", "2 bars", BEAT).warnings
    assert not read("12", "2 bars", f"{BEAT}\nloop: boomerang").warnings
    assert "use output.fps: 589/60 (9.81667) or auto 10" in str(read("10", "2 bars", f"{BEAT}\n{LOOP}").warnings[0])


def test_earlier_frames_stay_valid() -> None:
    """A whole rate, written or found by auto, gives the same hashes as it always did."""
    hashes = chain(Timeline(read("12", "4s", "motion: {zoom: 1.05/s}")), {})
    assert hashes == chain(Timeline(read("auto", "4s", "motion: {zoom: 1.05/s}")), {})
    assert hashes[-1] == "d1167b958b3d66034f0262d84100d0e06f622467c12fd805bfa25ea8742e5964"


def test_an_earlier_run_keeps_its_rate() -> None:
    record = VideoPlan.of(read("12")).to_record() | {"fps": 23.976}
    assert exact(VideoPlan.read(record).fps) == Fraction(2997, 125)
