"""A clip with flashes through the whole pipeline: in every file, its sound is in step with its pictures."""

import json
import wave
import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch

from pipeline.audio.pieces import RATE
from pipeline.run.delivery.checks import faults
from pipeline.run.delivery.derive import assemble_again
from pipeline.run.folder.folder import RunFolder
from pipeline.run.run import Run, RunOptions
from pipeline.schedule.origin import Origin
from pipeline.schedule.origin_loader import load_origin
from render.guidance.perceptors.toy import Toy
from render.latents.pixels import Pixels
from render.motion.displacements import Fields
from render.renderer.loading.footage import FootageOnDemand
from render.renderer.renderer import Renderer, Scorer
from tests import flashes
from tests.flashes import EVERY, SECONDS, Samples, at, begins, sound
from tests.runs import completes

OFF = {"h264": 1, "vp9": 1, "prores": 0, "ffv1": 0, "png": 0}  # samples
Rendered = Callable[[str], RunFolder]


@pytest.fixture
def rendered(tmp_path: Path, any_ffmpeg: str) -> Rendered:
    cpu = torch.device("cpu")
    footage = FootageOnDemand(cpu, None)
    fields, scorers = Fields(flow=footage.flow), [Scorer(perceptor=Toy(cpu))]
    renderer = Renderer(Pixels(), scorers, cpu, fields=fields, show=footage.show)

    def render(text: str) -> RunFolder:
        path = tmp_path / "a.yaml"
        head = "prompts: red\nmodels: {latent: pixels, perceptors: [toy]}\nrefine: {steps: 0, first_frame: 0}\n"
        path.write_text(head + text, encoding="utf-8")
        origin = Origin(file=str(path))
        folder = RunFolder(tmp_path / "out")
        assert completes(Run(load_origin(origin), origin, folder, RunOptions(ffmpeg=any_ffmpeg)), lambda warn: renderer)
        return folder

    return render


def samples_of(path: Path) -> Samples:
    """The sound of a file as one channel, from its first picture on."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive, archive.open("video/sound.wav") as file, wave.open(file) as wav:
            raw = np.frombuffer(wav.readframes(wav.getnframes()), np.uint8).reshape(-1, 3).astype(np.int64)
        whole = raw @ np.array([1, 256, 65536])
        samples: Samples = ((whole + (1 << 23)) % (1 << 24) - (1 << 23)) / float(2**23)
        return samples
    with av.open(str(path)) as container:
        frames: list[Any] = [*container.decode(audio=0)]
    assert float(frames[0].pts * frames[0].time_base) == 0
    blocks = [frame.to_ndarray() for frame in frames]
    scale = np.iinfo(blocks[0].dtype).max if blocks[0].dtype.kind == "i" else 1
    return np.concatenate([block.reshape(-1) for block in blocks]).astype(np.float64) / scale


def shown(path: Path) -> list[int]:
    """The numbers of the white pictures of a file."""
    with av.open(str(path)) as container:
        means = [frame.to_ndarray(format="gray").mean() for frame in container.decode(video=0)]
    return [number for number, mean in enumerate(means) if mean > 128]


@pytest.mark.parametrize("fps", ["24000/1001", "30000/1001"])
@pytest.mark.parametrize(("clip", "codec"), [("a.mp4", "aac"), ("a.mkv", "flac")])
def test_flashes_are_heard_when_they_are_seen(
    rendered: Rendered, tmp_path: Path, any_ffmpeg: str, fps: str, clip: str, codec: str
) -> None:
    flashes.film(any_ffmpeg, tmp_path / clip, "-c:a", codec, "-b:a", "192k", fps=fps)
    for name, off in OFF.items():
        folder = rendered(
            f"output: {{size: [64, 48], length: source, fps: source, video: {{format: {name}}}}}\n"
            f"source: {{video: {clip}, mix: 0}}\n"
        )
        rate, count = Fraction(fps), folder.video_plan().frames
        assert count == round(SECONDS * rate)
        there = samples_of(folder.video)
        if name != "png":
            assert shown(folder.video) == [*range(0, count, EVERY)]
        assert [*faults(folder.path, folder.video_plan(), any_ffmpeg)] == []
        assert abs(len(there) - count / rate * RATE) <= (1024 if off else 1)
        if name == "vp9" and "ffmpeg-linux" not in any_ffmpeg:
            continue  # before 7, ffmpeg's WebM is 7 ms late by its own codec delay
        for number in range((count - 1) // EVERY):
            assert abs(at(there, number) - begins(rate, number)) <= off + 2 * (codec == "aac")


def test_a_variable_rate_stays_in_step(rendered: Rendered, tmp_path: Path, any_ffmpeg: str) -> None:
    """Pictures by their time, and the sound as it is."""
    varying = ",select='not(eq(mod(n\\,7)\\,3))'"
    flashes.film(any_ffmpeg, tmp_path / "a.mkv", "-c:a", "flac", pictures=varying)
    folder = rendered(
        "output: {size: [64, 48], length: 3s, fps: 25, video: {format: ffv1}}\nsource: {video: a.mkv, mix: 0}\n"
    )
    left_out = range(3, 75, 7)
    assert [number for number in shown(folder.video) if number % EVERY == 0] == [
        number for number in range(0, 75, EVERY) if number not in left_out
    ]
    np.testing.assert_allclose(samples_of(folder.video), sound(Fraction(25))[: 3 * RATE], atol=1e-4)


def test_a_loop_and_repeats(rendered: Rendered, tmp_path: Path, any_ffmpeg: str) -> None:
    flashes.film(any_ffmpeg, tmp_path / "a.mkv", "-c:a", "flac")
    text = "output: {size: [64, 48], length: 2s, fps: 25, video: {format: ffv1, repeat: 2}}\n"
    once = sound(Fraction(25))[: 2 * RATE]
    folder = rendered(f"{text}source: {{video: a.mkv, mix: 0}}\nloop: {{blend: 0.4s}}\n")
    np.testing.assert_allclose(samples_of(folder.video), np.tile(once, 2), atol=1e-4)
    folder = rendered(f"{text}source: {{video: a.mkv, mix: 0}}\nloop: boomerang\n")
    there = samples_of(folder.video)
    np.testing.assert_allclose(there[: 2 * RATE], once, atol=1e-4)
    assert not there[2 * RATE : len(there) // 2].any()


def test_other_sound_makes_the_video_again_and_no_frame(rendered: Rendered, tmp_path: Path, any_ffmpeg: str) -> None:
    flashes.film(any_ffmpeg, tmp_path / "a.mkv", "-c:a", "flac")
    text = "output: {size: [64, 48], length: 1s, fps: 25}\nsource: {video: a.mkv, mix: 0, sound: true}\n"
    folder = rendered(text)
    before, frame = folder.video.read_bytes(), folder.frames.path(5).stat()
    report = json.loads(folder.report.read_text())
    assert [piece["start"] for piece in report["sound"]] == [0.0]
    folder.video.unlink()
    assemble_again(folder, False, any_ffmpeg)
    assert folder.video.read_bytes() == before
    assert rendered(text).video.read_bytes() == before
    folder = rendered(text.replace("true", "false"))
    with av.open(str(folder.video)) as container:
        assert not container.streams.audio
    assert folder.frames.path(5).stat().st_mtime_ns == frame.st_mtime_ns
    folder = rendered(text.replace("format: h264", "").replace("fps: 25", "fps: 25, video: {format: gif}"))
    assert [*faults(folder.path, folder.video_plan(), any_ffmpeg)] == []
