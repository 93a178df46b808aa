"""The video, the contact sheet and the poster are made from the frames, and remade only when needed."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.run.delivery.derive import assemble_again
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.lock import only_writer
from render.errors import CheckpointError, EncodingError, FolderInUseError, InputError, RunError

Made = Callable[..., RunFolder]


def count_frames(video: Path) -> int:
    with av.open(str(video)) as container:
        return sum(1 for _ in container.decode(video=0))


def test_a_video_made_again_has_the_same_bytes(made: Made) -> None:
    folder = made()
    before = folder.video.read_bytes()
    folder.video.unlink()
    assert assemble_again(folder, False, None) == (12, folder.video)
    assert folder.video.read_bytes() == before


def test_video_needs_no_schedule(made: Made, toy_file: Path) -> None:
    folder = made()
    before = folder.video.read_bytes()
    folder.video.unlink()
    toy_file.unlink()
    assert assemble_again(folder, False, None) == (12, folder.video)
    assert folder.video.read_bytes() == before


def test_no_video_is_made_of_a_damaged_frame(made: Made) -> None:
    """Neither ffmpeg's message nor the resulting picture would be of any help."""
    folder = made()
    before = folder.video.read_bytes()
    for index, place in ((9, "pixels"), (5, "file")):
        record = folder.frames.record(index)
        assert record is not None
        if place == "pixels":
            folder.frames.write(index, np.zeros((24, 32, 3), np.uint8), record)
        else:
            content = bytearray(folder.frames.path(index).read_bytes())
            content[content.index(b"IDAT") + 30] ^= 4
            folder.frames.path(index).write_bytes(content)
        with pytest.raises(CheckpointError, match=rf"{index:06d}\.png: damaged: .*--frames {index}:{index + 1}$"):
            assemble_again(folder, False, None)
    assert folder.video.read_bytes() == before


@pytest.mark.parametrize("missing", [1, 7, 11])
def test_partial_stops_before_the_first_missing_frame(made: Made, missing: int) -> None:
    folder = made()
    folder.frames.path(missing).unlink()
    with pytest.raises(RunError, match=rf"{missing:06d}\.png: is missing or damaged; .* --partial"):
        assemble_again(folder, False, None)
    assert assemble_again(folder, True, None)[0] == missing
    assert count_frames(folder.video) == missing


def test_without_a_first_frame_there_is_no_video(made: Made) -> None:
    folder = made()
    before = folder.video.read_bytes()
    folder.frames.path(0).write_bytes(b"torn")
    with pytest.raises(RunError, match="there is no first frame yet"):
        assemble_again(folder, True, None)
    assert folder.video.read_bytes() == before


def test_nothing_is_assembled_during_a_run(made: Made) -> None:
    folder = made()
    with only_writer(folder.path), pytest.raises(FolderInUseError):
        assemble_again(folder, False, None)


def test_a_folder_without_a_run_is_reported_and_unchanged(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not the folder of a run"):
        assemble_again(RunFolder(tmp_path), False, None)
    assert list(tmp_path.iterdir()) == []


def test_a_failing_ffmpeg_keeps_the_previous_video(made: Made, script: Callable[[str, str], Path]) -> None:
    folder = made()
    before = folder.video.read_bytes()
    with pytest.raises(EncodingError, match="frames are kept"):
        assemble_again(folder, False, str(script("ffmpeg", "exit 1")))
    assert folder.video.read_bytes() == before
