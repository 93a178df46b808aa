"""Published transformers as users have them: fetched by name, kept, loaded, and pictures drawn."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from click.testing import CliRunner
from PIL import Image

from pipeline.commands.models import models
from pipeline.schedule.loader import load_schedule
from pipeline.schedule.timeline import Timeline
from render import catalogue, priors
from render.errors import ScheduleError
from render.latents import vqgan
from render.models import registry
from render.models.downloads import Download
from render.models.model import Model
from render.priors import Wanted
from render.priors.transformer.checkpoint import load_second_stage
from render.renderer.loading.weights import locate
from tests.mingpt import logits, weights_only
from tests.second_stage import KINDS, publish_second_stage, states

CPU = torch.device("cpu")


def in_cache(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """The registry's model, its files put by hand into the cache, from which they are taken without a connection."""
    model = registry.find_prior(name)
    assert model.download is not None
    model = replace(model, download=Download(name=model.download.name, addresses=()))
    monkeypatch.setattr(registry, "priors", lambda: {name: model})
    monkeypatch.setenv("RENDER_CACHE", str(folder / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")  # `--offline` sets it in this process; undone after the test
    (folder / "cache").mkdir()
    if model.config is not None:
        shutil.copy(folder / "model.yaml", folder / "cache" / model.config.name)
    assert model.download is not None
    (folder / "last.ckpt").rename(folder / "cache" / model.download.name)
    return model


def test_a_published_name_is_kept_without_what_is_not_needed_and_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_second_stage(KINDS["celebahq"], tmp_path)
    model = in_cache("celebahq-faces", tmp_path, monkeypatch)
    pulled = CliRunner().invoke(models, ["pull", "celebahq-faces", "--offline"])
    assert pulled.exit_code == 0, pulled.output
    place = tmp_path / "cache" / "celebahq-faces.safetensors"
    assert pulled.stdout.splitlines()[-1] == f"celebahq-faces: {place} (licence of the weights: not stated)"
    assert not (tmp_path / "cache" / "celebahq-faces.ckpt").exists()
    assert "celebahq-faces " in CliRunner().invoke(models).stdout
    files = locate(model, offline=True, progress=lambda *said: None)
    assert set(files.digests()) == {"celebahq-faces.safetensors", "celebahq-faces.yaml"}
    own = vqgan.load(files, CPU, torch.float32, quantize=True)
    prior = catalogue.load(priors, files.entry).load(files, own, [], CPU, torch.float32)
    wanted = Wanted(targets=(), size=(32, 16), count=2)
    pictures = own.decode(prior.propose(wanted, torch.Generator().manual_seed(0)).latents)
    assert pictures.shape == (2, 3, 16, 32)
    assert torch.isfinite(pictures).all()


@pytest.mark.slow
def test_at_full_size_the_logits_are_those_of_the_published_formula(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """307 million parameters, kept and loaded; the last codes of a window of 16x16 after as many of the condition."""
    architecture = registry.find_prior("drin-depth").architecture
    assert isinstance(architecture, Path)
    config = yaml.safe_load(architecture.read_text(encoding="utf-8"))["model"]
    state = states(config, scale=0.02)
    publish_second_stage(config, tmp_path, state)
    files = locate(in_cache("drin-depth", tmp_path, monkeypatch), offline=True, progress=lambda *said: None)
    second = load_second_stage(files, CPU, torch.float32)
    codes = torch.randint(1024, (1, 511), generator=torch.Generator().manual_seed(0))
    gpt = {key[12:]: value for key, value in state.items() if key.startswith("transformer.")}
    with torch.no_grad():
        wanted = logits(weights_only(gpt), 16, codes)[:, -4:]
        cache = second.gpt.cache(1, 511)
        found = [second.gpt(codes[:, :508], cache=cache)[:, -1:]]
        found += [second.gpt(codes[:, place, None], cache=cache) for place in (508, 509, 510)]
    torch.testing.assert_close(torch.cat(found, dim=1), wanted, atol=1e-4, rtol=1e-4)
    assert second.encoder is not None
    assert second.encoder(torch.zeros(1, 1, 256, 256)).shape == (1, 16, 16)


BY_PATH = """
output: {length: 2, size: [32, 16], fps: 1, seed: SEED}
prompts: a red sunset
models: {latent: embedded, perceptors: [toy], precision: fp32}
refine: {steps: 1, first_frame: 1, cutouts: 2}
start: {prior: {config: model.yaml, checkpoint: last.ckpt}, candidates: 3, SETTINGS}
"""


def first_frame(folder: Path, settings: str, seed: int = 1) -> torch.Tensor:
    file = folder / "mine.yaml"
    file.write_text(BY_PATH.replace("SETTINGS", settings).replace("SEED", str(seed)))
    schedule = load_schedule(file)
    renderer = schedule.models.locate(offline=True, progress=lambda *said: None).load("cpu")
    return renderer.step(None, Timeline(schedule).at(0)).image


def test_a_schedule_starts_from_what_a_transformer_of_ones_own_draws(tmp_path: Path) -> None:
    """The VQGAN that refines is another one than the transformer's."""
    publish_second_stage(KINDS["imagenet"], tmp_path)
    three = first_frame(tmp_path, "class: 3")
    assert three.shape == (1, 3, 16, 32)
    assert torch.isfinite(three).all()
    assert torch.equal(first_frame(tmp_path, "class: 3"), three)
    for settings, seed in (("class: 4", 1), ("class: 3, pick: 2", 1), ("class: 3", 2)):
        assert not torch.equal(first_frame(tmp_path, settings, seed), three)


def test_a_map_is_part_of_the_frame_by_its_content(tmp_path: Path) -> None:
    publish_second_stage(KINDS["sflckr"], tmp_path)
    specs = []
    for name, label in (("a.png", 1), ("b.png", 1), ("c.png", 3)):
        Image.fromarray(np.full((16, 32), label, np.uint8)).save(tmp_path / name)
        (tmp_path / "mine.yaml").write_text(BY_PATH.replace("SETTINGS", f"map: {name}").replace("SEED", "1"))
        specs.append(Timeline(load_schedule(tmp_path / "mine.yaml")).at(0).to_json())
    assert specs[0] == specs[1] != specs[2]
    assert str(tmp_path) not in specs[0]
    first_frame(tmp_path, "map: a.png")


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("sflckr", "pick: 1", "start: 'map' is missing; 'last.ckpt' needs a picture of segmentation"),
        ("celebahq", "class: 3", "start.class: 'last.ckpt' is conditioned on none: no class"),
        ("imagenet", "class: 12", "start.class: class 12: expected at most 9"),
        ("imagenet", "class: volcano", "start.class: unknown class 'volcano'; expected a number from 0 to 9"),
        ("celebahq", "guidance: 2", "start.guidance: 'last.ckpt' is conditioned on none: no guidance"),
        ("celebahq", "guidance: -1", "start.guidance: expected a number from 0 to 20"),
        ("celebahq", "map: gone.png", "start.map: 'gone.png': no such file"),
        ("celebahq", "top_k: -1", "start.top_k: expected a whole number from 0 to 1048576"),
    ],
)
def test_what_a_transformer_cannot_follow_is_reported_with_its_place(
    kind: str, settings: str, message: str, tmp_path: Path
) -> None:
    publish_second_stage(KINDS[kind], tmp_path, {"transformer.x": torch.zeros(1)})
    with pytest.raises(ScheduleError) as caught:
        first_frame(tmp_path, settings)
    assert re.match(rf".*mine\.yaml:6:\d+: {re.escape(message)}", str(caught.value))


def test_a_hostile_config_is_reported_at_the_prior(tmp_path: Path) -> None:
    publish_second_stage(KINDS["celebahq"], tmp_path, {"transformer.x": torch.zeros(1)})
    config = (tmp_path / "model.yaml").read_text()
    (tmp_path / "model.yaml").write_text(config.replace("n_layer: 2", "n_layer: 1000000"))
    with pytest.raises(ScheduleError, match=r"mine\.yaml:6:\d+: start\.prior: .*n_layer: expected a whole number"):
        first_frame(tmp_path, "pick: 1")
