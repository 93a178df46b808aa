"""Frames past the end of a loop, led into those at its beginning.

Before such a frame is rendered, the picture that it starts from goes a part of the way to the one that its
counterpart started from. The motion and the refinement of the frame then work on that, as on any other: what is
between the two is painted again under the prompts, and no ghost of a crossfade stays. Refinement may pull back, so how
far the way still is, is measured: however much it does, every frame gains the same ground.

The two frames draw the same random numbers, so nothing else keeps them apart, and the last one is its counterpart to
the bit: the seam of the video is a step between two neighbours as any other.
"""

import dataclasses
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from pipeline.run.folder.frames import FrameFolder
from pipeline.run.folder.states import StateFolder
from pipeline.schedule.timeline import Timeline
from render.errors import CheckpointError
from render.spec import FrameSpec

if TYPE_CHECKING:
    from render.renderer.renderer import Renderer
    from render.renderer.state import FrameState


class LoopStart:
    """The states of the first frames of a loop, which are kept while it is rendered.

    Args:
        hashes: chained hashes of all frames.
        frames: where the frames lie.
    """

    def __init__(self, states: StateFolder, timeline: Timeline, hashes: list[str], frames: FrameFolder) -> None:
        self._states = states
        self._frames = frames
        self._timeline = timeline
        self._hashes = hashes
        self._required = False

    def require(self, renderer: "Renderer") -> None:
        """Render the missing ones again: a schedule may have become a loop when it was rendered already."""
        if self._required:
            return
        self._required = True
        wanted = self._timeline.num_led - 1
        missing = [index for index in range(wanted) if not self._is_there(index)]
        state = None
        for index in missing:
            if index and (state is None or state.index != index - 1):
                state = self._states.load(index - 1, renderer.device)
            state = renderer.step(state, self._timeline.at(index))
            self._states.save(state, self._hashes[index], renderer.made_on)

    def toward(self, state: "FrameState", spec: FrameSpec, renderer: "Renderer") -> "FrameState":
        """What the frame of `spec` starts from; `state` itself unless it is led."""
        if spec.lead is None:
            return state
        index, way = spec.lead
        target = self._states.load(index, renderer.device)
        if way == 1:
            return dataclasses.replace(target, index=state.index)
        left = float((target.image - state.image).abs().mean())
        share = 1 - min(1.0, self._whole_way * (1 - way) / left) if left else 1.0
        image = state.image.lerp(target.image, share)
        # Half-way between two latents is not half-way between their pictures: the mixed picture is encoded again.
        return dataclasses.replace(state, image=image, latent=None)

    @cached_property
    def _whole_way(self) -> float:
        """The mean difference between the first frame past the end and the one that it takes the place of."""
        last, first = (self._frames.read(index) / 255 for index in (len(self._timeline.times), 0))
        return float(np.abs(last - first).mean())

    def _is_there(self, index: int) -> bool:
        try:
            return self._states.verify(index).frame_hash == self._hashes[index]
        except CheckpointError:
            return False
