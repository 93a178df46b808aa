"""Continue a picture to all sides by a transformer, which draws codes to the right and downwards only."""

from collections.abc import Sequence
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from render.latents.vqgan import VQGAN
from render.priors.transformer.checkpoint import SecondStage
from render.priors.transformer.sampling import Sampling
from render.priors.transformer.windows import UNKNOWN, Before, fill
from render.rng import Generators

# What is on the left is drawn as the right of a mirrored picture, and what is above as the bottom of one upside down.
_FLIPS: Sequence[tuple[int, ...]] = ((), (-1,), (-2,))


class Conditions(Protocol):
    """What tells a transformer about a grid of codes."""

    def __call__(self, rows: int, columns: int) -> Before: ...


def continued(
    second: SecondStage,
    picture: Tensor,
    known: Tensor,
    conditions: Conditions,
    sampling: Sampling,
    generators: Generators,
) -> Tensor | None:
    """Return the picture (1, 3, H, W) in [0, 1] with what is unknown drawn by a transformer.

    Args:
        picture: (1, 3, H, W) in [0, 1].
        known: (1, 1, H, W), 1 and 0.

    Returns:
        None if a side is no multiple of a code, or has fewer codes than the transformer was trained on.
    """
    stride = second.read.stride
    if picture.shape[-2] % stride or picture.shape[-1] % stride:
        return None
    for flip in _FLIPS:
        picture, known = picture.flip(flip), known.flip(flip)
        unknown = F.max_pool2d(1 - known, stride)[0, 0] > 0
        top, left = (int((~unknown).any(dim=dim).nonzero()[0]) for dim in (1, 0))
        if unknown[top:, left:].any():
            part = (..., slice(top * stride, None), slice(left * stride, None))
            drawn = _drawn(second, picture[part], unknown[top:, left:], conditions, sampling, generators)
            if drawn is None:
                return None
            picture, known = picture.clone(), known.clone()
            picture[part] = torch.where(known[part] > 0, picture[part], drawn)
            known[part] = 1.0
        picture, known = picture.flip(flip), known.flip(flip)
    return picture


def _drawn(
    second: SecondStage,
    picture: Tensor,
    unknown: Tensor,
    conditions: Conditions,
    sampling: Sampling,
    generators: Generators,
) -> Tensor | None:
    """Decode a picture after its unknown codes (h, w) have been drawn; None if they are too few or have no VQGAN."""
    first, side = second.first_stage, second.read.side
    if min(unknown.shape) < side or not isinstance(first, VQGAN):
        return None
    codes = first.codes(first.encode(picture)).masked_fill(unknown, UNKNOWN)
    before = conditions(*unknown.shape)
    codes = fill(second.gpt, codes, before, side, sampling, generators, num_codes=second.read.num_codes)
    return first.decode(first.entries(codes)).float()
