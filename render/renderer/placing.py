"""Draw the regions of a frame: where its prompts and losses apply, and what is kept as it is."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from render.guidance.masks import Masks, grown
from render.latents import Latent
from render.refinement.areas import Areas, Kept
from render.refinement.refine import Guide
from render.sources import Start
from render.spec import FrameSpec
from render.spec.prompts import PromptWeight
from render.spec.regions import Keep, Region

ELSEWHERE = 1e-3  # what the picture of prompts without a region counts in those of others


class Placing:
    """Places what a frame's spec says into its picture.

    Args:
        masks: draws regions.
        latents: the model whose latent the next frame starts from.
    """

    def __init__(self, masks: Masks, latents: Latent) -> None:
        self._masks = masks
        self._latents = latents

    def guides(self, guides: Sequence[Guide], spec: FrameSpec, picture: Tensor | None) -> list[Guide]:
        """Return the guides with the regions of the frame's prompts; the same ones if no prompt has a region.

        Args:
            picture: (1, 3, H, W) in [0, 1], before refinement; None if it is noise.
        """
        if all(prompt.region is None for prompt in spec.prompts):
            return list(guides)
        width, height = spec.size
        everywhere = torch.ones(height, width, device=self._masks.device)
        masks = [
            everywhere if prompt.region is None else self._masks.draw(prompt.region, spec.size, picture)
            for prompt in spec.prompts
        ]
        # Two prompts that are blended to one point have the same region, see `PromptEncoder.targets`.
        return [
            replace(guide, targets=replace(guide.targets, regions=torch.stack(masks[: len(guide.targets.weights)])))
            for guide in guides
        ]

    @torch.no_grad()
    def begun(self, spec: FrameSpec, begin: Callable[[FrameSpec], Start]) -> Start:
        """Return what a frame starts from: if its prompts have regions, a prior's picture for each, put together.

        Args:
            begin: returns what a frame starts from, whatever the regions of its prompts.
        """
        parts: dict[Region | None, list[PromptWeight]] = {}
        for prompt in spec.prompts:
            parts.setdefault(prompt.region, []).append(prompt)
        if spec.start is None or len(parts) < 2:
            return begin(spec)
        pictures, masks = [], []
        for region, prompts in parts.items():
            pictures.append(begin(replace(spec, prompts=tuple(prompts))).image)
            mask = None if region is None else self._masks.draw(region, spec.size, None)
            masks.append(torch.full_like(pictures[0][:, :1], ELSEWHERE) if mask is None else mask[None, None])
        shares = torch.stack(masks) + ELSEWHERE**2
        image = (torch.stack(pictures) * shares).sum(dim=0) / shares.sum(dim=0)
        return Start(image=image, latent=self._latents.encode(image))

    def areas(self, spec: FrameSpec, picture: Tensor, own: Tensor | None, *, is_noise: bool) -> Areas:
        """Return where the losses of a frame apply, and what is kept.

        Args:
            picture: (1, 3, H, W) in [0, 1], what the frame starts from, or the one before after its motion.
            own: as `picture`, that of the frame's source, which is kept instead; None without one.
            is_noise: it shows nothing yet, so nothing of it is kept.
        """
        seen = None if is_noise else picture
        losses = {
            name: self._masks.draw(region, spec.size, seen)[None, None] for name, region in spec.loss_regions.items()
        }
        if spec.keep is None or (is_noise and spec.keep.image is None):
            return Areas(losses=losses)
        return Areas(losses=losses, kept=self._kept(spec.keep, spec.size, picture if own is None else own, seen))

    def _kept(self, keep: Keep, size: tuple[int, int], picture: Tensor, seen: Tensor | None) -> Kept:
        mask = grown(self._masks.draw(keep.region, size, seen), keep.seam * min(size))
        if keep.image is not None:
            picture = self._masks.picture(keep.image, size)
        return Kept(picture=picture, mask=keep.amount * mask[None, None])

    @torch.no_grad()
    def restored(self, image: Tensor, latent: Tensor | None, kept: Kept) -> tuple[Tensor, Tensor | None]:
        """Lay what is kept over a finished picture.

        Returns:
            The picture (1, 3, H, W), and a latent for the next frame to start from: encoded again where something is
            kept, and elsewhere as refinement left it, because encoding all of it anew would wear the picture off.
        """
        restored = kept.over(image)
        if latent is None:
            return restored, None
        share = F.adaptive_max_pool2d(kept.mask, latent.shape[-2:])
        encoded = self._latents.encode(restored)
        return restored, self._latents.project(latent + share * (encoded - latent))
