"""What is known of the room that a picture shows: estimated every few frames, and carried along in between."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from render.errors import RunError
from render.motion.depth.estimated import again, first
from render.spec.camera import RoomMove

Known = tuple[Tensor | None, Tensor | None]


@torch.no_grad()
def renewed(
    image: Tensor, known: Known, moves: Sequence[RoomMove], estimates: Mapping[str, Callable[[Tensor], Tensor]]
) -> Known:
    """Return the nearness (B, H, W) of what a picture shows, and the level (B, 2) of the first estimate.

    They are None if no camera moves in a room that a model sees; the level stays, for one that rests. The model looks
    at the picture if there is no nearness, and if one of the moves says so; then what was known is mixed in.

    Args:
        image: (B, 3, H, W) in [0, 1].
        known: the same, as the frame before has left it.
        moves: those that start from the picture.
        estimates: the models by name, see `render.motion.depth.estimators`.

    Raises:
        RunError: the model is not loaded.
    """
    moves = [move for move in moves if move.depth.kind == "model"]
    nearness, level = known
    if not moves:
        return None, level
    depth, asked = moves[-1].depth, {move.estimate for move in moves}
    if nearness is not None and asked == {None}:
        return known
    if depth.model is None or depth.model not in estimates:
        raise RunError(f"the depth model '{depth.model}' was not loaded")
    found = estimates[depth.model](image).nan_to_num(0.0)
    if level is None or "first" in asked:
        return first(found, depth)
    new = again(found, level, depth)
    return (new if nearness is None else torch.lerp(new, nearness, depth.smooth or 0.0)), level
