"""Published VQGANs: a schedule names one, by path or by name, and frames are rendered."""

import functools
import http.server
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from click.testing import CliRunner

from pipeline.commands.models import models
from pipeline.schedule.loader import load_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render.latents import vqgan
from render.models import registry
from render.models.downloads import Download
from render.models.model import Model
from render.renderer.loading.located_models import LocatedModels
from tests.published import GUMBEL, KINDS, VQ, Published, Taming, assert_round_trip, publish

BY_PATH = """
output: {length: 2, size: [48, 32]}
models:
  latent: {config: model.yaml, checkpoint: last.ckpt}
  perceptors: [toy, {model: random:embedded, weight: 0.5}]
  precision: fp32
prompts: [a red sunset, {text: snow, weight: -0.3}]
motion: {zoom: 1.1/frame}
refine: {steps: 1, first_frame: 2, cutouts: 2, ema: 0.5}
"""
BY_NAME = """
output: {{length: 1, size: [64, 96]}}
models: {{latent: {name}, perceptors: [toy], precision: fp32}}
prompts: a red sunset
refine: {{steps: 1, first_frame: 2, cutouts: 2}}
"""


def schedule(text: str, folder: Path) -> Schedule:
    (folder / "mine.yaml").write_text(text)
    return load_schedule(folder / "mine.yaml")


def located(schedule: Schedule) -> LocatedModels:
    return schedule.models.locate(offline=False, progress=lambda *progress: None)


def assert_renders(schedule: Schedule) -> None:
    """The frames are real pictures, and each one is different."""
    timeline = Timeline(schedule)
    renderer = located(schedule).load("cpu")
    renderer.require_memory(schedule.output.size)
    frames, state = [], None
    for index in range(schedule.output.num_frames):
        state = renderer.step(state, timeline.at(index))
        frames.append(state.image)
    width, height = schedule.output.size
    for frame in frames:
        assert frame.shape == (1, 3, height, width)
        assert torch.isfinite(frame).all()
        assert 0 <= float(frame.min()) < float(frame.max()) <= 1
    assert not any(torch.equal(frame, frames[0]) for frame in frames[1:])


@pytest.mark.parametrize("kind", KINDS)
def test_every_published_kind_renders_by_its_path(kind: str, tmp_path: Path) -> None:
    publish(KINDS[kind], Taming(KINDS[kind].vqgan), tmp_path)
    assert_renders(schedule(BY_PATH, tmp_path))


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A web server that serves a folder, and an empty cache."""
    monkeypatch.setenv("RENDER_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    (tmp_path / "host").mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(tmp_path / "host"))
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def registered(name: str, address: str, monkeypatch: pytest.MonkeyPatch, **changes: object) -> Model:
    """The registry's model with its file at a local address; its random weights have their own hash."""
    known = registry.find_latent(name)
    assert known.download is not None
    model = replace(known, download=Download(name=known.download.name, addresses=(address,)), **changes)  # type: ignore[arg-type]
    latents = {**registry.latents(), name: model}
    monkeypatch.setattr(registry, "latents", lambda: latents)
    return model


@pytest.mark.parametrize(("name", "config"), [("imagenet-f16-16384", VQ), ("openimages-f8-8192", GUMBEL)])
def test_a_published_model_is_downloaded_converted_and_used(
    name: str, config: dict[str, object], host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(Published(config=config, vqgan=config), Taming(config), tmp_path / "host")
    registered(name, f"{host}/last.ckpt", monkeypatch, architecture=tmp_path / "host" / "model.yaml")
    place = tmp_path / "cache" / f"{name}.safetensors"
    runner = CliRunner()
    assert runner.invoke(models, ["path", name]).stdout == f"{place}\n"
    assert not place.exists()
    pulled = runner.invoke(models, ["pull", name])
    assert pulled.exit_code == 0, pulled.output
    assert pulled.stdout.splitlines()[-1] == f"{name}: {place} (licence of the weights: not stated)"
    assert place.is_file()
    assert f"{name:<34} {place.stat().st_size / 1e6:,.1f} MB on disk" in runner.invoke(models).stdout
    assert_renders(schedule(BY_NAME.format(name=name), tmp_path))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:TF32 acceleration on top of oneDNN")  # a warning from torch about its own switch
@pytest.mark.parametrize("name", ["imagenet-f16-16384", "openimages-f8-8192"])
def test_a_published_model_at_full_size_matches_taming_and_renders(
    name: str, host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = registered(name, f"{host}/last.ckpt", monkeypatch)
    assert isinstance(model.architecture, Path)
    config = yaml.safe_load(model.architecture.read_text(encoding="utf-8"))["model"]
    taming = Taming(config)
    publish(Published(config=config, vqgan=config), taming, tmp_path / "host")
    mine = schedule(BY_NAME.format(name=name), tmp_path)
    files = located(mine).latent
    # The same convolutions in both: for our layout, oneDNN's differ by 1.4e-5 from float64, for taming's by 0.3e-5.
    with torch.backends.mkldnn.flags(enabled=False):
        assert_round_trip(vqgan.load(files, torch.device("cpu"), torch.float32, quantize=True), taming, (48, 32))
    assert_renders(mine)
