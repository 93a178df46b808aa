"""Where a refinement step's time goes."""

import torch

from bench.interleaved import interleave
from bench.ours import Loaded, Setting, Steps
from render.guidance.augment import STRENGTHS
from render.refinement.refine import embed_cutouts


def shares(models: Loaded, setting: Setting, rounds: int) -> dict[str, float]:
    """Seconds of each stage of a step, forward and backward, and of the whole step."""
    steps = Steps(models, setting)
    refinement, latent = steps.refinement, steps.optimizer.latent
    with torch.no_grad():
        image = models.latent.decode(latent)
    perceptor = refinement.guides[0].perceptor
    pixels = torch.rand(setting.cutouts, 3, perceptor.side, perceptor.side, device=models.device)

    def decode() -> None:
        models.latent.decode(latent).sum().backward()

    def cut() -> None:
        seen = image.detach().requires_grad_()
        (seen_by_one,) = embed_cutouts(
            seen, [_Nothing(perceptor.side)], setting.cutouts, STRENGTHS[setting.augment], refinement.generator
        )
        seen_by_one.embeddings.sum().backward()  # type: ignore[no-untyped-call]

    def perceive() -> None:
        perceptor.encode_image(pixels.detach().requires_grad_()).sum().backward()  # type: ignore[no-untyped-call]

    timings = interleave({"decode": decode, "cutouts": cut, "perceive": perceive, "step": steps}, rounds)
    return {name: timing.median for name, timing in timings.items()}


class _Nothing:
    """A perceptor without cost, so that only the cutouts are timed."""

    def __init__(self, side: int) -> None:
        self.side = side

    def encode_text(self, texts: object) -> torch.Tensor:
        raise NotImplementedError

    def encode_image(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(1)
