"""Signals of stems: in sync with the music, cached by the file's content, every mistake reported at its place."""

import logging
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from pipeline.curves.array import Array
from pipeline.schedule.loader import load_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render.errors import ScheduleError

Write = Callable[..., Path]
CLICK = np.sin(np.arange(9000) / 9) * np.exp(-np.arange(9000) / 1200)
STEM = "{file: stem.wav, of: onset, release: 80ms}"


@pytest.fixture
def stem(synthesise: ModuleType, tmp_path: Path) -> Callable[[float, float], Path]:
    """A stem of clicks, the first at 0.5 s and then one every second: its length and loudness to its path."""

    def make(seconds: float = 16.5, loud: float = 0.9) -> Path:
        samples = np.zeros(round(seconds * synthesise.RATE))
        for second in range(int(seconds)):
            begin = round((second + 0.5) * synthesise.RATE)
            samples[begin : begin + 9000] = CLICK[: len(samples) - begin] * loud
        synthesise.write(str(tmp_path / "stem.wav"), samples)
        return tmp_path / "stem.wav"

    return make


def heard(schedule: Schedule, name: str) -> Array:
    assert schedule.music.signals is not None
    return schedule.music.signals[name].at(np.arange(0, 12, 0.02))


@pytest.mark.parametrize("start", [0.0, 1.25])
def test_a_stem_is_in_step_with_the_music(write: Write, stem: Callable[..., Path], start: float) -> None:
    stem()
    text = f"output: {{fps: 50, length: 12s}}\nmusic: {{file: song.flac, start: {start}s, signals: {{kick: {STEM}}}}}"
    values = heard(load_schedule(write(text)), "kick")
    hits = np.flatnonzero((values[1:-1] > values[:-2]) & (values[1:-1] >= values[2:]) & (values[1:-1] > 0.5)) + 1
    expected = np.arange(0.5, 20) - start
    expected = expected[(expected > 0.02) & (expected < 11.9)]
    np.testing.assert_allclose(hits * 0.02, expected, atol=0.04)


def test_all_features_of_a_stem_are_its_own(write: Write, stem: Callable[..., Path]) -> None:
    path = stem()
    alone = path.with_name("alone.wav")
    alone.write_bytes(path.read_bytes())
    wanted = {"a": "", "b": "of: loudness", "c": "of: percussive", "d": "band: [100, 900]", "n": "chroma: A"}
    stems = ", ".join(f"{name}: {{file: stem.wav, {what}}}" for name, what in wanted.items())
    mains = ", ".join(f"{name}: {{{what or 'of: loudness'}}}" for name, what in wanted.items())
    found = load_schedule(write(f"music: {{file: song.flac, signals: {{{stems}}}}}"))
    same = load_schedule(write(f"music: {{file: alone.wav, signals: {{{mains}}}}}"))
    for name in wanted:
        np.testing.assert_array_equal(heard(found, name), heard(same, name))
    assert load_schedule(write(f"music: {{signals: {{a: {STEM}}}}}")).music.file is None, "a stem needs no music"


def test_another_stem_changes_the_frames_that_follow_it(write: Write, stem: Callable[..., Path]) -> None:
    text = f"output: {{fps: 5, length: 4s}}\nmusic: {{signals: {{kick: {STEM}}}}}\nmotion: {{rotate: 9*kick}}"
    stem()
    before = [*Timeline(load_schedule(write(text)))]
    stem(2.0)
    after = [*Timeline(load_schedule(write(text)))]
    turned = [[spec.transforms.get("rotate", 0.0) for spec in specs] for specs in (before, after)]
    np.testing.assert_allclose(turned[0][:8], turned[1][:8], atol=0.01)
    assert max(turned[0][12:]) > 0.5
    assert max(turned[1][12:]) < 0.05


def test_a_stem_of_another_length_gives_a_warning(write: Write, stem: Callable[..., Path]) -> None:
    text = f"music: {{file: song.flac, signals: {{kick: {STEM}}}}}\nmotion: {{rotate: 9*kick}}\noutput: {{length: 2s}}"
    stem(17.2)
    assert not load_schedule(write(text)).warnings
    stem(8.0)
    (warning,) = load_schedule(write(text)).warnings
    assert warning.path == "music.signals.kick.file"
    assert warning.message == "'stem.wav' lasts 8 s and the music 16.5 s; both must begin at the same time"


@pytest.mark.parametrize(
    ("signal", "said"),
    [
        ("{file: none.wav}", "music.signals.kick.file: 'none.wav': no such file"),
        ("{file: ../out.wav}", "music.signals.kick.file: '../out.wav'"),
        ("{file: stem.wav, csv: a.csv}", "music.signals.kick: csv is a file of its own; remove file"),
        (
            "{file: stem.wav, of: onset, band: [1, 2]}",
            "music.signals.kick: expected one source, out of of, band, chroma, csv, midi, got of and band",
        ),
        ("{file: a.yaml}", "music.signals.kick.file: 'a.yaml': "),
    ],
)
def test_a_stem_that_cannot_be_used_is_reported(
    write: Write, stem: Callable[..., Path], signal: str, said: str
) -> None:
    stem()
    with pytest.raises(ScheduleError) as caught:
        load_schedule(write(f"music: {{file: song.flac, signals: {{kick: {signal}}}}}", a_csv=b"0, 1\n"))
    (line,) = str(caught.value).splitlines()
    assert said in line


def test_a_stem_is_decoded_once(
    write: Write, stem: Callable[..., Path], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    stem(7.0, loud=float(np.random.default_rng().uniform(0.5, 0.9)))  # not in the cache
    with caplog.at_level(logging.INFO):
        load_schedule(write("music: {signals: {a: {file: stem.wav}, b: {file: stem.wav, of: onset}}}"))
    assert caplog.messages.count("stem.wav: decoding") == 1
