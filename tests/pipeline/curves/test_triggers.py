"""`pulse_on` and `every`: against an integral, at any frame rate, on a grid whose tempo changes, in shots and loops."""

import numpy as np
import pytest

from pipeline.curves.array import Array
from pipeline.curves.beat_grid import Beat, BeatGrid
from pipeline.curves.expressions import Formula, Scope
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.timeline import Timeline

EVEN = Beat(bpm=97, beats_per_bar=3, offset=0.4)
GRID = BeatGrid.of([(0.3, -1), (1.0, 0), (1.7, 1), (2.2, 2), (2.6, 3), (3.4, 4)], beats_per_bar=2)


def at(source: str, times: Array, fps: float, beat: Beat | None) -> Array:
    scope = Scope(fps=fps, duration=4, beat=beat)
    return Formula(expression=scope.compile(source), scope=scope).at(times)


def weighed(time: float, fps: float, moments: Array, release: Array) -> float:
    """The pulse weighed by the window of a frame, summed over many moments."""
    moment = time + 0.5 / fps
    fine = np.linspace(moment - 1 / fps, moment + 1 / fps, 200_001)
    last = np.searchsorted(moments, fine, side="right") - 1
    window = fps / 2 * (1 + np.cos(np.pi * fps * (fine - moment)))
    return float(np.trapezoid(window * np.exp(-(fine - moments[last]) / release[last]), fine))


@pytest.mark.parametrize("fps", [3, 12, 60])
@pytest.mark.parametrize(
    ("source", "beat", "numbers", "release"),
    [
        ("pulse_on(beat)", EVEN, np.arange(-9.0, 20), 0.15),
        ("pulse_on(bar, 1s)", EVEN, 3 * np.arange(-9.0, 20), 1.0),
        ("pulse_on(every(0.5 beats, 1 beat), 20ms)", EVEN, 0.5 * np.arange(-9.0, 40), 0.02),
        ("pulse_on(beat, 80ms)", GRID, np.arange(-9.0, 20), 0.08),
        ("pulse_on(beat, 0.5 beats)", GRID, np.arange(-9.0, 20), None),
        ("pulse_on(every(2 beats), 0.3s)", GRID, 2 * np.arange(-9.0, 20), 0.3),
    ],
)
def test_a_pulse_is_averaged_around_the_middle_of_the_frame(
    source: str, beat: Beat, numbers: Array, release: float | None, fps: float
) -> None:
    moments = beat.times_of(numbers)
    lasting = beat.times_of(numbers + 0.5) - moments if release is None else np.full(len(numbers), release)
    times = np.linspace(0, 3.7, 7)
    expected = [weighed(time, fps, moments, lasting) for time in times]
    np.testing.assert_allclose(at(source, times, fps, beat), expected, atol=3e-5 * fps / 12)


@pytest.mark.parametrize("fps", [8, 25, 60])
def test_another_frame_rate_hits_the_same_beats_as_hard(fps: int) -> None:
    """The frames of a pulse add up to its integral, so the motion that it drives does not depend on the frame rate."""
    text = (
        f"prompts: a\noutput: {{fps: {fps}, length: 8s}}\nmusic: {{bpm: 75, offset: 0.4s}}\n"
        "motion: {rotate: '30*pulse_on(beat, 100ms)'}"
    )
    turned = np.array([spec.transforms.get("rotate", 0.0) for spec in Timeline(read_schedule(text, "a.yaml", "a"))])
    for beat in np.arange(0.4, 7.5, 0.8):
        near = slice(max(0, round((beat - 0.35) * fps)), round((beat + 0.35) * fps) + 1)
        assert abs(near.start + int(turned[near].argmax()) - beat * fps) <= 1.5
    whole = turned[round(0.8 * fps) : round(7.2 * fps)].sum()  # eight beats, between two troughs
    assert whole == pytest.approx(8 * 30 * 0.1 * (1 - np.exp(-8)), rel=0.01)


def test_triggers_count_within_a_shot_and_close_a_loop_of_whole_bars() -> None:
    head = "output: {fps: 10}\nmusic: {bpm: 120}\nmotion: {rotate: '9*pulse_on(every(2 beats))'}\nprompts: a\n"
    shots = "shots: [{length: 2s}, {length: 2s, start: carry}]\n"
    cut, whole = (
        [spec.transforms.get("rotate", 0.0) for spec in Timeline(read_schedule(text, "a.yaml", "a"))]
        for text in (head + shots, head.replace("fps: 10", "fps: 10, length: 4s"))
    )
    assert cut == pytest.approx(whole, abs=1e-6)
    looped = read_schedule(head.replace("fps: 10", "fps: 10, length: 2 bars") + "loop: {blend: 1s}", "a.yaml", "a")
    assert not looped.warnings


@pytest.mark.parametrize(("name", "rate"), [("rotate", "90deg/beat"), ("pan_x", "2%/beat"), ("zoom", "1.1/beat")])
def test_a_rate_per_beat_follows_the_changing_tempo(name: str, rate: str) -> None:
    """The same amount in every beat, slow or fast."""
    text = (
        f"prompts: a\noutput: {{fps: 10, length: 8s}}\nmusic: {{bpm: {{0s: 60, 4s: 120}}}}\nmotion: {{{name}: {rate}}}"
    )
    moved = [spec.transforms.get(name) for spec in Timeline(read_schedule(text, "a.yaml", "a"))]
    each = {"rotate": 90, "pan_x": 0.02, "zoom": 1.1}[name]
    slow, fast = moved[5:38], moved[45:78]
    if name == "zoom":
        assert slow == pytest.approx([each**0.1] * 33)
        assert fast == pytest.approx([each**0.2] * 33)
    else:
        assert slow == pytest.approx([each * 0.1] * 33)
        assert fast == pytest.approx([each * 0.2] * 33)


def test_tempo_can_be_used_in_expressions() -> None:
    times = np.array([0.0, 1.2, 1.9, 9.0])
    np.testing.assert_allclose(at("tempo", times, 10, GRID), [60 / 0.7, 60 / 0.7, 120, 75])
    assert (at("tempo", times, 10, EVEN) == 97).all()


def test_a_mistake_is_reported_in_its_place() -> None:
    from render.errors import ScheduleError

    with pytest.raises(ScheduleError) as caught:
        read_schedule("prompts: a\nmotion: {rotate: 'pulse_on(kick)'}\n", "a.yaml", "a")
    assert str(caught.value) == "a.yaml:2:28: motion.rotate: expected beat, bar or every(4 beats), got 'kick'"
