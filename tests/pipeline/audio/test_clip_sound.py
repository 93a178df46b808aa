"""The sound of clips in the video: every sample where it is in the clip, for every container and way of playing it."""

import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipeline.audio.cut import cut
from pipeline.audio.pieces import RATE, Piece
from pipeline.run.folder.video_plan import VideoPlan
from pipeline.schedule.loader import load_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.video.sound import cut_sound
from render.errors import RunError, ScheduleError
from tests import flashes
from tests.flashes import BURST, Samples, at, begins, sound

AAC = 2  # samples by which the encoder's filters move a burst
TEMPO = 0.035  # seconds by which a stretched burst may be off

Film = Callable[..., Path]


@pytest.fixture
def film(tmp_path: Path, any_ffmpeg: str) -> Film:
    """Makes a clip with flashes, and bursts at the same moments."""

    def make(name: str, *options: str, **more: Any) -> Path:
        return flashes.film(any_ffmpeg, tmp_path / name, *options, **more)

    return make


def read(folder: Path, text: str) -> Schedule:
    path = folder / "a.yaml"
    path.write_text(f"prompts: red\nmodels: {{latent: pixels, perceptors: [toy]}}\n{text}\n", encoding="utf-8")
    return load_schedule(path)


def heard(schedule: Schedule, seconds: float | None = None) -> Samples:
    """The sound of a schedule's video, as one channel."""
    folder = Path(str(schedule.shots[0].sections["source"].shows.clip.files[0].path)).parent
    length = schedule.output.num_frames / schedule.output.fps if seconds is None else seconds
    with cut_sound(VideoPlan.of(schedule).heard, length, folder / "video.mp4") as found:
        assert found is not None
        samples = np.frombuffer(found.path.read_bytes(), "<f4").astype(np.float64)
        assert len(samples) == round(length * RATE) * found.channels
        assert not [path for path in folder.glob(".*") if path != found.path]
    assert not [*folder.glob(".*")]
    channels: Samples = samples.reshape(-1, found.channels).mean(axis=1)
    return channels


@pytest.mark.parametrize("fps", ["24000/1001", "30000/1001", "25"])
@pytest.mark.parametrize(("name", "options"), [("a.mkv", ("-c:a", "flac")), ("a.mov", ("-c:a", "pcm_s16le"))])
def test_lossless_sound_is_the_clips_to_the_sample(
    film: Film, tmp_path: Path, fps: str, name: str, options: tuple[str, ...]
) -> None:
    film(name, *options, fps=fps)
    samples = heard(read(tmp_path, f"output: {{size: [16, 16], fps: {fps}, length: 3s}}\nsource: {{video: {name}}}"))
    np.testing.assert_allclose(samples, sound(Fraction(fps))[: len(samples)], atol=1e-4)


@pytest.mark.parametrize("fps", ["24000/1001", "30000/1001"])
def test_the_priming_of_aac_is_left_out(film: Film, tmp_path: Path, fps: str) -> None:
    film("a.mp4", "-c:a", "aac", "-b:a", "192k", fps=fps)
    samples = heard(read(tmp_path, f"output: {{size: [16, 16], fps: {fps}, length: 3s}}\nsource: {{video: a.mp4}}"))
    for number in range(5):
        assert abs(at(samples, number) - begins(Fraction(fps), number)) <= AAC


def test_sound_that_begins_late_stays_in_step(film: Film, tmp_path: Path) -> None:
    film("a.mkv", "-c:a", "flac", late=0.123)
    schedule = read(tmp_path, "output: {size: [16, 16], fps: 25, length: 3s}\nsource: {video: a.mkv}")
    samples = heard(schedule)
    begin = round(0.123 * RATE)
    assert not samples[:begin].any()
    np.testing.assert_allclose(samples[begin:], sound(Fraction(25))[begin : 3 * RATE], atol=1e-4)


def test_an_edit_list_cuts_the_sound_too(film: Film, tmp_path: Path, any_ffmpeg: str) -> None:
    whole = film("whole.mp4", "-c:a", "aac")
    command = [any_ffmpeg, "-loglevel", "error", "-ss", "1.32", "-i", str(whole), "-c", "copy"]
    subprocess.run([*command, str(tmp_path / "a.mp4")], check=True)
    schedule = read(tmp_path, "output: {size: [16, 16], fps: 25, length: 2s}\nsource: {video: a.mp4}")
    samples = heard(schedule)
    for number in (3, 4):
        assert abs(at(samples, number) - (begins(Fraction(25), number) - round(1.32 * RATE))) <= AAC


