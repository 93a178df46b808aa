"""The track in the video: the same samples, equally loud, from the first frame to the last."""

import json
import re
import subprocess
import wave
import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.audio.cut import cut
from pipeline.audio.pieces import RATE, Piece
from pipeline.run.delivery.checks import faults
from pipeline.run.delivery.derive import assemble_again
from pipeline.run.folder.finished import record_video_checksum
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.video_plan import VideoPlan
from pipeline.run.run import Run, RunOptions
from pipeline.run.verify import Verification
from pipeline.schedule.origin import Origin
from pipeline.schedule.origin_loader import load_origin
from pipeline.video import ffmpeg, formats
from pipeline.video.containers import MP4
from pipeline.video.measuring import measured
from pipeline.video.sound import cut_sound
from pipeline.views.preview import write_preview
from render.errors import EncodingError, RunError
from render.renderer.renderer import Renderer
from tests.runs import completes

Write = Callable[..., Path]


def heard(path: Path) -> NDArray[np.float64]:
    """The sound of a video as one channel, `RATE` samples per second, from its beginning."""
    with av.open(str(path)) as container:
        stream: Any = container.streams.audio[0]
        frames: list[Any] = [frame for frame in container.decode(stream) if frame.pts is not None]
        assert float(frames[0].pts * frames[0].time_base) == 0
        assert frames[0].rate == RATE
        return np.concatenate([frame.to_ndarray().mean(axis=0) for frame in frames]).astype(np.float64)


@pytest.fixture
def rendered(write: Write, renderer: Renderer, tmp_path: Path, any_ffmpeg: str) -> Callable[[str], RunFolder]:
    def render(text: str) -> RunFolder:
        origin = Origin(file=str(write(text + "\nrefine: {steps: 0, first_frame: 1, cutouts: 1}")))
        schedule = load_origin(origin)
        folder = RunFolder(tmp_path / "out")
        assert completes(Run(schedule, origin, folder, RunOptions(ffmpeg=any_ffmpeg)), lambda warn: renderer)
        return folder

    return render


@pytest.mark.parametrize(
    ("start", "fps", "length"), [("0s", 12, "music"), ("3.21s", 10, "4s"), ("12s", 25, "6.5s"), ("1s", 7, "3s")]
)
def test_the_sound_is_cut_to_the_picture(
    rendered: Callable[[str], RunFolder], synthesise: ModuleType, start: str, fps: int, length: str
) -> None:
    text = f"music: {{file: song.flac, start: {start}}}\noutput: {{size: [16, 16], fps: {fps}, length: {length}}}"
    video = rendered(text).video
    with av.open(str(video)) as container:
        picture: Any = container.streams.video[0]
        sound: Any = container.streams.audio[0]
        seconds = picture.frames / fps
        assert float(picture.duration * picture.time_base) == pytest.approx(seconds, abs=1e-3)
        assert float(sound.duration * sound.time_base) == pytest.approx(seconds, abs=1e-3)
        assert (sound.codec_context.name, sound.codec_context.channels) == ("aac", 1)
    track = synthesise.compose([(8, 120.0)], silence=0.5).samples[round(float(start[:-1]) * RATE) :]
    there = heard(video)[: round(seconds * RATE)]
    expected = np.zeros(len(there))
    expected[: len(track[: len(there)])] = track[: len(there)]
    shifts = {shift: np.dot(np.roll(expected, shift), there) for shift in range(-60, 61)}
    assert max(shifts, key=lambda shift: shifts[shift]) == 0  # samples of a 48,000th of a second
    assert (there**2).mean() == pytest.approx((expected**2).mean(), rel=0.02)


DELIVERED = [
    (name, more)
    for name, known in formats.every().items()
    for more in ("", ", repeat: 2", ", fps: 60, interpolate: motion, repeat: 2")
    if known.sound and known.sink == "ffmpeg"
]


@pytest.mark.parametrize("loop", ["", "loop: {blend: 1s}", "loop: boomerang"])
@pytest.mark.parametrize(("name", "more"), DELIVERED)
def test_the_sound_is_as_long_as_every_file(
    rendered: Callable[[str], RunFolder], any_ffmpeg: str, name: str, more: str, loop: str
) -> None:
    """Many small pictures, so that an encoder that looks ahead holds back seconds of them."""
    known = formats.find(name)
    speed = f", preset: {known.speeds[0]}" if name in ("h264", "h265") else ", preset: 12" if known.speeds else ""
    video = f"{{format: {name}{speed}{more}}}"
    text = f"music: {{file: song.flac}}\noutput: {{size: [64, 64], fps: 8, length: 4s, video: {video}}}\n{loop}"
    folder = rendered(text)
    seconds = (62 / 8 if "boomerang" in loop else 4) * (2 if "repeat" in more else 1)
    with av.open(str(folder.video)) as container:
        pictures = [frame.time for frame in container.decode(video=0)]
    with av.open(str(folder.video)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0)) / RATE
    assert len(pictures) == seconds * (60 if "fps" in more else 8)
    assert samples == pytest.approx(seconds, abs=0.05)
    assert list(faults(folder.path, folder.video_plan(), any_ffmpeg)) == []


