"""Shared by the tests of the image side: the embedded models, loaded once, and a frame spec to vary."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch

from render import catalogue
from render.guidance.perceptors import clip
from render.guidance.perceptors.toy import Toy
from render.latents import vqgan
from render.latents.pixels import Pixels
from render.models.registry import find_latent, find_perceptor
from render.renderer.renderer import Renderer, Scorer
from render.spec import FrameSpec
from render.spec.prompts import PromptWeight

CPU = torch.device("cpu")
AddEntry = Callable[..., None]


@pytest.fixture
def device() -> torch.device:
    return CPU


@pytest.fixture
def add_entry(monkeypatch: pytest.MonkeyPatch) -> AddEntry:
    """Returns a function that adds a catalogue entry for one test: `add_entry(package, "name", attribute=...)`."""

    def add(package: ModuleType, name: str, **contents: Any) -> None:
        listed = catalogue.names
        entry = ModuleType(f"{package.__name__}.{name}")
        vars(entry).update(contents)
        monkeypatch.setitem(sys.modules, entry.__name__, entry)
        monkeypatch.setattr(catalogue, "names", lambda of: (*listed(of), *([name] if of is package else [])))

    return add


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def spec() -> FrameSpec:
    """A frame without motion or refinement; each test uses `replace` to set what it is about."""
    return FrameSpec(
        index=1,
        seed=7,
        size=(16, 16),
        prompts=(PromptWeight(text="red", weight=1.0),),
        blend="weights",
        transforms={},
        center=(0.5, 0.5),
        border="reflect",
        losses={"prompt": 1.0},
        num_steps=0,
        lr=0.1,
        num_cutouts=4,
        carry_optimizer=True,
    )


@pytest.fixture
def toy_renderer() -> Renderer:
    """The pixel latent model with the toy perceptor: no weights, a millisecond per step."""
    return Renderer(Pixels(), [Scorer(perceptor=Toy(CPU))], CPU)


@pytest.fixture(scope="session")
def embedded_vqgan() -> vqgan.VQGAN:
    """The embedded VQGAN in float32, latents not quantised."""
    return vqgan.load(find_latent("embedded").files(), CPU, torch.float32, quantize=False)


@pytest.fixture(scope="session")
def quantizing_vqgan() -> vqgan.VQGAN:
    return vqgan.load(find_latent("embedded").files(), CPU, torch.float32, quantize=True)


@pytest.fixture(scope="session")
def bf16_vqgan() -> vqgan.VQGAN:
    return vqgan.load(find_latent("embedded").files(), CPU, torch.bfloat16, quantize=False)


@pytest.fixture(scope="session")
def embedded_clip() -> clip.CLIP:
    """The embedded CLIP in float32."""
    return clip.load(find_perceptor("embedded").files(), CPU, torch.float32)


@pytest.fixture(scope="session")
def embedded_renderer(embedded_vqgan: vqgan.VQGAN, embedded_clip: clip.CLIP) -> Renderer:
    return Renderer(embedded_vqgan, [Scorer(perceptor=embedded_clip)], CPU)
