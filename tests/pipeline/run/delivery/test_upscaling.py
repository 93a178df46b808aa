"""`scale: FILE`: a network in Real-ESRGAN's published format enlarges delivered files, tile by tile."""

import errno
import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from pipeline.run.delivery import upscaling
from pipeline.run.delivery.upscaling import Enlarged, Upscaler
from pipeline.run.folder.folder import RunFolder
from pipeline.run.run import Run, RunOptions
from pipeline.run.verify import Verification
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.origin import Origin
from pipeline.schedule.origin_loader import load_origin
from pipeline.schedule.sections.output_video import Video
from render.errors import InputError, ScheduleError
from render.renderer.renderer import Renderer
from tests.pipeline.optical_flow import played
from tests.runs import completes

WIDTH, GROWTH = 8, 32  # GROWTH is the same in all published networks


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny RRDBNet in the published form that enlarges four times: random, except for a path that keeps colours."""
    draw = torch.Generator().manual_seed(0)
    state: dict[str, Tensor] = {}

    def convolution(name: str, before: int, after: int) -> None:
        state[f"{name}.weight"] = 0.02 * torch.randn(after, before, 3, 3, generator=draw)
        state[f"{name}.bias"] = torch.zeros(after)

    convolution("conv_first", 3, WIDTH)
    for dense in ("rdb1", "rdb2", "rdb3"):
        for number in range(5):
            convolution(f"body.0.{dense}.conv{number + 1}", WIDTH + number * GROWTH, WIDTH if number == 4 else GROWTH)
    for name in ("conv_body", "conv_up1", "conv_up2", "conv_hr"):
        convolution(name, WIDTH, WIDTH)
    convolution("conv_last", WIDTH, 3)
    for name in ("conv_first", "conv_up1", "conv_up2", "conv_hr", "conv_last"):  # lets the colours pass through
        for channel in range(3):
            state[f"{name}.weight"][channel, channel, 1, 1] += 1
    path = tmp_path_factory.mktemp("network") / "x4.pth"
    torch.save({"params_ema": state}, path)
    return path


def picture(width: int, height: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)], -1).astype(np.uint8)


def test_a_published_network_enlarges_the_picture(network: Path) -> None:
    upscaler = Upscaler(network, "cpu")
    large = upscaler(picture(40, 24))
    assert upscaler.scale == 4
    assert large.shape == (96, 160, 3)
    back = large.reshape(24, 4, 40, 4, 3).mean(axis=(1, 3))
    assert np.corrcoef(back.ravel(), picture(40, 24).ravel())[0, 1] > 0.9


def test_tiles_leave_no_seams(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upscaler = Upscaler(network, "cpu")
    whole = upscaler(picture(90, 70))
    monkeypatch.setattr(upscaling, "TILE", 32)
    assert np.abs(upscaler(picture(90, 70)).astype(int) - whole).max() <= 1


def test_a_frame_is_enlarged_once(network: Path, tmp_path: Path) -> None:
    png = io.BytesIO()
    Image.fromarray(picture(16, 8)).save(png, "PNG")
    enlarged = Enlarged(Upscaler(network, "cpu"), tmp_path)
    first = enlarged(3, png.getvalue())
    assert enlarged(3, b"") == first
    with Image.open(io.BytesIO(first)) as image:
        assert image.size == (64, 32)


def test_an_enlarged_frame_is_kept_whole_or_not_at_all(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails before the picture is safely on it leaves nothing that the next use would take for it."""
    png = io.BytesIO()
    Image.fromarray(picture(16, 8)).save(png, "PNG")
    enlarged = Enlarged(Upscaler(network, "cpu"), tmp_path)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            enlarged(3, png.getvalue())
    assert list(tmp_path.iterdir()) == []
    large = enlarged(3, png.getvalue())
    assert [path.name for path in tmp_path.iterdir()] == ["3.png"]
    assert (tmp_path / "3.png").read_bytes() == large


def test_a_file_without_a_network_is_reported(tmp_path: Path) -> None:
    for name, content in (("a.pth", b"no network"), ("b.safetensors", b"\0" * 40)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=r"not a checkpoint|not an upscaler that spandrel knows"):
            Upscaler(tmp_path / name, "cpu")
    torch.save({"conv.weight": torch.zeros(3)}, tmp_path / "c.pth")
    with pytest.raises(InputError, match="not an upscaler that spandrel knows"):
        Upscaler(tmp_path / "c.pth", "cpu")


def test_no_pickle_is_executed(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "executed",)  # type: ignore[return-value]

    torch.save({"params": Bomb()}, tmp_path / "a.pth")
    with pytest.raises(InputError):
        Upscaler(tmp_path / "a.pth", "cpu")
    assert not (tmp_path / "executed").exists()


def test_a_run_delivers_enlarged_frames(network: Path, toy_file: Path, renderer: Renderer) -> None:
    toy_file.with_name("x4.pth").write_bytes(network.read_bytes())
    video = "[{scale: x4.pth, format: ffv1}, {scale: x4.pth, size: [64, 48]}, {scale: x4.pth, format: png}]"
    toy_file.write_text(toy_file.read_text().replace("length: 12", f"length: 12, video: {video}"))
    origin = Origin(file=str(toy_file))
    schedule = load_origin(origin)
    folder = RunFolder(toy_file.parent / "out")
    run = Run(schedule, origin, folder, RunOptions())
    assert completes(run, lambda warn: renderer)
    shown = played(folder.path / "video.mkv")
    assert len(shown) == 12
    expected = Upscaler(network, "cpu")(folder.frames.read(5))
    assert np.abs(shown[5].astype(int) - expected).max() <= 1
    assert played(folder.path / "video-h264.mp4")[0].shape == (48, 64, 3)
    with zipfile.ZipFile(folder.path / "video-png.zip") as archive, archive.open("video-png/frames/000005.png") as file:
        np.testing.assert_array_equal(np.asarray(Image.open(file)), expected)
    assert not list(folder.path.glob(".video*"))
    assert list(Verification(folder).damaged()) == []


WRONG = [
    ("{scale: none.pth}", "output.video.scale: 'none.pth': no such file"),
    ("{scale: ../x4.pth}", "is outside the schedule's folder"),
]


@pytest.mark.parametrize(("video", "message"), WRONG)
def test_a_mistake_is_reported_with_its_place(video: str, message: str) -> None:
    with pytest.raises(ScheduleError, match=message):
        read_schedule(f"prompts: a\noutput: {{video: {video}}}\n", "a.yaml", "a")


def test_without_the_extra_the_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("pipeline.schedule.sections.output_video.is_installed", lambda: False)
    (tmp_path / "x.pth").write_bytes(b"x")
    with pytest.raises(ScheduleError, match=r"needs spandrel: pip install 'vqgan-clip-render\[upscale\]'"):
        read_schedule("prompts: a\noutput: {video: {scale: x.pth}}\n", str(tmp_path / "a.yaml"), "a")
    assert read_schedule("prompts: a\noutput: {video: {scale: lanczos}}", "a.yaml", "a").output.video == (Video(),)
