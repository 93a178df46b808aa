"""`music:` in a schedule: beats, signals, length and sections of a track, every mistake reported at its place."""

import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.schedule.loader import load_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render.errors import ScheduleError

Write = Callable[..., Path]
BEATS = np.arange(32) * 0.5 + 0.5
AUTO = "music: {file: song.flac, bpm: auto}\n"
KICK = "music: {file: song.flac, signals: {kick: {band: [40, 120], release: 80ms}}}\nmotion: {rotate: 60*kick}\n"


def told(path: Path) -> list[str]:
    with pytest.raises(ScheduleError) as caught:
        load_schedule(path)
    return [line.removeprefix(f"{path}:") for line in str(caught.value).splitlines()]


def test_beats_and_bars_are_the_tracks(write: Write) -> None:
    schedule = load_schedule(write(AUTO + "output: {length: music, fps: 10}\nmarkers: {a: 4 bars, b: '@a+2 beats'}"))
    assert schedule.output.length == pytest.approx(16.5, abs=0.01)
    beat = schedule.music.beat
    assert beat is not None
    np.testing.assert_allclose(beat.times_of(np.arange(32.0)), BEATS, atol=0.02)
    assert schedule.markers == pytest.approx({"a": 8.5, "b": 9.5}, abs=0.02)


def test_the_video_may_start_in_the_middle_of_the_track(write: Write) -> None:
    text = "music: {file: song.flac, bpm: auto, start: 3s}\noutput: {length: 4 bars, fps: 10}"
    schedule = load_schedule(write(text))
    assert schedule.output.length == pytest.approx(8, abs=0.02)
    beat = schedule.music.beat
    assert beat is not None
    assert beat.offset == pytest.approx(1.5, abs=0.02)  # the bar at 4.5 s


def test_another_beat_can_be_the_first(write: Write) -> None:
    beat = load_schedule(write("music: {file: song.flac, bpm: auto, offset: 1.1s}")).music.beat
    assert beat is not None
    assert beat.offset == pytest.approx(1.0, abs=0.02)


def test_a_map_of_tempos(write: Write) -> None:
    text = "music: {bpm: {0s: 120, 4s: 60}, offset: 1s}\noutput: {length: 10s}\nmarkers: {a: 6 beats, b: 8 beats}"
    assert load_schedule(write(text)).markers == pytest.approx({"a": 4, "b": 6})


@pytest.mark.parametrize("fps", [8, 12, 24])
def test_motion_peaks_on_the_kicks_at_every_frame_rate(write: Write, fps: int) -> None:
    """A kick falls on every first and third beat; what turns between two frames is read off the specs."""
    schedule = load_schedule(write(KICK + f"output: {{fps: {fps}, length: music}}"))
    turned = np.array([spec.transforms.get("rotate", 0.0) for spec in Timeline(schedule)])
    for kick in BEATS[::2][:-1]:
        near = slice(max(0, round((kick - 0.4) * fps)), round((kick + 0.4) * fps) + 1)
        peak = near.start + int(turned[near].argmax())
        assert abs(peak - kick * fps) <= 1.5, f"kick at {kick} s"
    total = np.array([spec.transforms.get("rotate", 0.0) for spec in Timeline(load_schedule(write(KICK)))]).sum()
    assert total == pytest.approx(turned[: round(12 * fps)].sum(), rel=0.02)


def test_every_kind_of_signal_can_be_used(write: Write) -> None:
    import mido

    midi = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    track += [mido.Message("note_on", note=36, velocity=127, time=0), mido.Message("note_on", note=38, time=960)]
    midi.tracks.append(track)
    text = """
music:
  file: song.flac
  signals:
    a: onset
    b: {of: harmonic, attack: 10ms, threshold: 0.1}
    c: {of: percussive, normalize: false}
    d: {chroma: A}
    lights: {csv: lights.csv}
    f: {midi: drums.mid, note: 36, release: 200ms}
    g: loudness
let: {both: a + lights}
motion: {rotate: both + b + c + d + f + g}
output: {fps: 10, length: 3s}
"""
    path = write(text, lights_csv=b"time,value\n0,0\n1,5\n2,5\n")
    midi.save(str(path.with_name("drums.mid")))
    schedule = load_schedule(path)
    assert not schedule.warnings
    signals = schedule.music.signals
    assert signals is not None
    np.testing.assert_allclose(signals["lights"].at(np.array([0.45, 1.5, 9])), [2.5, 5, 5], atol=1e-6)
    assert signals["f"].at(np.array([0.0]))[0] > 0.5 > signals["f"].at(np.array([1.0]))[0]
    for name in "abdg":
        values = signals[name].at(np.arange(165) / 10)
        assert 0 <= values.min() < 0.3 < values.max() <= 1


