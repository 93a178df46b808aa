"""Turn prompts into targets of guidance: unit embeddings of texts and pictures, mixed by weights or slerp."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from render.device.copies import on_device
from render.guidance import cutouts
from render.guidance.latest import Latest
from render.guidance.perceptors import Perceptor
from render.guidance.pictures import pixels
from render.guidance.stencils import Stencil
from render.spec.pictures import ImageFile
from render.spec.prompts import PromptWeight


@dataclass(frozen=True, kw_only=True)
class Targets:
    """The targets of one perceptor.

    With a leading dimension B they are the targets of every picture of a batch, see `batch_targets`.

    Attributes:
        embeddings: (P, D) or (B, P, D), unit vectors.
        weights: (P,) or (B, P), signed.
        regions: (P, H, W) or (B, P, H, W) in [0, 1], at the size of the frame: where in the picture each prompt
            applies; None if every prompt applies everywhere.
        stops: (P,) or (B, P), where each prompt lets go of a cutout, see `stop_distance`; None if no prompt does.
        coverage: (B, N, P), how much of its region each of N cutouts shows, for the prompt that it is dealt to; see
            `render.guidance.stencils`. None without regions.
    """

    embeddings: Tensor
    weights: Tensor
    regions: Tensor | None = None
    stops: Tensor | None = None
    coverage: Tensor | None = None

    @property
    def kind(self) -> Hashable:
        """Equal for targets that can be batched: the size of their regions, if they have any."""
        return None if self.regions is None else tuple(self.regions.shape[-2:])

    @property
    def stencil(self) -> Stencil | None:
        """The regions, for the steps of a refinement; None without regions."""
        if self.regions is None:
            return None
        height, width = self.regions.shape[-2:]
        prompts = self.weights.shape[-1]
        return Stencil(self.regions.view(-1, prompts, height, width), self.weights.view(-1, prompts))

    def similarity(self, embeddings: Tensor) -> Tensor:
        """Return the weighted mean cosine of unit vectors (B, N, D) to targets where they apply, in [-1, 1]: (B,)."""
        cosines = (embeddings @ self.embeddings.mT).mean(dim=1)
        return (cosines * self.weights).sum(dim=-1) / self.weights.abs().sum(dim=-1)


def batch_targets(targets: Sequence[Targets], padded: bool = False) -> Targets:
    """Batch the targets of several pictures, all with regions of one size or all without.

    Missing prompts are padded with weight 0 and a region that is nowhere. A picture or prompt without stops gets those
    that are never reached.

    Args:
        padded: with room for 2, 4, 8, ... prompts, so that the shapes of few frames differ.
    """
    most = max(len(each.weights) for each in targets)
    room = max(2, 1 << (most - 1).bit_length()) if padded else most

    def batched(parts: list[Tensor], value: float = 0.0) -> Tensor:
        batch = pad_sequence(parts, batch_first=True, padding_value=value)
        return F.pad(batch, [0, 0] * (batch.dim() - 2) + [0, room - most], value=value) if room > most else batch

    regions = [each.regions for each in targets if each.regions is not None]
    stops = _stops(targets)
    return Targets(
        embeddings=batched([each.embeddings for each in targets]),
        weights=batched([each.weights for each in targets]),
        regions=batched(regions) if regions else None,
        stops=batched(stops, -math.inf) if stops else None,
    )


def _stops(targets: Sequence[Targets]) -> list[Tensor]:
    """Return the stops of every picture, [] if none has any."""
    if all(each.stops is None for each in targets):
        return []
    return [torch.full_like(each.weights, -math.inf) if each.stops is None else each.stops for each in targets]


def angle_between(start: Tensor, end: Tensor) -> float:
    """Return the angle between unit vectors (D,) in radians; the host waits for it."""
    return 2 * math.asin(min(1.0, float(torch.linalg.vector_norm(start - end)) / 2))


def slerp(start: Tensor, end: Tensor, fraction: float, angle: float | None = None) -> Tensor:
    """Interpolate spherically between unit vectors (D,): fraction 0 gives `start`, 1 gives `end`.

    Args:
        angle: the angle between them, if it is known.

    Source: Shoemake, "Animating rotation with quaternion curves" (1985). No unique great circle
    joins opposite vectors; opposite and equal vectors are interpolated linearly and normalised.
    """
    angle = angle_between(start, end) if angle is None else angle
    shares = (1 - fraction, fraction)
    if 1e-4 < angle < math.pi - 1e-4:
        shares = (math.sin(shares[0] * angle), math.sin(shares[1] * angle))
    mixed = shares[0] * start + shares[1] * end
    return torch.where(mixed.any(), F.normalize(mixed, dim=0), start)


def stop_distance(prompt: PromptWeight) -> float:
    """Return the spherical distance at which a prompt lets go, times the sign of its weight; -inf for never.

    A prompt has let go of a cutout whose distance, times the sign, is at most this: one that pulls of a cutout that is
    near enough, one that pushes away of a cutout that is far enough. A cosine c is a distance of arccos(c)^2 / 2, see
    `render.guidance.losses.prompt.spherical_distance`.

    Source: the stops of crowsonkb's VQGAN+CLIP notebook and pytti, which are written as such distances.
    """
    return -math.inf if prompt.stop is None else math.copysign(math.acos(prompt.stop) ** 2 / 2, prompt.weight)


KEPT = 1024  # embeddings: more than one video needs, yet a bound for a worker that renders many videos


def _between(start: PromptWeight, end: PromptWeight, fraction: float) -> PromptWeight:
    """Return a prompt for the point between two, with a stop between theirs; one without a stop counts as 1."""
    if start.stop is None and end.stop is None:
        return start
    stops = [1.0 if prompt.stop is None else prompt.stop for prompt in (start, end)]
    fraction = min(1.0, max(0.0, fraction))  # an easing may overshoot
    return replace(start, weight=start.weight + end.weight, stop=(1 - fraction) * stops[0] + fraction * stops[1])


class PromptEncoder:
    """Embeds prompts for one perceptor, each once; the latest `KEPT` embeddings are cached."""

    def __init__(self, perceptor: Perceptor, device: torch.device) -> None:
        self._perceptor = perceptor
        self._device = device
        self._cache: dict[str | ImageFile, Tensor] = {}
        self._angles: Latest[tuple[str | ImageFile, str | ImageFile], float] = Latest(KEPT)

    def targets(self, prompts: Sequence[PromptWeight], blend: str) -> Targets | None:
        """Return the targets of a frame's prompts; None without prompts."""
        if not prompts:
            return None
        embeddings = torch.stack([self._embed(prompt.image or prompt.text) for prompt in prompts])
        weights = on_device([prompt.weight for prompt in prompts], embeddings.device)
        if blend == "slerp" and len(prompts) == 2 and prompts[0].region == prompts[1].region:
            total = prompts[0].weight + prompts[1].weight
            embeddings = self._mixed(embeddings, prompts, prompts[1].weight / total).unsqueeze(0)
            weights = weights.sum(dim=0, keepdim=True)
            prompts = [_between(prompts[0], prompts[1], prompts[1].weight / total)]
        stops = None
        if any(prompt.stop is not None for prompt in prompts):
            stops = on_device([stop_distance(prompt) for prompt in prompts], embeddings.device)
        return Targets(embeddings=embeddings, weights=weights, stops=stops)

    def _mixed(self, embeddings: Tensor, prompts: Sequence[PromptWeight], fraction: float) -> Tensor:
        """Mix two embeddings; their angle, for which the host waits, stays the same from frame to frame."""
        start, end = embeddings
        first, second = (prompt.image or prompt.text for prompt in prompts)
        return slerp(start, end, fraction, self._angles.get((first, second), lambda: angle_between(start, end)))

    def _embed(self, prompt: str | ImageFile) -> Tensor:
        if prompt not in self._cache:
            if isinstance(prompt, ImageFile):
                self._cache[prompt] = self._embed_image(prompt)
            else:
                self._cache[prompt] = self._perceptor.encode_text([prompt])[0]
            if len(self._cache) > KEPT:
                del self._cache[next(iter(self._cache))]
        return self._cache[prompt]

    @torch.no_grad()
    def _embed_image(self, file: ImageFile) -> Tensor:
        """Embed the whole picture, squeezed into a square as the cutouts of the whole frame are."""
        image = on_device(pixels(file), self._device)
        return self._perceptor.encode_image(cutouts.whole(image, self._perceptor.side)[:, 0])[0]
