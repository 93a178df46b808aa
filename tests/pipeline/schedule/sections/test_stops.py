"""`stop` of a layer or scene: read as a curve, in every shot by its own clock, and refused outside -1 to 1."""

import json
from pathlib import Path

import pytest

from pipeline.schedule.chart import lines
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.timeline import Timeline
from render.errors import ScheduleError
from render.spec.prompts import PromptWeight

HEAD = "output: {size: [32, 32], fps: 4, length: 2s}\nmodels: {latent: pixels, perceptors: [toy]}\n"


def timeline(rest: str) -> Timeline:
    head = HEAD.replace(", length: 2s", "") if "shots:" in rest else HEAD
    return Timeline(read_schedule(head + rest, "stops.yaml", "stops"))


def stops(rest: str) -> list[list[float | None]]:
    return [[prompt.stop for prompt in spec.prompts] for spec in timeline(rest)]


def test_a_stop_is_a_number_over_time_in_layers_and_scenes() -> None:
    layers = stops("prompts: [sea, {text: fog, weight: -0.5, stop: {0s: 0.25, 1s: 0.75}}]\n")
    assert layers[:5] == [[None, 0.25], [None, 0.375], [None, 0.5], [None, 0.625], [None, 0.75]]
    scenes = stops("prompts: {0s: {text: sea, stop: 0.5}, 1s: {text: sun, stop: t/2}}\n")
    assert scenes[:5] == [[0.5], [0.5, 0.125], [0.5, 0.25], [0.5, 0.375], [0.5]]


def test_a_stop_never_leaves_its_range_though_an_easing_may() -> None:
    found = stops("prompts: [{text: sea, stop: {0s: 0, 1s: {to: 1, ease: out_back}}}]\n")
    assert max(stop for [stop] in found if stop is not None) == 1.0


def test_a_text_with_two_stops_is_two_prompts() -> None:
    [first, *_] = timeline("prompts: [{text: sea, stop: 0.5}, {text: sea, stop: 0.5}, {text: sea}]\n")
    assert first.prompts == (PromptWeight(text="sea", weight=2.0, stop=0.5), PromptWeight(text="sea", weight=1.0))


def test_a_shot_counts_from_its_own_start() -> None:
    rest = """shots:
  - {length: 1s, prompts: [{text: sea, stop: 0.5}]}
  - {length: 1s, prompts: [{text: sea, stop: t/2}]}
"""
    assert stops(rest) == [[0.5], [0.5], [0.5], [0.5], [0.0], [0.125], [0.25], [0.375]]


def test_a_plot_shows_a_stop_that_changes() -> None:
    rest = "prompts: [{text: sea, stop: 0.5}, {text: fog, stop: {0: 0, end: 1}}]\n"
    schedule = read_schedule(HEAD + rest, "stops.yaml", "stops")
    assert [line.label for line in lines(schedule) if "stop" in line.name] == ["stop: fog, cosine"]


def test_schedules_without_stops_have_the_specs_of_earlier_versions() -> None:
    [first, *_] = timeline("prompts: [sea]\n")
    assert json.loads(first.to_json())["prompts"] == [{"text": "sea", "weight": 1.0}]


@pytest.mark.parametrize(
    ("prompts", "place", "message"),
    [
        ("[{text: sea, stop: 1.2}]", "prompts[0].stop", "expected a number from -1 to 1 or a map of times"),
        ("[{text: sea, stop: t}]", "prompts[0].stop", "expected a number from -1 to 1"),
        ("[{text: sea, stop: 80%}]", "prompts[0].stop", "expected a number from -1 to 1"),
        ("{0s: {text: sea, stop: high}}", "prompts.0s.stop", "high"),
        ("[{text: sea, stpo: 0.5}]", "prompts[0].stpo", "did you mean 'stop'?"),
        ("[{stop: 0.5}]", "prompts[0]", "'text' is missing"),
    ],
)
def test_a_wrong_stop_is_reported_at_its_place(prompts: str, place: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ScheduleError) as caught:
        timeline(f"prompts: {prompts}\n")
    assert any(problem.path == place and message in problem.message for problem in caught.value.problems), [
        str(problem) for problem in caught.value.problems
    ]
    assert {problem.line for problem in caught.value.problems} == {3}
