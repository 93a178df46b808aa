"""The section `guides:` with pictures: which frames go towards which picture, how far, and where it is."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.run.folder.hashes import chain
from pipeline.schedule.loader import load_schedule
from pipeline.schedule.timeline import Timeline
from render.errors import ScheduleError
from render.spec import FrameSpec

SMALL = "output: {size: [64, 64], fps: 12, length: 4s}\nprompts: sea\n"
A, B = "{image: a.png}", "{image: b.png, ease: in_out_sine}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, colour in (("a.png", "red"), ("b.png", "blue")):
        Image.new("RGB", (30, 20), colour).save(tmp_path / name)
    return tmp_path


def timeline(folder: Path, text: str) -> Timeline:
    (folder / "s.yaml").write_text(text)
    return Timeline(load_schedule(folder / "s.yaml"))


def weights(spec: FrameSpec) -> dict[str, float]:
    found: dict[str, float] = {}
    for guide in spec.image_guides:
        name = guide.picture.file.path.name
        found[name] = found.get(name, 0.0) + guide.weight
    return found


def mixture(found: Timeline) -> list[dict[str, float]]:
    """What every frame would consist of without refinement: shares of the pictures; the rest is what it began with."""
    parts: list[dict[str, float]] = []
    for spec in found:
        before = {} if spec.index in found.cuts else parts[-1]
        kept = 1 - sum(guide.share for guide in spec.image_guides)
        mixed = {name: kept * share for name, share in before.items()}
        for guide in spec.image_guides:
            name = guide.picture.file.path.name
            mixed[name] = mixed.get(name, 0.0) + guide.share
        parts.append(mixed)
    return parts


def test_a_video_goes_from_its_start_to_the_guide_at_its_end(folder: Path) -> None:
    found = timeline(folder, f"{SMALL}start: {A}\nguides: {{end: {B}}}")
    shares = [mixed.get("b.png", 0.0) for mixed in mixture(found)]
    eased = (1 - np.cos(np.pi * np.arange(48) / 47)) / 2
    assert shares == pytest.approx(eased.tolist(), abs=1e-6)
    assert [weights(spec).get("b.png", 0.0) for spec in found] == pytest.approx(eased.tolist(), abs=1e-6)
    assert found.at(0).num_steps == 0


def test_between_two_guides_it_goes_from_one_to_the_other(folder: Path) -> None:
    found = timeline(folder, f"{SMALL}start: {A}\nguides: {{0s: {A}, 1s: {A}, 3s: {B}}}")
    for spec in found:
        share = min(1.0, max(0.0, spec.index / 12 - 1) / 2)
        eased = (1 - math.cos(math.pi * share)) / 2
        assert weights(spec).get("a.png", 0.0) == pytest.approx(1 - eased, abs=1e-5)
        assert weights(spec).get("b.png", 0.0) == pytest.approx(eased, abs=1e-5)
    assert mixture(found)[36]["b.png"] == pytest.approx(1.0)


def test_what_rests_is_not_mixed_in_again(folder: Path) -> None:
    found = timeline(folder, f"{SMALL}start: {A}\nguides: {{0s: {A}, 2s: {A}}}")
    assert not any(guide.share for spec in found for guide in spec.image_guides)
    assert all(weights(spec) == pytest.approx({"a.png": 1.0}) for spec in found)
    moving = timeline(folder, f"{SMALL}start: {A}\nmotion: {{zoom: 1.1/s}}\nguides: {{0s: {A}, 2s: {A}}}")
    assert [len(moving.at(index).image_guides) for index in (0, 12, 24)] == [1, 2, 1]  # in two places


def test_a_weight_below_1_leaves_the_rest_to_the_prompts(folder: Path) -> None:
    found = timeline(folder, f"{SMALL}guides: {{2s: {{image: a.png, weight: 0.6}}}}")
    assert mixture(found)[24]["a.png"] == pytest.approx(0.6)
    assert mixture(found)[47]["a.png"] == pytest.approx(0.6)
    assert weights(found.at(12))["a.png"] == pytest.approx(0.3)


def test_a_weight_can_change_over_time(folder: Path) -> None:
    found = timeline(folder, f'{SMALL}guides: {{0: {{image: a.png, weight: "0.5 + 0.5 * sin(tau * t)"}}}}')
    assert weights(found.at(3))["a.png"] == pytest.approx(1.0)
    assert weights(found.at(6))["a.png"] == pytest.approx(0.5)
    assert not found.at(9).image_guides


def test_a_first_frame_from_noise_begins_with_what_is_there_then(folder: Path) -> None:
    found = timeline(folder, f"{SMALL}guides: {{0: {{image: a.png, weight: 0.75}}}}")
    assert found.at(0).image_guides[0].share == 0.75
    assert found.at(0).num_steps == 15
    assert found.as_first(30).image_guides[0].share == 0.75
    assert found.as_first(30).num_steps == 15
    begun = timeline(folder, f"{SMALL}start: {A}\nguides: {{0: {B}}}")
    assert begun.at(0).image_guides[0].share == 0.0  # `start:` says what it begins with


def test_a_loop_arrives_after_its_last_frame(folder: Path) -> None:
    text = f"{SMALL}start: {A}\nguides: {{2s: {B}, end: {A}}}\n"
    assert weights(timeline(folder, text).at(47)) == pytest.approx({"a.png": 1.0})
    found = timeline(folder, f"{text}loop: {{blend: 1s}}")
    assert weights(found.at(47))["a.png"] == pytest.approx(23 / 24)
    assert [weights(found.at(index)) for index in range(48, 60)] == [weights(found.at(index)) for index in range(12)]


def test_a_guide_moves_as_the_picture_does(folder: Path) -> None:
    found = timeline(folder, f"{SMALL}motion: {{zoom: 1.1/s, rotate: 4/s}}\nguides: {{2s: {A}, end: {B}}}")
    for index in (6, 18, 24, 36):
        (guide, *_) = found.at(index).image_guides
        away = index / 12 - 2
        assert guide.transforms.get("zoom", 1.0) == pytest.approx(1.1**away)
        assert guide.transforms.get("rotate", 0.0) == pytest.approx(4 * away)
    assert not found.at(47).image_guides[-1].transforms


def test_a_guide_never_gets_too_small_and_can_stand_still(folder: Path) -> None:
    motion = f"{SMALL}motion: {{zoom: 2/s, pan_x: 1%/s}}\n"
    far = timeline(folder, f"{motion}guides: {{end: {A}}}").at(12).image_guides[0].transforms
    assert far["zoom"] == pytest.approx(0.5)
    assert far["pan_x"] == pytest.approx(-0.01)
    still = timeline(folder, f"{motion}guides: {{end: {{image: a.png, moves: false}}}}")
    assert not any(guide.transforms for spec in still for guide in spec.image_guides)


def test_the_loss_is_only_there_with_a_guide(folder: Path) -> None:
    plain, guided = timeline(folder, SMALL), timeline(folder, f"{SMALL}guides: {{end: {A}}}\nlosses: {{guide: 2}}")
    assert "guide" not in plain.at(5).losses
    assert guided.at(5).losses["guide"] == 2.0
    assert "guide" not in guided.at(0).losses


def test_hashes_stay_without_guides(folder: Path) -> None:
    plain, guided = timeline(folder, SMALL), timeline(folder, f"{SMALL}guides: {{2s: {A}}}")
    assert "image_guides" not in json.loads(plain.at(9).to_json())
    assert chain(plain, {})[0] == chain(guided, {})[0]
    assert not set(chain(plain, {})[1:]) & set(chain(guided, {})[1:])
    assert str(folder) not in guided.at(9).to_json()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("guides: many", "s.yaml:3:9: guides: expected `auto`, or a map of times to pictures such as 4s: {image: "),
        ("guides: {2s: a.png}", "s.yaml:3:14: guides.2s: expected a map"),
        ("guides: {2s: {weight: 1}}", "'image' is missing; expected {image, weight, ease, moves, fit, background}"),
        ("guides: {2s: {image: c.png}}", "s.yaml:3:22: guides.2s.image: 'c.png': no such file"),
        ("guides: {2s: {image: a.png, weight: -1}}", "guides.2s.weight: expected a number from 0 to 100"),
        ("guides: {2s: {image: a.png, ease: slow}}", "unknown easing 'slow'"),
        ("guides: {later: {image: a.png}}", "expected a time such as"),
        ("guides: {}", "expected at least one time"),
    ],
)
def test_mistakes_are_reported_with_their_place(folder: Path, line: str, message: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        timeline(folder, SMALL + line)
    assert [message in str(problem) for problem in caught.value.problems] == [True], caught.value.problems
