"""`output.video: png`: an image sequence in one ZIP that any program can extract, with the frames to the bit."""

import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.run.delivery.derive import assemble_again
from pipeline.run.delivery.sequence import split
from pipeline.run.folder.finished import read_report, video_matches_report
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.frames import FrameRecord, Pixels
from pipeline.run.run import Run, RunOptions
from pipeline.run.verify import Verification
from pipeline.schedule.origin import Origin
from pipeline.schedule.origin_loader import load_origin
from pipeline.video import formats
from pipeline.video.containers.embedded_text import container_of
from render.errors import CheckpointError, EncodingError
from render.models.model import sha256
from render.renderer.renderer import Renderer
from tests.runs import completes

Rendered = Callable[..., RunFolder]


@pytest.fixture
def rendered(toy_file: Path, renderer: Renderer) -> Rendered:
    """Render the toy, 12 frames, with `output.video` and more sections."""

    def render(video: str, more: str = "") -> RunFolder:
        text = toy_file.read_text().replace("length: 12", f"length: 12, video: {video}")
        text = text.replace("[32, 24]", "[64, 48]")  # ffmpeg interpolates nothing that is lower than 32 pixels
        toy_file.write_text(text + more)
        origin = Origin(file=str(toy_file))
        folder = RunFolder(toy_file.parent / "out")
        assert completes(Run(load_origin(origin), origin, folder, RunOptions()), lambda warn: renderer)
        return folder

    return render


def extracted(path: Path) -> dict[str, bytes]:
    """The contents of a sequence by their names, in the order of the file."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def pictures(path: Path) -> list[Pixels]:
    found = [content for name, content in extracted(path).items() if "/frames/" in name]
    return [np.asarray(Image.open(BytesIO(content)).convert("RGB")) for content in found]


def test_it_holds_the_frames_the_schedule_and_what_an_importer_asks_for(rendered: Rendered, toy_file: Path) -> None:
    folder = rendered("[png, h264, {format: png}]", "title: Sea ☃\n")
    assert folder.video == folder.path / "video.zip"
    found = extracted(folder.video)
    frames = [folder.frames.path(index).read_bytes() for index in range(12)]
    assert list(found) == ["video/schedule.yaml", "video/sequence.json"] + [
        f"video/frames/{index:06d}.png" for index in range(12)
    ]
    assert list(found.values())[2:] == frames
    assert json.loads(found["video/sequence.json"]) == {"fps": "8", "title": "Sea ☃", "frames": 12}
    toy_file.write_bytes(found["video/schedule.yaml"])
    assert load_origin(Origin(file=str(toy_file))).title == "Sea ☃"
    assert [name.partition("/")[0] for name in extracted(folder.path / "video-png.zip")] == ["video-png"] * 14


def test_it_is_a_file_of_the_run_like_every_other(rendered: Rendered, command: str) -> None:
    folder = rendered("png")
    assert container_of(folder.video, formats.containers()).name == "ZIP"
    assert folder.video in folder.files(None)
    assert read_report(folder)["video_sha256"] == sha256(folder.video)
    assert list(Verification(folder).damaged()) == []
    done = subprocess.run([command, "inspect", str(folder.video)], capture_output=True, text=True, check=True)
    assert folder.source() in done.stdout
    folder.video.write_bytes(folder.video.read_bytes()[:-1])
    assert not video_matches_report(folder)
    assert any("is not the video that the run made" in line for line in Verification(folder).damaged())


def test_another_file_with_a_fault_is_found_by_its_end_and_its_length(rendered: Rendered) -> None:
    folder = rendered("[h264, png]")
    path = folder.path / "video-png.zip"
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    (line,) = Verification(folder).damaged()
    assert "video-png.zip: is not a whole png file; render assemble" in line
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in list(extracted_from(whole).items())[:-4]:
            archive.writestr(zipfile.ZipInfo(name), content)
    (line,) = Verification(folder).damaged()
    assert "its pictures last 1.00 s instead of 1.50 s" in line
    assemble_again(folder, False, None)
    assert path.read_bytes() == whole


def extracted_from(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_same_frames_give_the_same_bytes(rendered: Rendered, monkeypatch: pytest.MonkeyPatch) -> None:
    """On another day, for another user, and whatever was there before."""
    folder = rendered("[png, {format: png, size: [128, 96], fps: 12}]")
    before = {path.name: path.read_bytes() for path in folder.path.glob("*.zip")}
    folder.video.unlink()
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    mask = os.umask(0o077)
    try:
        assert assemble_again(folder, False, None) == (12, folder.video)
    finally:
        os.umask(mask)
    assert {path.name: path.read_bytes() for path in folder.path.glob("*.zip")} == before
    assert len(before) == 2


@pytest.mark.parametrize(
    ("loop", "order"),
    [
        ("", [*range(12)]),
        ("loop: boomerang\n", [*range(12), *range(10, 0, -1)]),
        ("loop: {blend: 0.5s}\n", [*range(12, 16), *range(4, 12)]),
    ],
)
def test_pictures_come_in_the_order_in_which_a_video_shows_them(
    rendered: Rendered, loop: str, order: list[int]
) -> None:
    folder = rendered("{format: png, repeat: 2}", loop)
    np.testing.assert_array_equal(pictures(folder.video), [folder.frames.read(index) for index in order * 2])


def test_pictures_that_ffmpeg_scales_and_interpolates(rendered: Rendered, any_ffmpeg: str) -> None:
    folder = rendered("[{format: png, size: [128, 96]}, {format: png, fps: 24}, {format: png, place: square}]")
    assemble_again(folder, False, any_ffmpeg)
    frames = [folder.frames.read(index) for index in range(12)]
    scaled = pictures(folder.video)
    assert {picture.shape for picture in scaled} == {(96, 128, 3)}
    for picture, frame in zip(scaled, frames, strict=True):
        larger = np.asarray(Image.fromarray(frame).resize((128, 96), Image.Resampling.LANCZOS))
        assert np.abs(picture.astype(float) - larger).mean() < 3
    interpolated = pictures(folder.path / "video-png.zip")
    assert len(interpolated) == 36
    for index, frame in enumerate(frames[:-1]):  # rendered frames stay, but for their way through YUV
        assert np.abs(interpolated[index * 3].astype(float) - frame).mean() < 3
    about = json.loads(extracted(folder.path / "video-png.zip")["video-png/sequence.json"])
    assert (about["fps"], about["frames"]) == ("24", 36)
    assert {picture.shape for picture in pictures(folder.path / "video-square-png.zip")} == {(1080, 1080, 3)}
    assert list(Verification(folder, any_ffmpeg).damaged()) == []
    assert not [path.name for path in folder.path.iterdir() if "partial" in path.name]


def test_interpolated_pictures_have_no_gamma(rendered: Rendered) -> None:
    """A program that respects it would show them darker or lighter than the frames."""
    folder = rendered("{format: png, fps: 24}")
    for name, content in extracted(folder.video).items():
        assert "/frames/" not in name or not {b"gAMA", b"cHRM", b"cICP"} & {
            content[at : at + 4] for at in range(len(content))
        }


def test_nothing_is_made_of_a_damaged_frame(rendered: Rendered) -> None:
    folder = rendered("[png, {format: png, size: [128, 96]}]")
    before = {path.name: path.read_bytes() for path in folder.path.glob("*.zip")}
    record = folder.frames.record(9)
    assert isinstance(record, FrameRecord)
    folder.frames.write(9, np.zeros((48, 64, 3), np.uint8), record)
    with pytest.raises(CheckpointError, match=r"000009\.png: damaged"):
        assemble_again(folder, False, None)
    assert {path.name: path.read_bytes() for path in folder.path.glob("*.zip")} == before
    assert not [path.name for path in folder.path.iterdir() if "partial" in path.name]


KILLED = """
import os, signal, sys
from pathlib import Path
from pipeline.run.delivery.derive import assemble_again
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.frames import FrameFolder

