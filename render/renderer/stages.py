"""Compute one frame in stages: its preparation, its refinement, and what is kept of the picture before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from render.errors import NonFiniteError
from render.motion.depth.known import renewed
from render.motion.uncovered import worn
from render.refinement.areas import Areas
from render.refinement.coarse import refine_coarsely
from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Guide, Refinement
from render.refinement.scheduler import Scheduler
from render.renderer.between import between
from render.renderer.frame_models import FrameModels
from render.renderer.placing import Placing
from render.renderer.preparation import Preparation, Prepared
from render.renderer.state import FrameState, all_finite, is_finite
from render.rng import frame_generator
from render.sources import Start
from render.spec import FrameSpec
from render.spec.camera import RoomMove


@dataclass(frozen=True)
class Finished:
    """What a frame hands on, see `FrameState`."""

    image: Tensor
    latent: Tensor | None
    optimizer_state: dict[str, Tensor]
    canvas: Tensor | None = None
    nearness: Tensor | None = None
    uncovered: Tensor | None = None
    finite: Tensor | None = None


class Stages:
    """The stages of every frame of one run.

    Args:
        scheduler: takes the steps of refinement.
    """

    def __init__(self, models: FrameModels, scheduler: Scheduler) -> None:
        self._models = models
        self.scheduler = scheduler
        self._placing = Placing(models.masks, models.latents)
        self._preparation = Preparation(models, self._placing)

    def finished(
        self, state: FrameState | None, spec: FrameSpec, guides: Sequence[Guide], *, careful: bool
    ) -> Finished:
        """Compute a frame.

        Args:
            state: the previous frame; None for a frame that starts from a source.
            guides: see `FrameModels.guides`.
            careful: check every step of the refinement, see `Refinement`.

        Raises:
            NonFiniteError: `careful` is set, and a step is non-finite at every learning rate that is tried.
        """
        generator = frame_generator(spec.seed, spec.draws_as, self._models.device)
        refined = bool(spec.num_steps and spec.losses)
        preparation = self._preparation
        prepared = (
            preparation.begun(spec, generator) if state is None else preparation.moved(state, spec, refined, generator)
        )
        is_noise = state is None and spec.start is None and spec.source is None
        areas = self._placing.areas(spec, prepared.seen, prepared.own, is_noise=is_noise)
        guides = self.placed(guides, spec, None if is_noise else prepared.seen)
        prepared = preparation.altered(prepared, state, spec, refined)
        carried = state.optimizer_state if state is not None else {}
        found = self._refined(prepared, spec, guides, areas, generator, carried, careful=careful) if refined else None
        found = found or Finished(prepared.image, prepared.latent, carried)
        left = worn(prepared.uncovered, spec.num_steps if refined else 0)
        found = replace(found, canvas=prepared.canvas, nearness=prepared.nearness, uncovered=left)
        return self._restored(found, areas)

    def finite(
        self,
        state: FrameState | None,
        spec: FrameSpec,
        guides: Sequence[Guide],
        warn: Callable[[str], None],
        *,
        checked: bool = True,
    ) -> Finished:
        """Compute a frame, again with smaller steps if it is not finite. Raises `NonFiniteError` if it still is not.

        Args:
            checked: wait and look whether it is; else the frame says so itself, see `FrameState.finite`.
        """
        found = self.finished(state, spec, guides, careful=False)
        if not checked:
            return replace(found, finite=all_finite(found.image, found.latent, found.optimizer_state))
        if is_finite(found.image, found.latent, found.optimizer_state):
            return found
        warn(f"frame {spec.index}: the refinement became NaN or infinite; repeating it with smaller steps")
        found = self.finished(state, spec, guides, careful=True)
        if not is_finite(found.image, found.latent, found.optimizer_state):
            raise NonFiniteError(
                f"frame {spec.index}: the picture, latent or optimiser is NaN or infinite; try a smaller refine.lr"
            )
        return found

    def _refined(
        self,
        prepared: Prepared,
        spec: FrameSpec,
        guides: Sequence[Guide],
        areas: Areas,
        generator: torch.Generator,
        carried: dict[str, Tensor],
        *,
        careful: bool,
    ) -> Finished:
        models = self._models
        images = self._preparation.image_guides.for_loss(spec, guides)
        image, start = prepared.image, prepared.start
        if start is None:
            image, spec = refine_coarsely(
                models.latents, guides, image, spec, generator, models.loss_scale, self.scheduler, images, areas
            )
            start = models.latents.encode(image)
        optimizer = LatentAdam(start, carried if spec.carry_optimizer else None, models.loss_scale, spec.adapt)
        refinement = Refinement(
            latents=models.latents,
            guides=guides,
            anchor=image,
            spec=spec,
            generator=generator,
            careful=careful,
            guide_images=images,
            areas=areas,
            followed=prepared.followed,
            pace=None if prepared.uncovered is None else 1 + (spec.uncovered - 1) * prepared.uncovered,
        )
        image = self.scheduler.refine(refinement, optimizer)
        return Finished(image, optimizer.latent.detach(), optimizer.state())

    def _restored(self, found: Finished, areas: Areas) -> Finished:
        """Lay what is kept over the finished picture."""
        if areas.kept is None:
            return found
        image, latent = self._placing.restored(found.image, found.latent, areas.kept)
        return replace(found, image=image, latent=latent)

    def seen(self, state: FrameState, spec: FrameSpec) -> FrameState:
        """Return a state with what is known of the room that the camera moves in, see `render.motion.depth.known`."""
        moves = [motion.camera for motion in spec.motions if isinstance(motion.camera, RoomMove)]
        nearness, level = renewed(state.image, (state.nearness, state.level), moves, self._models.estimates)
        return replace(state, nearness=nearness, level=level)

    def between(self, behind: Tensor, ahead: Tensor, spec: FrameSpec, nearness: Tensor | None) -> Tensor:
        """Make a frame that is not refined, see `render.renderer.between`, and lay what it keeps over it."""
        own = self._preparation.own(spec)
        image = between(behind, ahead, spec, self._models.displace, own, nearness)
        kept = self._placing.areas(spec, image, own, is_noise=False).kept
        return image if kept is None else kept.over(image)

    def begun(self, spec: FrameSpec, generator: torch.Generator) -> Start:
        """Return what a frame without a predecessor starts from."""
        return self._preparation.source(spec, generator)

    def placed(self, guides: Sequence[Guide], spec: FrameSpec, picture: Tensor | None) -> list[Guide]:
        """Return the guides with the regions of a frame's prompts, see `Placing.guides`."""
        return self._placing.guides(guides, spec, picture)
