"""Show a picture to two eyes: each sees it from its own side, so near things are shifted more than far ones."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from render.device.copies import like
from render.errors import RunError
from render.kernels.exact import exact
from render.motion.depth.eye import Eye, centres
from render.motion.depth.layers import sampled, seen_by, sharpened
from render.motion.depth.surface import SurfaceMove
from render.motion.displacements import Fields
from render.motion.displacements.camera import to_pixels
from render.motion.displacements.depth import nearness_of, through
from render.motion.resample import catmull_rom
from render.spec.camera import UNMOVED, Seen, View

_LEAST = 1e-6  # nearness of what is infinitely far
_RED = ((0.437, 0.449, 0.164), (-0.062, -0.062, -0.024), (-0.048, -0.050, -0.017))
_CYAN = ((-0.011, -0.032, -0.007), (0.377, 0.761, 0.009), (-0.026, -0.093, 1.234))


@dataclass(frozen=True, kw_only=True)
class Eyes:
    """Two eyes side by side.

    Attributes:
        apart: the distance between them, in the schedule's distances.
        screen: the distance of what seems to lie in the screen; nearer things seem to lie before it.
    """

    apart: float
    screen: float


def seen_by_both(picture: Tensor, seen: Seen, eyes: Eyes, fields: Fields) -> tuple[Tensor, Tensor]:
    """Return what the left and the right eye see: two pictures (1, 3, H, W) in [0, 1].

    Two cameras look straight ahead in parallel; their pictures are then shifted so that what is at `eyes.screen`
    coincides. So a thing at distance z is shifted by f · apart · (1 / screen - 1 / z) pixels between them, where f is
    the focal length in pixels, and never up or down. What only one eye sees is filled as in `render.motion.depth`.

    Args:
        picture: (1, 3, H, W) in [0, 1], a finished frame.
        seen: what the frame shows of a room.
        fields: what reads pictures of depth, and the nearness of what the frame shows if a model has estimated it.

    Raises:
        RunError: the picture of depth needs something that was not loaded.
    """
    size = (picture.shape[-1], picture.shape[-2])
    middle = Eye(view=View(pose=UNMOVED, fov=seen.view.fov), size=size, horizon=0.5)
    nearness = nearness_in(seen, size, fields).to(exact(picture.device))

    def shown(side: float) -> Tensor:
        right = side * eyes.apart / 2  # the eye is this far to the right
        pose = (*UNMOVED[:3], -right, *UNMOVED[4:])
        eye = replace(middle, view=View(pose=pose, fov=seen.view.fov))
        move = SurfaceMove(origin=middle, nearness=nearness, before=middle, after=eye)
        points = centres(size[1], size[0], picture.device)[None]
        points = points - like(points, [right / eyes.screen * middle.focal, 0.0])
        return catmull_rom(picture, move.at(points), "reflect").clamp(0.0, 1.0)

    return shown(-1), shown(1)


def nearness_in(seen: Seen, size: tuple[int, int], fields: Fields) -> Tensor:
    """Return the inverse of how far ahead everything in a frame of (width, height) is: (H, W) float32 above 0."""
    eye = Eye(view=seen.view, size=size, horizon=seen.depth.horizon)
    points = centres(size[1], size[0], torch.device("cpu"))
    if seen.motion:
        matrix = to_pixels(torch.tensor(seen.motion).double().view(3, 3).inverse().numpy(), size)
        points = through(matrix, points)
    if seen.depth.kind == "ground":
        down = eye.directions(points) @ like(points, eye.turn.T[1])
        found = down / (1.0 - float(eye.place[1]))
        return found.clamp_min(_LEAST).float()
    if seen.depth.kind == "model":
        if fields.nearness is None:
            raise RunError("a room that a model estimates needs that model, which was not loaded")
        return sharpened(fields.nearness[0])
    nearness = nearness_of(seen.depth, size, fields)
    if seen.view.pose != UNMOVED or seen.view.fov != seen.depth.fov:
        origin = replace(eye, view=View(pose=UNMOVED, fov=seen.depth.fov))
        nearness = seen_by(eye, origin, nearness)
    return sharpened(sampled(nearness.clamp_min(_LEAST), points).float()) if seen.motion else nearness


def side_by_side(left: Tensor, right: Tensor) -> Tensor:
    """Return both pictures (1, 3, H, W) in one, the left one on the left: (1, 3, H, 2 W)."""
    return torch.cat([left, right], dim=-1)


def anaglyph(left: Tensor, right: Tensor) -> Tensor:
    """Return one picture (1, 3, H, W) in [0, 1] for glasses that are red on the left and cyan on the right.

    Source: Dubois, "A projection method to generate anaglyph stereo images" (2001): the least-squares fit to what the
    eyes see through the filters, in linear light.
    """
    red, cyan = (like(left, matrix) for matrix in (_RED, _CYAN))
    mixed = torch.einsum("ij,bjhw->bihw", red, _linear(left)) + torch.einsum("ij,bjhw->bihw", cyan, _linear(right))
    mixed = mixed.clamp(0.0, 1.0)
    return torch.where(mixed <= 0.0031308, mixed * 12.92, 1.055 * mixed.clamp_min(1e-6) ** (1 / 2.4) - 0.055)


def _linear(picture: Tensor) -> Tensor:
    """From sRGB to linear light (IEC 61966-2-1)."""
    return torch.where(picture <= 0.04045, picture / 12.92, ((picture + 0.055) / 1.055) ** 2.4)