def test_signals_of_a_shot_are_those_at_its_time_in_the_track(write: Write) -> None:
    shots = "shots: [{length: 2s, prompts: a}, {length: 2s, prompts: b, start: carry}]\noutput: {fps: 10}"
    cut = [spec.transforms for spec in Timeline(load_schedule(write(KICK + shots)))]
    whole = [spec.transforms for spec in Timeline(load_schedule(write(KICK + "output: {fps: 10, length: 4s}")))]
    for one, other in zip(cut, whole, strict=True):
        assert one == pytest.approx(other, abs=1e-6)


def test_sections_are_markers(write: Write, synthesise: object, tmp_path: Path) -> None:
    path = write("music: {file: two.flac, bpm: auto, sections: true}\noutput: {length: music}\n")
    loud = synthesise.compose([(8, 120.0)]).samples  # type: ignore[attr-defined]
    synthesise.write(str(tmp_path / "two.flac"), np.concatenate([0.1 * loud, loud]))  # type: ignore[attr-defined]
    assert load_schedule(path).markers == pytest.approx({"section_1": 0, "section_2": 16}, abs=0.03)


def test_a_track_is_analysed_once(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    path = write("music: {file: song.flac, signals: {x: {band: [41, 121]}}}\nmotion: {rotate: x}")
    with caplog.at_level(logging.INFO, logger="pipeline"):
        first = _specs(load_schedule(path))
        assert any("41" in message for message in caplog.messages)
        caplog.clear()
        path.with_name("song.flac").rename(path.with_name("renamed.flac"))
        path.write_text(path.read_text().replace("song.flac", "renamed.flac"))
        assert _specs(load_schedule(path)) == first, "what the file is called changes no pixel"
        assert not caplog.messages


def _specs(schedule: Schedule) -> list[str]:
    return [spec.to_json() for spec in Timeline(schedule)]


def test_a_damaged_cache_is_recomputed(write: Write, cache_of_the_tests: Path) -> None:
    path = write(KICK)
    first = _specs(load_schedule(path))
    for kept in (cache_of_the_tests / "music").iterdir():
        kept.write_bytes(kept.read_bytes()[:40])
    assert _specs(load_schedule(path)) == first


ONE = "expected one source, out of of, band, chroma, csv, midi"
WRONG = [
    ("music: {file: nope.mp3}", "3:15: music.file: 'nope.mp3': no such file: {}/nope.mp3"),
    ("music: {file: a.yaml}", "3:15: music.file: 'a.yaml': cannot be decoded as audio"),
    (
        "music: {file: ../x.mp3}",
        "3:15: music.file: '../x.mp3' is outside the schedule's folder; move the file there or pass --allow-paths",
    ),
    ("music: {bpm: auto}", "3:14: music.bpm: auto needs a track, file: track.mp3; or write a number"),
    ("music: {bpm: 90, start: 2s}", "3:25: music.start: needs a track, file: track.mp3"),
    ("music: {file: song.flac, start: 1m}", "3:33: music.start: is after the end of the track at 16.5 s"),
    ("output: {length: music}", "3:18: output.length: needs music: {file: track.mp3}"),
    (KICK + "losses: {smooth: 0.1 + kik}", "5:24: losses.smooth: unknown name 'kik'; did you mean 'kick'?"),
    (KICK + "let: {kick: 2}", "5:13: let.kick: 'kick' is already the name of a signal in music:; choose another name"),
    ("music: {signals: {a: onset}}", "3:22: music.signals.a: needs a track, file: track.mp3 in music:"),
    ("music: {file: song.flac, signals: {a: {release: 1s}}}", f"3:39: music.signals.a: {ONE}"),
    (
        "music: {file: song.flac, signals: {a: {band: [120, 40]}}}",
        "3:46: music.signals.a.band: expected two frequencies in Hz, the lower one first, up to 11025, such as"
        " [40, 120], got [120, 40]",
    ),
    ("music: {file: song.flac, signals: {a: {of: onsets}}}", "did you mean 'onset'?"),
    ("music: {file: song.flac, signals: {sin: onset}}", "'sin' is a reserved word; choose another name"),
    (
        "music: {signals: {a: {csv: a.yaml}}}",
        "'a.yaml', line 2: expected lines of a time in seconds and a value, such as 1.5, 0.25, got 'models: {latent",
    ),
    ("music: {signals: {a: {midi: a.yaml}}}", "3:22: music.signals.a: 'a.yaml': cannot be read as MIDI"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_mistake_is_reported_in_its_place(write: Write, text: str, message: str) -> None:
    path = write(text)
    first, *more = told(path)
    assert message.replace("{}", str(path.parent.resolve())) in first
    assert not more


def test_what_has_no_effect_is_reported(write: Write) -> None:
    text = "music: {file: song.flac, signals: {a: loudness}}\noutput: {length: 20s}"
    said = [f"{warning.path}: {warning.message}" for warning in load_schedule(write(text)).warnings]
    assert said == [
        "music.file: the track ends at 16.5 s, but the video only at 20 s",
        "music.signals.a: is defined but never used",
    ]


def test_a_loop_may_jump_with_the_music(write: Write) -> None:
    """The kick at the start is no seam, but what moves without the music must close."""
    text = "loop: {blend: 1s}\noutput: {length: 8s, fps: 10}\n"
    assert not load_schedule(write(KICK + text)).warnings
    (warning,) = load_schedule(write(KICK + text + "losses: {smooth: t/8}")).warnings
    assert warning.message.startswith("smooth loss starts at 0 but ends at 1, so the loop jumps")


def test_a_draft_keeps_the_music(write: Write) -> None:
    schedule = load_schedule(write(KICK))
    assert dataclasses.replace(schedule.draft().music) == schedule.music


@pytest.mark.parametrize(
    ("music", "start", "offset"),
    [
        ("{file: song.flac, start: 1 bar, bpm: 124}", 240 / 124, 0.0),
        ("{file: song.flac, start: 1 bar, offset: 2 beats, bpm: 100, beats_per_bar: 3}", 1.8, 1.2),
        ("{offset: 1 beat + 0.1s, bpm: 60}", 0.0, 1.1),
    ],
)
def test_beats_can_be_used_in_the_section_that_sets_the_tempo(
    write: Write, music: str, start: float, offset: float
) -> None:
    read = load_schedule(write(f"music: {music}")).music
    assert read.start == pytest.approx(start)
    assert read.offset == pytest.approx(offset)


def test_a_signal_may_fall_within_a_beat(write: Write) -> None:
    signal = "signals: {kick: {of: onset, release: 1 beat}}"
    music = load_schedule(write(f"music: {{file: song.flac, bpm: 120, {signal}}}")).music
    same = load_schedule(write(f"music: {{file: song.flac, bpm: 120, {signal.replace('1 beat', '0.5s')}}}")).music
    assert music.signals is not None
    assert same.signals is not None
    np.testing.assert_array_equal(music.signals["kick"].values, same.signals["kick"].values)


STEADY = "beats and bars can be used here only if bpm is a single number such as 124; write seconds instead"


@pytest.mark.parametrize(
    ("music", "said"),
    [
        ("{file: song.flac, start: 1 bar, bpm: auto}", [f"music.start: {STEADY}"]),
        ("{offset: 1 bar, bpm: {0s: 120, 9s: 90}}", [f"music.offset: {STEADY}"]),
        ("{bpm: {0s: 120, 4 bars: 90}}", [f"music.bpm.4 bars: {STEADY}"]),
        ("{file: song.flac, start: 1 bar}", ["music.start: beats and bars need music: {bpm: 120}"]),
        ("{bpm: -4, offset: 1 beat}", ["music.bpm: expected a number from 1 to 1000, got '-4'"]),
    ],
)
def test_beats_without_a_constant_tempo_are_reported(write: Write, music: str, said: list[str]) -> None:
    with pytest.raises(ScheduleError) as caught:
        load_schedule(write(f"music: {music}"))
    assert [problem.path + ": " + problem.message for problem in caught.value.problems] == said
