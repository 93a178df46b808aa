"""A first frame from a picture file: how much of it is left, how it is fitted, and that it is the checked file."""

import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from render.errors import RunError
from render.guidance import pictures
from render.latents.vqgan import VQGAN
from render.models.model import sha256
from render.renderer.renderer import Renderer
from render.spec import FrameSpec
from render.spec.pictures import ImageFile, Picture, PictureStart
from tests.render.files.test_images import header, png

CPU = torch.device("cpu")


@pytest.fixture
def picture(tmp_path: Path) -> Picture:
    """64x64, blue above and orange below."""
    image = Image.new("RGB", (64, 64), (30, 60, 200))
    image.paste((240, 140, 40), (0, 32, 64, 64))
    image.save(tmp_path / "a.png")
    return Picture(file=ImageFile(path=tmp_path / "a.png", sha256=sha256(tmp_path / "a.png")))


def begun(spec: FrameSpec, picture: Picture, strength: float) -> FrameSpec:
    return replace(spec, index=0, size=(64, 64), start=PictureStart(picture=picture, strength=strength))


def test_at_strength_1_without_steps_it_is_the_pictures_own_round_trip(
    spec: FrameSpec, picture: Picture, embedded_renderer: Renderer, embedded_vqgan: VQGAN
) -> None:
    state = embedded_renderer.step(None, begun(spec, picture, 1.0))
    with torch.no_grad():
        latent = embedded_vqgan.encode(pictures.read(picture, (64, 64), CPU))
        assert torch.equal(state.image, embedded_vqgan.decode(latent))
    assert state.latent is not None
    assert torch.equal(state.latent, latent)
    assert float((state.image - pictures.read(picture, (64, 64), CPU)).abs().mean()) < 0.05


@pytest.mark.parametrize("num_steps", [0, 1, 12])
def test_at_strength_0_it_is_noise_to_the_bit(
    num_steps: int, spec: FrameSpec, picture: Picture, embedded_renderer: Renderer
) -> None:
    spec = replace(spec, num_steps=num_steps, size=(64, 64), num_cutouts=2)
    noise = embedded_renderer.step(None, replace(spec, index=0))
    assert torch.equal(embedded_renderer.step(None, begun(spec, picture, 0.0)).image, noise.image)


def test_the_stronger_the_nearer_to_the_picture(spec: FrameSpec, picture: Picture, embedded_renderer: Renderer) -> None:
    wanted = pictures.read(picture, (64, 64), CPU)
    distances = [
        float((embedded_renderer.step(None, begun(spec, picture, strength)).image - wanted).abs().mean())
        for strength in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    assert distances == sorted(distances, reverse=True)
    assert distances[0] > 4 * distances[-1]


def test_a_cut_starts_from_it_as_a_first_frame_does(spec: FrameSpec, picture: Picture, toy_renderer: Renderer) -> None:
    first = toy_renderer.step(None, begun(spec, picture, 0.5))
    assert torch.equal(toy_renderer.step(first, replace(begun(spec, picture, 0.5), cut=True)).image, first.image)


def test_a_file_that_has_changed_is_not_used(spec: FrameSpec, picture: Picture, toy_renderer: Renderer) -> None:
    Image.new("RGB", (64, 64)).save(picture.file.path)
    with pytest.raises(RunError, match=r"a\.png: has changed since the schedule was read"):
        toy_renderer.step(None, begun(spec, picture, 0.5))


def ramps(width: int, height: int) -> Tensor:
    """x in red and y in green, from 0 at the left and top edge to 1 at the right and bottom edge."""
    x = ((torch.arange(width) + 0.5) / width).expand(height, width)
    y = ((torch.arange(height) + 0.5) / height)[:, None].expand(height, width)
    return torch.stack([x, y, torch.zeros(height, width)])[None]


@pytest.mark.parametrize(("width", "height"), [(64, 36), (36, 64), (50, 50)])
def test_a_crop_shows_the_middle_undistorted(width: int, height: int) -> None:
    found = pictures.fitted(ramps(100, 100), (width, height), "crop", (1.0, 1.0, 1.0))
    longest = max(width, height)
    x, y = found[0, 0, height // 2], found[0, 1, :, width // 2]
    assert float(x.diff()[2:-2].mean()) == pytest.approx(1 / longest, rel=0.05)
    assert float(y.diff()[2:-2].mean()) == pytest.approx(1 / longest, rel=0.05)
    assert float(x.mean()) == pytest.approx(0.5, abs=0.02)
    assert float(y.mean()) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("width", "height"), [(64, 36), (36, 64)])
def test_padding_shows_all_of_it_in_the_middle_of_the_background(width: int, height: int) -> None:
    found = pictures.fitted(ramps(100, 100), (width, height), "pad", (0.0, 0.5, 1.0))
    side, middle = min(width, height), (max(width, height) - min(width, height)) // 2
    across = found if width > height else found.mT
    inner = across[..., middle : middle + side]
    assert float(inner[0, 2].max()) < 1e-6
    assert float(inner[0, :2].max()) > 0.97
    for outer in (across[..., :middle], across[..., middle + side :]):
        assert torch.equal(outer, torch.tensor([0.0, 0.5, 1.0]).view(1, 3, 1, 1).expand_as(outer))


def test_stretching_shows_all_of_it_everywhere() -> None:
    found = pictures.fitted(ramps(100, 100), (64, 36), "stretch", (1.0, 1.0, 1.0))
    assert torch.allclose(found, ramps(64, 36), atol=0.01)


def test_a_picture_of_the_frames_size_stays_to_the_bit(tmp_path: Path) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (36, 64, 3), dtype=np.uint8)
    Image.fromarray(levels).save(tmp_path / "a.png")
    file = ImageFile(path=tmp_path / "a.png", sha256=sha256(tmp_path / "a.png"))
    for fit in ("crop", "pad", "stretch"):
        found = pictures.read(Picture(file=file, fit=fit), (64, 36), CPU)
        assert torch.equal((found[0].movedim(0, -1) * 255).round().byte(), torch.from_numpy(levels))


def _cmyk(upright: Image.Image, path: Path) -> None:
    upright.convert("CMYK").save(path, "JPEG", quality=95)


def _turned(upright: Image.Image, path: Path) -> None:
    """As a phone held upright stores it: on its side, with an orientation tag."""
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.transpose(Image.Transpose.ROTATE_90).save(path, "JPEG", exif=exif, quality=95)


def _transparent(upright: Image.Image, path: Path) -> None:
    """Orange where it is covered, over a blue background where it is not."""
    upright.putalpha(Image.fromarray(np.where(np.arange(64)[:, None] < 32, 0, 255).repeat(64, 1).astype(np.uint8)))
    upright.save(path, "PNG")


def _sixteen_bits(upright: Image.Image, path: Path) -> None:
    levels = (np.asarray(upright).astype(int) * 257).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in levels)
    path.write_bytes(png(header(64, 64, bits=16, colour=2), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")))


@pytest.mark.parametrize("save", [_cmyk, _turned, _transparent, _sixteen_bits])
def test_every_kind_of_picture_is_read_as_people_see_it(
    save: Callable[[Image.Image, Path], None], picture: Picture, tmp_path: Path
) -> None:
    with Image.open(picture.file.path) as image:
        save(image.copy(), tmp_path / "other")
    file = ImageFile(path=tmp_path / "other", sha256=sha256(tmp_path / "other"))
    other = pictures.read(Picture(file=file, background="#1e3cc8"), (64, 64), CPU)
    assert float((other - pictures.read(picture, (64, 64), CPU)).abs().mean()) < 0.02
