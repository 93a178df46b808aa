"""`render check` of a schedule with footage: what is shown of it, for people and editors, without torch."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.commands.schedules import check
from tests.waiting import PATIENCE

HEAD = "output: {size: [64, 32], fps: 12, length: 1s}\nmodels: {latent: pixels, perceptors: [toy]}\nprompts: red\n"


def checked(folder: Path, text: str, *arguments: str) -> Result:
    (folder / "a.yaml").write_text(f"{HEAD}{text}\n", encoding="utf-8")
    return CliRunner().invoke(check, [str(folder / "a.yaml"), *arguments])


def test_it_shows_what_is_shown_of_a_clip(folder: Path) -> None:
    result = checked(folder, "source: {video: clip.mp4, from: 0.5s}\nmotion: {border: edge}")
    assert result.stdout.splitlines()[1:] == [
        "  source: clip.mp4: 64×48, 2 s, 24 pictures at 12 per second, shows picture 6 to 17, "
        "crop cuts off 33% of its height"
    ]
    assert result.stderr == ""


def test_a_clip_of_several_shots_is_shown_once(folder: Path) -> None:
    shots = "shots: [{length: 3}, {length: 3}, {length: 2, source: none, motion: {flow: {video: clip.mp4, from: 9f}}}]"
    result = checked(folder, f"source: {{video: clip.mp4, fit: pad}}\n{shots}", "--set", "output={fps: 12}")
    shown = [line.partition("shows ")[2] for line in result.stdout.splitlines()[1:]]
    assert shown == ["picture 0 to 5", "picture 9 to 10, crop cuts off 25% of its height"]


def test_a_clip_with_sound(folder: Path, clips: Callable[..., Path]) -> None:
    (folder / "loud.mp4").write_bytes(clips("loud.mp4", rate="24000/1001", frames=48, sound=True).read_bytes())
    result = checked(folder, "source: {video: loud.mp4, sound: true}")
    assert "64×48, 2.002 s, 48 pictures at 23.976 per second, with sound, shows picture 0 to 22" in result.stdout
    assert result.stderr == ""


def test_json_has_it_only_if_there_is_some(folder: Path) -> None:
    found = json.loads(checked(folder, "source: {image: photo.png}", "--json").stdout)
    (footage,) = found["footage"]
    assert (footage["name"], footage["size"], footage["pictures"]) == ("photo.png", [80, 40], None)
    assert "footage" not in json.loads(checked(folder, "", "--json").stdout)


def test_a_clip_that_ends_early_is_told_at_its_shot(folder: Path) -> None:
    shots = "shots: [{length: 12}, {length: 18}, {length: 6, source: {from: 22f}}]"
    result = checked(folder, f"source: {{video: clip.mp4}}\n{shots}", "--set", "output={fps: 12}")
    assert [line.partition("source: ")[2] for line in result.stderr.splitlines()] == [
        "'clip.mp4' is over: its last picture is held from 1 s of shot 2 on; end: repeat or bounce goes on",
        "'clip.mp4' is over: its last picture is held from 0.1667 s of shot 3 on; end: repeat or bounce goes on",
    ]


def test_a_clip_that_cannot_be_read_exits_with_2(folder: Path) -> None:
    (folder / "clip.mp4").write_bytes(b"\0" * 1000)
    result = checked(folder, "source: {video: clip.mp4}")
    assert result.exit_code == 2
    assert "a.yaml:4:17: source.video: " in result.stderr
    assert "Traceback" not in result.output


def test_it_needs_no_torch(folder: Path, command: str) -> None:
    (folder / "a.yaml").write_text(
        f"{HEAD}source: {{video: clip.mp4}}\nmotion: {{zoom: 1.1/s}}\ncolour: {{match: source}}\n", encoding="utf-8"
    )
    (folder / "torch.py").write_text("raise SystemExit('torch is imported')\n", encoding="utf-8")
    done = subprocess.run(
        ["env", f"PYTHONPATH={folder}:{Path.cwd()}", command, "check", str(folder / "a.yaml")],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert "shows picture 0 to 11" in done.stdout


@pytest.mark.parametrize("name", ["clip.m3u8", "clip.txt"])
def test_a_playlist_is_no_clip(folder: Path, name: str) -> None:
    (folder / name).write_text(f"#EXTM3U\n#EXTINF:1,\n{folder}/clip.mp4\n", encoding="utf-8")
    result = checked(folder, f"source: {{video: {name}}}")
    assert result.exit_code == 2
    assert f"a.yaml:4:17: source.video: {folder}/{name}: " in result.stderr
