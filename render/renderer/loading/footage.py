"""What frames take from footage, read when the first frame asks for it: other schedules need neither PyAV nor OpenCV."""

from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from render.spec.footage import Flow, SourceImage

if TYPE_CHECKING:
    from render.footage import Footage
    from render.motion.displacements.flow import Field
    from render.motion.flow.flows import Flows

Size = tuple[int, int]


class FootageOnDemand:
    """The pictures of sources and the motion between them, for the frames of all runs that share a renderer."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

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
        from render.motion.flow.flows import Flows

        return Flows(self._footage, self._device)
