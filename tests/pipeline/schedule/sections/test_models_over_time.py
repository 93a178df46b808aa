"""Weights of perceptors over time and perceptors per shot: what frames get, and what is reported."""

import json
from pathlib import Path

import pytest

from pipeline.schedule import chart
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render.errors import ScheduleError

OUTPUT = "output: {size: [32, 32], fps: 4}\nprompts: a sea\n"
LENGTH = "output: {size: [32, 32], fps: 4, length: 1s}\nprompts: a sea\n"


def read(text: str) -> Schedule:
    head = OUTPUT if "shots:" in text else LENGTH
    return read_schedule(head + text, "models.yaml", "models")


def weights(text: str) -> list[tuple[float, ...]]:
    return [spec.perceptors for spec in Timeline(read(text))]


def names(schedule: Schedule) -> list[str]:
    return [perceptor.model.name for perceptor in schedule.models.perceptors]


def test_a_weight_is_a_number_over_time() -> None:
    found = weights("models: {perceptors: [toy, {model: embedded, weight: {0s: 0, 1s: 2}}]}\n")
    assert found == [(1.0, 0.0), (1.0, 0.5), (1.0, 1.0), (1.0, 1.5)]


def test_a_weight_never_falls_below_zero_though_an_easing_may() -> None:
    found = weights("models: {perceptors: [toy, {model: embedded, weight: {0s: 1, 1s: {to: 0, ease: in_out_back}}}]}\n")
    assert min(weight for _, weight in found) >= 0.0


@pytest.mark.parametrize(
    "perceptors", ["[toy]", "[{model: toy, weight: 2}, embedded]", "[{model: toy, weight: {0s: 2}}]"]
)
def test_constant_weights_are_the_models_own_as_before(perceptors: str) -> None:
    schedule = read(f"models: {{perceptors: {perceptors}}}\n")
    assert not any(perceptor.over_time for perceptor in schedule.models.perceptors)
    assert {spec.perceptors for spec in Timeline(schedule)} == {()}
    assert "perceptors" not in json.loads(next(iter(Timeline(schedule))).to_json())
    assert schedule.models.perceptors[0].weight == (2.0 if "2" in perceptors else 1.0)


def test_schedules_whose_weights_change_differently_share_their_models() -> None:
    one, other = (
        read(f"models: {{perceptors: [{{model: toy, weight: {weight}}}]}}\n") for weight in ("t + 1", "2 - t")
    )
    assert one.batch_key == other.batch_key
    assert weights("models: {perceptors: [{model: toy, weight: 2 - t}]}\n")[:2] == [(2.0,), (1.75,)]


SHOTS = """
models: {perceptors: [toy]}
shots:
  - {length: 2}
  - {length: 2, models: {perceptors: [embedded, {model: toy, weight: 0.5}]}}
  - {length: 1, models: {perceptors: [{model: embedded, weight: 1 + 8*t}]}}
"""


def test_each_shot_has_its_own_perceptors() -> None:
    schedule = read(SHOTS)
    assert names(schedule) == ["toy", "embedded"]
    assert weights(SHOTS) == [(1.0, 0.0)] * 2 + [(0.5, 1.0)] * 2 + [(0.0, 1.0)]


def test_cutouts_are_augmented_as_the_perceptors_of_the_shot_need_it() -> None:
    rest = "shots: [{length: 2}, {length: 2, models: {perceptors: [ViT-B-32/openai]}}]\n"
    assert [spec.augment for spec in Timeline(read(rest))] == ["light"] * 2 + ["full"] * 2


def test_shots_with_the_same_perceptors_are_as_without_shots() -> None:
    rest = "shots: [{length: 2}, {length: 2, models: {perceptors: [{model: toy, weight: 2}]}}]\n"
    schedule = read(f"models: {{perceptors: [{{model: toy, weight: 2}}]}}\n{rest}")
    assert weights(f"models: {{perceptors: [{{model: toy, weight: 2}}]}}\n{rest}") == [()] * 4
    assert schedule.models == read("models: {perceptors: [{model: toy, weight: 2}]}\n").models


def test_the_same_perceptor_twice_stays_two() -> None:
    assert names(read("models: {perceptors: [toy, {model: toy, weight: t}]}\n")) == ["toy", "toy"]


