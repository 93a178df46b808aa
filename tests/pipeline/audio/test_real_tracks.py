"""Real music with beats that a musician has written down: the songs of two Debian packages and their own note charts.

fretsonfire-songs-sectoid is under the MIT licence, fretsonfire-songs-muldjord under CC BY-SA 3.0; nothing of them is
kept here. Each song comes with the MIDI file by which a game marks its beats.
"""

import subprocess
from pathlib import Path

import mido
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.audio.track import Track
from render.training.data.packages import FetchError, debian_package

pytestmark = pytest.mark.slow

SONGS = "usr/share/games/fretsonfire/data/songs"
TEMPOS = {
    "sectoid/War of freedom": 140.0,
    "sectoid/Metal madness": 150.0,
    "sectoid/Escape from chaosland": 135.0,
    "muldjord/internal_degeneration": 190.0,
}


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of both packages' songs; skipped where they cannot be had."""
    folder = tmp_path_factory.mktemp("packages")
    for name in ("fretsonfire-songs-sectoid", "fretsonfire-songs-muldjord"):
        try:
            package = debian_package(name, folder)
        except FetchError as error:
            pytest.skip(str(error))
        subprocess.run(["dpkg-deb", "-x", str(package), str(folder)], check=True)
    return folder / SONGS


def charted(path: Path) -> NDArray[np.float64]:
    """When the beats of a MIDI file fall, by its own map of tempos."""
    midi = mido.MidiFile(str(path))
    tick, moment, tempo = 0, 0.0, 500_000
    ticks, moments = [0], [0.0]
    for message in mido.merge_tracks(midi.tracks):
        tick += message.time
        moment += mido.tick2second(message.time, midi.ticks_per_beat, tempo)
        if message.type == "set_tempo":
            tempo = message.tempo
        ticks.append(tick)
        moments.append(moment)
    return np.interp(np.arange(0, tick, midi.ticks_per_beat), ticks, moments)


@pytest.mark.parametrize("name", TEMPOS)
def test_the_tempo_of_a_real_song_is_the_charts_and_its_beats_are_steady(songs: Path, name: str) -> None:
    found = Track.open(songs / name / "song.ogg").beats(4).times
    gaps = np.diff(found)
    assert 60 / np.median(gaps) == pytest.approx(TEMPOS[name], rel=0.005)
    assert (np.abs(gaps / np.median(gaps) - 1) < 0.12).mean() > 0.9


def test_the_beats_of_a_real_song_fall_on_those_of_its_chart(songs: Path) -> None:
    folder = songs / "muldjord/internal_degeneration"
    found, written = Track.open(folder / "song.ogg").beats(4).times, charted(folder / "notes.mid")
    written = written[(written > found[0] - 0.1) & (written < found[-1] + 0.1)]
    off = np.abs(found[:, None] - written).min(axis=1)
    assert (off <= 0.070).sum() * 2 / (len(found) + len(written)) >= 0.95
    assert (off <= 0.035).sum() * 2 / (len(found) + len(written)) >= 0.9
