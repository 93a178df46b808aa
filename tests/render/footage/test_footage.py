"""Pictures of sources: their part of the file, their size, their motion, and what is read ahead."""

import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from render.errors import InputError, RunError
from render.files.videos.clips import Clip
from render.footage import Footage
from render.guidance.pictures import fitted
from render.models.model import sha256
from render.motion.displacements.homography import Homography
from render.motion.warp import warp
from render.spec.footage import SourceImage
from render.spec.pictures import FITS, ImageFile
from tests.render.files.videos.conftest import ffmpeg
from tests.render.files.videos.test_damage import damaged

CPU = torch.device("cpu")


def file(path: Path) -> ImageFile:
    return ImageFile(path=path, sha256=sha256(path))


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> ImageFile:
    """20 smooth frames of 128 x 96, losslessly."""
    path = tmp_path_factory.mktemp("clips") / "clip.mkv"
    moving = "gblur=sigma=2,format=yuv444p"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=128x96:rate=10", "-frames:v", "20", "-vf", moving,
           "-c:v", "ffv1", "-g", "5", path)  # fmt: skip
    return file(path)


@pytest.fixture(scope="session")
def still(clip: ImageFile, tmp_path_factory: pytest.TempPathFactory) -> ImageFile:
    """Frame 7 of the clip as a picture file."""
    path = tmp_path_factory.mktemp("stills") / "still.png"
    Image.fromarray(Clip(clip.path).frame(7)).save(path)
    return file(path)


def pixels(picture: ImageFile) -> torch.Tensor:
    return torch.from_numpy(np.array(Image.open(picture.path))).movedim(-1, 0)[None].float() / 255


def test_a_clip_at_its_own_size_is_itself(clip: ImageFile, still: ImageFile) -> None:
    found = Footage(CPU).picture(SourceImage(file=clip, number=7), (128, 96))
    assert torch.equal(found, pixels(still))
    assert torch.equal(Footage(CPU).picture(SourceImage(file=still), (128, 96)), found)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", [(64, 48), (60, 60), (96, 32), (30, 70), (200, 90)])
def test_clips_and_stills_are_fitted_like_other_pictures(
    clip: ImageFile, still: ImageFile, fit: str, size: tuple[int, int]
) -> None:
    expected = fitted(pixels(still), size, fit, (0.0, 0.0, 1.0))
    for image in (SourceImage(file=clip, number=7), SourceImage(file=still)):
        found = Footage(CPU).picture(replace(image, fit=fit, background="#0000ff"), size)
        assert found.shape == (1, 3, size[1], size[0])
        assert (found - expected).abs().mean() < 0.02, image


@pytest.mark.parametrize("size", [(32, 24), (64, 48), (128, 96), (160, 120)])
def test_a_window_is_the_part_that_it_names(clip: ImageFile, still: ImageFile, size: tuple[int, int]) -> None:
    window = (0.25, 0.125, 0.5, 0.5)  # on whole pixels
    expected = F.interpolate(pixels(still)[..., 12:60, 32:96], size[::-1], mode="bicubic", antialias=True).clamp(0, 1)
    for image in (SourceImage(file=clip, number=7, window=window), SourceImage(file=still, window=window)):
        found = Footage(CPU).picture(image, size)
        assert (found - expected)[..., 3:-3, 3:-3].abs().max() < 0.08, image
        assert (found - expected).abs().mean() < 0.01, image


def test_windows_move_by_parts_of_a_pixel(still: ImageFile, tmp_path: Path) -> None:
    """A ramp under a window that pans evenly gets brighter evenly."""
    ramp = np.repeat(np.arange(128, dtype=np.uint8)[None, :, None] * 2, 96, axis=0).repeat(3, axis=2)
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    footage, image = Footage(CPU), SourceImage(file=file(tmp_path / "ramp.png"))
    levels = [
        float(footage.picture(replace(image, window=(0.2 + step / 1000, 0.2, 0.5, 0.5)), (64, 48)).mean())
        for step in range(10)
    ]
    assert np.diff(levels) == pytest.approx([0.128 * 2 / 255] * 9, rel=1e-3)


def shares(matrix: np.ndarray, size: tuple[int, int]) -> tuple[float, ...]:
    """A matrix of pixels as one of shares."""
    to_pixels = np.array([[size[0], 0, -0.5], [0, size[1], -0.5], [0, 0, 1.0]])
    moved = np.linalg.inv(to_pixels) @ matrix @ to_pixels
    return tuple(map(float, (moved / moved[2, 2]).ravel()))


TURN = np.array([[0.98, 0.17, 3.0], [-0.17, 0.98, 2.0], [0, 0, 1]])
MOTIONS = {
    "turn": TURN,
    "shift": np.array([[1, 0, 2.3], [0, 1, -1.7], [0, 0, 1]]),
    "tilt": np.array([[1, 0, 0], [0, 1, 0], [0.001, 0.0005, 1]]),
    "mirror": np.array([[-1, 0, 127.0], [0, 1, 0], [0, 0, 1]]),
}


@pytest.mark.parametrize("motion", MOTIONS)
def test_motion_is_the_warp_of_the_frame(clip: ImageFile, still: ImageFile, motion: str) -> None:
    """Against one warp by the same matrix, as the renderer moves the last result."""
    expected = warp(pixels(still), Homography(matrices=MOTIONS[motion][None]), "reflect")
    moved = shares(MOTIONS[motion], (128, 96))
    for image in (SourceImage(file=clip, number=7, motion=moved), SourceImage(file=still, motion=moved)):
        found = Footage(CPU).picture(image, (128, 96))
        assert (found - expected).abs().mean() < 0.01, image
        assert (found - expected).abs().max() < 0.15, image


