"""The section `start:` with a picture file: at the top, in shots, and beside priors."""

import json
from pathlib import Path

import pytest
from PIL import Image

from pipeline.run.folder.hashes import chain
from pipeline.schedule.loader import load_schedule
from pipeline.schedule.timeline import Timeline
from render.errors import ScheduleError
from render.models.model import sha256
from render.spec.pictures import ImageFile, Picture, PictureStart, PriorStart

SMALL = "output: {size: [64, 64], fps: 2, length: 2s}\nprompts: sea\n"
SHOTS = "output: {size: [64, 64], fps: 2}\nprompts: sea\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, colour in (("a.png", "red"), ("b.png", "blue")):
        Image.new("RGB", (30, 20), colour).save(tmp_path / name)
    return tmp_path


def timeline(folder: Path, text: str) -> Timeline:
    (folder / "s.yaml").write_text(text)
    return Timeline(load_schedule(folder / "s.yaml"))


def image(folder: Path, name: str) -> ImageFile:
    return ImageFile(path=folder / name, sha256=sha256(folder / name))


def starts(found: Timeline) -> dict[int, PictureStart | PriorStart | None]:
    assert all(found.at(index).start is None for index in range(len(found)) if index not in found.cuts)
    return {index: found.at(index).start for index in sorted(found.cuts)}


def test_a_first_frame_starts_from_a_picture(folder: Path) -> None:
    line = 'start: {image: a.png, strength: 0.75, fit: pad, background: "#ff8000"}'
    picture = Picture(file=image(folder, "a.png"), fit="pad", background="#ff8000")
    assert starts(timeline(folder, SMALL + line)) == {0: PictureStart(picture=picture, strength=0.75)}
    plain = Picture(file=image(folder, "a.png"))
    assert starts(timeline(folder, f"{SMALL}start: {{image: a.png}}")) == {0: PictureStart(picture=plain)}


@pytest.mark.parametrize(
    ("strength", "refine", "steps"),
    [("1", "", 0), ("0.8", "", 12), ("0.5", "", 30), ("0.5", "refine: {first_frame: 7}", 4), ("0", "", 60)],
)
def test_the_stronger_the_fewer_steps(folder: Path, strength: str, refine: str, steps: int) -> None:
    found = timeline(folder, f"{SMALL}start: {{image: a.png, strength: {strength}}}\n{refine}")
    assert found.at(0).num_steps == found.as_first(2).num_steps == steps
    assert found.at(1).num_steps == 3


def test_the_steps_are_gentle_unless_refine_says_otherwise(folder: Path) -> None:
    gentle = timeline(folder, f"{SMALL}start: {{image: a.png, strength: 0.9}}").at(1)
    assert (gentle.lr, gentle.adapt) == (0.05, "picture")
    gentlest = timeline(folder, f"{SMALL}start: {{image: a.png}}").at(1)
    assert (gentlest.lr, gentlest.adapt) == (0.02, "picture")
    own = timeline(folder, f"{SMALL}start: {{image: a.png}}\nrefine: {{lr: 0.2, adapt: number}}").at(1)
    assert (own.lr, own.adapt) == (0.2, "number")


def test_at_strength_0_every_frame_is_that_of_noise(folder: Path) -> None:
    plain, nothing = timeline(folder, SMALL), timeline(folder, f"{SMALL}start: {{image: a.png, strength: 0}}")
    assert chain(plain, {}) == chain(nothing, {})
    warned = load_schedule(folder / "s.yaml").warnings
    assert ["at strength 0 a frame starts from noise" in str(warning) for warning in warned] == [True]


def test_a_picture_is_known_by_its_content_and_every_setting_counts(folder: Path) -> None:
    lines = ["", ", strength: 0.5", ", fit: pad", ", background: black"]
    found = [timeline(folder, f"{SMALL}start: {{image: a.png{line}}}") for line in lines]
    found.append(timeline(folder, f"{SMALL}start: {{image: b.png}}"))
    assert len({chain(each, {})[0] for each in found}) == len(found)
    (folder / "a.png").rename(folder / "c.png")
    assert chain(timeline(folder, f"{SMALL}start: {{image: c.png}}"), {}) == chain(found[0], {})
    assert str(folder) not in found[0].at(0).to_json()
    assert json.loads(found[0].at(0).to_json())["start"]["picture"]["file"] == sha256(folder / "c.png")


def test_shots_have_pictures_of_their_own(folder: Path) -> None:
    found = timeline(
        folder,
        f"""{SHOTS}start: {{image: a.png, strength: 0.5}}
shots:
  - {{length: 1s}}
  - {{length: 1s, start: carry}}
  - {{length: 1s, start: {{image: b.png}}}}
  - {{length: 1s, start: {{strength: 1}}}}
  - {{length: 1s, start: {{prior: bank}}}}
  - {{length: 1s, start: noise}}
""",
    )
    red, blue = (Picture(file=image(folder, name)) for name in ("a.png", "b.png"))
    assert starts(found) == {
        0: PictureStart(picture=red, strength=0.5),
        4: PictureStart(picture=blue, strength=0.5),
        6: PictureStart(picture=red, strength=1.0),
        8: PriorStart(prior="bank", candidates=4),
        10: None,
    }
    assert [found.at(index).num_steps for index in (0, 4, 6, 8, 10)] == [30, 30, 0, 8, 60]


def test_a_picture_in_a_shot_replaces_the_prior_at_the_top(folder: Path) -> None:
    shots = "shots: [{length: 1s}, {length: 1s, start: {image: a.png}}]"
    found = starts(timeline(folder, f"{SHOTS}start: {{prior: bank, candidates: 9}}\n{shots}"))
    assert found == {
        0: PriorStart(prior="bank", candidates=9),
        2: PictureStart(picture=Picture(file=image(folder, "a.png"))),
    }


def test_a_picture_replaces_the_prior_of_an_included_file(folder: Path) -> None:
    (folder / "look.yaml").write_text("start: {prior: bank, candidates: 9}")
    found = starts(timeline(folder, f"{SMALL}include: look.yaml\nstart: {{image: a.png}}"))
    assert found == {0: PictureStart(picture=Picture(file=image(folder, "a.png")))}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("start: {image: c.png}", "s.yaml:3:16: start.image: 'c.png': no such file"),
        ("start: {image: ../a.png}", "s.yaml:3:16: start.image: "),
        ("start: {image: s.yaml}", "s.yaml: expected a PNG, JPEG"),
        ("start: {image: a.png, strength: 2}", "s.yaml:3:33: start.strength: expected a number from 0 to 1, got '2'"),
        ("start: {image: a.png, fit: cut}", "s.yaml:3:28: start.fit: unknown fit 'cut'; "),
        ("start: {image: a.png, background: whit}", "unknown colour 'whit'; did you mean 'white'?"),
        ('start: {image: a.png, background: "#12"}', "'#12' is not a colour; expected # and three or six"),
        ("start: {image: a.png, prior: bank}", "has a prior and an image; a frame starts from one of them"),
        ("start: {image: a.png, strenth: 1}", "unknown key; did you mean 'strength'?"),
    ],
)
def test_mistakes_are_reported_with_their_place(folder: Path, line: str, message: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        timeline(folder, SMALL + line)
    assert [message in str(problem) for problem in caught.value.problems] == [True], caught.value.problems
