import os
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipeline.run.folder.frames import FrameFolder, FrameRecord
from pipeline.video import formats
from pipeline.video.ffmpeg import assemble, find_binary
from render.errors import EncodingError

Script = Callable[[str, str], Path]

COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (90, 160, 40)]
SIZE = (48, 32)
FPS = 12.5
TITLE = "Sea — \"noon\"; it's 100% = 'calm' #1\\2"
RECIPE = formats.find("h264").recipe()


def write_frames(folder: Path, count: int = len(COLOURS)) -> Path:
    """Flat frames of COLOURS; returns the pattern of their paths."""
    frames = FrameFolder(folder)
    for index in range(count):
        pixels = np.empty((SIZE[1], SIZE[0], 3), dtype=np.uint8)
        pixels[:] = COLOURS[index]
        frames.write(index, pixels, FrameRecord(hash="", similarity=None, pixels=""))
    return folder / FrameFolder.pattern


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory, bundled_ffmpeg: str) -> Path:
    """All frames but the last one, which is not part of the video."""
    folder = tmp_path_factory.mktemp("video")
    path = folder / "video.mp4"
    assemble(bundled_ffmpeg, write_frames(folder / "frames"), len(COLOURS) - 1, FPS, TITLE, path, RECIPE)
    return path


@pytest.fixture(scope="module")
def probed(video: Path) -> Iterator[Any]:
    with av.open(str(video)) as container:
        yield container


def top_atoms(path: Path) -> list[bytes]:
    """The names of an mp4's outermost atoms, in order."""
    names, place, content = [], 0, path.read_bytes()
    while place < len(content):
        size, name = struct.unpack_from(">I4s", content, place)
        assert size >= 8, f"{name!r}: not a plain atom"
        names.append(name)
        place += size
    return names


def count_frames(path: Path) -> int:
    with av.open(str(path.resolve())) as container:
        return sum(1 for _ in container.decode(video=0))


# what the video is


def test_size_rate_and_codec(probed: Any) -> None:
    (stream,) = probed.streams
    assert stream.codec_context.name == "h264"
    assert (stream.width, stream.height) == SIZE
    assert float(stream.average_rate) == FPS
    assert stream.codec_context.pix_fmt == "yuv420p"


def test_the_number_of_frames_and_the_duration(video: Path, probed: Any) -> None:
    assert count_frames(video) == len(COLOURS) - 1
    assert float(probed.duration) / av.time_base == pytest.approx((len(COLOURS) - 1) / FPS, abs=0.01)


def test_colours_are_tagged_bt709_and_limited_range(probed: Any) -> None:
    context = probed.streams.video[0].codec_context
    assert (context.color_primaries, context.color_trc, context.colorspace) == (1, 1, 1)
    assert context.color_range == 1


def test_the_title_is_in_the_metadata(probed: Any) -> None:
    assert probed.metadata["title"] == TITLE


def test_the_index_comes_before_the_pictures_so_that_browsers_start_at_once(video: Path) -> None:
    atoms = top_atoms(video)
    assert atoms[0] == b"ftyp"
    assert atoms.index(b"moov") < atoms.index(b"mdat")


def test_decoded_colours_are_those_of_the_frames(video: Path) -> None:
    """By the tagged matrix: bt601 in place of bt709 would be off by more than 10 levels in green."""
    kr, kb = 0.2126, 0.0722
    with av.open(str(video)) as container:
        for colour, frame in zip(COLOURS, container.decode(video=0), strict=False):
            planes = frame.to_ndarray().astype(float)  # yuv420p: luma, then both chromas below it
            luma = (planes[: SIZE[1]].mean() - 16) / 219
            blue, red = ((chroma.mean() - 128) / 224 for chroma in np.split(planes[SIZE[1] :], 2))
            r = luma + 2 * (1 - kr) * red
            b = luma + 2 * (1 - kb) * blue
            g = (luma - kr * r - kb * b) / (1 - kr - kb)
            assert np.array([r, g, b]) * 255 == pytest.approx(colour, abs=4)


