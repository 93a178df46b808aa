"""From the previous frame's state and this frame's numbers to this frame's state."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from render import catalogue, cutouts, latents, noise, perceptors
from render.errors import MemoryLimitError, NonFiniteError
from render.latents import Latent
from render.optimizer import LatentAdam
from render.perceptors import Perceptor
from render.prompts import PromptEncoder
from render.refine import Guide, refine
from render.rng import frame_generator
from render.spec import FrameSpec
from render.warm_start import warm_start
from render.warp import motion_matrix, warp
from render.weights import ModelFiles


@dataclass(kw_only=True)
class FrameState:
    """What the next frame starts from.

    Attributes:
        index: number of the frame.
        image: (B, 3, H, W) float in [0, 1].
        latent: (B, C, h, w) whose picture is `image`; None where no refinement was asked for and
            `image` is the previous one moved.
        optimizer_state: see `LatentAdam.state`.
        similarity: (B,) cosine of the whole picture to the prompts; NaN without prompts. It is
            measured for people and starts nothing.
    """

    index: int
    image: Tensor
    latent: Tensor | None
    optimizer_state: dict[str, Tensor] = field(default_factory=dict)
    similarity: Tensor


class Renderer:
    """The models of a schedule, and one step of its video."""

    def __init__(self, latents: Latent, perceptors: Sequence[Perceptor], device: torch.device) -> None:
        self._latents = latents
        self._perceptors = tuple(perceptors)
        self._encoders = tuple(PromptEncoder(perceptor) for perceptor in perceptors)
        self.device = device

    def step(self, state: FrameState | None, spec: FrameSpec) -> FrameState:
        """Warp, encode, refine and decode one frame.

        Args:
            state: the previous frame; None for the first, which starts from soft noise.

        Raises:
            NonFiniteError: the refinement left the finite numbers.
            MemoryLimitError: the frame does not fit into the device's memory.
        """
        try:
            return self._step(state, spec)
        except RuntimeError as error:
            if not _is_out_of_memory(error):
                raise
            raise MemoryLimitError(
                f"frame {spec.index}: out of memory on {self.device}; try fewer refine.cutouts or a smaller output.size"
            ) from error

    def _step(self, state: FrameState | None, spec: FrameSpec) -> FrameState:
        generator = frame_generator(spec.seed, spec.index, self.device)
        guides = self._guides(spec)
        refined = bool(spec.num_steps and spec.losses)
        if state is None:
            image, latent = noise.soft(1, spec.size, generator), None
            start = self._latents.encode(image) if refined else None
        else:
            image, latent, start = self._moved(state, spec, refined)
        carried = state.optimizer_state if state is not None else {}
        if start is not None:
            optimizer = LatentAdam(start, carried if spec.carry_optimizer else None)
            image = refine(self._latents, guides, image, optimizer, spec, generator)
            latent, carried = optimizer.latent.detach(), optimizer.state()
        self._check(image, spec)
        return FrameState(
            index=spec.index,
            image=image,
            latent=latent,
            optimizer_state=carried,
            similarity=self._similarity(image, guides),
        )

    def _guides(self, spec: FrameSpec) -> list[Guide]:
        targets = (encoder.targets(spec.prompts, spec.blend) for encoder in self._encoders)
        pairs = zip(self._perceptors, targets, strict=True)
        return [Guide(perceptor=perceptor, targets=target) for perceptor, target in pairs if target is not None]

    def _moved(self, state: FrameState, spec: FrameSpec, refined: bool) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """The picture after this frame's motion, its latent if it has one, and what refinement starts from."""
        matrix = motion_matrix(spec.transforms, spec.size, spec.center)
        matrices = matrix[None].repeat(len(state.image), axis=0)
        image = warp(state.image, matrices, spec.border)
        latent = state.latent if image is state.image else None
        if latent is not None or not refined:
            return image, latent, latent if refined else None
        return image, None, warm_start(self._latents, state.image, state.latent, image, matrices)

    @torch.no_grad()
    def _similarity(self, image: Tensor, guides: Sequence[Guide]) -> Tensor:
        if not guides:
            return torch.full((len(image),), torch.nan, device=image.device)
        seen = []
        for guide in guides:
            view = cutouts.whole(image, guide.perceptor.side)
            embeddings = guide.perceptor.encode_image(view.flatten(0, 1))
            seen.append(guide.targets.similarity(embeddings.unsqueeze(1)))
        return torch.stack(seen).mean(dim=0)

    def _check(self, image: Tensor, spec: FrameSpec) -> None:
        if not bool(torch.isfinite(image).all()):
            raise NonFiniteError(
                f"frame {spec.index}: the refinement gave numbers that are not finite; try a smaller refine.lr"
            )


def _is_out_of_memory(error: RuntimeError) -> bool:
    """CUDA has an exception of its own, the CPU's allocator only a sentence."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def load_renderer(
    latent: ModelFiles, scorers: Sequence[ModelFiles], quantize: bool, device: torch.device, dtype: torch.dtype
) -> Renderer:
    """Load the models of a schedule.

    Args:
        latent: the latent model's files; `scorers`: those of the perceptors.
        quantize: snap latents to the codebook (see `ModelFiles.quantize`).

    Raises:
        WeightsError: files are missing or do not fit.
    """
    representation = catalogue.load(latents, latent.entry).load(latent, device, dtype, quantize)
    loaded = [catalogue.load(perceptors, scorer.entry).load(scorer, device, dtype) for scorer in scorers]
    return Renderer(representation, loaded, device)