def test_a_frame_in_which_no_perceptor_has_a_weight_is_warned_of() -> None:
    [warning] = read("models: {perceptors: [{model: toy, weight: {0s: 1, 0.5s: 0}}]}\n").warnings
    assert warning.message == "no perceptor has a weight in frame 2, so no prompt has an effect there"
    assert (warning.line, warning.path) == (3, "models.perceptors")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "models: {perceptors: [{model: toy, weight: t - 1}]}\n",
            "3:44: models.perceptors[0].weight: ",
        ),
        (
            "shots: [{length: 2, models: {precision: fp32}}]\n",
            "3:41: shots[0].models.precision: is the same for all shots: write it under models: at the top",
        ),
        (
            "shots: [{length: 2, models: {latent: pixles}}]\n",
            "3:38: shots[0].models.latent: unknown latent model 'pixles'; did you mean 'pixels'?",
        ),
        (
            "models: {perceptors: [toy, toy, toy, toy, toy]}\nshots: [{length: 2}, {length: 2, models: {perceptors: "
            "[embedded, embedded, embedded, embedded]}}]\n",
            "4:8: shots: its shots name 9 perceptors, and all are loaded; at most 8",
        ),
        (
            "models: {quantize: true}\nshots: [{length: 2, models: {quantize: false}}]\n",
            "4:40: shots[0].models.quantize: is the same for all shots: write it under models: at the top",
        ),
        (
            "shots: [{length: 2, models: {perceptors: [toi]}}]\n",
            "3:43: shots[0].models.perceptors[0]: unknown perceptor 'toi'; did you mean 'toy'?",
        ),
        (
            "shots: [{length: 2, model: toy}]\n",
            "3:21: shots[0].model: unknown key; did you mean 'models'?",
        ),
    ],
)
def test_mistakes_are_reported_at_their_place(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ScheduleError) as caught:
        read(text)
    assert f"models.yaml:{message}" in str(caught.value)


def test_what_is_the_same_for_all_shots_comes_from_the_top() -> None:
    schedule = read("models: {precision: fp32}\nshots: [{length: 2, models: {perceptors: [toy]}}, {length: 2}]\n")
    assert schedule.models.precision == "fp32"
    assert names(schedule) == ["toy", "embedded"]


def test_a_plot_shows_weights_that_change() -> None:
    lines = chart.lines(read("models: {perceptors: [{model: toy, weight: 1 + t}]}\n"))
    assert [line.label for line in lines if line.unit == "weight"] == ["toy, weight"]


LATENTS = """
models: {perceptors: [embedded]}
shots:
  - {length: 2, start: {prior: bank}}
  - {length: 2, start: carry, models: {latent: pixels}}
  - {length: 2, start: carry, models: {latent: pixels}}
  - {length: 2, start: {prior: bank}}
"""


def test_each_shot_has_its_own_latent_model() -> None:
    schedule = read(LATENTS)
    assert [model.name for model in schedule.models.latents] == ["embedded", "pixels"]
    assert [spec.latent for spec in Timeline(schedule)] == [0, 0, 1, 1, 1, 1, 0, 0]
    assert [spec.redrawn for spec in Timeline(schedule)] == [False, False, True, False, False, False, True, False]
    assert [model.name for model in schedule.models.priors] == ["bank"]
    assert schedule.models.others == ((schedule.models.latents[1], ()),)


def test_the_size_fits_all_latent_models() -> None:
    size = "output: {size: [36, 32], fps: 4}\nprompts: a sea\n"
    shots = "shots: [{length: 2, models: {latent: pixels}}, {length: 2, models: {latent: embedded}}]\n"
    with pytest.raises(
        ScheduleError, match=r"1:16: output.size: expected multiples of 8 for the latent model 'embedded'"
    ):
        read_schedule(size + shots, "models.yaml", "models")


def test_one_latent_model_is_as_without_shots() -> None:
    schedule = read("shots: [{length: 2, models: {latent: pixels}}, {length: 2, models: {latent: pixels}}]\n")
    assert schedule.models.others == ()
    assert {(spec.latent, spec.redrawn) for spec in Timeline(schedule)} == {(0, False)}


def test_the_digests_name_the_models_of_all_shots() -> None:
    located = read(LATENTS).models.locate(offline=True, progress=print)
    digests = located.digests()
    assert digests["others"] == [{"latent": {"name": "pixels", "sha256": {}, "quantize": False}}]
