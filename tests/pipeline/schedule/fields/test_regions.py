"""Regions in a schedule: what is read, over time, in shots, and what is said about mistakes."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.schedule.loader import load_schedule, read_schedule
from pipeline.schedule.timeline import Timeline
from render.errors import ScheduleError
from render.motion.displacements.homography import motion_matrix
from render.spec.regions import Keep, Region

HEAD = "output: {size: [64, 32], fps: 4, length: 2s}\n"
Write = Callable[[str], Timeline]


def timeline(text: str) -> Timeline:
    return Timeline(read_schedule(HEAD + text, "a.yaml", "a"))


def regions(text: str, index: int = 0) -> list[Region | None]:
    return [prompt.region for prompt in timeline(f"prompts: {text}").at(index).prompts]


def reported(text: str) -> list[str]:
    with pytest.raises(ScheduleError) as caught:
        read_schedule(text, "a.yaml", "a")
    return [str(problem).removeprefix("a.yaml:") for problem in caught.value.problems]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a schedule beside mask.png and loads it."""
    Image.new("L", (8, 8), 255).save(tmp_path / "mask.png")

    def written(text: str) -> Timeline:
        (tmp_path / "a.yaml").write_text(HEAD + text)
        return Timeline(load_schedule(tmp_path / "a.yaml"))

    return written


def test_shapes() -> None:
    text = "[{text: a, region: {box: [0, 10%, 0.5, 1]}}, {text: b, region: {circle: [1, 0, 20%], invert: true}}, c]"
    box, circle, none = regions(text)
    assert box == Region(kind="box", numbers=(0.0, 0.1, 0.5, 1.0))
    assert circle == Region(kind="circle", numbers=(1.0, 0.0, 0.2), invert=True)
    assert none is None


def test_numbers_change_over_time() -> None:
    text = "[{text: a, region: {radial: [{0: 0, 1s: 1}, t/2, 0.5], feather: {0: 0, end: 50%}}}]"
    (found,) = regions(text, 2)
    assert found is not None
    assert found.numbers == (0.5, 0.25, 0.5)
    assert found.feather == pytest.approx(0.125)


def test_a_path_is_a_mask(write: Write) -> None:
    (found,) = write("prompts: [{text: a, region: mask.png}]").at(0).prompts
    assert found.region is not None
    assert found.region.kind == "image"
    assert found.region.file is not None
    assert found.region.file.path.name == "mask.png"
    (same,) = write("prompts: [{text: a, region: {image: mask.png, feather: 10%}}]").at(0).prompts
    assert same.region == Region(kind="image", file=found.region.file, feather=0.1)


def test_combinations(write: Write) -> None:
    text = "{union: [mask.png, {box: [0, 0, 1, 1], invert: true}], invert: true}"
    (found,) = write(f"prompts: [{{text: a, region: {text}}}]").at(0).prompts
    assert found.region is not None
    assert [part.kind for part in found.region.parts] == ["image", "box"]
    assert found.region.invert
    assert found.region.parts[1].invert


def test_a_video_and_curves_begin_with_their_shot() -> None:
    box = "{box: [0, 0, {0s: 0, 1s: 1}, 1]}"
    shot = f"{{length: 1s, prompts: [{{text: a, region: {box}}}], keep: {{region: {box}, amount: {{0s: 1, 1s: 0}}}}}}"
    found = Timeline(read_schedule(f"output: {{fps: 4}}\nshots: [{shot}, {shot}]", "a.yaml", "a"))
    for index in (0, 3):
        first, second = found.at(index), found.at(index + 4)
        assert first.prompts == second.prompts
        assert first.keep == second.keep
    assert found.at(2).prompts[0].region == Region(kind="box", numbers=(0.0, 0.0, 0.5, 1.0))
    assert found.at(2).keep == Keep(region=found.at(2).prompts[0].region, amount=0.5, seam=0.03)  # type: ignore[arg-type]


def test_scenes_and_losses_have_regions() -> None:
    found = timeline("prompts: {0s: {text: a, region: {box: [0, 0, 1, 1]}}, 1s: b}").at(0)
    assert [prompt.region is None for prompt in found.prompts] == [False]
    found = timeline(
        "prompts: a\nlosses: {smooth: {weight: {0: 0, 1s: 2}, region: {box: [0, 0, 1, 1]}}, anchor: 1}"
    ).at(4)
    assert found.losses == {"prompt": 1.0, "smooth": 2.0, "anchor": 1.0}
    assert found.loss_regions == {"smooth": Region(kind="box", numbers=(0.0, 0.0, 1.0, 1.0))}
    assert timeline("prompts: a\nlosses: {smooth: {0: 0, 1s: 2}}").at(4).loss_regions == {}


def test_the_same_text_in_two_regions_is_two_prompts() -> None:
    text = "[{text: a, region: {box: [0, 0, 1, 1]}}, {text: a, region: {box: [0, 0, 1, 0.5]}}, a, a]"
    found = timeline(f"prompts: {text}").at(0).prompts
    assert [(prompt.weight, prompt.region is None) for prompt in found] == [(1.0, False), (1.0, False), (2.0, True)]


