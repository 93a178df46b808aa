"""Blends the frames past the end of a loop into the frames at its beginning.

Before such a frame is rendered, the picture that it starts from is moved part of the way toward the picture that its
counterpart at the beginning started from. Motion and refinement then work on the result as on any other picture: the
difference between the two is repainted under the prompts, so no ghost of a crossfade remains. Refinement may pull the
picture back, so the remaining distance is measured: the progress of a frame does not depend on how strong that pull is.

Both frames draw the same random numbers, so nothing else keeps them apart, and the last one equals its counterpart to
the bit: the seam of the video is a step between two neighbours like any other.
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
    """The states of the first frames of a loop, which are kept while the loop is rendered.

    Args:
        hashes: chained hashes of all frames.
        frames: the folder of the frame files.
    """

    def __init__(self, states: StateFolder, timeline: Timeline, hashes: list[str], frames: FrameFolder) -> None:
        self._states = states
        self._frames = frames
        self._timeline = timeline
        self._hashes = hashes
        self._required = False

    def require(self, renderer: "Renderer") -> None:
        """Render missing states again: the frames may have been rendered before the schedule became a loop."""
        if self._required:
            return
        self._required = True
        wanted = self._timeline.num_led - 1
        missing = [index for index in range(wanted) if not self._exists(index)]
        state = None
        for index in missing:
            if index and (state is None or state.index != index - 1):
                state = self._states.load(index - 1, renderer.device)
            state = renderer.step(state, self._timeline.at(index))
            self._states.save(state, self._hashes[index], renderer.made_on)

    def toward(self, state: "FrameState", spec: FrameSpec, renderer: "Renderer") -> "FrameState":
        """The state that the frame of `spec` starts from; `state` itself unless the spec has a `lead`."""
        if spec.lead is None:
            return state
        index, progress = spec.lead
        target = self._states.load(index, renderer.device)
        if progress == 1:
            return dataclasses.replace(target, index=state.index)
        left = float((target.image - state.image).abs().mean())
        share = 1 - min(1.0, self._total_distance * (1 - progress) / left) if left else 1.0
        image = state.image.lerp(target.image, share)
        # The mean of two latents does not decode to the mean of their pictures: the mixed picture is encoded again.
        return dataclasses.replace(state, image=image, latent=None)

    @cached_property
    def _total_distance(self) -> float:
        """The mean absolute difference, 0 to 1, between the first frame past the end and frame 0, which it replaces."""
        last, first = (self._frames.read(index) / 255 for index in (len(self._timeline.times), 0))
        return float(np.abs(last - first).mean())

    def _exists(self, index: int) -> bool:
        try:
            return self._states.verify(index).frame_hash == self._hashes[index]
        except CheckpointError:
            return False
