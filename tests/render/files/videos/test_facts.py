"""What a clip is: its size as shown, its times, its rate, its sound."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from render.errors import InputError
from render.files.videos.clips import Clip, facts
from tests.render.files.videos.conftest import Make, ffmpeg

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")


@pytest.mark.parametrize("rate", ["24000/1001", "30000/1001", "25", "60", "15"])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov"])
def test_constant_rates_are_exact(make: Make, rate: str, name: str) -> None:
    found = facts(make(name, *H264, rate=rate, frames=50))
    assert (found.fps, found.constant, found.remarks) == (Fraction(rate), True, ())
    assert found.length == pytest.approx(float(50 / Fraction(rate)), abs=1e-9)
    np.testing.assert_allclose(found.times, np.arange(50) / float(Fraction(rate)), atol=0.0011)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.webm"])
def test_a_variable_rate_is_told_with_every_time(make: Make, name: str) -> None:
    codec = H264 if name != "a.webm" else ("-c:v", "libvpx")
    times = "settb=1/90000,setpts='if(lt(N,10),N/30,10/30+(N-10)/12)/TB'"
    found = facts(make(name, "-vf", times, "-fps_mode", "vfr", "-enc_time_base", "1:90000", *codec, frames=20))
    expected = [*(n / 30 for n in range(10)), *(10 / 30 + n / 12 for n in range(10))]
    np.testing.assert_allclose(found.times, expected, atol=0.0011)
    assert not found.constant
    assert found.remarks[0].startswith("its frame rate varies around ")
    assert float(found.fps) == pytest.approx(20 / found.length, rel=1e-3)


def test_one_frame_is_a_clip(make: Make) -> None:
    found = facts(make("a.mp4", *H264, rate="10", frames=1))
    assert (found.times.tolist(), found.length, found.fps) == ([0.0], pytest.approx(0.1), 10)


TURNS = {
    "90": (),
    "180": (),
    "270": (),
    "0": ("-display_hflip",),
    "90 mirrored": ("-display_hflip",),
    "0 v": ("-display_vflip",),
}


@pytest.mark.parametrize("turn", TURNS)
def test_turned_clips_are_shown_upright(make: Make, tmp_path: Path, turn: str) -> None:
    """As ffmpeg turns them."""
    plain = make("plain.mp4", "-c:v", "libx264", "-qp", "0", frames=3)
    ffmpeg("-display_rotation", turn.split()[0], *TURNS[turn], "-i", plain, "-c", "copy", tmp_path / "turned.mp4")
    ffmpeg("-i", tmp_path / "turned.mp4", "-c:v", "libx264", "-qp", "0", tmp_path / "upright.mp4")
    found = facts(tmp_path / "turned.mp4")
    assert found.size == ((72, 96) if turn[:2] in ("90", "27") else (96, 72))
    turned, upright = (Clip(tmp_path / name).frame(1).astype(int) for name in ("turned.mp4", "upright.mp4"))
    assert turned.shape == upright.shape
    assert np.abs(turned - upright).mean() < 3  # chroma has been resampled


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
@pytest.mark.parametrize(("stretch", "size"), [("4/3", (128, 72)), ("8/9", (96, 81))])
def test_pixels_are_made_square(make: Make, name: str, stretch: str, size: tuple[int, int]) -> None:
    path = make(name, "-vf", f"setsar={stretch}", *H264, frames=3)
    found = facts(path)
    assert found.size == size
    assert found.remarks == (f"its pixels are {stretch} times as wide as high; they are made square",)
    assert Clip(path).frame(2).shape == (size[1], size[0], 3)


def test_interlaced_clips_are_told_and_deinterlaced(tmp_path: Path) -> None:
    """A bar that moves 8 pixels from field to field: its combs go."""
    bar = "drawbox=x=8*n:y=0:w=16:h=96:color=white:t=fill"
    source = f"color=black:size=128x96:rate=48,{bar}".replace("8*n", "8")
    moving = "geq=lum='if(between(X,4*N,4*N+24),235,16)':cb=128:cr=128,tinterlace=interleave_top,setfield=tff"
    for name, flags in (("told.mp4", ("-flags", "+ildct+ilme")), ("untold.mp4", ())):
        filters = moving if flags else moving.replace("setfield=tff", "setfield=prog")
        ffmpeg("-f", "lavfi", "-i", "color=size=128x96:rate=48", "-frames:v", "10", "-vf", filters,
               *H264, "-qp", "4", *flags, tmp_path / name)  # fmt: skip
    assert source
    combs = {}
    for name in ("told.mp4", "untold.mp4"):
        rows = Clip(tmp_path / name).frame(5).astype(int)[..., 1]
        combs[name] = np.abs(rows[1:-1] * 2 - rows[:-2] - rows[2:]).mean()
    assert "interlaced" in facts(tmp_path / "told.mp4").remarks[0]
    assert facts(tmp_path / "untold.mp4").remarks == ()
    assert combs["told.mp4"] < combs["untold.mp4"] / 4


def test_sound_is_told_with_its_start(make: Make) -> None:
    sound = ("-f", "lavfi", "-i", "sine=duration=2")
    for name, codec in (("a.mp4", "aac"), ("a.mkv", "aac"), ("a.webm", "libopus")):
        video = ("-c:v", "libvpx") if name == "a.webm" else H264
        found = facts(make(name, *sound, *video, "-c:a", codec))
        assert found.has_sound
        assert found.sound_from == pytest.approx(0, abs=0.0015)
    late = facts(make("late.mkv", "-itsoffset", "0.5", *sound, *H264, "-c:a", "pcm_s16le"))
    assert late.sound_from == pytest.approx(0.5, abs=0.0015)
    assert not facts(make("silent.mp4", *H264)).has_sound


def test_transparency_is_told(make: Make) -> None:
    path = make("a.mov", "-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le", frames=2)
    assert facts(path).remarks == ("it has transparency, which is not read",)


def test_facts_need_no_torch(make: Make) -> None:
    path = make("a.mp4", *H264, frames=3)
    check = "import sys; from render.files.videos.clips import Clip, facts; facts(__import__('pathlib').Path(sys.argv[1])); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", check, str(path)], check=True)


def test_pixels_of_absurd_shape_are_refused(make: Make) -> None:
    path = make("a.mp4", "-vf", "setsar=1/60", *H264, frames=2)
    with pytest.raises(InputError, match="its pixels are 1/60 times as wide as high"):
        facts(path)
