"""The section `start:`: noise or a prior, at the top and in shots."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline.run.folder.hashes import chain
from pipeline.schedule.loader import load_schedule, read_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.sections import start
from pipeline.schedule.timeline import Timeline
from render.errors import ScheduleError
from render.models.registry import find_prior
from render.spec.pictures import PictureStart, PriorStart

BANK = find_prior("bank").checkpoint
SMALL = "output: {size: [64, 64], fps: 2, length: 2s}\n"


def read(text: str) -> Schedule:
    return read_schedule(text, "a.yaml", "a")


def starts(text: str) -> dict[int, PriorStart | PictureStart | None]:
    """What every frame without a predecessor starts from."""
    timeline = Timeline(read(text))
    assert all(timeline.at(index).start is None for index in range(len(timeline)) if index not in timeline.cuts)
    return {index: timeline.at(index).start for index in sorted(timeline.cuts)}


def problems(text: str) -> list[str]:
    with pytest.raises(ScheduleError) as caught:
        read(text)
    return [str(problem) for problem in caught.value.problems]


def test_a_first_frame_can_start_from_a_prior() -> None:
    found = starts(f"{SMALL}prompts: sea\nstart: {{prior: bank, candidates: 9, pick: 2, temperature: 0.5}}")
    assert found == {0: PriorStart(prior="bank", candidates=9, pick=2, settings={"temperature": 0.5})}
    assert starts(f"{SMALL}prompts: sea\nstart: {{prior: bank, pick: best}}") == {
        0: PriorStart(prior="bank", candidates=4)
    }


def test_noise_is_the_default_and_leaves_hashes_as_they_were() -> None:
    plain, noise, bank = (
        Timeline(read(f"{SMALL}prompts: sea\n{line}")) for line in ("", "start: noise", "start: {prior: bank}")
    )
    assert start.DEFAULT.prior is None
    assert "start" not in json.loads(plain.at(0).to_json())
    assert chain(plain, {}) == chain(noise, {})
    assert not set(chain(plain, {})) & set(chain(bank, {}))


def test_every_setting_is_in_the_hash() -> None:
    lines = ("prior: bank", "prior: bank, candidates: 5", "prior: bank, pick: 2", "prior: bank, temperature: 2")
    hashes = {chain(Timeline(read(f"{SMALL}prompts: sea\nstart: {{{line}}}")), {})[0] for line in lines}
    assert len(hashes) == len(lines)


def test_a_bank_is_part_of_the_models_digests() -> None:
    def digests(line: str) -> dict[str, Any]:
        models = read(f"{SMALL}prompts: sea\n{line}").models
        return models.locate(offline=True, progress=lambda *said: None).digests()

    plain, bank = digests(""), digests("start: {prior: bank}")
    (of_it,) = bank.pop("priors")
    assert bank == plain
    assert of_it["name"] == "bank"
    assert len(of_it["sha256"]["embedded.bank"]) == 64


def test_shots_start_from_what_they_say_or_from_what_the_top_says() -> None:
    found = starts(
        """
output: {size: [64, 64], fps: 2}
start: {prior: bank, candidates: 2}
prompts: sea
shots:
  - {length: 1s}
  - {length: 1s, start: carry}
  - {length: 1s, start: cut}
  - {length: 1s, start: noise}
  - {length: 1s, start: {candidates: 8}}
