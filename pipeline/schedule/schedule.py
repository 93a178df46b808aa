"""A schedule: the YAML file as frozen, checked objects; all times and rates are in seconds."""

import dataclasses
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.curves.curve import Curve
from pipeline.schedule.document.variants import Variant
from pipeline.schedule.origin import Origin
from pipeline.schedule.sections.guides import NONE, Guides
from pipeline.schedule.sections.loop import Loop
from pipeline.schedule.sections.models import Models
from pipeline.schedule.sections.motion import Motion
from pipeline.schedule.sections.music import Music
from pipeline.schedule.sections.noise import Noise
from pipeline.schedule.sections.output import Output
from pipeline.schedule.sections.prompts import Prompt
from pipeline.schedule.sections.refine import Refine
from pipeline.schedule.sections.shots import Shot
from render.errors import Problem


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A whole schedule, valid by construction.

    Attributes:
        text: the file's text as read.
        title: for the video's metadata; the file's name unless set.
        guides: pictures that the video goes towards.
        markers: times by name, in seconds.
        shots: at least one; they hold the values of the fields above that apply to one shot only.
        others: values of sections that have no field here, by key.
        variants: all combinations of the varying values, of which this schedule is the first; empty without variants.
        warnings: settings that have no effect, or probably not the intended one.
        origin: where it came from, so that its run can be continued; None if it was read from a text.
    """

    text: str
    title: str
    output: Output
    models: Models
    prompts: tuple[Prompt, ...]
    motion: Motion
    refine: Refine
    losses: Mapping[str, Curve]
    shots: tuple[Shot, ...]
    music: Music = Music()
    loop: Loop = Loop()
    guides: Guides = NONE
    noise: Noise = Noise()
    markers: Mapping[str, float] = field(default_factory=dict)
    others: Mapping[str, Any] = field(default_factory=dict)
    variants: tuple[Variant, ...] = ()
    warnings: tuple[Problem, ...] = ()
    origin: Origin | None = field(default=None, compare=False, repr=False)

    @property
    def batch_key(self) -> Hashable:
        """Equal for schedules whose frames can be refined together: those with the same models and size."""
        return self.models, self.output.size

    @property
    def num_rendered(self) -> int:
        """The number of frames that are rendered; a loop is rendered past its end, so this can exceed what is shown."""
        return self.output.num_frames + self.loop.num_led(self.output.fps)

    def draft(self) -> "Schedule":
        """The schedule at half the size with a third of the steps, for a quick look at the same motion."""
        unit = self.models.size_unit
        width, height = (max(1, round(side / 2 / unit)) * unit for side in self.output.size)
        shots = tuple(shot.draft() for shot in self.shots)
        output = dataclasses.replace(self.output, size=(width, height))
        text = f"# Rendered as a draft: half the size and a third of the steps of what follows.\n{self.text}"
        origin = dataclasses.replace(self.origin, draft=True) if self.origin else None
        return dataclasses.replace(
            self, text=text, output=output, refine=self.refine.draft(), shots=shots, origin=origin
        )
