"""Published transformers as users have them: fetched by name, kept, loaded, and pictures drawn."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from click.testing import CliRunner

from pipeline.commands.models import models
from render import catalogue, priors
from render.latents import vqgan
from render.models import registry
from render.models.downloads import Download
from render.models.model import Model
from render.priors import Wanted
from render.priors.transformer.checkpoint import load_second_stage
from render.renderer.weights import locate
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
