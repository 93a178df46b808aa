"""What models estimate of the rooms that finished frames show, for pictures for two eyes."""

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from pipeline.run.folder.frames import FrameFolder
from pipeline.run.folder.video_plan import VideoPlan
from render.errors import RunError, WeightsError

if TYPE_CHECKING:
    from torch import Tensor

    from render.motion.depth.estimators import Estimate

_KEPT = 8  # estimates


class EstimatedRooms:
    """The nearness of what frames show, by the model of their shot.

    It depends on the frames alone, not on the order in which they are asked for. All of a shot are in the range of its
    first frame, and smoothed over three frames, so that the room does not breathe.
    """

    def __init__(self, plan: VideoPlan, frames: FrameFolder) -> None:
        self._plan, self._frames = plan, frames
        self._estimate = lru_cache(1)(_load)
        self._aligned = lru_cache(_KEPT)(self._align)
        self._level = lru_cache(_KEPT)(self._find_level)

    def nearness(self, number: int, size: tuple[int, int]) -> "Tensor":
        """The nearness of what frame `number` shows, for a picture of (height, width): (1, H, W) float32.

        Raises:
            RunError: the model is no longer there.
        """
        import torch
        import torch.nn.functional as F

        first = self._plan.seen_in(number).first
        beside = [other for other in (number - 1, number, number, number + 1) if self._shares_room(other, first)]
        found = torch.stack([self._aligned(other) for other in beside]).mean(dim=0)
        return F.interpolate(found[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]

    def _shares_room(self, number: int, first: int) -> bool:
        is_there = first <= number < self._plan.frames and self._frames.path(number).is_file()
        return is_there and self._plan.seen_in(number).first == first

    def _align(self, number: int) -> "Tensor":
        from render.motion.depth.estimated import again

        seen = self._plan.seen_in(number)
        return again(self._found(number), self._level(seen.first), seen.depth)

    def _find_level(self, number: int) -> "Tensor":
        from render.motion.depth.estimated import first

        return first(self._found(number), self._plan.seen_in(number).depth)[1]

    def _found(self, number: int) -> "Tensor":
        import torch

        name = self._plan.seen_in(number).depth.model
        assert name is not None
        with Image.open(self._frames.path(number)) as image:
            pixels = np.array(image.convert("RGB"))
        found: Tensor = self._estimate(name)(torch.from_numpy(pixels).movedim(-1, 0)[None].float() / 255)
        return found.nan_to_num(0.0)


def _load(name: str) -> "Estimate":
    import torch

    from render import catalogue
    from render.models import registry
    from render.motion.depth import estimators
    from render.renderer.loading.weights import locate

    try:
        files = locate(registry.find_depth(name), offline=True, progress=lambda *_: None)
        found: Estimate = catalogue.load(estimators, files.entry).load(files, torch.device("cpu"), torch.float32)
    except WeightsError as error:
        raise RunError(str(error)) from error
    return found
