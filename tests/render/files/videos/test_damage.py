"""Broken clips: what is whole is read, and what ends them names the last whole frame."""

import contextlib
import re
from pathlib import Path

import av
import numpy as np
import pytest

from render.errors import InputError
from render.files.videos.clips import Clip, facts
from tests.render.files.videos.conftest import Make

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "12", "-bf", "2")
FRONT = ("-movflags", "faststart")  # so that the beginning alone can be opened


def cut(path: Path, share: float) -> Path:
    """The beginning of a file."""
    content = path.read_bytes()
    short = path.with_stem("short")
    short.write_bytes(content[: int(len(content) * share)])
    return short


def damaged(path: Path, number: int) -> Path:
    """The file with one packet overwritten, counted as they lie in it."""
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    place, size = content.index(packets[number]), len(packets[number])
    content[place : place + size] = b"\xff" * size
    broken = path.with_stem("broken")
    broken.write_bytes(content)
    return broken


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.webm", "a.avi"])
def test_a_clip_that_is_cut_off_is_told_with_its_last_whole_frame(make: Make, name: str) -> None:
    codec = ("-c:v", "libvpx") if name == "a.webm" else ("-c:v", "mjpeg") if name == "a.avi" else H264
    front = FRONT if name in ("a.mp4", "a.mov") else ()
    path = make(name, *codec, *front, frames=96)
    with pytest.raises(InputError) as caught:
        facts(cut(path, 0.6))
    message = re.search(r"is cut off: frame (\d+) \((\d+\.\d{3}) s\) is the last that is whole", str(caught.value))
    assert message is not None, caught.value
    number, seconds = int(message[1]), float(message[2])
    assert 10 < number < 90
    assert seconds == pytest.approx(number / 24, abs=0.002)
    with pytest.raises(InputError, match="is cut off"):
        Clip(cut(path, 0.6))


def test_a_header_without_an_index_is_no_clip(make: Make) -> None:
    with pytest.raises(InputError, match="cannot be decoded; expected a video such as"):
        facts(cut(make("a.mp4", *H264), 0.6))


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_damaged_frame_names_the_last_whole_one_and_what_follows_is_read(make: Make, name: str) -> None:
    """By reading as by seeking: up to the damage, then from the next key frame on."""
    whole = make(name, *H264, frames=48)
    path = damaged(whole, 18)
    assert len(facts(path).times) == 48  # nothing is decoded for them
    expected = Clip(whole)

    def outcome(clip: Clip, number: int) -> str:
        try:
            pixels = clip.frame(number)
        except InputError as error:
            message = str(error)
            found = re.search(r"frame (\d+) \(\d\.\d{3} s\) cannot be .*; frame (\d+) .* is the last whole", message)
            assert found is not None, message
            assert int(found[2]) < int(found[1]) <= number
            return "damaged"
        np.testing.assert_array_equal(pixels, expected.frame(number))
        return "whole"

    reading = Clip(path)
    read = [outcome(reading, number) for number in range(48)]
    assert read == [outcome(Clip(path), number) for number in range(48)]
    assert read[:12] == ["whole"] * 12
    assert read[24:] == ["whole"] * 24
    assert "damaged" in read[12:24]


def test_a_damaged_first_frame_is_told_at_once(make: Make) -> None:
    path = make("a.mp4", "-c:v", "png", frames=4)
    with pytest.raises(InputError, match=r"frame 0 \(0\.000 s\) cannot be decoded"):
        facts(damaged(path, 0))


def test_any_beginning_of_a_file_ends_with_a_message(make: Make) -> None:
    for name, options in (("a.mkv", H264), ("a.mp4", (*H264, *FRONT)), ("a.avi", ("-c:v", "mpeg4")), ("a.gif", ())):
        path = make(name, *options, frames=24)
        for share in np.linspace(0, 0.99, 12):
            short = cut(path, float(share))
            with contextlib.suppress(InputError):
                Clip(short).frame(len(facts(short).times) - 1)
