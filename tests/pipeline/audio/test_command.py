"""`render music`, as it is run."""

import json
import subprocess
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image


def test_a_track_is_summarised_and_drawn(command: str, song: Path, tmp_path: Path) -> None:
    picture = tmp_path / "music.png"
    done = subprocess.run([command, "music", str(song), "-o", str(picture)], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert lines[0] == f"{song}: 0:16.5 (16.50 s)"
    assert lines[1] == "tempo: 120.0 bpm"
    assert lines[2].startswith("beats: 32 from 0.49")
    assert lines[2].endswith(("8 bars from 0.497 s", "8 bars from 0.498 s", "8 bars from 0.499 s"))
    assert lines[3:] == ["section 1: 0:00.0 to 0:16.5", str(picture)]
    with Image.open(picture) as drawn:
        pixels = np.asarray(drawn.convert("RGB")).astype(int)
    waveform = pixels[30:110]
    red = (waveform[..., 0] - waveform[..., 1] > 30).mean(axis=0) > 0.3
    starts = np.flatnonzero(np.diff(red.astype(int)) == 1)
    assert 28 <= len(starts) <= 34  # a line for every beat


def test_the_summary_as_json(command: str, song: Path) -> None:
    done = subprocess.run([command, "music", str(song), "--json"], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    np.testing.assert_allclose(found["downbeats"], 0.5 + 2 * np.arange(8.0), atol=0.02)
    assert len(found["beats"]) == 32
    assert found["tempos"][0]["bpm"] == pytest.approx(120, abs=0.3)


@pytest.mark.parametrize("name", ["nope.mp3", "text.mp3"])
def test_a_file_without_usable_sound_is_reported(command: str, tmp_path: Path, name: str) -> None:
    (tmp_path / "text.mp3").write_text("no music")
    done = subprocess.run([command, "music", name], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert name in done.stderr


def test_stems_are_drawn_below_and_compared(command: str, song: Path, synthesise: ModuleType, tmp_path: Path) -> None:
    synthesise.write(str(tmp_path / "drums.wav"), synthesise.compose([(8, 120.0)]).samples)
    (tmp_path / "same.flac").write_bytes(song.read_bytes())
    sizes = []
    for stems in ([], ["drums.wav", "same.flac"]):
        arguments = [command, "music", str(song), *stems, "-o", "music.png"]
        done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=True)
        with Image.open(tmp_path / "music.png") as drawn:
            sizes.append(drawn.height)
    assert done.stdout.splitlines()[-3:-1] == [
        "stem drums.wav: 0:16.0 (16.00 s, 0.50 s shorter)",
        "stem same.flac: 0:16.5 (16.50 s, same length)",
    ]
    assert sizes[1] - sizes[0] == 4 * 85  # two panels each
    found = subprocess.run([*arguments, "--json"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert [stem["seconds"] for stem in json.loads(found.stdout)["stems"]] == pytest.approx([16.0, 16.5], abs=0.01)
    arguments[3] = "nope.wav"
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "nope.wav: no such file\n")