verify = FrameFolder.verify

def until(self, index):
    if index == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return verify(self, index)

FrameFolder.verify = until
assemble_again(RunFolder(Path(sys.argv[1])), False, None)
"""


@pytest.mark.parametrize("there", [False, True], ids=["nothing", "an earlier file"])
def test_a_killed_run_leaves_no_half_of_a_file(rendered: Rendered, there: bool) -> None:
    folder = rendered("png")
    whole = folder.video.read_bytes()
    folder.video.write_bytes(b"earlier")
    if not there:
        folder.video.unlink()
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder.path)], check=False)
    assert done.returncode == -signal.SIGKILL
    partial = folder.path / ".video.partial.zip"
    assert 0 < partial.stat().st_size < len(whole), "it was killed while it wrote the file"
    assert folder.video.read_bytes() == b"earlier" if there else not folder.video.exists()
    assemble_again(folder, False, None)
    assert folder.video.read_bytes() == whole
    assert not partial.exists()


def test_a_stream_that_is_no_chain_of_pngs_is_reported() -> None:
    png = BytesIO()
    Image.new("RGB", (2, 2), "red").save(png, "PNG")
    whole = png.getvalue()
    assert list(split(whole * 3)) == [whole] * 3
    assert list(split(b"")) == []
    for damaged in (whole[:-1], whole + b"x", b"x" + whole, whole[:20]):
        with pytest.raises(EncodingError, match="no whole PNGs"):
            list(split(damaged))
