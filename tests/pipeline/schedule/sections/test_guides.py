"""The section `guides:`: which frames go towards which scene's picture, and how far."""

import json
import math

import numpy as np
import pytest

from pipeline.run.folder.hashes import chain
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.over_time.arrivals import ARRIVED, PACE
from pipeline.schedule.timeline import Timeline
from render.errors import ScheduleError
from render.spec.pictures import PriorStart

SMALL = "output: {size: [64, 64], fps: 24, length: 4s}\nstart: {prior: bank, candidates: 2}\n"
SCENES = "prompts: {0s: noon, 1s: noon, 3s: {text: sunset, ease: in_out_sine}}\n"


def timeline(text: str) -> Timeline:
    return Timeline(read_schedule(text, "a.yaml", "a"))


def mixture(found: Timeline) -> list[dict[str, float]]:
    """What every frame would consist of without refinement: shares of the scenes' pictures."""
    parts: list[dict[str, float]] = []
    for spec in found:
        if spec.index in found.cuts:
            total = sum(prompt.weight for prompt in spec.prompts)
            parts.append({prompt.text: prompt.weight / total for prompt in spec.prompts})
            assert not spec.guide_pictures
            continue
        kept = 1 - sum(guide.share for guide in spec.guide_pictures)
        mixed = {text: kept * share for text, share in parts[-1].items()}
        for guide in spec.guide_pictures:
            mixed[guide.prompt.text] = mixed.get(guide.prompt.text, 0.0) + guide.share
        parts.append(mixed)
    return parts


@pytest.mark.parametrize(
    "prompts",
    [
        SCENES,
        "prompts: {0s: noon, 2s: sunset, 4s: noon}\n",
        "prompts: [{text: a, weight: {0: 1, 3s: 0}}, {text: b, weight: {0: 0, 3s: 2}}, {text: c, weight: t / 4}]\n",
    ],
)
def test_the_mixture_of_pictures_follows_the_prompts(prompts: str) -> None:
    found = timeline(f"{SMALL}{prompts}guides: auto")
    least = math.exp(-1 / (PACE * 24))
    for spec, mixed in zip(found, mixture(found), strict=True):
        total = sum(prompt.weight for prompt in spec.prompts)
        added = sum(guide.share for guide in spec.guide_pictures)
        assert added <= 1 - least + 1e-9
        late = 1e-4 if added < 1 - least - 1e-6 else 0.2
        for prompt in spec.prompts:
            assert mixed.get(prompt.text, 0.0) == pytest.approx(prompt.weight / total, abs=max(late, ARRIVED))


def test_a_picture_arrives_at_its_scenes_time_and_is_then_left_alone() -> None:
    found = timeline(f"{SMALL}{SCENES}guides: auto")
    (last,) = found.at(72).guide_pictures
    assert (last.prompt.text, last.moment, last.start) == ("sunset", 3000, PriorStart(prior="bank", candidates=2))
    assert mixture(found)[76]["sunset"] > 1 - ARRIVED
    assert all(not found.at(index).guide_pictures for index in (*range(25), *range(76, 96)))


def test_prompts_that_jump_do_not_make_the_picture_jump() -> None:
    shots = "shots: [{length: 2s, prompts: noon}, {length: 2s, prompts: sunset, start: carry}]"
    found = timeline(f"{SMALL.replace(', length: 4s', '')}{shots}\nguides: auto")
    shares = [mixed.get("sunset", 0.0) for mixed in mixture(found)]
    times = (np.arange(96) - 47) / 24
    assert shares[:76] == pytest.approx(np.where(times > 0, 1 - np.exp(-times / PACE), 0.0)[:76].tolist(), abs=1e-6)
    assert not found.at(90).guide_pictures


def test_another_frame_rate_has_the_same_pictures() -> None:
    def moments(fps: int) -> set[int]:
        found = timeline(f"{SMALL.replace('fps: 24', f'fps: {fps}')}{SCENES}guides: auto")
        return {guide.moment for spec in found for guide in spec.guide_pictures}

    assert moments(4) == moments(12) == moments(24) == {3000}


def test_a_cut_starts_with_its_own_picture() -> None:
    shots = "shots: [{length: 2s, prompts: noon}, {length: 2s, prompts: sunset}]"
    found = timeline(f"{SMALL.replace(', length: 4s', '')}{shots}\nguides: auto")
    assert not any(spec.guide_pictures for spec in found)


def test_a_loop_returns_to_the_first_picture() -> None:
    found = timeline(f"{SMALL}prompts: {{0s: noon, 2s: sunset, end: noon}}\nloop: {{blend: 1s}}\nguides: auto")
    assert {guide.moment for spec in found for guide in spec.guide_pictures if guide.prompt.text == "noon"} == {0}


def test_hashes_stay_without_guides() -> None:
    plain, guided = timeline(f"{SMALL}{SCENES}"), timeline(f"{SMALL}{SCENES}guides: auto")
    assert "guide_pictures" not in json.loads(plain.at(48).to_json())
    assert "guide_pictures" in json.loads(guided.at(48).to_json())
    before, after = chain(plain, {}), chain(guided, {})
    assert before[:25] == after[:25]
    assert not set(before[25:]) & set(after[25:])


def test_a_frame_as_if_the_video_began_there_has_no_guides() -> None:
    assert not timeline(f"{SMALL}{SCENES}guides: auto").as_first(48).guide_pictures


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f"{SMALL}prompts: sea\nguides: many",
            "a.yaml:4:9: guides: expected `auto`, or a map of times to pictures such as ",
        ),
        ("prompts: sea\nguides: auto", "a.yaml:2:9: guides: has no prior to draw pictures; write start: {prior: bank}"),
    ],
)
def test_errors(text: str, message: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        read_schedule(text, "a.yaml", "a")
    assert message in "\n".join(str(problem) for problem in caught.value.problems)