def test_a_zoomed_clip_shows_what_its_pixels_hold(clip: ImageFile, still: ImageFile) -> None:
    """At a quarter of its size, but four times as large: its middle, with all detail."""
    zoom = (4.0, 0, -1.5, 0, 4.0, -1.5, 0, 0, 1)
    found = Footage(CPU).picture(SourceImage(file=clip, number=7, motion=zoom), (32, 24))
    expected = pixels(still)[..., 36:60, 48:80]
    assert (found - expected).abs().max() < 0.1


def test_no_motion_is_no_resampling(clip: ImageFile, still: ImageFile) -> None:
    image = SourceImage(file=clip, number=7, motion=(1, 0, 0, 0, 1, 0, 0, 0, 1))
    assert torch.equal(Footage(CPU).picture(image, (128, 96)), pixels(still))
    for gone in ((0.0,) * 9, (1e12, 0, 0, 0, 1e-12, 0, 9e9, 0, -1)):
        found = Footage(CPU).picture(replace(image, motion=gone), (32, 24))
        assert bool(found.isfinite().all())


def test_a_file_that_has_changed_is_told(clip: ImageFile, tmp_path: Path) -> None:
    image = SourceImage(file=ImageFile(path=clip.path, sha256="0" * 64), number=0)
    with pytest.raises(RunError, match="has changed since the schedule was read"):
        Footage(CPU).picture(image, (16, 16))


def test_a_file_that_is_replaced_while_it_is_read_is_told(clip: ImageFile, tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    path.write_bytes(clip.path.read_bytes())
    footage, image = Footage(CPU), SourceImage(file=replace(clip, path=path), number=0)
    footage.picture(image, (16, 16))
    path.write_bytes(clip.path.read_bytes()[:2000])
    with pytest.raises(RunError, match="has changed since the schedule was read"):
        footage.picture(replace(image, number=15), (16, 16))


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "read ahead"]


def test_what_is_read_ahead_is_what_is_read_when_asked_for(clip: ImageFile) -> None:
    """In any order, at several sizes; and no thread is left."""
    footage, alone = Footage(CPU), Clip(clip.path)
    for number in (0, 1, 2, 4, 6, 8, 5, 3, 1, 19, 18, 18, 0):
        for size in ((32, 24), (64, 48)):
            found = footage.picture(SourceImage(file=clip, number=number), size)
            expected = torch.from_numpy(alone.frame(number, size)).movedim(-1, 0)[None].float() / 255
            assert torch.equal(found, expected)
    for thread in readers():
        thread.join(10)
    assert not readers()


def test_what_fails_ahead_is_raised_where_it_is_asked_for(tmp_path: Path, clip: ImageFile) -> None:
    path = tmp_path / "a.mp4"
    ffmpeg("-i", clip.path, "-c:v", "png", path)
    footage, image = Footage(CPU), SourceImage(file=file(damaged(path, 3)), number=0)
    for number in range(3):
        footage.picture(replace(image, number=number), (16, 12))
        for thread in readers():
            thread.join(10)
    with pytest.raises(InputError, match=r"frame 3 \(0\.300 s\) cannot be decoded.*; frame 2 .* is the last whole"):
        footage.picture(replace(image, number=3), (16, 12))
    footage.picture(replace(image, number=4), (16, 12))


READING = """
import pathlib, signal, sys, torch
from render.footage import Footage
from render.models.model import sha256
from render.spec.footage import SourceImage
from render.spec.pictures import ImageFile
path = pathlib.Path(sys.argv[1])
footage, file = Footage(torch.device("cpu")), ImageFile(path=path, sha256=sha256(path))
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests run in the background of a shell
print("reading", flush=True)
for round in range(1_000_000):
    footage.picture(SourceImage(file=file, number=round % 20), (64, 48))
"""


def test_an_interrupt_ends_it_with_no_thread_left(clip: ImageFile) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", READING, str(clip.path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "reading\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert errors.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.parametrize("change", ["replaced", "overwritten", "cut off", "deleted", "a folder"])
def test_a_file_that_changes_during_a_run_is_told(
    clip: ImageFile, still: ImageFile, tmp_path: Path, change: str
) -> None:
    """Its pictures would be those of another clip, under the hashes of this one."""
    here = tmp_path / "clip.mkv"
    here.write_bytes(clip.path.read_bytes())
    image = SourceImage(file=file(here), number=19)
    footage = Footage(CPU)
    for number in (19, 18):
        footage.picture(replace(image, number=number), (16, 16))
    other = tmp_path / "other.mkv"
    ffmpeg("-f", "lavfi", "-i", "mandelbrot=size=128x96:rate=10", "-frames:v", "20", "-c:v", "ffv1", "-g", "5", other)
    if change == "replaced":
        other.replace(here)
    elif change == "overwritten":
        here.write_bytes(other.read_bytes())
    elif change == "cut off":
        here.write_bytes(here.read_bytes()[:5000])
    else:
        here.unlink()
        if change == "a folder":
            here.mkdir()
    with pytest.raises(RunError, match=r"clip.mkv: (has changed|cannot be read)"):
        footage.picture(replace(image, number=17), (16, 16))


def test_a_file_that_was_only_touched_is_the_same(clip: ImageFile, tmp_path: Path) -> None:
    here = tmp_path / "clip.mkv"
    here.write_bytes(clip.path.read_bytes())
    footage, image = Footage(CPU), SourceImage(file=file(here), number=19)
    first = footage.picture(image, (16, 16))
    here.write_bytes(clip.path.read_bytes())
    assert torch.equal(
        footage.picture(replace(image, number=7), (16, 16)),
        Footage(CPU).picture(replace(image, file=clip, number=7), (16, 16)),
    )
    assert torch.equal(footage.picture(image, (16, 16)), first)