def test_a_region_that_moves_has_all_motion_since_the_last_cut() -> None:
    """Against the product of the frames' own matrices; one that stands still has none."""
    text = "motion: {zoom: 1.2/s, rotate: 20/s, pan_x: 3%/s}\nshots:\n"
    shot = "- {length: 1s, prompts: [{text: a, region: {box: [0, 0, 1, 1], moves: true}}]}\n"
    found = Timeline(read_schedule("output: {size: [64, 32], fps: 4}\n" + text + shot * 2, "a.yaml", "a"))
    to_pixels = np.array([[64, 0, -0.5], [0, 32, -0.5], [0, 0, 1.0]])
    total = np.eye(3)
    for index in range(8):
        spec = found.at(index)
        total = np.eye(3) if index in found.cuts else motion_matrix(spec.transforms, spec.size, spec.center) @ total
        region = spec.prompts[0].region
        assert region is not None
        np.testing.assert_allclose(
            np.reshape(region.motion, (3, 3)), np.linalg.inv(to_pixels) @ total @ to_pixels, atol=1e-7
        )
    assert found.at(2) == Timeline(found._schedule).at(2), "whatever was asked before"
    still = Timeline(read_schedule((text + shot).replace(", moves: true", ""), "a.yaml", "a")).at(3).prompts[0].region
    assert still is not None
    assert still.motion == ()


def test_an_endless_zoom_stays_within_numbers() -> None:
    for zoom in (8, 0.1):
        text = f"prompts: [{{text: a, region: {{box: [0, 0, 1, 1], moves: true}}}}]\nmotion: {{zoom: {zoom}/frame}}"
        found = Timeline(read_schedule(f"output: {{size: [64, 32], fps: 4, length: 500}}\n{text}", "a.yaml", "a"))
        assert "NaN" not in found.at(499).to_json()


def test_specs_without_regions_are_written_as_before() -> None:
    written = json.loads(timeline("prompts: [{text: a}]").at(0).to_json())
    assert written["prompts"] == [{"text": "a", "weight": 1.0}]
    assert not {"keep", "loss_regions"} & written.keys()


WRONG = [
    ("the sky", "feather: 10%}; what is to be found in the picture is {text: the sky}"),
    ("none.png", "'none.png': no such file"),
    ("5", "expected a mask's path, or a map such as {box: [0, 0, 50%, 100%], feather: 10%}, got '5'"),
    ("{feather: 1%}", "expected one of image, video, box, circle, linear, radial, text, union, intersection"),
    ("{boxx: [0, 0, 1, 1]}", "region.boxx: unknown key; did you mean 'box'?"),
    ("{box: [0, 0, 1, 1], inverted: true}", "region.inverted: unknown key; did you mean 'invert'?"),
    ("{box: [0, 0, 1]}", "region.box: expected the left, upper, right and lower edge such as [0, 0, 50%, 100%], got 3"),
    ("{box: [0, 0, wide, 1]}", "region.box[2]: expected a share such as 0.5 or 50%, from -10000% to 10000%"),
    ("{box: [0, 0, 1, 1e9]}", "region.box[3]: expected a share such as 0.5 or 50%, from -10000% to 10000%"),
    ("{box: [0, 0, 1, 1], circle: [0, 0, 1]}", "region.circle: there is 'box' already; combine them by union: [...]"),
    ("{box: [0, 0, 1, 1], feather: 200%}", "region.feather: expected a share such as 0.5 or 50%, from 0% to 100%"),
    ("{union: [{box: [0, 0, 1, 1]}]}", "region.union: expected a list of 2 to 8 regions, got a list"),
    ("{union: [{union: []}, {box: [0, 0, 1, 1]}]}", "region.union[0].union: unknown key"),
    ("{text: ''}", "region.text: expected a text"),
    ("[0, 1]", "expected a mask's path"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "message"), WRONG, ids=[written for written, _ in WRONG])
def test_a_wrong_region(written: str, message: str) -> None:
    (said, *_) = reported(f"prompts: [{{text: a, region: {written}}}]\n")
    assert said.startswith("1:")
    assert message in said
    (said, *_) = reported(f"prompts: a\nkeep: {{region: {written}}}\n")
    assert said.startswith("2:")
    assert message in said


def test_wrong_keeps() -> None:
    assert reported("prompts: a\nkeep: {seam: 1%}\n") == [
        "2:7: keep: 'region' is missing; expected what stays as it is, such as region: logo.png"
    ]
    assert "keep.amount: expected a number from 0 to 1" in reported(
        "prompts: a\nkeep: {region: {box: [0, 0, 1, 1]}, amount: 2}"
    )[0]  # fmt: skip
    assert "losses.prompt" in reported("prompts: a\nlosses: {prompt: {weight: 1, region: {box: [0, 0, 1, 1]}}}")[0]


def test_a_box_that_is_always_empty_is_a_warning() -> None:
    text = (
        f"{HEAD}prompts: [{{text: a, region: {{box: [50%, 0, 20%, 1]}}}}, {{text: b, region: {{box: [0, 0, 1, 1]}}}}]\n"
    )
    found = [str(warning) for warning in read_schedule(text, "a.yaml", "a").warnings]
    assert found == [
        "a.yaml:2:35: prompts[0].region.box: is empty in every frame; expected the left, upper, right and lower edge "
        "such as [0, 0, 50%, 100%]"
    ]


def test_the_prompt_loss_has_no_region() -> None:
    text = "prompts: a\nlosses: {prompt: {weight: 1, region: {box: [0, 0, 1, 1]}}}\n"
    assert reported(text) == [
        "2:18: losses.prompt: has no region, since each prompt has its own; write it beside the prompt's text"
    ]
