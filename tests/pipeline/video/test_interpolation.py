"""`fps: 60`: the right number of pictures interpolated between the frames, also across the seam of a loop."""

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from pipeline.curves.array import Array
from pipeline.run.delivery.recipes import recipe
from pipeline.run.folder.frames import FrameFolder, FrameRecord, Pixels
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.sections.output_video import Video
from pipeline.video import ffmpeg
from pipeline.video.recipe import Recipe
from render.errors import ScheduleError
from tests.pipeline.optical_flow import played

COUNT, FPS, STEP = 24, 12.0, 4  # a picture of 96 pixels goes round once in 24 frames
WIDE = ndimage.gaussian_filter(np.random.default_rng(0).uniform(0, 255, (48, 96)), 3, mode="wrap")
WIDE = (WIDE - WIDE.min()) * 255 / np.ptp(WIDE)


def moved(frames: float) -> Pixels:
    """The picture after so many frames, (48, 96, 3)."""
    grey: Pixels = ndimage.shift(WIDE, (0, STEP * frames), order=3, mode="grid-wrap").clip(0, 255).astype(np.uint8)
    return np.stack([grey] * 3, axis=2)


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = FrameFolder(tmp_path_factory.mktemp("frames"))
    for index in range(COUNT):
        frames.write(index, moved(index), FrameRecord(hash="", similarity=None, pixels=""))
    return frames.folder / frames.pattern


def made(video: Video, pattern: Path, binary: str, path: Path, closed: bool) -> list[Pixels]:
    whole = recipe(video, (96, 48), FPS)
    whole = Recipe(**{**vars(whole), "is_loop": closed})
    ffmpeg.assemble(binary, pattern, COUNT, FPS, "t", path, recipe=whole)
    return played(path)


def off(shown: Pixels, expected: Pixels | Array) -> float:
    return float(np.abs(shown.astype(float) - expected).mean())


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize(("fps", "repeat"), [(60.0, 1), (24.0, 2), (30.0, 1), (25.0, 1)])
def test_the_number_of_interpolated_pictures_matches_the_duration(
    pattern: Path, any_ffmpeg: str, tmp_path: Path, fps: float, repeat: int, closed: bool
) -> None:
    video = Video(fps=fps, repeat=repeat, preset="ultrafast")
    assert len(made(video, pattern, any_ffmpeg, tmp_path / "a.mp4", closed)) == 2 * fps * repeat


def test_interpolated_pictures_lie_between_their_neighbours(pattern: Path, any_ffmpeg: str, tmp_path: Path) -> None:
    """In a loop also between the last frame and the first one."""
    shown = made(Video(fps=48.0, format="ffv1"), pattern, any_ffmpeg, tmp_path / "a.mkv", closed=True)
    held = np.mean([off(moved(number), moved(number + 0.5)) for number in range(4)])
    for number in range(0, len(shown), 4):
        assert off(shown[number], moved(number / 4)) < 2, "a rendered frame stays what it is"
    for number in (2, 50, len(shown) - 2):
        assert off(shown[number], moved(number / 4)) < 0.5 * held
    steps = [off(shown[number], shown[number - 1]) for number in range(len(shown))]
    assert steps[0] <= 1.2 * np.median(steps), "across the seam it goes on as it does elsewhere"


def test_without_a_loop_the_end_frames_are_unchanged(pattern: Path, any_ffmpeg: str, tmp_path: Path) -> None:
    shown = made(Video(fps=48.0, format="ffv1"), pattern, any_ffmpeg, tmp_path / "a.mkv", closed=False)
    assert off(shown[0], moved(0)) < 2
    assert off(shown[-1], moved(COUNT - 1)) < 2


def test_blended_frames_are_mixed(pattern: Path, any_ffmpeg: str, tmp_path: Path) -> None:
    video = Video(fps=24.0, interpolate="blend", format="ffv1")
    shown = made(video, pattern, any_ffmpeg, tmp_path / "a.mkv", closed=True)
    assert off(shown[1], (moved(0).astype(float) + moved(1)) / 2) < 2


def test_the_rate_of_the_rendered_frames_needs_no_interpolation() -> None:
    assert recipe(Video(fps=12.0), (96, 48), FPS).rate is None


def test_interpolate_needs_fps() -> None:
    with pytest.raises(ScheduleError, match=r"output.video.interpolate: has no effect without fps, such as 60"):
        read_schedule("prompts: a\noutput: {video: {interpolate: blend}}", "a.yaml", "a")
