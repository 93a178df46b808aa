"""The part `flow` of the section `motion:`: messages with their places, and warnings."""

from pathlib import Path

import pytest

from pipeline.schedule.loader import load_schedule
from pipeline.schedule.schedule import Schedule
from render.errors import ScheduleError

HEAD = "output: {size: [64, 48], fps: 12, length: 1s}\nmodels: {latent: pixels, perceptors: [toy]}\nprompts: red\n"


def load(folder: Path, text: str) -> Schedule:
    path = folder / "a.yaml"
    path.write_text(f"{HEAD}motion: {{flow: {text}}}\n", encoding="utf-8")
    return load_schedule(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{video: none.mp4}", "4:24: motion.flow.video: 'none.mp4': no such file"),
        ("clip.mp4", "4:16: motion.flow: expected `none`, or a map such as {video: river.mp4, amount: 0.8}: write {vi"),
        ("photo.png", "4:16: motion.flow: expected `none`, or a map such as {video: river.mp4, amount: 0.8}, got 'ph"),
        ("{image: photo.png}", "4:17: motion.flow.image: unknown key; did you mean 'images'?"),
        ("{amount: 1}", "4:16: motion.flow: expected one of video, images, such as video: river.mp4"),
        ("{video: clip.mp4, images: f*.png}", "4:42: motion.flow.images: there is 'video' already; remove one of them"),
        ("{video: clip.mp4, amount: a lot}", "4:42: motion.flow.amount: "),
        ("{video: clip.mp4, amount: 101}", "4:42: motion.flow.amount: expected a number from -100 to 100"),
        (
            "{video: clip.mp4, smooth: 101%}",
            "4:42: motion.flow.smooth: expected a share such as 0.5 or 50%, from 0% to",
        ),
        ("{video: clip.mp4, from: 3s}", "4:40: motion.flow.from: '3s' is past the end: the clip has 2 s"),
        ("{video: clip.mp4, region: {hexagon: 1}}", "4:43: motion.flow.region.hexagon: unknown key"),
        ("{video: clip.mp4, mix: 1}", "4:34: motion.flow.mix: unknown key"),
        ("[clip.mp4]", "4:16: motion.flow: expected `none`, or a map such as {video: river.mp4, amount: 0.8}, got a l"),
    ],
)
def test_a_wrong_clip(folder: Path, text: str, message: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        load(folder, text)
    (problem,) = caught.value.problems
    assert str(problem).removeprefix(f"{folder}/a.yaml:").startswith(message)


def test_a_text_is_no_place_for_motion(folder: Path) -> None:
    pytest.importorskip("transformers")
    with pytest.raises(ScheduleError, match="a text cannot be found before the picture has moved"):
        load(folder, "{video: clip.mp4, region: {union: [{text: the sea}, {box: [0, 0, 1, 1]}]}}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{video: clip.mp4, amount: 0}", "motion.flow.amount: is 0: the clip moves nothing"),
        (
            "{video: clip.mp4, from: 18f}",
            "motion.flow: 'clip.mp4' is over: nothing moves any more from 0.5 s on; end: repeat or bounce goes on",
        ),
        ("{video: clip.mp4, end: repeat}, border: edge", None),
        ("none", None),
    ],
)
def test_warnings(folder: Path, text: str, message: str | None) -> None:
    found = [f"{problem.path}: {problem.message}" for problem in load(folder, text).warnings]
    assert found == ([] if message is None else [message])
