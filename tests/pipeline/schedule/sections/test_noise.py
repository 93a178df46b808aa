"""`noise:` over time: what each frame's spec holds, in shots and loops."""

import json

import pytest

from pipeline.schedule.loader import read_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render.errors import ScheduleError
from render.spec.noise import LatentNoise, NoiseVariation

OUTPUT = "output: {size: [32, 24], fps: 8, length: 2s, seed: 3}\n"
CIRCLE = "noise: {amount: 0.5, variation: {seed: 9, amount: 4*progress}}\n"


def schedule(text: str) -> Schedule:
    return read_schedule(f"{OUTPUT}prompts: red\n{text}", "a.yaml", "a")


def test_without_it_specs_are_as_before() -> None:
    assert all("noise" not in json.loads(spec.to_json()) for spec in Timeline(schedule("")))


def test_every_frame_but_the_first_has_it() -> None:
    asked = Timeline(schedule("noise: {amount: {0: 0, 1s: 0.1}}"))
    assert asked.at(0).noise is None
    assert asked.at(4).noise == LatentNoise(amount=0.05)
    assert asked.at(8).noise == asked.at(9).noise == LatentNoise(amount=0.1)


def test_a_variation_holds_where_the_noise_is_and_was() -> None:
    asked = Timeline(schedule(CIRCLE))
    assert asked.at(0).noise is None
    variation = NoiseVariation(seed=9, share=1.25, before=(0.5, 1.0))
    assert asked.at(5).noise == LatentNoise(amount=0.5, variation=variation)
    assert '"variation": {"before": [0.5, 1.0], "seed": 9, "share": 1.25}' in asked.at(5).to_json()
    still = Timeline(schedule("noise: {amount: 0.5, variation: {seed: 9, amount: {1s: 0, 1.5s: 1}}}"))
    assert [spec.index for spec in still if spec.noise] == [9, 10, 11, 12]


def test_a_loop_goes_on_from_its_end() -> None:
    asked = Timeline(schedule(f"{CIRCLE}loop: {{blend: 1s}}"))
    assert asked.at(16).noise == LatentNoise(
        amount=0.5, variation=NoiseVariation(seed=9, share=0.0, before=(0.5, 3.75))
    )
    assert asked.at(19).noise == asked.at(3).noise
    assert schedule(f"{CIRCLE}loop: {{blend: 1s}}").warnings == ()
    (warning,) = schedule(f"{CIRCLE.replace('4*', '3*')}loop: {{blend: 1s}}").warnings
    assert "noise variation starts at 0 but ends at 3" in warning.message


def test_shots_have_their_own_and_cuts_have_none() -> None:
    text = """
output: {size: [32, 24], fps: 8}
prompts: red
noise: {amount: 0.1}
shots:
- {length: 1s}
- {length: 1s}
- {length: 1s, start: carry, noise: {variation: {seed: 9, amount: t}}}
- {length: 1s, start: carry, noise: {variation: {seed: 8, amount: t}}}
"""
    asked = Timeline(read_schedule(text, "a.yaml", "a"))
    assert [spec.index for spec in asked if spec.noise is None] == [0, 8, 16, 24]
    found = [asked.at(index).noise for index in (15, 23, 31)]
    variations = [noise.variation for noise in found if noise is not None]
    assert [variation and variation.seed for variation in variations] == [None, 9, 8]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("noise: 0.1", "3:8: noise: expected a map with amount, grain, variation, got '0.1'"),
        ("noise: {amount: -1}", "3:17: noise.amount: expected a number from 0 to 100"),
        ("noise: {grain: 2}", "noise.grain: expected a share such as 0.5 or 50%, from 0% to 100%"),
        ("noise: {variation: {seed: x}}", "noise.variation.seed: expected a whole number from 0 to"),
        ("noise: {variation: {ammount: 1}}", "noise.variation.ammount: unknown key; did you mean 'amount'?"),
        ("variation: {seed: 1}", "belongs in noise.variation: write noise: {variation: ...}"),
    ],
)
def test_what_is_wrong_is_reported_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        schedule(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("noise: {}", "noise: has no effect: its amount is 0"),
        ("noise: {amount: 1, variation: {seed: 3, amount: 0.5}}", "noise.variation: has no effect"),
    ],
)
def test_what_has_no_effect_is_a_warning(text: str, message: str) -> None:
    (warning,) = schedule(text).warnings
    assert message in str(warning)