"""
    )
    shared = PriorStart(prior="bank", candidates=2)
    assert found == {0: shared, 4: shared, 6: None, 8: PriorStart(prior="bank", candidates=8)}


def test_a_shot_alone_can_start_from_a_prior() -> None:
    text = "output: {size: [64, 64], fps: 2}\nprompts: sea\nshots: [{length: 1s}, {length: 1s, start: {prior: bank}}]"
    assert starts(text) == {0: None, 2: PriorStart(prior="bank", candidates=4)}
    assert [prior.name for prior in read(text).models.priors] == ["bank"]


def test_any_frame_as_if_the_video_began_there() -> None:
    timeline = Timeline(read(f"{SMALL}prompts: sea\nstart: {{prior: bank}}\nmotion: {{zoom: 1.1/s}}"))
    moment = timeline.as_first(2)
    assert moment.start == PriorStart(prior="bank", candidates=4)
    assert (moment.num_steps, moment.transforms, moment.index) == (8, {}, 2)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "start: fog",
            "a.yaml:3:8: start: expected `noise`, or a map such as {prior: bank, candidates: 4} or {image: ",
        ),
        ("start: {}", "'prior' is missing; expected the name of a prior"),
        ("start: {prior: bonk}", "a.yaml:3:16: start.prior: unknown prior 'bonk'; did you mean 'bank'?"),
        ("start: {prior: bank, candidates: 0}", "expected a whole number from 1 to 256"),
        ("start: {prior: bank, pick: worst}", "expected `best`, or the number of a candidate"),
        ("start: {prior: bank, pick: 5}", "pick: 5 is more than candidates: 4"),
        ("start: {prior: bank, pik: 5}", "did you mean 'pick'?"),
        ("start: {prior: bank, guidance: 2}", "'bank' has no such setting"),
        ("start: {prior: imagenet-classes, guidance: 2}", "'imagenet-classes' is no transformer of texts: no guidance"),
        ("start: {prior: ../a.bank}", "a.bank"),
        ("start: {prior: nothing.bank}", "'nothing.bank': no such file"),
        ("prior: bank", "belongs in start.prior: write start: {prior: ...}"),
        ("models: {latent: pixels, perceptors: [toy]}\nstart: {prior: bank}", "made with the latent model 'embedded'"),
        ("models: {latent: imagenet-f16-1024}\nstart: {prior: bank}", "which is not models.latent 'imagenet-f16-1024'"),
        (
            "models: {perceptors: [toy]}\nstart: {prior: bank}",
            "perceptor 'embedded', which is none of models.perceptors",
        ),
        ("shots: [{length: 1s, start: cary}]", "shots[0].start: unknown start 'cary'; did you mean 'carry'?"),
    ],
)
def test_mistakes_are_reported_with_their_place(line: str, message: str) -> None:
    (problem,) = problems(
        f"{SMALL if 'shots' not in line else 'output: {size: [64, 64]}'}\nprompts: sea\n{line}".replace("\n\n", "\n")
    )
    assert message in problem


def test_a_bank_beside_the_schedule_is_known_by_its_content(tmp_path: Path) -> None:
    assert BANK is not None
    shutil.copy(BANK, tmp_path / "mine.bank")
    (tmp_path / "a.yaml").write_text(f"{SMALL}prompts: sea\nstart: {{prior: mine.bank}}")
    schedule = load_schedule(tmp_path / "a.yaml")
    (prior,) = schedule.models.priors
    assert prior.checkpoint == tmp_path / "mine.bank"
    assert prior.name.startswith("mine.bank ")
    found = Timeline(schedule).at(0).start
    assert isinstance(found, PriorStart)
    assert found.prior == prior.name


def test_a_file_that_is_no_bank_is_reported_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "mine.bank").write_bytes(b"\x80\x04cos\nsystem\n(S'true'\ntR.")
    (tmp_path / "a.yaml").write_text(f"{SMALL}prompts: sea\nstart: {{prior: mine.bank}}")
    with pytest.raises(ScheduleError, match=r"a\.yaml:3:16: start\.prior: .*mine\.bank: not a bank"):
        load_schedule(tmp_path / "a.yaml")


def test_a_bank_of_any_length_is_refused_before_it_is_hashed(tmp_path: Path) -> None:
    with (tmp_path / "mine.bank").open("wb") as content:
        content.truncate(1 << 40)  # a hole: it takes no room, and hashing it would take an hour
    (tmp_path / "a.yaml").write_text(f"{SMALL}prompts: sea\nstart: {{prior: mine.bank}}")
    with pytest.raises(ScheduleError, match=r"a\.yaml:3:16: start\.prior: .*expected at most 2,147,483,648 bytes"):
        load_schedule(tmp_path / "a.yaml")


def test_frames_from_a_prior_are_refined_gently_unless_refine_says_otherwise() -> None:
    timeline = Timeline(
        read(
            "output: {size: [64, 64], fps: 2}\n"
            "shots:\n"
            "- {length: 1s, prompts: a sea}\n"
            "- {length: 1s, prompts: a rose, start: {prior: bank}}\n"
            "- {length: 1s, prompts: a city, start: {prior: bank}, refine: {first_frame: 5, lr: 0.2, adapt: number}}\n"
        )
    )
    specs = [timeline.at(index) for index in range(6)]
    assert [(spec.num_steps, spec.lr, spec.adapt) for spec in specs] == [
        (60, 0.3, "number"),
        (3, 0.3, "number"),
        (8, 0.02, "picture"),
        (3, 0.02, "picture"),
        (5, 0.2, "number"),
        (3, 0.2, "number"),
    ]
