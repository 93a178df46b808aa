"""Frames by number: the same pixels however they are reached."""

import random
from pathlib import Path

import av
import numpy as np
import pytest

from render.errors import InputError
from render.files.videos.clips import Clip, facts
from tests.render.files.videos.conftest import FFMPEGS, Make, ffmpeg

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "3", "-g", "12")
CLIPS = {
    "h264.mp4": H264,
    "h264.mkv": H264,
    "h264.avi": H264,
    "h264.ts": H264,
    "fragmented.mp4": (*H264, "-movflags", "frag_keyframe+empty_moov"),
    "long-gop.mp4": ("-c:v", "libx264", "-bf", "8", "-g", "999", "-x264-params", "b-pyramid=normal"),
    "open-gop.mkv": ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-x264-params", "open-gop=1:keyint=12:bframes=3"),
    "open-gop.mp4": ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-x264-params", "open-gop=1:keyint=12:bframes=3"),
    "refresh.mkv": ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-x264-params", "intra-refresh=1:keyint=12"),
    "hevc.mp4": ("-c:v", "libx265", "-x265-params", "log-level=none:keyint=12:bframes=4:open-gop=1"),
    "hevc.mkv": ("-c:v", "libx265", "-x265-params", "log-level=none:keyint=12:bframes=4:open-gop=1"),
    "vp8.webm": ("-c:v", "libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "16", "-g", "12"),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-g", "12", "-lag-in-frames", "12", "-deadline", "realtime", "-cpu-used", "5"),
    "av1.mp4": ("-c:v", "libaom-av1", "-g", "12", "-cpu-used", "8"),
    "av1.mkv": ("-c:v", "libaom-av1", "-g", "12", "-cpu-used", "8"),
    "mpeg4.mp4": ("-c:v", "mpeg4", "-bf", "2", "-g", "12"),
    "mpeg4.avi": ("-c:v", "mpeg4", "-bf", "2", "-g", "12"),
    "mpeg2.ts": ("-c:v", "mpeg2video", "-bf", "2", "-g", "12"),
    "xvid.avi": ("-c:v", "libxvid", "-bf", "2", "-g", "12"),
    "prores.mov": ("-c:v", "prores_ks"),
    "ffv1.mkv": ("-c:v", "ffv1", "-level", "3", "-g", "5"),
    "ffv1.avi": ("-c:v", "ffv1"),
    "mjpeg.avi": ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p"),
    "mjpeg.mov": ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p"),
    "raw.avi": ("-c:v", "rawvideo", "-pix_fmt", "bgr24"),
    "png.mov": ("-c:v", "png"),
    "a.gif": (),
    "a.apng": ("-f", "apng"),
    "interlaced.mp4": (*H264, "-vf", "setfield=tff", "-flags", "+ildct+ilme"),
}
OLD = ("h264.mp4", "h264.mkv", "h264.avi", "h264.ts", "open-gop.mkv", "vp8.webm", "mpeg4.avi", "prores.mov", "a.gif")
CASES = [("bundled", name) for name in CLIPS] + [("system", name) for name in OLD if "system" in FFMPEGS]


@pytest.mark.parametrize(("program", "name"), CASES, ids=list(map("-".join, CASES)))
def test_a_frame_is_the_same_by_reading_and_by_seeking(make: Make, program: str, name: str) -> None:
    path = make(name, *CLIPS[name], program=FFMPEGS[program])
    count = len(facts(path).times)
    assert count == 40 or name == "xvid.avi"
    forwards = Clip(path)
    expected = [forwards.frame(number).copy() for number in range(count)]
    assert len({pixels.tobytes() for pixels in expected}) == count
    numbers = random.Random(name).sample(range(count), 12)
    for number in numbers:
        np.testing.assert_array_equal(Clip(path).frame(number), expected[number], err_msg=f"alone {number}")
        np.testing.assert_array_equal(forwards.frame(number), expected[number], err_msg=f"jumping {number}")


@pytest.mark.parametrize("name", ["h264.mp4", "h264.mkv", "vp9.webm", "hevc.mp4", "mpeg4.avi"])
def test_times_and_order_are_those_that_the_decoder_gives(make: Make, name: str) -> None:
    path = make(name, *CLIPS[name])
    with av.open(str(path)) as container:
        decoded = list(container.decode(video=0))
    found = facts(path)
    np.testing.assert_allclose(found.times, np.arange(40) / 24, atol=0.0011)
    assert found.length == pytest.approx(40 / 24)
    assert (found.fps, found.constant) == (24, True)
    clip = Clip(path)
    for number, frame in enumerate(decoded):
        theirs = frame.to_ndarray(format="rgb24").astype(float)
        grey = (clip.frame(number) - theirs) @ [0.299, 0.587, 0.114]  # their chroma is scaled by another filter
        assert np.abs(grey).mean() < 2, number


def test_what_an_edit_list_hides_is_not_counted(make: Make, tmp_path: Path) -> None:
    whole = make("whole.mp4", *H264, frames=60)
    ffmpeg("-ss", "1.1", "-i", whole, "-c", "copy", tmp_path / "cut.mp4")
    clip = Clip(whole)
    assert len(facts(tmp_path / "cut.mp4").times) == 33  # of 60, from the first at or after 1.1 s
    for number in (0, 5, 32):
        np.testing.assert_array_equal(Clip(tmp_path / "cut.mp4").frame(number), clip.frame(27 + number))


def test_frames_are_scaled_with_little_aliasing(tmp_path: Path) -> None:
    """Stripes of one pixel become even grey."""
    stripes = "geq=lum='255*mod(X,2)':cb=128:cr=128"
    ffmpeg(
        "-f", "lavfi", "-i", f"color=size=128x96:rate=5,{stripes}", "-frames:v", "2", "-c:v", "ffv1", tmp_path / "a.mkv"
    )
    pixels = Clip(tmp_path / "a.mkv").frame(1, (40, 30))
    assert pixels.shape == (30, 40, 3)
    assert pixels.dtype == np.uint8
    assert np.ptp(pixels[2:-2, 2:-2].astype(int)) < 12


def test_a_frame_that_is_not_there_is_told(make: Make) -> None:
    path = make("a.mp4", *H264, frames=10)
    with pytest.raises(InputError, match=r"has no frame 10; expected 0 to 9"):
        Clip(path).frame(10)


def test_a_file_that_changes_is_read_anew(make: Make) -> None:
    path = make("a.mp4", *H264, frames=10)
    assert len(facts(path).times) == 10
    make("a.mp4", *H264, frames=12)
    assert len(facts(path).times) == 12
