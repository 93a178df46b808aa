"""What frames take from footage, loaded when the first frame asks for it: others need neither PyAV nor OpenCV."""

from functools import cached_property, partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from render.models.model import ModelFiles
from render.spec.footage import Flow, SourceImage

if TYPE_CHECKING:
    from render.footage import Footage
    from render.motion.displacements.flow import Field
    from render.motion.flow.flows import Flows

Size = tuple[int, int]


class FootageOnDemand:
    """The pictures of sources and the motion between them, for the frames of all runs that share a renderer.

    Args:
        flow: the files of what finds the motion; None for dense inverse search.
    """

    def __init__(self, device: torch.device, flow: ModelFiles | None) -> None:
        self._device = device
        self._model = flow

    def show(self, image: SourceImage, size: Size) -> Tensor:
        """See `render.footage.Footage.picture`."""
        return self._footage.picture(image, size)

    def flow(self, flow: Flow, size: Size) -> "Field":
        """See `render.motion.flow.flows.Flows.field`."""
        return self._flows.field(flow, size)

    @cached_property
    def _footage(self) -> "Footage":
        from render.footage import Footage

        return Footage(self._device)

    @cached_property
    def _flows(self) -> "Flows":
        from render.guidance.masks import Masks
        from render.motion.flow.flows import Flows, load

        estimate = None if self._model is None else load(self._model, self._device)
        masks = Masks(self._device)
        draw = partial(masks.draw, picture=None)
        return Flows(self._footage, self._device, estimate, draw)