def test_same_frames_give_the_same_file(tmp_path: Path, bundled_ffmpeg: str) -> None:
    pattern = write_frames(tmp_path / "frames", 3)
    for name in ("a.mp4", "b.mp4"):
        assemble(bundled_ffmpeg, pattern, 3, FPS, TITLE, tmp_path / name, RECIPE)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_a_new_video_replaces_the_old_one(tmp_path: Path, bundled_ffmpeg: str) -> None:
    path = tmp_path / "video.mp4"
    path.write_text("old")
    assemble(bundled_ffmpeg, write_frames(tmp_path / "frames", 2), 2, FPS, TITLE, path, RECIPE)
    assert count_frames(path) == 2
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["frames", "video.mp4"]


@pytest.mark.parametrize(
    "name",
    [
        "with spaces",
        "100% %d %06d",
        "夕陽 ünï 🌅",
        'it\'s "quoted"',
        "c:olon;semi,comma&",
        "[a]*?{b}",
        "-dash",
        "back\\slash",
        "$HOME `id`",
    ],
)
def test_folders_may_have_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundled_ffmpeg: str, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path(name)  # relative: nothing before it that hides a dash or a protocol
    assemble(bundled_ffmpeg, write_frames(folder / "frames", 2), 2, FPS, TITLE, folder / "video.mp4", RECIPE)
    assert count_frames(folder / "video.mp4") == 2


# which ffmpeg


