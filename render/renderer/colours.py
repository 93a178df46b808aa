"""What happens to a frame's colours, before its refinement and after it."""

import torch
from torch import Tensor

from render.guidance.colour import palettes, pictures
from render.guidance.colour.lock import locked
from render.guidance.colour.spaces import from_oklab, oklab
from render.guidance.colour.statistics import Statistics, measured
from render.guidance.colour.transport import by_histogram, by_statistics, with_spread
from render.renderer.state import FrameState
from render.spec import FrameSpec
from render.spec.colour import Colour
from render.spec.pictures import ImageFile


@torch.no_grad()
def matched(image: Tensor, state: FrameState | None, spec: FrameSpec, own: Tensor | None = None) -> Tensor:
    """Move a picture's colours as far as its spec says; `image` itself if there is nothing to match it to.

    Args:
        image: (1, 3, H, W) in [0, 1], before refinement.
        state: the previous frame; None for a frame that starts from a source.
        own: as `image`, the picture of the frame's footage, if it has any.
    """
    colour = spec.colour
    if colour is None or colour.amount == 0 or (colour.match is None and colour.contrast is None):
        return image
    wanted = _wanted(colour, state, image, own)
    if wanted is None and colour.contrast is None:
        return image
    lab = oklab(image)
    moved, found = lab, measured(lab)
    if wanted is not None:
        move = by_histogram if colour.method == "histogram" else by_statistics
        moved, found = move(lab, found, wanted), wanted
    if colour.contrast is not None:
        moved = with_spread(moved, found, colour.contrast)
    return from_oklab(lab.lerp(moved, colour.amount))


def _wanted(colour: Colour, state: FrameState | None, image: Tensor, own: Tensor | None) -> Statistics | None:
    """Return the statistics that a frame is matched to; None if there are none, as in a first frame."""
    if colour.match == "first" and state is not None and state.colours is not None:
        return Statistics.unpacked(state.colours)
    if colour.match == "previous" and state is not None:
        return measured(oklab(state.image))
    if colour.match == "source" and own is not None:
        return measured(oklab(own))
    if colour.match == "palette":
        return measured(palettes.in_oklab(colour.palette, image.device).transpose(1, 2).unsqueeze(2))
    return pictures.statistics(colour.match, image.device) if isinstance(colour.match, ImageFile) else None


@torch.no_grad()
def remembered(state: FrameState | None, spec: FrameSpec, image: Tensor) -> Tensor | None:
    """Return the statistics that later frames are matched to, see `FrameState.colours`.

    They are those of the first frame since a cut whose spec has `match: first`; all later ones hand them on.

    Args:
        image: (1, 3, H, W) in [0, 1], after refinement.
    """
    if spec.colour is None or spec.colour.match != "first":
        return None
    if state is not None and state.colours is not None:
        return state.colours
    return measured(oklab(image)).packed()


def locked_frame(image: Tensor, spec: FrameSpec) -> Tensor | None:
    """Return the finished frame in the colours of its palette; None if it is not locked to one."""
    if spec.colour is None or not spec.colour.lock:
        return None
    return locked(image, palettes.in_srgb(spec.colour.palette, image.device), spec.colour.dither)
