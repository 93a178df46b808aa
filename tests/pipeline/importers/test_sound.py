"""The soundtrack of another tool's video: `music:` if it is a file in the schedule's folder, otherwise a note."""

import json
import wave
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import main
from pipeline.commands.importing import import_
from pipeline.schedule.loader import load_schedule, read_schedule

DEFORUM = {"max_frames": 5, "seed": 1, "fps": 10, "prompts": {"0": "a calm sea"}}
INSTEAD = "the sound is not converted; to add it, put a file into the schedule's folder and write music: {file: NAME}"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RENDER_CACHE", str(tmp_path / "cache"))


def track(path: str) -> Path:
    """A second of silence."""
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, 8000, 8000, "NONE", ""))
        out.writeframes(bytes(16000))
    return file


def run(settings: str, target: str, **added: object) -> Result:
    file = Path(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({**DEFORUM, "add_soundtrack": "File", **added}))
    done = CliRunner().invoke(import_, [settings, "-o", target])
    assert done.exit_code == 0, done.exception
    return done


@pytest.mark.parametrize(
    ("settings", "named", "target", "written"),
    [
        ("a.txt", "song.wav", "out.yaml", "song.wav"),
        ("a.txt", "sound/a song.wav", "out.yaml", "sound/a song.wav"),
        ("sub/a.txt", "song.wav", "out.yaml", "sub/song.wav"),
        ("sub/a.txt", "song.wav", "sub/out.yaml", "song.wav"),
        ("sub/a.txt", "../song.wav", "out.yaml", "song.wav"),
    ],
)
def test_a_file_in_the_schedules_folder_becomes_its_track(settings: str, named: str, target: str, written: str) -> None:
    file = track(str(Path(settings).parent / named))
    for path in (named, str(file.resolve())):
        done = run(settings, target, soundtrack_path=path)
        assert load_schedule(Path(target)).music.path == file.resolve()
        assert f'music: {{file: "{written}"}}\n' in Path(target).read_text()
        assert "soundtrack" not in done.stderr
        checked = CliRunner().invoke(main, ["check", target])
        assert checked.exit_code == 0, checked.exception
        Path(target).unlink()


def test_a_schedule_on_standard_output_is_relative_to_the_current_folder() -> None:
    track("sub/song.wav")
    done = run("sub/a.txt", "-", soundtrack_path="song.wav")
    assert 'music: {file: "sub/song.wav"}\n' in done.stdout
    assert read_schedule(done.stdout, "here.yaml", "here").music.path == Path("sub/song.wav").resolve()


def test_the_sound_of_the_input_video_is_used_as_in_deforum() -> None:
    track("film.wav")
    run("a.txt", "out.yaml", add_soundtrack="Init Video", video_init_path="film.wav", soundtrack_path="other.wav")
    assert load_schedule(Path("out.yaml")).music.path == Path("film.wav").resolve()


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("https://example.com/a.mp3", "is a URL, and nothing is downloaded"),
        ("//server/share/a.mp3", "is a URL, and nothing is downloaded"),
        ("missing.mp3", "there is no such file"),
        ("", "names no file"),
        ("a\0b.mp3", "names no file"),
        ("text.mp3", "'text.mp3'"),
        ("../outside.wav", "is outside"),
        ("inside.wav", "is outside"),
        (".", "there is no such file"),
    ],
)
def test_an_unusable_track_gives_one_note(tmp_path: Path, path: str, why: str) -> None:
    track(str(tmp_path / "outside.wav"))
    Path("in").mkdir()
    Path("in/text.mp3").write_text("no sound")
    Path("in/inside.wav").symlink_to(tmp_path / "outside.wav")
    done = run("in/a.txt", "in/out.yaml", soundtrack_path=path)
    assert load_schedule(Path("in/out.yaml")).music.path is None
    assert 'music: {file: "' not in Path("in/out.yaml").read_text()
    notes = [line for line in done.stderr.splitlines() if line.startswith("- soundtrack_path = ")]
    assert len(notes) == 1
    assert why in notes[0]
    assert notes[0].endswith(INSTEAD)


def test_without_its_switch_the_path_is_ignored() -> None:
    track("song.wav")
    for switch in ("None", "", None):
        done = run("a.txt", "out.yaml", add_soundtrack=switch, soundtrack_path="song.wav")
        assert done.stderr == ""
        assert load_schedule(Path("out.yaml")).music.path is None
        Path("out.yaml").unlink()


def _import(name: str, text: str) -> Result:
    Path(name).write_text(text)
    done = CliRunner().invoke(import_, [name, "-o", "out.yaml"])
    assert done.exit_code == 0, done.exception
    return done


def test_pyttis_track_starts_at_pyttis_offset() -> None:
    track("song.wav")
    done = _import("a.yaml", "scenes: a sea\nseed: 1\ninput_audio: song.wav\ninput_audio_offset: 0.25\n")
    music = load_schedule(Path("out.yaml")).music
    assert (music.path, music.start) == (Path("song.wav").resolve(), 0.25)
    assert "- input_audio: becomes the video's soundtrack here; pytti only analyses it" in done.stderr


@pytest.mark.parametrize(
    ("command", "start"),
    [
        ("ffmpeg -i out.mp4 -i song.wav final.mp4", 0.0),
        ("ffmpeg -i out.mp4 -ss 0.5 -i song.wav final.mp4", 0.5),
        ("ffmpeg -ss 3 -i out.mp4 -i song.wav final.mp4", 0.0),
        ("/usr/bin/ffmpeg -framerate 30 -i f-%d.png -ss 00:00.75 -i 'song.wav' -shortest final.mp4", 0.75),
    ],
)
def test_the_track_comes_from_the_scripts_ffmpeg_command(command: str, start: float) -> None:
    track("song.wav")
    _import("a.sh", f"python generate.py -p 'a sea' -i 10 -zvid -zse 5\n{command}\n")
    music = load_schedule(Path("out.yaml")).music
    assert (music.path, music.start) == (Path("song.wav").resolve(), start)


def test_a_sound_that_the_scripts_ffmpeg_writes_is_not_the_track() -> None:
    track("song.wav")
    done = _import("a.sh", "python generate.py -p 'a sea' -i 10\nffmpeg -i out.mp4 song.wav\n")
    assert load_schedule(Path("out.yaml")).music.path is None
    assert "song.wav" not in done.stderr


def test_a_sound_whose_name_is_only_known_at_run_time_gives_one_note() -> None:
    done = _import("a.sh", "python generate.py -p 'a sea' -i 10\nffmpeg -i out.mp4 -i \"$SONG\" final.mp4\n")
    assert f"- line 2: ffmpeg -i = $SONG: there is no such file: {INSTEAD}\n" in done.stderr
    assert load_schedule(Path("out.yaml")).music.path is None


def test_a_start_that_cannot_be_read_is_reported() -> None:
    track("song.wav")
    done = _import("a.sh", "python generate.py -p 'a sea' -i 10\nffmpeg -i out.mp4 -ss $T -i song.wav final.mp4\n")
    assert "- line 2: ffmpeg -ss $T is not a time; the track starts at its beginning\n" in done.stderr
    assert load_schedule(Path("out.yaml")).music.start == 0


def test_the_use_of_a_track_is_reported_only_if_it_is_converted() -> None:
    done = _import("a.yaml", "scenes: a sea\nseed: 1\ninput_audio: https://example.com/a.mp3\n")
    assert "becomes the video's soundtrack here" not in done.stderr
    assert "is a URL, and nothing is downloaded" in done.stderr
