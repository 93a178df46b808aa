"""What a plot shows, checked before anything is drawn."""

import numpy as np
import pytest

from pipeline.schedule import chart
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from pipeline.views.plot import overview
from render.errors import one_line


def schedule(text: str) -> Schedule:
    return read_schedule(text, "chart.yaml", "chart")


def line(text: str, name: str) -> chart.Line:
    return {line.name: line for line in chart.lines(schedule(text))}[name]


def test_lines_have_the_units_of_their_fields() -> None:
    found = schedule("prompts: red\nmotion: {zoom: 1.1/s, pan_x: 2%/s, center: [0.5, {0s: 0, 1s: 1}]}")
    assert [line.label for line in chart.lines(found)] == [
        "zoom, factor per second",
        "pan_x, share of the width per second",
        "center y, share of the picture",
        "steps, per frame",
        "lr, codebook spreads",
        "prompt loss",
        "smooth loss",
    ]


@pytest.mark.parametrize(
    ("zoom", "times"),
    [
        ("1.1", []),
        ("1 + 0.1*t", []),
        ("{0s: 1, 2s: 1.1}", [0, 2]),
        ("{0s: 1, 2s: 1 + 0.1*t, end: 1.1}", [0, 2, 4]),
        ("{1s: 1, 9s: 2}", [1]),  # the later one is after the end
    ],
)
def test_keys_are_the_keyframes_of_the_schedule(zoom: str, times: list[float]) -> None:
    text = f"output: {{length: 4s}}\nprompts: red\nmotion: {{zoom: {zoom}}}"
    assert line(text, "zoom").key_times(4.0) == times


def test_keys_of_shots_are_at_the_times_of_their_shots() -> None:
    text = "shots:\n- {length: 2s, prompts: a, motion: {zoom: {0s: 1, 1s: 2, 3s: 1}}}\n"
    text += "- {length: 2s, start: carry, prompts: a, motion: {zoom: 1.5}}\n"
    text += "- {length: 2s, start: carry, prompts: a, motion: {zoom: {0.5s: 1, end: 2}}}"
    assert line(text, "zoom").key_times(6.0) == [0, 1, 4.5, 6]


def test_bands_are_the_prompts_of_the_timeline() -> None:
    found = schedule("output: {length: 3s}\nprompts: {0s: a sea, 1s: a wood, 2s: a sea}")
    timeline = Timeline(found)
    weights = {band.label: band.sample(timeline.times) for band in chart.bands(found)}
    assert list(weights) == ["a sea", "a wood"]
    for spec in timeline:
        shown = {label: values[spec.index] for label, values in weights.items() if values[spec.index]}
        assert shown == pytest.approx({prompt.text: prompt.weight for prompt in spec.prompts})


def test_undefined_values_between_frames_are_gaps() -> None:
    found = line("output: {fps: 12}\nprompts: red\nlosses: {smooth: 1/(24*t - 1)}", "smooth loss")
    values = found.sample(np.array([0, 1 / 24, 1 / 12]))
    assert np.isfinite(values).tolist() == [True, False, True]


def test_events_are_markers_and_borders_in_order() -> None:
    text = (
        "markers: {late: 3s, early: 0.5s}\nshots:\n- {length: 2s, prompts: a}\n- {length: 2s, start: carry, prompts: a}"
    )
    assert [(event.time, event.label, event.kind) for event in overview.events(schedule(text))] == [
        (0.5, "early", "marker"),
        (2.0, "shot 2 (carry)", "carry"),
        (3.0, "late", "marker"),
    ]


@pytest.mark.parametrize(("span", "step"), [(10, 1), (50, 1), (51, 3), (150, 3), (151, 12), (601, 48)])
def test_bars_replace_beats_that_are_too_dense(span: float, step: int) -> None:
    music = schedule("music: {bpm: 120, beats_per_bar: 3}\nprompts: red")
    assert overview.beat_step(music, span, 100) == step


def test_bars_of_one_beat_are_grouped_in_fours() -> None:
    assert overview.beat_step(schedule("music: {bpm: 60, beats_per_bar: 1}\nprompts: red"), 1000, 100) == 16


def test_without_music_there_are_no_beats() -> None:
    assert overview.beat_step(schedule("prompts: red"), 10, 100) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\n lines\n", "two lines"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\ud800", "\\ud800"),
        ("x" * 61, "x" * 59 + "…"),
        ("x" * 60, "x" * 60),
    ],
)
def test_texts_are_made_readable(text: str, shown: str) -> None:
    assert one_line(text) == shown
