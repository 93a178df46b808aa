"""Colours: every matrix, range and transfer that a file can tell, against the formulas of the standards."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from render.files.videos import hdr
from render.files.videos.clips import Clip, facts
from render.files.videos.colours import Light
from tests.render.files.videos.conftest import ffmpeg

WEIGHTS = {"bt709": (0.2126, 0.0722), "smpte170m": (0.299, 0.114), "bt2020nc": (0.2627, 0.0593)}
COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (128, 128, 128), (200, 120, 40)]


def yuv(rgb: tuple[int, int, int], matrix: str, full: bool, bits: int) -> tuple[int, int, int]:
    """ITU-T H.273, equations 8.7 and following."""
    red, green, blue = (level / 255 for level in rgb)
    kr, kb = WEIGHTS[matrix]
    y = kr * red + (1 - kr - kb) * green + kb * blue
    cb, cr = (blue - y) / (2 * (1 - kb)), (red - y) / (2 * (1 - kr))
    unit, most = 2 ** (bits - 8), 2**bits - 1
    scaled = (y * most, cb * most + 128 * unit, cr * most + 128 * unit) if full else (
        (219 * y + 16) * unit, (224 * cb + 128) * unit, (224 * cr + 128) * unit)  # fmt: skip
    return tuple(min(most, round(value)) for value in scaled)  # type: ignore[return-value]


def encoded(
    path: Path, levels: tuple[int, int, int], bits: int, *tags: str, size: str = "64x48", more: str = ""
) -> Path:
    """One colour, given by its levels, losslessly."""
    form = "yuv444p" if bits == 8 else "yuv444p10le"
    plane = f"format={form},geq=lum={levels[0]}:cb={levels[1]}:cr={levels[2]}{more}"
    codec = ("-c:v", "ffv1") if path.suffix == ".mkv" else ("-c:v", "libx264", "-qp", "0")
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        f"color=size={size}:rate=5",
        "-frames:v",
        "2",
        "-vf",
        plane,
        *codec,
        "-pix_fmt",
        form,
        *tags,
        path,
    )
    return path


@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize(("matrix", "full"), list(itertools.product(WEIGHTS, [False, True])))
def test_matrix_and_range_are_undone(tmp_path: Path, matrix: str, full: bool, bits: int) -> None:
    tags = ("-colorspace", matrix, "-color_range", "pc" if full else "tv")
    for number, rgb in enumerate(COLOURS):
        path = encoded(tmp_path / f"{number}.mkv", yuv(rgb, matrix, full, bits), bits, *tags)
        found = Clip(path).frame(1)[24, 32].astype(int)
        assert np.abs(found - rgb).max() <= 2, (rgb, found)


@pytest.mark.parametrize(("size", "matrix"), [("64x48", "smpte170m"), ("720x576", "smpte170m"), ("1280x720", "bt709")])
def test_what_is_not_told_follows_the_size(tmp_path: Path, size: str, matrix: str) -> None:
    path = encoded(tmp_path / "a.mp4", yuv((200, 120, 40), matrix, False, 8), 8, size=size)
    assert np.abs(Clip(path).frame(0, (32, 24))[12, 16].astype(int) - (200, 120, 40)).max() <= 2


def test_pq_and_hlg_are_those_of_the_standard() -> None:
    """Points of BT.2100's curves, as BT.2408's table 1 gives them: reference white is at 58 % of PQ, 75 % of HLG."""
    assert hdr.pq_to_light(np.array([0.0, 0.5081, 0.5807, 1.0])) == pytest.approx([0, 100, 203, 10_000], rel=0.002)
    assert hdr.light_to_pq(hdr.pq_to_light(np.linspace(0, 1, 50))) == pytest.approx(np.linspace(0, 1, 50), abs=1e-6)
    assert hdr.hlg_to_scene(np.array([0.0, 0.5, 1.0])) == pytest.approx([0, 1 / 12, 1], abs=1e-6)
    white = float(hdr.hlg_to_scene(np.array([0.75]))[0]) ** 1.2 * 1000
    assert white == pytest.approx(203, abs=1)


def test_the_roll_off_keeps_what_is_dark_and_ends_at_white() -> None:
    light = np.geomspace(0.01, 1000, 400)
    found = hdr.rolled_off(light)
    assert (np.diff(found) > 0).all()
    assert found[-1] == pytest.approx(hdr.WHITE, rel=1e-6)
    np.testing.assert_allclose(found[light < 30], light[light < 30], rtol=1e-6)


@pytest.mark.parametrize(("name", "trc"), [("pq", "smpte2084"), ("hlg", "arib-std-b67")])
def test_hdr_is_told_and_shown(tmp_path: Path, name: str, trc: str) -> None:
    """Grey of 20 cd/m2 stays that; the peak is white; greys stay grey; a gamut's red stays red."""
    told = f",setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc={trc}:range=tv"

    def frame(rgb: tuple[float, float, float]) -> np.ndarray:
        levels = yuv(tuple(255 * value for value in rgb), "bt2020nc", False, 10)  # type: ignore[arg-type]
        path = encoded(tmp_path / "a.mkv", levels, 10, more=told)
        remark = facts(path).remarks[0]
        assert remark.startswith(f"it is HDR ({name.upper()}")
        return Clip(path).frame(1)[24, 32].astype(int)

    def level(light: float) -> float:
        if name == "pq":
            return float(hdr.light_to_pq(np.array([light]))[0])
        scene = (light / 1000) ** (1 / 1.2)
        return (
            float(np.sqrt(3 * scene)) if scene <= 1 / 12 else 0.17883277 * np.log(12 * scene - 0.28466892) + 0.55991073
        )

    dark = frame((level(20),) * 3)
    expected = 255 * float(hdr.to_srgb_levels(np.array([20 / 203], dtype=np.float32))[0])
    assert np.abs(dark - expected).max() <= 2
    assert frame((level(1000),) * 3).min() >= 254
    middle = frame((level(203),) * 3)
    assert np.ptp(middle) <= 1
    assert 150 < middle[0] < 240
    red, green, blue = frame((level(100), level(1), level(1)))
    assert red > 150
    assert max(green, blue) < 30


def test_wide_gamuts_become_srgb() -> None:
    """White stays white; sRGB's red, written in BT.2020 and P3, comes back."""
    for primaries in ("bt2020", "p3"):
        light = Light(primaries=primaries)
        inside = (
            np.linalg.inv(hdr._XYZ[primaries]) @ hdr._XYZ[""] @ np.array([[1.0, 0, 0], [1, 1, 1], [0.2, 0.5, 0.1]]).T
        )
        levels = np.rint(hdr.to_srgb_levels(inside.T.astype(np.float32)) * 65_535).astype(np.uint16)
        found = hdr.shown(levels[None], light)[0]
        expected = np.rint(hdr.to_srgb_levels(np.array([[1.0, 0, 0], [1, 1, 1], [0.2, 0.5, 0.1]], np.float32)) * 255)
        np.testing.assert_allclose(found, expected, atol=1)
