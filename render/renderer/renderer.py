"""Compute a frame's state from the previous frame's state and this frame's numbers."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from render.device import memory
from render.device.device import device_name
from render.errors import MemoryLimitError
from render.guidance.masks import Masks, Segment, no_segmenter
from render.guidance.micro_batch import MicroBatched
from render.guidance.perceptors import Perceptor
from render.guidance.prompts import PromptEncoder
from render.latents import Latent
from render.motion.composed import Motions
from render.motion.depth.estimators import Estimate
from render.motion.displacements import NO_FIELDS, Fields
from render.priors import Prior
from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Refinement, similarity
from render.refinement.scheduler import Scheduler, Unbatched
from render.renderer.colours import locked_frame, remembered
from render.renderer.frame_models import FrameModels, filmed
from render.renderer.stages import Stages
from render.renderer.state import FrameState, as_stored
from render.rng import frame_generator
from render.sources import Show, no_footage, prior
from render.spec import FrameSpec

Warn = Callable[[str], None]
FP16_LOSS_SCALE = 4096.0  # keeps the gradients of a mean over a million numbers from underflowing


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """A perceptor and its weight among the perceptors."""

    perceptor: Perceptor
    weight: float = 1.0


class Renderer:
    """Holds the models of a schedule and renders its frames one by one.

    Args:
        dtype: the precision of the networks.
        warn: called with one sentence when something is done differently from what was requested.
        fields: what moves the picture beside the numbers of its motion.
        source: makes what first frames and cuts start from if their spec names no prior, an entry of `render.sources`.
        priors: those that specs name, see `FrameSpec.start`. segment: finds the texts that regions name.
        show: returns the pictures of sources. estimates: what estimates depth, by its model's name.
        others: more latent models, each with its priors; specs number them from 1, see `FrameSpec.latent`.

    Attributes:
        checks_at_once: whether runs have `step` check its result; a GPU would idle until the host has looked.
    """

    def __init__(
        self,
        latents: Latent,
        scorers: Sequence[Scorer],
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        warn: Warn = lambda text: None,
        *,
        fields: Fields = NO_FIELDS,
        source: str = "noise",
        priors: Mapping[str, Prior] | None = None,
        segment: Segment = no_segmenter,
        show: Show = no_footage,
        estimates: Mapping[str, Estimate] | None = None,
        others: Sequence[tuple[Latent, Mapping[str, Prior]]] = (),
    ) -> None:
        self._latents, self._dtype = latents, dtype
        self._perceptors = [MicroBatched(scorer.perceptor) for scorer in scorers]
        masks = Masks(device, segment)
        displace = Motions(fields=replace(fields, grey=masks.grey))
        self._models = FrameModels(
            latents=latents,
            perceptors=self._perceptors,
            weights=[scorer.weight for scorer in scorers],
            encoders=[PromptEncoder(perceptor, device) for perceptor in self._perceptors],
            priors=priors or {},
            displace=displace,
            source=source,
            loss_scale=FP16_LOSS_SCALE if dtype == torch.float16 else 1.0,
            device=device,
            masks=masks,
            show=filmed(show, displace),
            estimates=estimates or {},
        )
        self._stages = Stages(self._models, Unbatched(warn))
        self.device = device
        self.checks_at_once = device.type != "cuda"
        self.warn = warn
        self._others = [self._drawing_with(*other) for other in others]

    def _drawing_with(self, latents: Latent, priors: Mapping[str, Prior]) -> "Renderer":
        """Return a renderer with another latent model and the same perceptors."""
        other = copy.copy(self)
        other._latents, other._others = latents, []
        other._models = replace(self._models, latents=latents, priors=priors)
        other._stages = Stages(other._models, self._stages.scheduler)
        return other

    def _of(self, spec: FrameSpec) -> "Renderer":
        """The renderer with the latent model that draws a frame."""
        return self._others[spec.latent - 1] if spec.latent and self._others else self

    def of_run(self, warn: Warn, scheduler: Scheduler | None = None) -> "Renderer":
        """Return a renderer with the same models for one run; `scheduler` takes its steps, or the renderer itself."""
        renderer, scheduler = copy.copy(self), scheduler or Unbatched(warn)
        renderer.warn, renderer._stages = warn, Stages(self._models, scheduler)
        renderer._others = [other.of_run(warn, scheduler) for other in self._others]
        return renderer

    @property
    def made_on(self) -> str:
        """Everything that determines rounding: device, on a CPU the number of threads, precision, torch's version.

        The number of pictures refined together affects it as well, but may change from step to step.
        """
        threads = f" with {torch.get_num_threads()} threads" if self.device.type == "cpu" else ""
        precision = str(self._dtype).removeprefix("torch.")
        batched = ", in lockstep" if self._stages.scheduler.in_lockstep else ""
        return f"{device_name(self.device)}{threads} in {precision} by torch {torch.__version__}{batched}"

    def require_memory(self, size: tuple[int, int]) -> None:
        """Fail now, rather than at the first frame, if a picture of (width, height) cannot be refined on this device.

        Raises:
            MemoryLimitError: the estimate exceeds the device's free memory; the message gives both.
        """
        for renderer in (self, *self._others):
            memory.require(renderer._latents, size, self.device, self._stages.scheduler.release)

    def fitting(self, size: tuple[int, int], most: int) -> int:
        """Return how many pictures of (width, height) can be refined at once, from one to `most`."""
        if (free := memory.available(self.device)) is None:
            return most
        needed = (memory.decode_bytes(renderer._latents, size, self.device) for renderer in (self, *self._others))
        return max(1, min(most, free // max(needed)))

    def step(self, state: FrameState | None, spec: FrameSpec, *, checked: bool = True) -> FrameState:
        """Warp, encode, refine and decode one frame.

        If memory runs out, perceptors process half as many cutouts at a time from this frame on; if a result is
        non-finite, the frame is refined again with every step checked.

        Args:
            state: the previous frame; None for the first one, which starts from the source as cuts do.
            checked: wait and look whether the result is finite; else see `FrameState.finite`.

        Raises:
            NonFiniteError: the refinement became non-finite and smaller steps did not help.
            MemoryLimitError: the frame does not fit into the device's memory.
        """
        while True:
            try:
                return self._step(state, spec, checked)
            except RuntimeError as error:
                if not memory.is_out_of_memory(error):
                    raise
                if not self._stages.scheduler.release():
                    self._shrink(spec, error)
            memory.return_unused(self.device)

    def _shrink(self, spec: FrameSpec, error: RuntimeError) -> None:
        first = all(perceptor.size is None for perceptor in self._perceptors)
        halved = [perceptor.halve(spec.num_cutouts) for perceptor in self._perceptors]
        if not any(halved):
            raise MemoryLimitError(
                f"frame {spec.index}: out of memory on {self.device}, even with one cutout at a time;"
                " try a smaller output.size or fewer refine.cutouts"
            ) from error
        if first:
            self.warn(
                f"frame {spec.index}: memory is running out; cutouts are processed in smaller groups, which is slower"
            )

    def _step(self, state: FrameState | None, spec: FrameSpec, checked: bool, is_seen: bool = False) -> FrameState:
        if spec.key is not None:
            return self._between(state, spec, spec.key, checked)
        if state is not None and state.ahead is not None:
            assert state.ahead.index == spec.index
            return state.ahead
        if (drawing := self._of(spec)) is not self:
            return drawing._step(state, spec, checked, is_seen)
        state = None if spec.cut else state
        if state is not None:
            if spec.redrawn:
                state = replace(state, latent=None, canvas=None, uncovered=None, optimizer_state={})
            state = state if is_seen else self._stages.seen(state, spec)
        guides = self._models.guides(spec)
        found = self._stages.finite(state, spec, guides, self.warn, checked=checked)
        finished = FrameState(
            index=spec.index,
            **vars(found),
            similarity=similarity(found.image, guides),
            colours=remembered(state, spec, found.image),
            shown=locked_frame(found.image, spec),
            level=None if state is None else state.level,
        )
        return as_stored(finished)

    def _between(self, state: FrameState | None, spec: FrameSpec, key: FrameSpec, checked: bool) -> FrameState:
        """Make a frame from the refined ones around it; the first of them also computes the one ahead."""
        assert state is not None
        behind, state = (state.image, self._stages.seen(state, key)) if state.behind is None else (state.behind, state)
        ahead = state.ahead or self._step(state, key, checked, is_seen=True)
        image = self._stages.between(behind, ahead.image, spec, state.nearness)
        made = FrameState(
            index=spec.index,
            image=image,
            latent=None,
            similarity=similarity(image, self._models.guides(spec)),
            shown=locked_frame(image, spec),
            behind=behind,
            ahead=ahead,
            nearness=state.nearness,
            finite=ahead.finite,
        )
        return as_stored(made)

    def from_noise(self, spec: FrameSpec) -> tuple[Refinement, LatentAdam]:
        """Return the refinement of a frame that starts from noise, with all steps at full size; for measuring speed."""
        if (drawing := self._of(spec)) is not self:
            return drawing.from_noise(spec)
        generator = frame_generator(spec.seed, spec.draws_as, self.device)
        spec = replace(spec, start=None, source=None, guide_pictures=(), image_guides=())
        image = self._stages.begun(spec, generator).image
        guides = self._stages.placed(self._models.guides(spec), spec, None)
        refinement = Refinement(latents=self._latents, guides=guides, anchor=image, spec=spec, generator=generator)
        return refinement, LatentAdam(self._latents.encode(image), None, self._models.loss_scale, spec.adapt)

    def beginning(self, spec: FrameSpec) -> Tensor:
        """Return the picture that refinement of a frame without a predecessor starts from: (1, 3, H, W) in [0, 1]."""
        return self._stages.begun(spec, frame_generator(spec.seed, spec.draws_as, self.device)).image

    def candidates(self, spec: FrameSpec) -> tuple[Tensor, Tensor]:
        """Return what the prior of `spec.start` proposes for a frame, the best first: number `pick` is its start.

        They are pictures (N, 3, H, W) in [0, 1], and their scores (N,), see `render.sources.prior.candidates`.
        """
        generator = frame_generator(spec.seed, spec.draws_as, self.device)
        return prior.candidates(spec, spec.size, generator, self._of(spec)._models.loaded(spec))
