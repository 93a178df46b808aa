"""Our side of a comparison: a renderer of given models, and one frame of it as work to be timed."""

from dataclasses import dataclass
from typing import Any

import torch

from render.device.device import pick_device
from render.guidance.prompts import PromptEncoder
from render.models.registry import find_latent, find_perceptor
from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Guide, Refinement
from render.renderer.loading.load import load_models
from render.renderer.renderer import Renderer, Scorer
from render.renderer.state import FrameState
from render.rng import frame_generator
from render.sources import noise
from render.spec import FrameSpec
from render.spec.prompts import PromptWeight

PROMPT = "a golden sunset over the sea"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Models, picture and cutouts that are compared."""

    latent: str
    perceptor: str
    size: tuple[int, int]
    cutouts: int
    quantize: bool
    augment: str

    @property
    def title(self) -> str:
        return f"{self.latent} + {self.perceptor}, {self.size[0]}x{self.size[1]}, {self.cutouts} cutouts"


EMBEDDED = Setting(
    latent="embedded", perceptor="embedded", size=(256, 144), cutouts=12, quantize=False, augment="light"
)
PUBLISHED = Setting(
    latent="random:imagenet-f16-16384",
    perceptor="random:ViT-B-32-quickgelu",
    size=(256, 256),
    cutouts=32,
    quantize=True,
    augment="full",
)


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The models of a setting on their device."""

    latent: Any
    perceptor: Any
    device: torch.device
    dtype: torch.dtype

    def renderer(self) -> Renderer:
        return Renderer(self.latent, [Scorer(perceptor=self.perceptor)], self.device, self.dtype)


def load(setting: Setting, dtype: torch.dtype, device: torch.device | None = None) -> Loaded:
    device = device or pick_device("auto")
    files = find_latent(setting.latent).files(), [find_perceptor(setting.perceptor).files()]
    latent, [perceptor] = load_models(*files, setting.quantize, device, dtype)
    return Loaded(latent=latent, perceptor=perceptor, device=device, dtype=dtype)


def frame(setting: Setting, index: int, steps: int, transforms: dict[str, float] | None = None) -> FrameSpec:
    return FrameSpec(
        index=index,
        seed=7,
        size=setting.size,
        prompts=(PromptWeight(text=PROMPT, weight=1.0),),
        blend="weights",
        transforms=transforms or {},
        center=(0.5, 0.5),
        border="reflect",
        losses={"prompt": 1.0},
        num_steps=steps,
        lr=0.3,
        num_cutouts=setting.cutouts,
        carry_optimizer=True,
        augment=setting.augment,
    )


class Steps:
    """Refinement steps, one by one: each call takes the next step."""

    def __init__(self, models: Loaded, setting: Setting) -> None:
        spec = frame(setting, 0, 1)
        generator = frame_generator(spec.seed, spec.index, models.device)
        image = noise.soft(1, spec.size, generator)
        targets = PromptEncoder(models.perceptor, models.device).targets(spec.prompts, spec.blend)
        assert targets is not None
        self.refinement = Refinement(
            latents=models.latent,
            guides=[Guide(perceptor=models.perceptor, targets=targets)],
            anchor=image,
            spec=spec,
            generator=generator,
        )
        self.optimizer = LatentAdam(models.latent.encode(image), None)
        self._lr = spec.lr * models.latent.spread

    def __call__(self) -> None:
        self.refinement.step(self.optimizer, self._lr)


class Video:
    """A slow zoom with `steps` steps per frame: each call renders the next frame."""

    def __init__(self, models: Loaded, setting: Setting, steps: int) -> None:
        self._renderer, self._setting, self._steps = models.renderer(), setting, steps
        self._state: FrameState | None = None

    def __call__(self) -> None:
        index = 0 if self._state is None else self._state.index + 1
        spec = frame(self._setting, index, self._steps, {"zoom": 1.004})
        self._state = self._renderer.step(self._state, spec, checked=self._renderer.checks_at_once)


def steps(setting: Setting, dtype: torch.dtype) -> Steps:
    """Load a setting's models and prepare refinement steps with them."""
    return Steps(load(setting, dtype), setting)
