"""Colour profiles: those in order are applied, all others are ignored."""

import random
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from render.files.colour_profiles import MAX_BYTES, in_srgb, is_usable
from render.files.images import load_image

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
RED_TAGS = (b"rXYZ", b"bXYZ")


def swapped() -> bytes:
    """sRGB with red and blue exchanged, so its effect is plain."""
    profile = bytearray(SRGB)
    count = struct.unpack_from(">I", profile, 128)[0]
    for number in range(count):
        place = 132 + 12 * number
        if (name := bytes(profile[place : place + 4])) in RED_TAGS:
            profile[place : place + 4] = RED_TAGS[1 - RED_TAGS.index(name)]
    return bytes(profile)


def saved(path: Path, mode: str, colour: object, profile: bytes) -> Path:
    Image.new(mode, (4, 4), colour).save(path, icc_profile=profile)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.webp"])
def test_a_profile_is_applied_on_request(tmp_path: Path, name: str) -> None:
    path = saved(tmp_path / name, "RGB", (250, 20, 10), swapped())
    assert load_image(path)[0, 0].argmax() == 0
    assert load_image(path, to_srgb=True)[0, 0].argmax() == 2


def test_pictures_in_srgb_stay_as_they_are(tmp_path: Path) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(levels).save(tmp_path / "a.png", icc_profile=SRGB)
    assert np.abs(load_image(tmp_path / "a.png", to_srgb=True) * 255 - levels).max() < 2.5


def test_transparency_is_kept(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", "RGBA", (250, 20, 10, 0), swapped())
    assert load_image(path, (0.0, 1.0, 0.0), to_srgb=True)[0, 0] == pytest.approx([0, 1, 0])
    path = saved(tmp_path / "b.png", "RGBA", (250, 20, 10, 255), swapped())
    assert load_image(path, to_srgb=True)[0, 0].argmax() == 2


@pytest.mark.parametrize(
    "profile",
    [
        b"",
        b"words",
        SRGB[:100],
        SRGB[:-20],  # shorter than it says
        SRGB[:36] + b"xxxx" + SRGB[40:],
        SRGB[:128] + b"\xff\xff\xff\xff" + SRGB[132:],  # four thousand million tags
        SRGB[:136] + b"\xff\xff\xff\xf0" + SRGB[140:],  # a tag outside
        SRGB[:16] + b"CMYK" + SRGB[20:],
        SRGB[:12] + b"link" + SRGB[16:],
        struct.pack(">I", MAX_BYTES + 1) + SRGB[4:] + bytes(MAX_BYTES),
    ],
    ids=["empty", "words", "cut", "short", "signature", "tags", "outside", "cmyk", "link", "long"],
)
def test_a_damaged_profile_is_ignored(profile: bytes) -> None:
    assert not is_usable(profile, "RGB")
    image = Image.new("RGB", (2, 2), (250, 20, 10))
    image.info["icc_profile"] = profile
    assert in_srgb(image) is image


def test_random_damage_is_survived() -> None:
    """A profile whose header is in order, but not what is in its tags."""
    chance = random.Random(1)
    for _ in range(300):
        profile = bytearray(swapped())
        for _ in range(chance.randint(1, 20)):
            profile[chance.randrange(132, len(profile))] = chance.randrange(256)
        image = Image.new("RGB", (2, 2), (250, 20, 10))
        image.info["icc_profile"] = bytes(profile)
        assert in_srgb(image).size == (2, 2)


def test_a_colour_behind_transparency(tmp_path: Path) -> None:
    Image.new("RGBA", (1, 1), (255, 0, 0, 51)).save(tmp_path / "a.png")
    assert load_image(tmp_path / "a.png", (0.0, 0.0, 1.0))[0, 0] == pytest.approx([0.2, 0, 0.8])
    assert load_image(tmp_path / "a.png")[0, 0] == pytest.approx([1, 0.8, 0.8])
