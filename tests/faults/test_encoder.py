"""Whatever ffmpeg does, the frames are kept, one message says what to do, and the real ffmpeg then finishes the run."""

from pathlib import Path

import pytest

from tests.faults.harness import FRAMES, Workspace, assert_equal, programs

SCRIPTS = {
    "hangs": ("sleep 600", "showed no progress for 1 s and was stopped"),
    "hangs after some output": ("echo frame=1; sleep 600 & exec sleep 600", "showed no progress for 1 s"),
    "ignores signals": ("trap '' TERM INT HUP; sleep 600; sleep 600", "showed no progress for 1 s"),
    "leaves a child that holds its pipes": ("sleep 600 & exit 0", "showed no progress for 1 s"),
    "dies of a signal": ("kill -SEGV $$", "was killed by signal 11"),
    "is killed": ("kill -KILL $$", "was killed by signal 9"),
    "fails": ("echo something broke >&2; exit 1", "failed with code 1: something broke"),
    "fails without a message": ("exit 3", "failed with code 3: it printed no message"),
    "fails with megabytes of output": (
        "yes 'no no no no no no no no no no' | head -n 170000 >&2; echo the end >&2; exit 1",
        "failed with code 1: the end",
    ),
    "writes garbage and succeeds": (
        'for last; do :; done; head -c 5000 /dev/urandom > "$last"',
        "no error, but no video",
    ),
    "makes nothing and succeeds": ("exit 0", "no error, but no video"),
    "makes an empty file": ('for last; do :; done; : > "$last"', "no error, but no video"),
    "is not a program": (None, "cannot be run"),
}


@pytest.fixture
def unfinished(done: Workspace) -> Workspace:
    """All frames, but no video yet."""
    for name in ("video.mp4", "report.json"):
        (done.folder / name).unlink()
    return done


def script(path: Path, body: str | None) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n" if body else "\x7fELF, not really")
    path.chmod(0o755)
    return path


FEW = ["hangs", "dies of a signal", "fails with megabytes of output", "writes garbage and succeeds"]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in FEW else pytest.mark.slow) for name in SCRIPTS]
)
def test_a_failing_ffmpeg_loses_no_frame(name: str, unfinished: Workspace, reference: Workspace) -> None:
    body, expected = SCRIPTS[name]
    ffmpeg = script(unfinished.path / "false-ffmpeg", body)
    before = unfinished.stamps()
    done = unfinished.call(
        "toy.yaml", "--out", "out", "--ffmpeg", ffmpeg, RENDER_FFMPEG_PATIENCE="1" if "progress" in expected else "60"
    )
    assert done.code == 1
    assert expected in done.message
    assert "frames are kept" in done.message or "cannot be run" in done.message
    assert not (unfinished.folder / "video.mp4").exists()
    assert unfinished.half_written() == []
    assert programs(ffmpeg) == []
    assert unfinished.stamps() == before


def test_the_real_ffmpeg_finishes_without_rendering_a_frame(unfinished: Workspace, reference: Workspace) -> None:
    before = unfinished.stamps()
    unfinished.call("toy.yaml", "--out", "out", "--ffmpeg", script(unfinished.path / "fails", "exit 1"))
    done = unfinished.render("--json")
    assert '"rendered": 0' in done.out
    assert_equal(unfinished, reference)
    assert unfinished.stamps() == before


def test_a_missing_ffmpeg_is_reported_before_anything_is_rendered(workspace: Workspace) -> None:
    done = workspace.call("toy.yaml", "--out", "out", "--ffmpeg", "/nowhere/ffmpeg")
    assert done.code == 1
    assert done.message == "toy: --ffmpeg: '/nowhere/ffmpeg' cannot be run"
    assert not workspace.folder.exists()


def test_an_invalid_patience_is_reported(unfinished: Workspace) -> None:
    done = unfinished.call("toy.yaml", "--out", "out", RENDER_FFMPEG_PATIENCE="long")
    assert done.code == 1
    assert "$RENDER_FFMPEG_PATIENCE: 'long'" in done.message


def test_assemble_makes_the_same_bytes(done: Workspace, reference: Workspace) -> None:
    (done.folder / "video.mp4").unlink()
    result = done.call("assemble", "out/toy")
    assert (result.code, result.out, result.err) == (0, f"out/toy/video.mp4: {FRAMES} frames\n", "")
    assert_equal(done, reference)


def test_assemble_of_an_unfinished_run_asks_for_partial(begun: Workspace) -> None:
    """With --partial it makes the same as the run that rendered those frames."""
    video = begun.video()
    (begun.folder / "video.mp4").unlink()
    result = begun.call("assemble", "out/toy")
    assert result.code == 1
    assert "000012.png: is missing or damaged" in result.message
    assert "--partial" in result.message
    result = begun.call("assemble", "out/toy", "--partial")
    assert (result.code, result.out) == (0, "out/toy/video.mp4: 12 frames\n")
    assert begun.video() == video


@pytest.mark.slow
def test_a_partial_video_is_not_mistaken_for_the_whole_one(done: Workspace, reference: Workspace) -> None:
    """The last frame is restored from its state without a step, but a video must still be made."""
    done.frame(FRAMES - 1).unlink()
    assert done.call("assemble", "out/toy", "--partial").out == f"out/toy/video.mp4: {FRAMES - 1} frames\n"
    done.render()
    assert_equal(done, reference)