def test_a_variable_rate_leaves_the_sound_alone(film: Film, tmp_path: Path) -> None:
    film("a.mkv", "-c:a", "flac", pictures=",select='not(eq(mod(n\\,7)\\,3))'")
    schedule = read(tmp_path, "output: {size: [16, 16], fps: 30, length: 3s}\nsource: {video: a.mkv}")
    assert not schedule.shots[0].sections["source"].shows.clip.constant
    samples = heard(schedule)
    np.testing.assert_allclose(samples, sound(Fraction(25))[: len(samples)], atol=1e-4)


def test_it_begins_where_the_clip_does_and_repeats_with_it(film: Film, tmp_path: Path) -> None:
    film("a.mkv", "-c:a", "flac")
    text = "output: {size: [16, 16], fps: 25, length: 8s}\nsource: {video: a.mkv, from: 36f, end: END}"
    once = sound(Fraction(25))[round(1.44 * RATE) :]
    held = heard(read(tmp_path, text.replace("END", "hold")))
    np.testing.assert_allclose(held[: len(once)], once, atol=1e-4)
    assert not held[len(once) :].any()
    repeated = heard(read(tmp_path, text.replace("END", "repeat")))
    np.testing.assert_allclose(repeated, np.resize(once, 8 * RATE), atol=1e-4)
    schedule = read(tmp_path, text.replace("END", "bounce"))
    assert "silent once it has turned back" in schedule.warnings[0].message
    np.testing.assert_array_equal(heard(schedule), held)


def test_every_shot_has_its_own_sound(film: Film, tmp_path: Path) -> None:
    film("a.mkv", "-c:a", "flac")
    film("b.mov", "-c:a", "pcm_s16le", "-ac", "2", fps="24")
    schedule = read(
        tmp_path,
        "output: {size: [16, 16], fps: 25}\nsource: {video: a.mkv}\nshots:\n"
        "- {length: 1.1s}\n- {length: 1s}\n- {length: 20, source: {video: b.mov, from: 24f}}\n"
        "- {length: 1s, source: none}\n- {length: 1s, source: {sound: false}}\n- {length: 0.5s, source: {from: 2s}}",
    )
    samples = heard(schedule)
    first, second = sound(Fraction(25)), sound(Fraction(24)) * 0.5**0.5  # as ffmpeg makes stereo
    parts = [round(seconds * RATE) for seconds in (2.12, 2.92, 4.92)]  # a shot begins with its first frame
    np.testing.assert_allclose(samples[: parts[0]], first[: parts[0]], atol=1e-4)
    late = RATE + round(0.02 * RATE)
    np.testing.assert_allclose(samples[parts[0] : parts[1]], second[late : late + parts[1] - parts[0]], atol=1e-4)
    assert not samples[parts[1] : parts[2]].any()
    late = 2 * RATE + round(0.02 * RATE)
    tail = samples[parts[2] :]
    np.testing.assert_allclose(tail, first[late : late + len(tail)], atol=1e-4)


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.25, 2])
def test_another_speed_keeps_the_pitch_and_does_not_drift(film: Film, tmp_path: Path, speed: float) -> None:
    film("a.mkv", "-c:a", "flac")
    text = f"output: {{size: [16, 16], fps: 25, length: {3.6 / speed}s}}\nsource: {{video: a.mkv, speed: {speed}}}"
    samples = heard(read(tmp_path, text))
    for number in range(1, 7):
        assert abs(at(samples, number) - begins(Fraction(25), number) / speed) <= TEMPO * RATE


@pytest.mark.parametrize("speed", ["-1", "0", "4", "{0s: 1, 2s: 2}"])
def test_a_speed_without_sound_is_told(film: Film, tmp_path: Path, speed: str) -> None:
    film("a.mkv", "-c:a", "flac")
    text = f"output: {{size: [16, 16], fps: 25, length: 2s}}\nsource: {{video: a.mkv, speed: {speed}}}"
    schedule = read(tmp_path, text)
    told = [warning.path for warning in schedule.warnings if "the clip is silent at a speed" in warning.message]
    assert told == ["source.speed"]
    assert VideoPlan.of(schedule).heard == ()
    meant = read(tmp_path, text.replace("speed:", "sound: false, speed:"))
    assert not any("silent" in warning.message for warning in meant.warnings)


def test_a_track_takes_the_place_of_the_clips_sound(film: Film, song: Path, tmp_path: Path) -> None:
    film("a.mkv", "-c:a", "flac")
    (tmp_path / "song.flac").write_bytes(song.read_bytes())
    text = (
        "output: {size: [16, 16], fps: 25, length: 2s}\nsource: {video: a.mkv, sound: true}\nmusic: {file: song.flac}"
    )
    schedule = read(tmp_path, text)
    assert [piece.path for piece in VideoPlan.of(schedule).heard] == [str(tmp_path / "song.flac")]
    assert schedule.warnings[0].path == "source.sound"


