"""Compute a frame's state from the previous frame's state and this frame's numbers."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from render import catalogue, sources
from render.device import memory
from render.device.device import device_name
from render.errors import MemoryLimitError, NonFiniteError
from render.guidance.micro_batch import MicroBatched
from render.guidance.perceptors import Perceptor
from render.guidance.prompts import PromptEncoder
from render.latents import Latent
from render.motion import displacements
from render.motion.warm_start import warm_start
from render.motion.warp import warp
from render.priors import Prior
from render.refinement.coarse import refine_coarsely
from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Guide, Refinement, similarity
from render.refinement.scheduler import Scheduler, Unbatched
from render.renderer.guide_pictures import GuidePictures
from render.renderer.state import FrameState, is_finite
from render.rng import frame_generator
from render.sources import Loaded, Source, Start, prior
from render.spec import FrameSpec

Warn = Callable[[str], None]


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
        displacement: moves the picture, an entry of `render.motion.displacements`.
        source: makes what the first frame and cuts start from if their spec does not name a prior, an entry of
            `render.sources`.
        priors: those that specs name, see `FrameSpec.start`.
    """

    def __init__(
        self,
        latents: Latent,
        scorers: Sequence[Scorer],
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        warn: Warn = lambda text: None,
        *,
        displacement: str = "homography",
        source: str = "noise",
        priors: Mapping[str, Prior] | None = None,
    ) -> None:
        self._latents = latents
        self._perceptors = [MicroBatched(scorer.perceptor) for scorer in scorers]
        self._weights = [scorer.weight for scorer in scorers]
        self._encoders = [PromptEncoder(perceptor, device) for perceptor in self._perceptors]
        self._dtype = dtype
        self._source = source
        self._priors = priors or {}
        self._displace: displacements.Displace = catalogue.load(displacements, displacement).displacement
        self._scheduler: Scheduler = Unbatched()
        self._guide_pictures = GuidePictures(self._latents, self._begun)
        self.device = device
        self.warn = warn

    def of_run(self, warn: Warn, scheduler: Scheduler | None = None) -> "Renderer":
        """Return a renderer with the same models for one run; `scheduler` takes its steps, or the renderer itself."""
        renderer = copy.copy(self)
        renderer.warn, renderer._scheduler = warn, scheduler or Unbatched()
        renderer._guide_pictures = GuidePictures(self._latents, renderer._begun)
        return renderer

    @property
    def made_on(self) -> str:
        """Everything that determines rounding: device, on a CPU the number of threads, precision, torch's version.

        The number of pictures refined together affects it as well, but may change from step to step.
        """
        threads = f" with {torch.get_num_threads()} threads" if self.device.type == "cpu" else ""
        precision = str(self._dtype).removeprefix("torch.")
        batched = ", in lockstep" if self._scheduler.in_lockstep else ""
        return f"{device_name(self.device)}{threads} in {precision} by torch {torch.__version__}{batched}"

    def require_memory(self, size: tuple[int, int]) -> None:
        """Fail now, rather than at the first frame, if a picture of (width, height) cannot be refined on this device.

        Raises:
            MemoryLimitError: the estimate exceeds the device's free memory; the message gives both.
        """
        memory.require(self._latents, size, self.device)

    def fitting(self, size: tuple[int, int], most: int) -> int:
        """Return how many pictures of (width, height) can be refined at once, from one to `most`."""
        free = memory.available(self.device)
        if free is None:
            return most
        return max(1, min(most, free // memory.decode_bytes(self._latents, size, self.device)))

    def step(self, state: FrameState | None, spec: FrameSpec) -> FrameState:
        """Warp, encode, refine and decode one frame.

        If memory runs out, perceptors process half as many cutouts at a time from this frame on; if a result is
        non-finite, the frame is refined again with every step checked.

        Args:
            state: the previous frame; None for the first one, which starts from the source as cuts do.

        Raises:
            NonFiniteError: the refinement became non-finite and smaller steps did not help.
            MemoryLimitError: the frame does not fit into the device's memory.
        """
        while True:
            try:
                return self._step(state, spec)
            except RuntimeError as error:
                if not memory.is_out_of_memory(error):
                    raise
                self._shrink(spec, error)
            if self.device.type == "cuda":
                torch.cuda.empty_cache()

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

    def _step(self, state: FrameState | None, spec: FrameSpec) -> FrameState:
        state = None if spec.cut else state
        guides = self._guides(spec)
        image, latent, carried = self._refined(state, spec, guides, careful=False)
        if not is_finite(image, latent, carried):
            self.warn(f"frame {spec.index}: the refinement became NaN or infinite; repeating it with smaller steps")
            image, latent, carried = self._refined(state, spec, guides, careful=True)
        if not is_finite(image, latent, carried):
            raise NonFiniteError(
                f"frame {spec.index}: the picture, latent or optimiser is NaN or infinite; try a smaller refine.lr"
            )
        return FrameState(
            index=spec.index,
            image=image,
            latent=latent,
            optimizer_state=carried,
            similarity=similarity(image, guides),
        )

    def _refined(
        self, state: FrameState | None, spec: FrameSpec, guides: Sequence[Guide], *, careful: bool
    ) -> tuple[Tensor, Tensor | None, dict[str, Tensor]]:
        """Return the picture of the frame, its latent if it has one, and the optimiser's state."""
        generator = frame_generator(spec.seed, spec.draws_as, self.device)
        refined = bool(spec.num_steps and spec.losses)
        if state is None:
            begun = self._begun(spec, generator)
            image, latent, start = begun.image, begun.latent, begun.latent
            if refined and start is None:
                image, spec = refine_coarsely(
                    self._latents, guides, image, spec, generator, self._loss_scale, self._scheduler
                )
                start = self._latents.encode(image)
        else:
            image, latent, start = self._moved(state, spec, refined)
            if spec.guide_pictures:
                latent = self._guide_pictures.mixed(image, latent if start is None else start, spec)
                image, start = self._latents.decode(latent).detach(), latent if refined else None
        carried = state.optimizer_state if state is not None else {}
        if start is None or not refined:
            return image, latent, carried
        optimizer = LatentAdam(start, carried if spec.carry_optimizer else None, self._loss_scale, spec.adapt)
        refinement = Refinement(
            latents=self._latents, guides=guides, anchor=image, spec=spec, generator=generator, careful=careful
        )
        image = self._scheduler.refine(refinement, optimizer)
        return image, optimizer.latent.detach(), optimizer.state()

    def from_noise(self, spec: FrameSpec) -> tuple[Refinement, LatentAdam]:
        """Return the refinement of a frame that starts from noise, with all steps at full size; for measuring speed."""
        generator = frame_generator(spec.seed, spec.draws_as, self.device)
        image = self._begun(replace(spec, start=None), generator).image
        refinement = Refinement(
            latents=self._latents, guides=self._guides(spec), anchor=image, spec=spec, generator=generator
        )
        return refinement, LatentAdam(self._latents.encode(image), None, self._loss_scale, spec.adapt)

    def _begun(self, spec: FrameSpec, generator: torch.Generator) -> Start:
        """Return what a frame without a predecessor starts from."""
        source: Source = catalogue.load(sources, sources.named_by(spec.start) or self._source).start
        return source(spec, spec.size, generator, self._loaded(spec))

    def beginning(self, spec: FrameSpec) -> Tensor:
        """Return the picture that refinement of a frame without a predecessor starts from: (1, 3, H, W) in [0, 1]."""
        return self._begun(spec, frame_generator(spec.seed, spec.draws_as, self.device)).image

    def candidates(self, spec: FrameSpec) -> tuple[Tensor, Tensor]:
        """Return what the prior of `spec.start` proposes for a frame, the best first: number `pick` is its start.

        Returns:
            The pictures (N, 3, H, W) in [0, 1], and their scores (N,), see `render.sources.prior.candidates`.
        """
        generator = frame_generator(spec.seed, spec.draws_as, self.device)
        return prior.candidates(spec, spec.size, generator, self._loaded(spec))

    def _loaded(self, spec: FrameSpec) -> Loaded:
        return Loaded(
            latents=self._latents,
            perceptors=self._perceptors,
            weights=self._weights,
            targets=[encoder.targets(spec.prompts, spec.blend) for encoder in self._encoders],
            priors=self._priors,
        )

    @property
    def _loss_scale(self) -> float:
        """Return the factor that keeps the gradients of a mean over a million numbers from underflowing in fp16."""
        return 4096.0 if self._dtype == torch.float16 else 1.0

    def _guides(self, spec: FrameSpec) -> list[Guide]:
        targets = (encoder.targets(spec.prompts, spec.blend) for encoder in self._encoders)
        pairs = zip(self._perceptors, targets, self._weights, strict=True)
        return [
            Guide(perceptor=perceptor, targets=target, weight=weight)
            for perceptor, target, weight in pairs
            if target is not None
        ]

    def _moved(self, state: FrameState, spec: FrameSpec, refined: bool) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Return the picture after this frame's motion, its latent if it has one, and the latent to refine."""
        motion = self._displace(state.image, spec)
        image = warp(state.image, motion, spec.border)
        latent = state.latent if image is state.image else None
        if latent is not None or not refined:
            return image, latent, latent if refined else None
        return image, None, warm_start(self._latents, state.image, state.latent, image, motion)
