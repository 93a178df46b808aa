"""The recipe as frozen dataclasses, read from a YAML file. Lengths are in steps, so reruns give the same result."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """How many scenes and sentences, at which size in pixels."""

    scenes: int = 60_000
    scene_size: int = 96
    large_scenes: int = 6_000
    large_size: int = 160
    held_out_scenes: int = 1_000
    skies: int = 14_000
    reconstructed: int = 6_000
    composed_texts: int = 40_000
    glosses: int = 8_000
    lemmas: int = 14_000
    embed_dim: int = 256
    whitening: float = 0.25
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class TextConfig:
    """The text tower: a small transformer distilled from the teacher's projected space."""

    width: int = 80
    heads: int = 4
    layers: int = 2
    steps: int = 3_000
    batch: int = 256
    learning_rate: float = 2e-3
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class CLIPConfig:
    """The image tower and its adversarial training. Norms are L2 on images in [0, 1] at 64 px.

    `tower` names a timm architecture, as for the judge, instead of CLIP's ResNet of `width`. `painted` is how many of
    the `decoys` of a step are optimised in a VQGAN's latent space, as in the renderer, if the run has one. `blended`
    is the share of pictures that are blends of two (blends.py), `looks` how strongly captions encode the colours of
    their pictures (looks.py).
    """

    tower: str = ""
    width: int = 28
    image_size: int = 64
    steps: int = 4_800
    batch: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.03
    temperature: float = 20.0
    radius: float = 2.5
    attack_from: float = 0.15
    attack_full: float = 0.45
    replays: int = 1
    decoys: int = 24
    decoy_from: float = 0.3
    decoy_step: float = 0.8
    decoy_weight: float = 1.0
    painted: int = 8
    smallest_crop: float = 0.5
    squeezed: float = 0.3
    reconstructed: float = 0.25
    joint_from: float = 0.5
    average: float = 0.998
    photos: float = 0.15
    artwork: float = 0.03
    skies: float = 0.2
    blended: float = 0.25
    looks: float = 1.0
    save_every: int = 200
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class VQGANConfig:
    """The autoencoder: a latent for 2 ** (len(ch_mult) - 1) pixels along each axis, of `embed_dim` numbers.

    With a guiding CLIP, each step also uses `guided` pictures of `guided_size` pixels that are being painted
    (guided.py), with weight `guided_weight`.
    """

    steps: int = 8_000
    batch: int = 8
    crop: int = 64
    learning_rate: float = 1.2e-3
    quantise_from: int = 600
    ch_mult: tuple[int, ...] = (1, 2, 2, 4)
    embed_dim: int = 32
    codes: int = 1024
    code_decay: float = 0.02
    latent_noise: float = 0.1
    cycle_weight: float = 0.3
    guided: int = 1
    guided_size: int = 128
    guided_weight: float = 2.0
    average: float = 0.998
    photos: float = 0.35
    artwork: float = 0.2
    save_every: int = 200
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class TransformerConfig:
    """The transformer from texts to codes, for pictures of `grid` times `grid` codes out of `codes`.

    The codes stand for the centres of the latents of `sampled` scenes. `positions` is how many stand before the codes
    for the text. In a share `without_text` of the examples it is left out, for guidance without a classifier;
    `text_noise` is the length of the noise that is added to its unit vector. The learning rate stays until `cooldown`
    steps before the end, then falls to 0, so that a run can be made longer.
    """

    grid: int = 12
    codes: int = 1024
    scenes: int = 16_000
    held_out: int = 500
    sampled: int = 1_000
    width: int = 192
    heads: int = 3
    layers: int = 6
    positions: int = 4
    steps: int = 20_000
    cooldown: int = 4_000
    batch: int = 32
    learning_rate: float = 2e-3
    matrix_rate: float = 0.02
    weight_decay: float = 0.05
    without_text: float = 0.1
    text_noise: float = 0.3
    average: float = 0.999
    save_every: int = 100
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class DepthConfig:
    """The depth network. Scenes are drawn with `size` pixels a side, a share `seen` of them also by the VQGAN.

    The loss leaves out the `trimmed` share of the pixels that fit least, and weighs the gradients' by `gradients`.
    """

    scenes: int = 9_000
    held_out: int = 400
    size: int = 144
    seen: float = 0.4
    steps: int = 4_500
    batch: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    trimmed: float = 0.05
    gradients: float = 0.2
    average: float = 0.998
    save_every: int = 250
    seed: int = 0


def refining(**values: Any) -> VQGANConfig:
    """The settings that differ when an existing VQGAN is trained to be guided."""
    return VQGANConfig(**{"steps": 3_000, "learning_rate": 8e-4, "latent_noise": 0.2} | values)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The settings of all steps."""

    data: DataConfig = field(default_factory=DataConfig)
    text: TextConfig = field(default_factory=TextConfig)
    clip: CLIPConfig = field(default_factory=CLIPConfig)
    vqgan: VQGANConfig = field(default_factory=VQGANConfig)
    refine: VQGANConfig = field(default_factory=refining)
    transformer: TransformerConfig = field(default_factory=TransformerConfig)
    depth: DepthConfig = field(default_factory=DepthConfig)


SECTIONS: dict[str, Callable[..., Any]] = {
    "data": DataConfig,
    "text": TextConfig,
    "clip": CLIPConfig,
    "vqgan": VQGANConfig,
    "refine": refining,
    "transformer": TransformerConfig,
    "depth": DepthConfig,
}


def _section(name: str, values: dict[str, Any]) -> Any:
    make = SECTIONS[name]
    known = {f.name for f in fields(make())}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ValueError(f"{name}: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    return make(**values)


def load_recipe(path: Path | None) -> Recipe:
    """The recipe in a YAML file with the sections of `Recipe`; defaults for what it leaves out.

    Raises: ValueError for an unknown section or key.
    """
    raw: dict[str, Any] = yaml.safe_load(path.read_text()) or {} if path else {}
    unknown = sorted(set(raw) - set(SECTIONS))
    if unknown:
        raise ValueError(f"unknown section {', '.join(unknown)}; known are {', '.join(SECTIONS)}")
    return Recipe(**{name: _section(name, raw.get(name) or {}) for name in SECTIONS})
