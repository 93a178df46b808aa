"""Which picture of a clip is shown when: every one exactly once at its own rate, whatever is rounded on the way."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.curves.array import Array
from pipeline.curves.curve import Curve, Keyframe
from pipeline.schedule.footage.clip import Clip
from pipeline.schedule.footage.playing import Playing
from render.errors import InputError
from render.spec.pictures import ImageFile

NTSC = Fraction(24000, 1001)
RATES = [Fraction(12), Fraction(24), Fraction(25), NTSC, Fraction(30000, 1001), Fraction(60000, 1001)]


def clip(fps: Fraction = Fraction(24), count: int = 10, times: Array | None = None, length: float = 0.0) -> Clip:
    return Clip(
        name="a.mp4",
        files=(ImageFile(path=Path("a.mp4"), sha256="0" * 64),),
        size=(64, 48),
        times=np.arange(count) / float(fps) if times is None else times,
        length=length or count / float(fps),
        fps=fps,
    )


def shown(playing: Playing, fps: float, count: int) -> list[int]:
    numbers: list[int] = playing.numbers(playing.played(np.arange(count) / fps)).tolist()
    return numbers


@pytest.mark.parametrize("fps", RATES, ids=str)
def test_at_its_own_rate_every_picture_is_shown_once_and_in_order(fps: Fraction) -> None:
    count = 100_000
    playing = Playing(clip=clip(fps, count + 7), begin=7)
    assert shown(playing, float(fps), count) == list(range(7, count + 7))


@pytest.mark.parametrize("fps", RATES, ids=str)
def test_times_that_a_container_has_rounded_to_milliseconds_change_nothing(fps: Fraction) -> None:
    count = 20_000
    times = np.round(np.arange(count) / float(fps), 3)
    playing = Playing(clip=clip(fps, count, times))
    assert shown(playing, float(fps), count) == list(range(count))


@pytest.mark.parametrize("number", range(24))
def test_a_loop_of_shots_begins_wherever_and_misses_none(number: int) -> None:
    """What was played before is a sum of other floats."""
    playing = Playing(clip=clip(NTSC, 200))
    passed = sum([float(1 / NTSC)] * number)
    numbers = playing.numbers(passed + playing.played(np.arange(100) / float(NTSC)))
    assert numbers.tolist() == list(range(number, number + 100))


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (Fraction(1, 2), [0, 2, 4, 6, 8]),  # of the clip's rate
        (Fraction(1, 4), [0, 4, 8]),
        (Fraction(2), [0, 0, 1, 1, 2, 2]),
        (Fraction(5, 4), [0, 0, 1, 2, 3, 4, 4, 5]),
        (Fraction(4, 5), [0, 1, 2, 3, 5, 6, 7, 8]),
        (Fraction(6), [0, 0, 0, 0, 0, 0, 1]),
    ],
    ids=str,
)
@pytest.mark.parametrize("fps", RATES, ids=str)
def test_other_rates_leave_out_and_repeat_evenly(fps: Fraction, share: Fraction, expected: list[int]) -> None:
    assert shown(Playing(clip=clip(fps)), float(fps * share), len(expected)) == expected


def test_the_pattern_of_pictures_is_the_same_at_any_length() -> None:
    """2 pictures of the clip to 5 frames, 50,000 times: none comes early or late."""
    numbers = shown(Playing(clip=clip(NTSC, 100_000)), float(NTSC * Fraction(5, 2)), 250_000)
    assert numbers == [number * 2 + step for number in range(50_000) for step in (0, 0, 0, 1, 1)]


@pytest.mark.parametrize(
    ("end", "begin", "expected"),
    [
        ("hold", 0, [0, 1, 2, 3, 3, 3, 3, 3, 3, 3]),
        ("repeat", 0, [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]),
        ("repeat", 2, [2, 3, 2, 3, 2, 3, 2, 3, 2, 3]),
        ("bounce", 0, [0, 1, 2, 3, 2, 1, 0, 1, 2, 3]),
        ("bounce", 2, [2, 3, 2, 3, 2, 3, 2, 3, 2, 3]),
        ("bounce", 3, [3, 3, 3, 3, 3, 3, 3, 3, 3, 3]),
    ],
)
@pytest.mark.parametrize("fps", RATES, ids=str)
def test_what_comes_after_the_end(fps: Fraction, end: str, begin: int, expected: list[int]) -> None:
    assert shown(Playing(clip=clip(fps, 4), begin=begin, end=end), float(fps), len(expected)) == expected


@pytest.mark.parametrize(
    ("end", "begin", "expected"),
    [
        ("hold", 2, [2, 1, 0, 0, 0]),
        ("repeat", 2, [2, 1, 0, 2, 1, 0, 2]),
        ("repeat", 3, [3, 2, 1, 0, 3, 2, 1]),
        ("bounce", 3, [3, 2, 1, 0, 1, 2, 3, 2]),
        ("bounce", 0, [0, 0, 0]),
    ],
)
@pytest.mark.parametrize("fps", RATES, ids=str)
def test_backwards(fps: Fraction, end: str, begin: int, expected: list[int]) -> None:
    playing = Playing(clip=clip(fps, 4), begin=begin, end=end, speed=Curve.constant(-1.0))
    assert shown(playing, float(fps), len(expected)) == expected


@pytest.mark.parametrize("end", ["repeat", "bounce"])
@pytest.mark.parametrize("fps", RATES, ids=str)
def test_ten_thousand_repeats_shift_nothing(fps: Fraction, end: str) -> None:
    once = [0, 1, 2, 3, 4] if end == "repeat" else [0, 1, 2, 3, 4, 3, 2, 1]
    assert shown(Playing(clip=clip(fps, 5), end=end), float(fps), len(once) * 10_000) == once * 10_000


def test_speed_is_integrated_so_it_means_the_same_at_every_rate() -> None:
    ramp = Curve(keys=(Keyframe(time=0, value=0), Keyframe(time=4, value=2)))  # 4 s of the clip in 4 s
    playing = Playing(clip=clip(Fraction(24), 400), speed=ramp)
    for fps in (8, 12, 24, 30):
        assert shown(playing, fps, 4 * fps + 1)[-1] == 96
        assert shown(playing, fps, 2 * fps + 1)[-1] == 24


def test_at_speed_0_it_stands_still() -> None:
    assert set(shown(Playing(clip=clip(), begin=3, speed=Curve.constant(0.0)), 24, 100)) == {3}


def test_pictures_of_different_durations_are_shown_for_as_long() -> None:
    times = np.array([0, 0.04, 0.5, 0.54, 2.0])
    playing = Playing(clip=clip(times=times, length=2.5))
    assert shown(playing, 25, 64) == [0, *[1] * 12, 2, *[3] * 35, *[4] * 15]


def test_the_end_is_found() -> None:
    times = np.arange(240) / 24
    assert Playing(clip=clip(count=48)).over_at(times) == 2.0
    assert Playing(clip=clip(count=48), begin=12).over_at(times) == 1.5
    assert Playing(clip=clip(count=48)).over_at(times, passed=1.0) == 1.0
    assert Playing(clip=clip(count=240)).over_at(times) is None
    assert Playing(clip=clip(), begin=5, speed=Curve.constant(-1.0)).over_at(times) == 6 / 24


def test_a_speed_without_an_integral_is_reported() -> None:
    with pytest.raises(InputError, match=r"speed of 'a\.mp4': its integral is not a number"):
        Playing(clip=clip(), speed=Curve.constant(float("inf"))).played(np.arange(4) / 2)


@given(
    count=st.integers(1, 50),
    begin=st.floats(0, 1, exclude_max=True),
    end=st.sampled_from(["hold", "repeat", "bounce"]),
    speed=st.floats(-50, 50),
    fps=st.sampled_from(RATES),
    rate=st.floats(1, 120),
)
def test_no_number_lies_outside_of_the_clip(
    count: int, begin: float, end: str, speed: float, fps: Fraction, rate: float
) -> None:
    playing = Playing(clip=clip(fps, count), begin=int(begin * count), end=end, speed=Curve.constant(speed))
    numbers = shown(playing, rate, 200)
    assert numbers[0] == playing.begin
    assert all(0 <= number < count for number in numbers)