def test_the_setting_precedes_the_environment_which_precedes_path(
    script: Script, empty_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting, environment, path = (script(name, "exit 0") for name in ("mine", "theirs", "ffmpeg"))
    monkeypatch.setenv("RENDER_FFMPEG", str(environment))
    assert find_binary(str(setting)) == str(setting)
    assert find_binary(None) == str(environment)
    monkeypatch.delenv("RENDER_FFMPEG")
    assert find_binary(None) == str(path)


def test_the_bundled_ffmpeg_is_used_if_there_is_no_other(empty_path: Path, bundled_ffmpeg: str) -> None:
    assert find_binary(None) == bundled_ffmpeg


def test_the_setting_may_be_the_name_of_a_program_in_path(script: Script, empty_path: Path) -> None:
    program = script("ffmpeg-8", "exit 0")
    assert find_binary("ffmpeg-8") == str(program)


def test_an_empty_environment_variable_is_ignored(
    empty_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = script("ffmpeg", "exit 0")
    monkeypatch.setenv("RENDER_FFMPEG", "")
    assert find_binary(None) == str(program)


def test_missing_program_is_reported_with_its_origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that was set is never silently replaced by another one."""
    wanted = str(tmp_path / "nothing here")
    with pytest.raises(EncodingError, match=r"--ffmpeg: '.*nothing here' cannot be run"):
        find_binary(wanted)
    monkeypatch.setenv("RENDER_FFMPEG", wanted)
    with pytest.raises(EncodingError, match=r"\$RENDER_FFMPEG: '.*nothing here' cannot be run"):
        find_binary(None)


def test_a_file_that_is_not_executable_is_refused(script: Script) -> None:
    program = script("ffmpeg", "exit 0")
    program.chmod(0o644)
    with pytest.raises(EncodingError, match="cannot be run"):
        find_binary(str(program))


# when it fails


def failure(binary: Path, tmp_path: Path) -> str:
    """The error's message, after a check that the previous video is untouched."""
    path = tmp_path / "video.mp4"
    path.write_bytes(b"the video of before")
    before = path.stat().st_mtime_ns
    with pytest.raises(EncodingError) as caught:
        assemble(str(binary), write_frames(tmp_path / "frames", 2), 2, FPS, TITLE, path, RECIPE)
    assert path.read_bytes() == b"the video of before"
    assert path.stat().st_mtime_ns == before
    assert not list(tmp_path.glob(".*partial*"))
    message = str(caught.value)
    assert "\n" not in message
    return message


FULL_DISK = """
for word; do
    case "$word" in *.mp4) echo half > "$word" ;; esac
done
echo 'av_interleaved_write_frame(): No space left on device' >&2
echo 'Conversion failed!' >&2
exit 1
"""


def test_full_disk_is_reported_as_such(script: Script, tmp_path: Path) -> None:
    message = failure(script("ffmpeg", FULL_DISK), tmp_path)
    assert message == "ffmpeg: the disk is full; free some space and run again, the frames are kept"


def test_missing_encoder_is_reported_with_a_remedy(script: Script, tmp_path: Path) -> None:
    program = script("ffmpeg", "echo \"Unknown encoder 'libx264'\" >&2; exit 8")
    assert "pip install imageio-ffmpeg" in failure(program, tmp_path)


def test_a_size_too_small_for_older_av1_encoders_is_reported(script: Script, tmp_path: Path) -> None:
    program = script("ffmpeg", "echo 'Svt[error]: Source Height must be at least 64' >&2; echo 'Error' >&2; exit 1")
    assert failure(program, tmp_path) == (
        "ffmpeg: its AV1 encoder needs at least 64×64 pixels; try another size, format or ffmpeg"
    )


def test_unknown_failure_gives_code_and_last_line(script: Script, tmp_path: Path) -> None:
    program = script("ffmpeg", "echo first >&2; echo 'the last thing it said' >&2; exit 3")
    message = failure(program, tmp_path)
    assert "failed with code 3" in message
    assert "the last thing it said" in message
    assert "frames are kept" in message


def test_silent_failure_is_reported(script: Script, tmp_path: Path) -> None:
    assert "failed with code 1: it printed no message" in failure(script("ffmpeg", "exit 1"), tmp_path)


def test_binary_stderr_does_no_harm(script: Script, tmp_path: Path) -> None:
    assert "failed with code 1" in failure(script("ffmpeg", "printf '\\377\\376' >&2; exit 1"), tmp_path)


def test_a_lot_of_output_on_stderr_does_not_block(script: Script, tmp_path: Path) -> None:
    program = script(
        "ffmpeg", "i=0; while [ $i -lt 20000 ]; do echo 'a warning of some length' >&2; i=$((i+1)); done; exit 1"
    )
    assert "a warning of some length" in failure(program, tmp_path)


def test_killed_by_a_signal_is_reported(script: Script, tmp_path: Path) -> None:
    assert "was killed by signal 9" in failure(script("ffmpeg", "kill -KILL $$"), tmp_path)


def test_program_that_cannot_be_run_is_reported(script: Script, tmp_path: Path) -> None:
    program = script("ffmpeg", "exit 0")
    program.chmod(0o644)
    assert "ffmpeg: cannot be run: Permission denied" in failure(program, tmp_path)


def test_a_deleted_program_is_reported(tmp_path: Path) -> None:
    assert "gone: cannot be run: No such file or directory" in failure(tmp_path / "gone", tmp_path)


def test_a_file_that_is_not_a_program_is_reported(tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.write_bytes(b"\x00not a program")
    program.chmod(0o755)
    assert "cannot be run: Exec format error" in failure(program, tmp_path)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads the session from Linux's /proc")
def test_program_runs_in_a_session_of_its_own(script: Script, tmp_path: Path) -> None:
    """A terminal sends Ctrl-C to its whole session: ffmpeg must not be ended by it."""
    said = failure(
        script("ffmpeg", "read -r _ _ _ _ _ session _ </proc/$$/stat; echo sid=$session >&2; exit 1"), tmp_path
    )
    found = re.search(r"sid=(\d+)", said)
    assert found is not None
    assert int(found[1]) != os.getsid(0)


def test_success_without_a_video_is_reported(script: Script, tmp_path: Path) -> None:
    assert "ffmpeg" in failure(script("ffmpeg", "exit 0"), tmp_path)


@pytest.mark.parametrize(
    "length",
    [60, 120],
)
def test_damaged_frame_is_an_error_by_the_real_ffmpeg(tmp_path: Path, bundled_ffmpeg: str, length: int) -> None:
    pattern = write_frames(tmp_path / "frames", 3)
    damaged = tmp_path / "frames" / "000001.png"
    damaged.write_bytes(damaged.read_bytes()[:length])
    path = tmp_path / "video.mp4"
    path.write_bytes(b"the video of before")
    with pytest.raises(EncodingError, match="ffmpeg"):
        assemble(bundled_ffmpeg, pattern, 3, FPS, TITLE, path, RECIPE)
    assert path.read_bytes() == b"the video of before"


@pytest.mark.parametrize("emptied", [True, False])
def test_a_missing_or_empty_frame_is_reported_before_ffmpeg_makes_a_shorter_video(
    tmp_path: Path, bundled_ffmpeg: str, emptied: bool
) -> None:
    pattern = write_frames(tmp_path / "frames", 3)
    frame = tmp_path / "frames" / "000001.png"
    frame.unlink()
    if emptied:
        frame.touch()
    with pytest.raises(EncodingError, match=r"000001\.png: is missing or empty"):
        assemble(bundled_ffmpeg, pattern, 3, FPS, TITLE, tmp_path / "video.mp4", RECIPE)
