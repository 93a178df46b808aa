"""Videos of strangers as masks: common ones are read, anything else is refused before much is done."""

import contextlib
import resource
import struct
import zlib
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from render.errors import InputError
from render.files.videos import VideoFrames, opening, require_video


def write(path: Path, codec: str, levels: list[int], size: tuple[int, int] = (64, 48), rate: int = 4) -> Path:
    """A video of grey frames."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "rgb24" if codec in ("png", "apng") else "rgb8" if codec == "gif" else "yuv420p"
        for level in levels:
            picture = np.full((size[1], size[0], 3), level, dtype=np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "libx264"), ("a.mov", "png"), ("a.mkv", "ffv1"), ("a.webm", "libvpx-vp9"), ("a.avi", "mpeg4")],
)
def test_white_is_1_and_black_is_0_in_every_format(tmp_path: Path, name: str, codec: str) -> None:
    path = write(tmp_path / name, codec, [255, 0, 255])
    require_video(path)
    frames = VideoFrames(path)
    for seconds, level in ((0.0, 1.0), (0.3, 0.0), (0.55, 1.0), (0.1, 1.0), (9.0, 1.0)):
        found = frames.at(seconds)
        assert found.shape == (48, 64)
        assert found.dtype == np.float32
        assert np.abs(found - level).max() < 0.02


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        require_video(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert "expected" in message
    return message.removeprefix(f"{path}: ")


PLAYLISTS = {
    "a.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "a.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
    "concat.txt": "ffconcat version 1.0\nfile good.mp4\n",
    "a.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=a\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    "a.mpd": '<?xml version="1.0"?><MPD><Period><BaseURL>file:///etc/</BaseURL></Period></MPD>',
}


@pytest.mark.parametrize("name", PLAYLISTS)
def test_a_playlist_leads_nowhere(tmp_path: Path, name: str) -> None:
    write(tmp_path / "good.mp4", "mpeg4", [255])
    (tmp_path / name).write_text(PLAYLISTS[name])
    assert refused(tmp_path / name).startswith("cannot be decoded")


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    (tmp_path / "text.mp4").write_text("hello")
    (tmp_path / "empty.mp4").touch()
    for name in ("a.png", "text.mp4", "empty.mp4"):
        assert refused(tmp_path / name).startswith("cannot be decoded")
    assert refused(tmp_path / "none.mp4").startswith("no such file")
    assert refused(tmp_path).startswith("not a file")


def test_sound_alone_has_no_picture(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono")
        silence.sample_rate = 8000
        for packet in (*stream.encode(silence), *stream.encode()):
            container.mux(packet)
    assert refused(tmp_path / "a.mp4").startswith("has no picture")


@pytest.mark.parametrize("side", [20_000, 60_000])
def test_a_frame_that_is_larger_than_its_header_says_is_never_allocated(tmp_path: Path, side: int) -> None:
    """A MOV of 64 x 48 whose PNG is 20,000 x 20,000, and one of more pixels than there are integers."""
    content = write(tmp_path / "a.mov", "png", [255]).read_bytes()
    place = content.index(b"IHDR")
    header = b"IHDR" + struct.pack(">II", side, side) + content[place + 12 : place + 17]
    forged = content[:place] + header + struct.pack(">I", zlib.crc32(header)) + content[place + 21 :]
    (tmp_path / "b.mov").write_bytes(forged)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match=r"at most 9,000,000 pixels|none of its frames can be decoded"):
        VideoFrames(tmp_path / "b.mov").at(0.0)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_large_frames_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.mkv", "mpeg4", [255], size=(4096, 2304))
    assert refused(tmp_path / "a.mkv").startswith("expected at most 9,000,000 pixels a frame")


def test_endless_frames_and_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.mp4", "mpeg4", [255] * 8)
    monkeypatch.setattr(opening, "MAX_FRAMES", 5)
    assert refused(path).startswith("expected at most 5 frames, got 8")
    path = write(tmp_path / "a.webm", "libvpx", [255] * 8)  # says nothing about its number of frames
    with pytest.raises(InputError, match="at most 5 frames"):
        VideoFrames(path).at(99.0)
    with (tmp_path / "big.mp4").open("wb") as file:
        file.truncate(20 << 30)
    assert refused(tmp_path / "big.mp4").startswith("expected at most 2,000,000,000 bytes")


def test_damaged_frames_are_skipped(tmp_path: Path) -> None:
    content = bytearray(write(tmp_path / "a.mp4", "mpeg4", list(range(0, 250, 10)) * 4).read_bytes())
    middle = len(content) // 3
    content[middle : middle + 200] = bytes(200)
    (tmp_path / "b.mp4").write_bytes(content)
    assert VideoFrames(tmp_path / "b.mp4").at(5.0).shape == (48, 64)


def test_a_truncated_file_is_refused_or_read_as_far_as_it_goes(tmp_path: Path) -> None:
    content = write(tmp_path / "a.webm", "libvpx", [0, 255, 0, 255]).read_bytes()
    for end in range(0, len(content), max(1, len(content) // 12)):
        (tmp_path / "b.webm").write_bytes(content[:end])
        with contextlib.suppress(InputError):
            assert VideoFrames(tmp_path / "b.webm").at(0.3).shape == (48, 64)
