"""Load exported models, to measure them and to render with them."""

from pathlib import Path
from typing import Any

import open_clip
import torch
import yaml
from safetensors.torch import load_file
from torch import Tensor

from render.device.device import model_dtype
from render.models.model import ModelFiles
from render.renderer.loading.load import load_renderer
from render.renderer.renderer import Renderer
from render.renderer.state import FrameState
from render.sources.noise import soft
from render.spec import FrameSpec
from render.spec.prompts import PromptWeight
from render.training.networks.vqgan import VQ


def load_vqgan(stem: Path) -> VQ:
    """A VQGAN from stem.yaml and stem.safetensors."""
    params = yaml.safe_load(stem.with_suffix(".yaml").read_text())["model"]["params"]
    net = VQ(params["ddconfig"], params["embed_dim"], params["n_embed"], params.get("norm_groups", 32))
    net.load_state_dict({k: v.float() for k, v in load_file(stem.with_suffix(".safetensors")).items()})
    return net.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def load_pair(stem: Path) -> Any:
    """A CLIP pair from stem.json and stem.safetensors, as open_clip loads it."""
    open_clip.add_model_config(stem.with_suffix(".json"))
    pair = open_clip.create_model(stem.name, pretrained=str(stem.with_suffix(".safetensors")))
    pair.visual.to(memory_format=torch.channels_last)
    return pair.eval().requires_grad_(False)


def load_painter(vqgan: Path, clip: Path) -> Renderer:
    """The renderer with an exported pair, given by the stems of its files; latents are not quantised."""
    latent = _exported("vqgan", vqgan, ".yaml")
    scorer = _exported("clip", clip, ".json")
    cpu = torch.device("cpu")
    return load_renderer(latent, [(scorer, 1.0)], quantize=False, device=cpu, dtype=model_dtype(cpu))


@torch.no_grad()
def noise_latents(net: VQ, count: int, side: int, generator: torch.Generator) -> Tensor:
    """Latents (count, C, h, w) of the noise that a video starts from, `side` pixels wide and high."""
    return net.pre(soft(count, (side, side), generator) * 2 - 1)


def paint(renderer: Renderer, prompt: str, size: tuple[int, int], steps: int) -> FrameState:
    """The first frame of a video of one prompt: its picture (1, 3, H, W) in [0, 1], and its similarity."""
    spec = FrameSpec(
        index=0,
        seed=0,
        size=size,
        prompts=(PromptWeight(text=prompt, weight=1.0),),
        blend="weights",
        transforms={},
        center=(0.5, 0.5),
        border="reflect",
        losses={"prompt": 1.0, "smooth": 0.6},
        num_steps=steps,
        lr=0.2,
        num_cutouts=12,
        carry_optimizer=False,
    )
    return renderer.step(None, spec)


def _exported(entry: str, stem: Path, config: str) -> ModelFiles:
    return ModelFiles(
        name=stem.name,
        entry=entry,
        architecture=stem.with_suffix(config),
        weights=stem.with_suffix(".safetensors"),
    )
