"""The ZIP of an image sequence: written as it comes, and read back from a file that may be anything."""

import random
import tracemalloc
import wave
import zipfile
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path

import numpy as np
import pytest

from pipeline.video.containers.embedded_text import texts
from pipeline.video.formats.png import FORMAT
from pipeline.video.measuring import measured
from pipeline.video.recipe import Sound
from pipeline.video.sequence import ImageSequence, lengths, write_sequence
from render.errors import EncodingError

CONTAINER = FORMAT.container
NTSC = 24000 / 1001


def sequence(count: int, fps: float = 4.0) -> ImageSequence:
    return ImageSequence(name="video", title="a title", fps=fps, count=count)


def sounding(path: Path, samples: np.ndarray, channels: int = 1) -> Sound:
    path.write_bytes(samples.astype("<f4").tobytes())
    return Sound(path=path, rate=48_000, channels=channels)


def measure(path: Path) -> tuple[float | None, float]:
    found = measured("no ffmpeg", path, CONTAINER)
    return found.picture, found.sound


def test_text_and_lengths_come_back(tmp_path: Path) -> None:
    path = tmp_path / "video.zip"
    sound = sounding(tmp_path / "a.f32", np.zeros(2 * 96_000), channels=2)
    write_sequence(path, sequence(48, NTSC), "# ünïcode ☃\r\n", sound, [b"png"] * 48)
    assert CONTAINER.is_whole(path)
    assert CONTAINER.text is not None
    assert list(texts(path, CONTAINER.text)) == ["# ünïcode ☃\r\n"]
    assert measure(path) == (48 * 1001 / 24000, 2.0)
    write_sequence(path, sequence(1), "", None, [b"png"])
    assert measure(path) == (None, 0.0)


def test_sound_is_a_wav_of_24_bits(tmp_path: Path) -> None:
    samples = np.array([0, 0.5, -0.5, 1, -1, 3, -3, np.nan, 2**-23, 2**-25])
    sound = sounding(tmp_path / "a.f32", samples)
    write_sequence(tmp_path / "a.zip", sequence(1), "", sound, [b"png"])
    with (
        zipfile.ZipFile(tmp_path / "a.zip") as archive,
        archive.open("video/sound.wav") as file,
        wave.open(file) as wav,
    ):
        assert wav.getparams()[:4] == (1, 3, 48_000, len(samples))
        frames = wav.readframes(len(samples))
    found = [int.from_bytes(frames[at : at + 3], "little", signed=True) for at in range(0, len(frames), 3)]
    most = 2**23 - 1
    assert found == [0, 2**22, -(2**22), most, -most - 1, most, -most - 1, 0, 1, 0]


def test_memory_does_not_grow_with_the_pictures(tmp_path: Path) -> None:
    def made() -> Iterator[bytes]:
        for number in range(64):
            yield bytes([number]) * 1_000_000

    tracemalloc.start()
    try:
        write_sequence(tmp_path / "a.zip", sequence(64), "", None, made())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (tmp_path / "a.zip").stat().st_size > 64_000_000
    assert peak < 8_000_000


def test_more_entries_than_a_plain_zip_can_count(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    write_sequence(path, sequence(70_000, 10.0), "a: b", None, (b"png" for _ in range(70_000)))
    assert CONTAINER.is_whole(path)
    assert measure(path) == (7_000.0, 0.0)
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist()[-1] == "video/frames/069999.png"
    path.write_bytes(path.read_bytes()[:-1])
    assert not CONTAINER.is_whole(path)


def test_numbers_get_as_many_digits_as_they_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a program which sorts by name shows the pictures in order."""
    written: list[str] = []
    monkeypatch.setattr(zipfile.ZipFile, "writestr", lambda self, entry, content: written.append(entry.filename))
    write_sequence(tmp_path / "a.zip", sequence(1_000_001), "", None, (b"" for _ in range(1_000_001)))
    assert written[2] == "video/frames/0000000.png"
    assert written[2:] == sorted(written[2:])


def test_an_entry_with_long_lengths_is_read(tmp_path: Path) -> None:
    """As a sound of more than two gigabytes is written."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, content in (
            ("schedule.yaml", b"prompts: sea"),
            ("sequence.json", b'{\n "fps": "4"}'),
            ("sound.wav", bytes(28) + (96_000).to_bytes(4, "little") + bytes(12 + 192_000)),
            ("frames/000000.png", b""),
            ("frames/000001.png", b""),
        ):
            with archive.open(zipfile.ZipInfo(f"video/{name}"), "w", force_zip64=True) as file:
                file.write(content)
    assert measure(tmp_path / "a.zip") == (0.5, 2.0)
    assert CONTAINER.text is not None
    assert list(texts(tmp_path / "a.zip", CONTAINER.text)) == ["prompts: sea"]


@pytest.mark.parametrize("count", [2, 4])
def test_another_number_of_pictures_than_announced_is_refused(tmp_path: Path, count: int) -> None:
    with pytest.raises(EncodingError, match=f"got {count} pictures instead of 3; the frames are kept"):
        write_sequence(tmp_path / "a.zip", sequence(3), "", None, [b"png"] * count)


def test_a_sound_that_no_wav_can_hold_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "a.f32").open("wb") as file:
        file.truncate(6 * 10**9)  # a sparse file: takes no space
    sound = Sound(path=tmp_path / "a.f32", rate=48_000, channels=2)
    with pytest.raises(EncodingError, match=r"a WAV cannot hold 4\.3 hours of sound"):
        write_sequence(tmp_path / "a.zip", sequence(1), "", sound, [b"png"])


def test_a_truncated_file_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    write_sequence(path, sequence(2), "a: b", sounding(tmp_path / "a.f32", np.zeros(9)), [b"png"] * 2)
    whole = path.read_bytes()
    for length in range(12, len(whole)):
        path.write_bytes(whole[:length])
        assert not CONTAINER.is_whole(path)
        with pytest.raises(EncodingError, match="not a sequence of pictures"):
            measure(path)


def test_other_archives_are_not_sequences(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    assert not CONTAINER.matches(tmp_path / "a.zip")


def test_whatever_is_in_a_file_reading_it_ends_well(tmp_path: Path) -> None:
    """Lengths and offsets of any size lead nowhere: no other error, and never more than the limit of a text."""
    path = tmp_path / "a.zip"
    write_sequence(path, sequence(2), "a: b", sounding(tmp_path / "a.f32", np.zeros(9)), [b"png"] * 2)
    whole, chance = path.read_bytes(), random.Random(0)
    assert CONTAINER.text is not None
    for _ in range(500):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            damaged[chance.randrange(4, len(whole))] = chance.choice((0, 1, 127, 128, 255, chance.randrange(256)))
        path.write_bytes(damaged)
        CONTAINER.is_whole(path)
        assert all(len(text) <= len(whole) for text in texts(path, CONTAINER.text))
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            try:
                lengths(content)
            except ValueError:
                continue
