"""Sound from every container, and files without sound."""

import struct
import wave
from pathlib import Path
from types import ModuleType

import av
import numpy as np
import pytest

from pipeline.audio import decoding
from pipeline.audio.decoding import RATE, decode, probe
from pipeline.audio.onsets import onset_strength
from render.errors import InputError


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.ogg", "a.m4a", "a.mkv"])
def test_every_container_gives_the_same_sound(synthesise: ModuleType, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    t = np.arange(2 * synthesise.RATE) / synthesise.RATE
    synthesise.write(str(path), 0.5 * np.sin(2 * np.pi * 440 * t) * (t >= 1))
    samples = decode(path)
    assert len(samples) == pytest.approx(2 * RATE, abs=0.03 * RATE)
    assert int((np.abs(samples) > 0.2).argmax()) == pytest.approx(RATE, abs=0.03 * RATE)
    spectrum = np.abs(np.fft.rfft(samples[-RATE:]))
    assert int(spectrum.argmax()) == pytest.approx(440, abs=2)
    assert np.abs(samples[-RATE // 2 :]).max() == pytest.approx(0.5, abs=0.05)
    assert probe(path).seconds == pytest.approx(2, abs=0.05)


def picture_only(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def three_hours(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 1, 8000, 0, "NONE", ""))
        file.setnframes(3 * 3600 * 8000)
        file._ensure_header_written(3 * 3600 * 8000)  # type: ignore[attr-defined]
    with path.open("r+b") as raw:
        raw.seek(4)
        raw.write((36 + 3 * 3600 * 8000).to_bytes(4, "little"))
        raw.seek(40)
        raw.write((3 * 3600 * 8000).to_bytes(4, "little"))
        raw.truncate(44 + 3 * 3600 * 8000)  # a hole: it takes no room


def a_text(path: Path) -> None:
    path.write_text("This is no music.\n" * 100)


def nothing(path: Path) -> None:
    path.touch()


@pytest.mark.parametrize(
    ("make", "name", "message"),
    [
        (picture_only, "a.mp4", "'a.mp4': has no sound, only video; expected a file with music"),
        (
            three_hours,
            "a.wav",
            "'a.wav': its sound lasts 3.0 hours; expected at most 1 hour; cut out the part that is used",
        ),
        (a_text, "a.mp3", "'a.mp3': cannot be decoded as audio"),
        (nothing, "a.ogg", "'a.ogg': cannot be decoded as audio"),
    ],
)
def test_files_without_music_are_reported(tmp_path: Path, make: object, name: str, message: str) -> None:
    path = tmp_path / name
    make(path)  # type: ignore[operator]
    for look in (probe, decode):
        with pytest.raises(InputError) as caught:
            look(path)
        assert str(caught.value) == message
        assert caught.value.exit_code == 2


@pytest.mark.parametrize("size", [0, 1, 100])
@pytest.mark.parametrize("suffix", [".mp3", ".wav", ".m4a"])
def test_a_tiny_file_prints_no_other_messages(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], suffix: str, size: int
) -> None:
    """FFmpeg looks for a tag 128 bytes before the end, which can be before the beginning of a short file."""
    path = tmp_path / f"a{suffix}"
    path.write_bytes(bytes(size))
    with pytest.raises(InputError):
        probe(path)
    assert capfd.readouterr() == ("", "")


def test_a_truncated_file_is_decoded_up_to_its_end(song: Path, tmp_path: Path) -> None:
    whole = song.read_bytes()
    torn = tmp_path / "torn.flac"
    torn.write_bytes(whole[: len(whole) // 2])
    assert 0.2 * len(decode(song)) < len(decode(torn)) < 0.8 * len(decode(song))


def test_a_missing_library_is_reported(song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(InputError, match=r"music needs av, which is not installed; pip install .*\[music\]"):
        probe(song)
    assert decoding.INSTALL == "pip install '.[music]'"


def test_a_playlist_leads_to_no_other_file(song: Path, tmp_path: Path) -> None:
    """A stranger could use one to read a file that the schedule must not read."""
    for name, text in (
        ("list.m3u8", f"#EXTM3U\n#EXT-X-TARGETDURATION:20\n#EXTINF:16,\n{song}\n#EXT-X-ENDLIST\n"),
        ("list.ffconcat", f"ffconcat version 1.0\nfile '{song}'\n"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(InputError, match=r"cannot be decoded as audio|none of its sound can be"):
            decode(tmp_path / name)


def _wav(path: Path, samples: bytes, rate: int, channels: int = 1) -> Path:
    """A WAV file of 32-bit floats."""
    sizes = rate, rate * channels * 4, channels * 4, 32
    head = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 3, channels, *sizes) + b"data" + struct.pack("<I", len(samples))
    path.write_bytes(b"RIFF" + struct.pack("<I", len(head) + len(samples)) + head + samples)
    return path


@pytest.mark.parametrize(("rate", "channels"), [(1, 1), (1_000_001, 1), (22_050, 65)])
def test_a_small_file_cannot_take_an_hour_to_decode(tmp_path: Path, rate: int, channels: int) -> None:
    path = _wav(tmp_path / "a.wav", bytes(4 * 65 * 100), rate, channels)
    for read in (probe, decode):
        with pytest.raises(InputError, match=r"expected at most 64 channels of 2,000 to 1,000,000"):
            read(path)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [np.inf, np.nan, 3e38, -3e38])
def test_huge_samples_are_clipped(tmp_path: Path, value: float) -> None:
    values = np.resize(np.array([value, -value, 0.5], np.float32), RATE)
    samples = decode(_wav(tmp_path / "a.wav", values.tobytes(), RATE))
    assert len(samples) == RATE
    assert float(np.abs(samples).max()) <= 16
    assert np.count_nonzero(samples == np.float32(0.5)) == RATE // 3
    assert np.isfinite(onset_strength(samples)).all()


def test_sound_in_an_unsupported_format_is_refused(synthesise: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    synthesise.write(str(path), np.zeros(4000))
    content = path.read_bytes()
    [at] = [content.index(name) for name in (b"A_PCM", b"A_VORBIS", b"A_AC3", b"A_FLAC", b"A_OPUS") if name in content]
    path.write_bytes(content[: at + 2] + b"???" + content[at + 5 :])
    for read in (probe, decode):
        with pytest.raises(InputError, match="format of its sound is not supported"):
            read(path)