def test_the_plan_is_read_back(film: Film, tmp_path: Path) -> None:
    film("a.mkv", "-c:a", "flac")
    plan = VideoPlan.of(read(tmp_path, "source: {video: a.mkv, end: repeat}"))
    assert VideoPlan.read(plan.to_record()) == plan
    assert plan.heard
    assert "pieces" not in VideoPlan.of(read(tmp_path, "")).to_record()


def test_sound_with_a_gap_stays_where_its_time_stamps_say(tmp_path: Path, any_ffmpeg: str, film: Film) -> None:
    whole = film("whole.mov", "-c:a", "pcm_s16le")
    # the packets from 1 to 2 s are left out, the others keep their times
    with av.open(str(whole)) as source, av.open(str(tmp_path / "a.mkv"), "w") as file:
        streams: dict[int, Any] = {stream.index: file.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            stream = source.streams[packet.stream_index]
            time = None if packet.pts is None else float(packet.pts * packet.time_base)
            if time is not None and not (stream.type == "audio" and 1 <= time < 2):
                packet.stream = streams[packet.stream_index]
                file.mux(packet)
    schedule = read(tmp_path, "output: {size: [16, 16], fps: 25, length: 4s}\nsource: {video: a.mkv}")
    samples = heard(schedule)
    assert not samples[round(1.05 * RATE) : round(1.95 * RATE)].any()
    for number in (0, 1, 2, 5, 7):
        assert abs(at(samples, number) - begins(Fraction(25), number)) <= RATE / 1000  # Matroska's tick
    assert at(samples, 0) == 0


def test_pieces_round_each_time_for_itself(film: Film, tmp_path: Path) -> None:
    path = film("a.mkv", "-c:a", "flac", "-ar", "48000")
    pieces = [Piece(until=0.5, path=str(path), clip=True, start=0.96, stop=1.0001, again=0.96)]
    with cut(pieces, 1.0, tmp_path / "video.mp4", repeat=2) as (raw, _):
        samples = np.frombuffer(raw.read_bytes(), "<f4").astype(np.float64)
    once = sound(Fraction(25))[round(0.96 * RATE) :]
    assert len(samples) == 2 * RATE
    np.testing.assert_array_equal(samples[:RATE], samples[RATE:])
    for number in range(12):
        begin = round(number * 0.0401 * RATE)
        np.testing.assert_allclose(samples[begin : begin + BURST], once[:BURST], atol=1e-4)
    assert not samples[RATE // 2 : RATE].any()


def test_a_boomerang_is_silent_backwards_and_told(film: Film, tmp_path: Path) -> None:
    film("a.mkv", "-c:a", "flac")
    text = "output: {size: [16, 16], fps: 25, length: 2s}\nsource: {video: a.mkv}\nloop: boomerang"
    schedule = read(tmp_path, text)
    assert [warning.path for warning in schedule.warnings if "silent" in warning.message] == ["loop"]
    samples = heard(schedule, seconds=3.92)
    np.testing.assert_allclose(samples[: 2 * RATE], sound(Fraction(25))[: 2 * RATE], atol=1e-4)
    assert not samples[2 * RATE :].any()


def test_sound_that_cannot_be_read_is_refused_before_rendering(film: Film, tmp_path: Path, any_ffmpeg: str) -> None:
    """An hour and more of sound beside a second of pictures."""
    command = [any_ffmpeg, "-loglevel", "error", "-f", "lavfi", "-i", "color=r=25:s=64x48:d=1", "-f", "lavfi"]
    command += ["-i", "anullsrc=r=8000:cl=mono:d=3700", "-c:v", "libx264", "-c:a", "aac", "-b:a", "8k"]
    subprocess.run([*command, str(tmp_path / "a.mp4")], check=True)
    text = "output: {size: [16, 16], fps: 25, length: 1s}\nsource: {video: a.mp4}"
    with pytest.raises(ScheduleError, match=r"a.yaml:4:17: source.video: 'a.mp4': its sound lasts 62 minutes.*silent"):
        read(tmp_path, text)
    assert VideoPlan.of(read(tmp_path, text.replace("a.mp4", "a.mp4, sound: false"))).heard == ()


def test_a_clip_that_is_gone_is_reported(film: Film, tmp_path: Path) -> None:
    path = film("a.mkv", "-c:a", "flac")
    plan = VideoPlan.of(read(tmp_path, "source: {video: a.mkv}"))
    path.unlink()
    with (
        pytest.raises(RunError, match=r"source: .*a.mkv.*no such file.*; the frames are kept"),
        cut_sound(plan.heard, 1.0, tmp_path / "video.mp4"),
    ):
        pass
    assert not [*tmp_path.glob(".*")]
