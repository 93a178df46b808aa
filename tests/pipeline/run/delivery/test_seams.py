"""The seam of a loop, in its frames and in every file: neither pictures nor optical flow jump."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from pipeline.run.folder.folder import RunFolder
from pipeline.run.run import Run, RunOptions
from pipeline.schedule.loader import load_schedule
from pipeline.schedule.origin import Origin
from pipeline.schedule.sections.loop import order
from pipeline.video import formats
from render.renderer.renderer import Renderer
from tests.pipeline.optical_flow import flows, growth_and_turn, played, seam
from tests.runs import completes

COUNT, LED = 48, 18
TEXT = """
output: {{size: [128, 72], fps: 12, length: 4s, seed: 5, video: [{video}]}}
prompts: {prompt}
refine: {{steps: 3, first_frame: 40}}
loop: {{blend: {blend}s}}
motion: {{{motion}}}
"""


def rendered(path: Path, renderer: Renderer | None, head: str = "", **changes: object) -> RunFolder:
    values = {
        "video": "h264",
        "prompt": "a forest in autumn with red leaves",
        "blend": 1.5,
        "motion": "zoom: 1",
        **changes,
    }
    path.write_text(head + TEXT.format(**values), encoding="utf-8")
    schedule = load_schedule(path)
    models = schedule.models.locate(offline=True, progress=lambda *progress: None)
    folder = RunFolder(path.with_suffix(""))
    run = Run(schedule, Origin(file=str(path)), folder, RunOptions())
    assert completes(run, lambda warn: renderer or models.load("cpu"))
    return folder


def test_the_first_and_last_pictures_of_a_file_are_encoded_better(tmp_path: Path, renderer: Renderer) -> None:
    """The encoder's error on both sides of the seam is smaller than in between."""
    head = "models: {latent: pixels, perceptors: [toy]}\n"
    folder = rendered(tmp_path / "a.yaml", renderer, head, motion="rotate: 9", prompt="red", video="h264, h265")
    frames = [folder.frames.read(index) for index in order(COUNT + LED, LED, False)]
    for name in ("video.mp4", "video-h265.mp4"):
        shown = played(folder.path / name)
        assert len(shown) == COUNT
        off = [np.abs(picture.astype(float) - frame).mean() for picture, frame in zip(shown, frames, strict=True)]
        assert max(off[0], off[-1]) < 0.95 * np.median(off)


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 500])
@pytest.mark.parametrize("name", formats.every())
def test_zones_lie_within_the_file_and_do_not_overlap(name: str, count: int) -> None:
    options, close = formats.find(name).recipe().options, formats.find(name).adapt_to_loop
    assert (close is not None) == (name in ("h264", "h265", "av1"))
    known = close(options, count).items() - options.items() if close else set()
    for _, value in known:
        zones = str(value).partition("zones=")[2]
        ends = [tuple(map(int, zone.split(",")[:2])) for zone in zones.split("/") if zone]
        assert all(0 <= begin <= end <= count for begin, end in ends)
        assert all(first[1] < second[0] for first, second in pairwise(ends))


@pytest.mark.slow
@pytest.mark.parametrize("motion", ["zoom: 1.2/s", "rotate: 12/s", "zoom: 1"])
def test_a_loop_of_the_embedded_models_closes_in_every_file(tmp_path: Path, motion: str) -> None:
    names = [name for name, known in formats.every().items() if name != "prores" and known.sink == "ffmpeg"]
    folder = rendered(tmp_path / "a.yaml", None, motion=motion, video=", ".join(names))
    frames = [folder.frames.read(index) for index in order(COUNT + LED, LED, False)]
    np.testing.assert_array_equal(folder.frames.read(COUNT + LED - 1), folder.frames.read(LED - 1))
    files = sorted(folder.path.glob("video*"))
    assert len(files) == len(names)
    for file in files:
        shown = played(file)
        assert len(shown) == COUNT, file.name
        assert seam(shown) <= 1.2 * seam(frames), file.name


@pytest.fixture(scope="module")
def loops(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[np.ndarray]]:
    place = tmp_path_factory.mktemp("loops")

    def shown(motion: str) -> list[np.ndarray]:
        return played(rendered(place / f"{motion[:4]}.yaml", None, motion=motion).video)

    return shown


@pytest.mark.slow
@pytest.mark.parametrize(
    ("motion", "growth", "turn"), [("zoom: 1.2/s", 1, 0), ("rotate: 12/s", 0, 1), ("zoom: 1", 0, 0)]
)
def test_the_flow_continues_across_the_seam(
    loops: Callable[[str], list[np.ndarray]], motion: str, growth: int, turn: int
) -> None:
    moved = flows(loops(motion), closed=True)
    fits = np.array([growth_and_turn(one) for one in moved])
    usual, spread = np.median(fits, axis=0), fits.std(axis=0)
    assert usual[0] > 0.004 if growth else abs(usual[0]) < 0.002, "the pictures show the zoom"
    assert usual[1] > 0.3 if turn else abs(usual[1]) < 0.1, "the pictures show the rotation"
    assert (np.abs(fits[-1] - usual) <= 3 * spread).all()
    changes = np.array([np.abs(moved[index] - moved[index - 1]).mean() for index in range(COUNT)])
    within = changes[1:-1]
    assert changes[-1] <= within.max(), "the flow jumps before the seam"
    assert changes[0] <= within.max(), "the flow jumps after the seam"


@pytest.mark.slow
def test_without_a_loop_the_flow_jumps(tmp_path: Path) -> None:
    """Shows that the measure works: a plain video jumps from its end to its beginning."""
    path = tmp_path / "a.yaml"
    folder = rendered(path, None, motion="zoom: 1.2/s")
    plain = [folder.frames.read(index) for index in range(COUNT)]  # as the video is, without its last `LED` frames
    moved = flows(plain, closed=True)
    changes = np.array([np.abs(moved[index] - moved[index - 1]).mean() for index in range(COUNT)])
    assert changes[-1] > 3 * np.median(changes)
    assert seam(plain) > 3