@pytest.mark.parametrize(("more", "seconds"), [("", 4), (", repeat: 2", 8), (", fps: 60, interpolate: blend", 4)])
def test_an_image_sequence_comes_with_its_sound(
    rendered: Callable[[str], RunFolder], synthesise: ModuleType, any_ffmpeg: str, more: str, seconds: int
) -> None:
    """To the sample, and no further from the track than 24 bits are."""
    video = f"{{format: png{more}}}"
    text = f"music: {{file: song.flac, start: 1s}}\noutput: {{size: [64, 64], fps: 8, length: 4s, video: {video}}}"
    folder = rendered(text)
    with zipfile.ZipFile(folder.video) as archive, archive.open("video/sound.wav") as file, wave.open(file) as wav:
        assert wav.getparams()[:4] == (1, 3, RATE, seconds * RATE)
        low, middle, high = np.frombuffer(wav.readframes(seconds * RATE), np.uint8).reshape(-1, 3).astype(int).T
    there = (((low + (middle << 8) + (high << 16)) ^ 1 << 23) - (1 << 23)) / 2**23
    track = synthesise.compose([(8, 120.0)], silence=0.5).samples[RATE : 5 * RATE]
    assert np.abs(there - np.tile(track, seconds // 4)).max() < 2**-14  # the track has 16 bits
    assert list(faults(folder.path, folder.video_plan(), any_ffmpeg)) == []


@pytest.mark.parametrize("name", ["h264", "vp9", "prores", "ffv1"])
@pytest.mark.parametrize(("fps", "more"), [("24000/1001", ""), ("23.976", ", fps: 59.94"), ("713/60", ", repeat: 3")])
def test_a_frame_rate_is_written_as_an_exact_fraction(
    rendered: Callable[[str], RunFolder], any_ffmpeg: str, name: str, fps: str, more: str
) -> None:
    video = f"{{format: {name}{more}}}"
    text = f"music: {{file: song.flac}}\noutput: {{size: [64, 64], fps: {fps}, length: 48, video: {video}}}"
    folder = rendered(text)
    seconds = (
        48 / load_origin(Origin(file=str(folder.path.parent / "a.yaml"))).output.fps * (3 if "repeat" in more else 1)
    )
    rate = {"713/60": Fraction(713, 60), "23.976": Fraction(60000, 1001)}.get(fps, Fraction(24000, 1001))
    with av.open(str(folder.video)) as container:
        if name in ("h264", "prores"):  # Matroska counts in whole milliseconds
            assert container.streams.video[0].average_rate == rate
        assert sum(1 for _ in container.decode(video=0)) == round(seconds * rate)
    lengths = measured(any_ffmpeg, folder.video, formats.find(name).container)
    assert lengths.picture == pytest.approx(seconds, abs=0.002)
    assert seconds - 0.03 < lengths.sound < seconds + 0.03 + lengths.packet


@pytest.mark.parametrize("loop", ["", "loop: {blend: 1s}"])
def test_the_sound_is_as_long_as_a_preview(write: Write, tmp_path: Path, any_ffmpeg: str, loop: str) -> None:
    schedule = load_origin(
        Origin(file=str(write(f"music: {{file: song.flac}}\noutput: {{fps: 8, length: 5s}}\n{loop}")))
    )
    write_preview(schedule, None, tmp_path / "a.mp4", any_ffmpeg)
    lengths = measured(any_ffmpeg, tmp_path / "a.mp4", MP4)
    assert lengths.picture == pytest.approx(5, abs=1e-3)
    assert lengths.sound == pytest.approx(5, abs=0.03)


def cut_short(video: Path, binary: str) -> None:
    """What ffmpeg 5 made of -frames:v: all pictures, and the sound of the first half."""
    whole = video.rename(video.with_name("whole.mp4"))
    command = [binary, "-loglevel", "error", "-i", str(whole), "-t", "1", "-i", str(whole)]
    subprocess.run([*command, "-map", "0:v", "-map", "1:a", "-c", "copy", str(video)], check=True)
    whole.unlink()


def test_a_file_with_truncated_sound_is_found_and_made_again(
    rendered: Callable[[str], RunFolder], any_ffmpeg: str
) -> None:
    text = "music: {file: song.flac}\noutput: {size: [16, 16], fps: 5, length: 4s}"
    folder = rendered(text)
    whole = folder.video.read_bytes()
    assert list(Verification(folder, any_ffmpeg).damaged()) == []
    cut_short(folder.video, any_ffmpeg)
    record_video_checksum(folder, json.loads(folder.report.read_text())["last_frame_hash"])  # as the run itself did
    (said,) = Verification(folder, any_ffmpeg).damaged()
    assert re.search(r"video.mp4: its sound lasts 1\.0\d s instead of 4\.00 s; render assemble .* makes it again", said)
    assert rendered(text).video.read_bytes() == whole
    assert list(Verification(folder, any_ffmpeg).damaged()) == []


def test_making_a_file_with_truncated_sound_fails(
    rendered: Callable[[str], RunFolder], script: Callable[[str, str], Path], any_ffmpeg: str
) -> None:
    """An ffmpeg that ends the sound early, as `-frames:v` made it do: the old video stays."""
    folder = rendered("music: {file: song.flac}\noutput: {size: [16, 16], fps: 5, length: 4s}")
    before = folder.video.read_bytes()
    program = script("short", f'case "$*" in *f32le*) set -- -t 1 "$@";; esac\nexec {any_ffmpeg} "$@"')
    # The first input is the pictures: an input option before all, so they are the ones that end after a second.
    with pytest.raises(EncodingError, match=r"its pictures last 1\.00 s instead of 4\.00 s; the frames are kept"):
        assemble_again(folder, False, str(program))
    sounds = script("silent", f'exec {any_ffmpeg} $(echo "$@" | sed "s/-f f32le/-t 1 -f f32le/")')
    with pytest.raises(EncodingError, match=r"its sound lasts 1\.0\d s instead of 4\.00 s; the frames are kept"):
        assemble_again(folder, False, str(sounds))
    assert folder.video.read_bytes() == before


def test_a_changed_track_changes_the_video_and_no_frame(
    rendered: Callable[[str], RunFolder], synthesise: ModuleType
) -> None:
    text = "music: {file: song.flac}\noutput: {size: [16, 16], fps: 5, length: 2s}"
    folder = rendered(text)
    before, frame = folder.video.read_bytes(), folder.frames.path(5).stat()
    assert rendered(text).video.read_bytes() == before
    folder = rendered(text.replace("flac}", "flac, start: 1s}"))
    assert folder.video.read_bytes() != before
    assert folder.frames.path(5).stat().st_mtime_ns == frame.st_mtime_ns


def _from(path: Path, start: float) -> Piece:
    return Piece(until=float("inf"), path=str(path), start=start)


def test_the_cut_has_the_tracks_own_samples(song: Path, synthesise: ModuleType, tmp_path: Path) -> None:
    track = synthesise.compose([(8, 120.0)], silence=0.5).samples
    with cut([_from(song, 2.0)], 1.0, tmp_path / "a.mp4") as (raw, channels):
        assert channels == 1
        samples = np.frombuffer(raw.read_bytes(), dtype="<f4")
    assert len(samples) == RATE
    np.testing.assert_allclose(samples, track[2 * RATE : 3 * RATE], atol=2e-4)
    with cut([_from(song, 16.4)], 1.0, tmp_path / "a.mp4") as (raw, _):
        samples = np.frombuffer(raw.read_bytes(), dtype="<f4")
    assert len(samples) == RATE
    assert samples[: RATE // 20].any()
    assert not samples[round(0.11 * RATE) :].any()
    assert list(tmp_path.iterdir()) == []


def test_a_deleted_track_is_reported(write: Write, tmp_path: Path) -> None:
    schedule = load_origin(Origin(file=str(write("music: {file: song.flac}"))))
    (tmp_path / "song.flac").unlink()
    with (
        pytest.raises(RunError, match=r"music: 'song.flac': no such file; the frames are kept"),
        cut_sound(VideoPlan.of(schedule).heard, 1.0, tmp_path / "video.mp4"),
    ):
        pass


def test_a_video_without_a_track_is_silent(tmp_path: Path, any_ffmpeg: str) -> None:
    frames = (bytes(16 * 16 * 3) for _ in range(4))
    ffmpeg.encode(any_ffmpeg, frames, (16, 16), 4, "silent", tmp_path / "a.mp4", formats.find("h264").recipe())
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert not container.streams.audio
