"""Evaluates a schedule frame by frame: `Timeline.at(i)` is the frame spec of frame i.

Frame i is at i / fps seconds. The motion between two frames is the integral of the rates over the time between them, so
another frame rate gives the same motion (`render.motion.displacements.homography.motion_matrix` turns it into one
matrix). All curves are evaluated here, before any model is loaded.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from pipeline.curves.array import Array
from pipeline.schedule.fields.regions import RegionCurves
from pipeline.schedule.over_time.arrivals import Approaches, Arrivals
from pipeline.schedule.over_time.cadence import Cadence
from pipeline.schedule.over_time.colours import ColourOverTime
from pipeline.schedule.over_time.footage import FootageOverTime
from pipeline.schedule.over_time.motion import MotionOverTime
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.sections.keep import KeepCurves
from pipeline.schedule.sections.loop import blend_weights
from pipeline.schedule.sections.losses import Losses
from pipeline.schedule.sections.models_perceptors import changing_weights
from pipeline.schedule.sections.noise import NoiseOverTime
from pipeline.schedule.sections.shots import Shot
from render.spec import FrameMotion, FrameSpec
from render.spec.guides import GuidePicture, ImageGuide
from render.spec.noise import LatentNoise
from render.spec.pictures import ImageFile, PictureStart, PriorStart
from render.spec.prompts import PromptWeight
from render.spec.regions import Keep, Region


class Timeline:
    """The frame specs of a schedule, in the order in which they are rendered; `len()` is their number.

    Attributes:
        times: of every frame, in seconds.
        num_steps, motion: of every frame.
        cuts: the frames without a predecessor: the first one, and the first of every shot that begins with a cut.
        num_led: number of frames past the end of a loop; their times are those of the loop's beginning.
    """

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self.fps, size, finder = schedule.output.fps, schedule.output.size, schedule.models.flow.name
        self.times: Array = np.arange(schedule.output.num_frames) / schedule.output.fps
        self.num_led = schedule.loop.num_led(schedule.output.fps)
        self._blend_weights = blend_weights(self.num_led)
        self._shots = schedule.shots
        self._shot = np.clip(
            np.searchsorted([shot.start for shot in self._shots], self.times, side="right") - 1, 0, None
        )
        self.cuts = self._found_cuts()
        end = len(self.times) / self.fps if self.num_led else None
        self.motion = MotionOverTime(schedule.motion, size, self.times, end, self.cuts, self._shots, self._shot)
        moved = self.motion.since_cut, self.motion.room_since_cut
        self._footage = FootageOverTime(self._shots, self.times, self._shot, size, self.cuts, moved, finder)
        self._prompts = [(prompt, prompt.weight.sample(self.times)) for prompt in schedule.prompts]
        self._stops = [
            np.clip(prompt.stop.sample(self.times), -1, 1) if prompt.stop else None for prompt in schedule.prompts
        ]
        self._perceptors = changing_weights(schedule.models.perceptors, self.times)
        self._losses = {name: curve.sample(self.times) for name, curve in schedule.losses.items()}
        self._arrivals = Arrivals(self._prompts, self.cuts, self.fps) if schedule.guides.auto else None
        images = schedule.guides.images
        self._approaches = Approaches(images, self.times, self.motion.so_far() if images else {})
        self._colours = ColourOverTime(self._shots, self.times, self._shot)
        noises, latents = zip(*((shot.sections["noise"], self._latent_of(shot)) for shot in self._shots), strict=True)
        self._noise = NoiseOverTime(schedule.noise, noises, latents, self._shot, self.times)
        self._steps = np.maximum(schedule.refine.steps.sample(self.times).round(), 0)
        self.num_steps: Array = np.append(self._steps, self._steps[: self.num_led])
        for index in self.cuts:
            self.num_steps[index] = self._first_steps(index)
        self._cadence = Cadence(schedule.refine.cadence.sample(self.times), self.ranges_from_noise(), self.num_led)
        self.num_steps[~self._cadence.is_key] = 0
        self._lr = np.maximum(schedule.refine.lr.sample(self.times), 0)
        self._uncovered = np.maximum(schedule.refine.uncovered.sample(self.times), 1)
        self._cutouts = np.maximum(schedule.refine.cutouts.sample(self.times).round(), 1)

    @property
    def parallel_ranges(self) -> list[tuple[int, int]]:
        """Half-open ranges that can be rendered in parallel; a single one if a loop's end depends on its beginning."""
        return [(0, len(self))] if self.num_led else self.ranges_from_noise()

    @property
    def cost(self) -> float:
        """A cost estimate for ordering schedules: pixels times steps, with one extra step for a frame's fixed cost."""
        return float((self.num_steps.sum() + len(self)) * np.prod(self._schedule.output.size))

    def ranges_from_noise(self) -> list[tuple[int, int]]:
        """Half-open ranges of frames, each of which starts from noise: at the first frame and at every cut."""
        starts = sorted(self.cuts)
        return list(zip(starts, [*starts[1:], len(self)], strict=True))

    def __len__(self) -> int:
        return len(self.times) + self.num_led

    def __iter__(self) -> Iterator[FrameSpec]:
        return (self.at(index) for index in range(len(self)))

    def at(self, index: int) -> FrameSpec:
        """The spec of frame `index`; depends on nothing but the schedule."""
        spec = self._refined_at(index)
        key = self._cadence.next_key(index)
        return spec if key == index else replace(spec, noise=None, guide_pictures=(), key=self._refined_at(key))

    def _refined_at(self, index: int) -> FrameSpec:
        schedule = self._schedule
        moment = index % len(self.times)
        shot = self._shot_of(moment)
        motion = self._motion_at(index)
        prompts = self._prompts_at(moment)
        weights = {name: float(values[moment]) for name, values in self._losses.items()}
        guides = self._guides_at(index)
        used = {"prompt": bool(prompts), "guide": bool(guides)}
        losses = {name: weight for name, weight in weights.items() if weight and used.get(name, True)}
        return FrameSpec(
            index=index,
            seed=schedule.output.seed,
            size=schedule.output.size,
            prompts=prompts,
            blend=shot.blend,
            transforms=motion.transforms,
            center=motion.center,
            camera=motion.camera,
            border=shot.border,
            losses=losses,
            num_steps=int(self.num_steps[index]),
            lr=float(self._lr[moment]),
            num_cutouts=int(self._cutouts[moment]),
            augment=shot.models.augment if shot.refine.augment == "auto" else shot.refine.augment,
            adapt=shot.refine.adapt,
            carry_optimizer=shot.refine.carry,
            ema=shot.refine.ema,
            uncovered=1.0 if index in self.cuts else float(self._uncovered[moment]),
            perceptors=tuple(self._perceptors[:, moment].tolist()),
            latent=self._latent_of(shot),
            redrawn=index > 0 and self._latent_of(shot) != self._latent_of(self._shot_of(self._cadence.before(index))),
            cut=moment > 0 and moment in self.cuts,
            lead=(moment - 1, float(self._blend_weights[moment])) if index > len(self.times) else None,
            start=shot.origin if index in self.cuts else None,
            guide_pictures=self._guide_pictures_at(index, shot.origin),
            colour=self._colours.at(moment, losses),
            noise=self._noise_at(index),
            image_guides=guides,
            loss_regions=self._loss_regions_at(moment, shot),
            keep=self._keep_at(moment, shot),
            travelled=tuple(self._motion_at(between) for between in range(self._cadence.before(index) + 1, index)),
            source=self._footage.source(index),
            flow=motion.flow if self._footage.follows(index, losses) or self._cadence.spans(index) else None,
        )

    def _motion_at(self, index: int) -> FrameMotion:
        """All motion from the frame before to frame `index`."""
        return replace(self.motion.at(index), flow=self._footage.flow(index))

    def _shot_of(self, index: int) -> Shot:
        return self._shots[int(self._shot[index % len(self.times)])]

    def _latent_of(self, shot: Shot) -> int:
        """Which latent model draws a shot, by number."""
        models = self._schedule.models
        return models.latents.index(shot.models.latent) if models.others else 0

    def as_first(self, index: int) -> FrameSpec:
        """The spec of frame `index` as if the video began there."""
        shot = self._shot_of(index)
        moment = index % len(self.times)
        return replace(
            self.at(index),
            num_steps=self._first_steps(moment),
            transforms={},
            camera=None,
            start=shot.origin,
            guide_pictures=(),
            image_guides=self._approaches.at(moment, anew=self._room(moment)),
            noise=None,
            travelled=(),
            key=None,
            source=self._footage.alone(index),
            flow=None,
        )

    def _guide_pictures_at(self, index: int, origin: PriorStart | PictureStart | None) -> tuple[GuidePicture, ...]:
        """The pictures that frame `index` goes towards: those of the scenes that gain weight."""
        if self._arrivals is None or not isinstance(origin, PriorStart) or index % len(self.times) in self.cuts:
            return ()
        since = [between % len(self.times) for between in range(self._cadence.before(index) + 1, index + 1)]
        return tuple(
            GuidePicture(prompt=prompt, share=share, moment=moment, start=origin)
            for prompt, share, moment in self._arrivals.over(since)
        )

    def _noise_at(self, index: int) -> LatentNoise | None:
        """The noise of frame `index`; none without a predecessor."""
        moment, count = index % len(self.times), len(self.times)
        begins = moment in self.cuts and (moment > 0 or index == 0)
        return None if begins else self._noise.at(moment, self._cadence.before(index) % count)

    def _room(self, moment: int) -> float:
        """How much of a frame without a predecessor is free for guides: all of it, unless it starts from a picture."""
        shot = self._shot_of(moment)
        return 1.0 if shot.origin is None and shot.sections["source"] is None else 0.0

    def _first_steps(self, moment: int) -> int:
        """The steps of a frame without a predecessor: the fewer, the more of it is a picture already."""
        guided = sum(guide.share for guide in self._approaches.at(moment, anew=self._room(moment)))
        known = self._shot_of(moment).first_steps
        steps = self._footage.first_steps(moment, float(self._steps[moment])) if known is None else known
        return round(steps * (1 - guided))

    def _guides_at(self, index: int) -> tuple[ImageGuide, ...]:
        begins = index in self.cuts or (index >= len(self.times) and 0 < index - len(self.times) in self.cuts)
        anew = self._room(index % len(self.times)) if begins else None
        return self._approaches.at(index, anew, self._cadence.before(index))

    def _found_cuts(self) -> frozenset[int]:
        first = np.flatnonzero(np.diff(self._shot)) + 1
        return frozenset((0, *(int(index) for index in first if self._shots[self._shot[index]].cut)))

    def _prompts_at(self, index: int) -> tuple[PromptWeight, ...]:
        """The prompts with a weight other than 0; one that occurs in several scenes is a single prompt."""
        weights: dict[tuple[str, ImageFile | None, Region | None, float | None], float] = {}
        for (prompt, values), stops in zip(self._prompts, self._stops, strict=True):
            region = self._region_at(prompt.region, index) if prompt.region is not None and values[index] else None
            about = (prompt.text, prompt.image, region, None if stops is None else float(stops[index]))
            weights[about] = weights.get(about, 0.0) + float(values[index])
        return tuple(
            PromptWeight(text=text, image=image, weight=weight, region=region, stop=stop)
            for (text, image, region, stop), weight in weights.items()
            if weight
        )

    def _region_at(self, region: RegionCurves, index: int, start: float = 0.0) -> Region:
        """The region in frame `index`; its own times count from `start` seconds."""
        return region.at(self.times[index] - start, lambda: self.motion.since_cut(index))

    def _loss_regions_at(self, index: int, shot: Shot) -> dict[str, Region]:
        losses: Losses = shot.sections["losses"]
        return {
            name: self._region_at(region, index, shot.start)
            for name, region in losses.regions.items()
            if self._losses[name][index]
        }

    def _keep_at(self, index: int, shot: Shot) -> Keep | None:
        kept: KeepCurves | None = shot.sections["keep"]
        return None if kept is None else kept.at(self.times[index] - shot.start, lambda: self.motion.since_cut(index))
