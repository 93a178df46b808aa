"""A schedule asked by frame: `Timeline.at(i)` is the frame spec of frame i.

Frame i stands at i / fps seconds. What moves between two frames is the integral of the rates over
the time between them, so another frame rate gives the same motion (`render.warp.motion_matrix`
makes one matrix of it). All curves are evaluated here, before any model is loaded.
"""

from collections.abc import Iterator

import numpy as np

from pipeline.easings import Array
from pipeline.schedule import Schedule
from render import catalogue, transforms
from render.spec import FrameSpec, PromptWeight


class Timeline:
    """The frame specs of a schedule; `len()` of them, in order."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self.times: Array = np.arange(schedule.output.num_frames) / schedule.output.fps
        self._amounts = {name: self._moves(name) for name in schedule.motion.rates}
        self._prompts = [(prompt.text, prompt.weight.sample(self.times)) for prompt in schedule.prompts]
        self._losses = {name: curve.sample(self.times) for name, curve in schedule.losses.items()}
        self._center = [curve.sample(self.times) for curve in schedule.motion.center]
        self.num_steps: Array = np.maximum(schedule.refine.steps.sample(self.times).round(), 0)
        self.num_steps[0] = schedule.refine.first_frame
        self._lr = np.maximum(schedule.refine.lr.sample(self.times), 0)
        self._cutouts = np.maximum(schedule.refine.cutouts.sample(self.times).round(), 1)

    def __len__(self) -> int:
        return len(self.times)

    def __iter__(self) -> Iterator[FrameSpec]:
        return (self.at(index) for index in range(len(self)))

    def at(self, index: int) -> FrameSpec:
        """The spec of frame `index`, which the schedule and nothing else decides."""
        schedule = self._schedule
        prompts = self._prompts_at(index)
        weights = {name: float(values[index]) for name, values in self._losses.items()}
        return FrameSpec(
            index=index,
            seed=schedule.output.seed,
            size=schedule.output.size,
            prompts=prompts,
            blend=schedule.blend,
            transforms=self._transforms_at(index),
            center=(float(self._center[0][index]), float(self._center[1][index])),
            border=schedule.motion.border,
            losses={name: weight for name, weight in weights.items() if weight and (prompts or name != "prompt")},
            num_steps=int(self.num_steps[index]),
            lr=float(self._lr[index]),
            num_cutouts=int(self._cutouts[index]),
            carry_optimizer=schedule.refine.carry,
        )

    def _moves(self, name: str) -> Array:
        """What the transform does between frame i-1 and i, for every i; nothing before the first."""
        transform = catalogue.load(transforms, name).TRANSFORM
        curve = self._schedule.motion.rates[name]
        moved = np.diff(curve.accumulate(self.times, logarithmic=transform.multiplicative), prepend=0.0)
        return np.exp(moved) if transform.multiplicative else moved

    def _transforms_at(self, index: int) -> dict[str, float]:
        amounts = {name: float(values[index]) for name, values in self._amounts.items()}
        return {
            name: amount
            for name, amount in amounts.items()
            if amount != catalogue.load(transforms, name).TRANSFORM.neutral
        }

    def _prompts_at(self, index: int) -> tuple[PromptWeight, ...]:
        """The prompts with weight; one text that stands in several scenes is one prompt."""
        weights: dict[str, float] = {}
        for text, values in self._prompts:
            weights[text] = weights.get(text, 0.0) + float(values[index])
        return tuple(PromptWeight(text=text, weight=weight) for text, weight in weights.items() if weight)
