"""Start from a picture that a prior proposes for the frame's prompts, such as one from a bank."""

import torch
import torch.nn.functional as F
from torch import Tensor

from render.guidance import cutouts
from render.priors import Candidates, Wanted
from render.sources import Loaded, Start
from render.spec import FrameSpec
from render.spec.pictures import PriorStart

STRETCH = 1.25  # a picture of another shape is stretched by up to this, and cropped for the rest
WANDER = 0.5  # how far a crop may lie from the middle, as a share of what is cut off


def start(spec: FrameSpec, size: tuple[int, int], generator: torch.Generator, loaded: Loaded) -> Start:
    """Return the picture that the frame picks of its prior's candidates, and its latent."""
    assert isinstance(spec.start, PriorStart)
    picture, _ = candidates(spec, size, generator, loaded)
    number = min(spec.start.pick, len(picture)) - 1
    image = picture[number : number + 1]
    return Start(image=image, latent=loaded.latents.encode(image))


@torch.no_grad()
def candidates(
    spec: FrameSpec, size: tuple[int, int], generator: torch.Generator, loaded: Loaded
) -> tuple[Tensor, Tensor]:
    """Return all candidates of a frame, the best first: pictures (N, 3, H, W) in [0, 1], and their scores (N,)."""
    assert isinstance(spec.start, PriorStart)
    wanted = Wanted(
        targets=loaded.targets,
        size=size,
        count=spec.start.candidates,
        settings=spec.start.settings,
        prompts=spec.prompts,
    )
    found = loaded.priors[spec.start.prior].propose(wanted, generator)
    pictures = torch.cat([loaded.latents.decode(latent[None]).float() for latent in found.latents])
    scores = _ranked(pictures, found, loaded)
    if found.mirrored is not None:
        pictures = torch.where(found.mirrored.view(-1, 1, 1, 1), pictures.flip(-1), pictures)
    order = scores.argsort(descending=True, stable=True)
    return fitted(pictures, size, generator)[order], scores[order]


def fitted(pictures: Tensor, size: tuple[int, int], generator: torch.Generator) -> Tensor:
    """Bring pictures (N, 3, H, W) to `size`, (width, height): stretched a little, cropped, and scaled.

    The crop lies anywhere near the middle, as `generator` draws it.
    """
    width, height = size
    if pictures.shape[-2:] == (height, width):
        return pictures
    aspect = pictures.shape[-1] / pictures.shape[-2]
    missing = (width / height) / aspect
    cropped = max(1.0, missing / STRETCH) if missing > 1 else min(1.0, missing * STRETCH)
    shares = (min(1.0, 1 / cropped), min(1.0, cropped))  # of height and width that stay
    rows, columns = (max(1, round(share * side)) for share, side in zip(shares, pictures.shape[-2:], strict=True))
    places = 0.5 + WANDER * (torch.rand(len(pictures), generator=generator, device=generator.device) - 0.5)
    parts = []
    for picture, place in zip(pictures, places.tolist(), strict=True):
        top, left = round(place * (picture.shape[-2] - rows)), round(place * (picture.shape[-1] - columns))
        parts.append(picture[:, top : top + rows, left : left + columns])
    return F.interpolate(
        torch.stack(parts), size=(height, width), mode="bicubic", antialias=True, align_corners=False
    ).clamp(0.0, 1.0)


def _ranked(pictures: Tensor, found: Candidates, loaded: Loaded) -> Tensor:
    """The prior's own scores, or the similarity to the prompts by all perceptors; without prompts all are equal."""
    if found.scores is not None:
        return found.scores
    total = pictures.new_zeros(len(pictures))
    for perceptor, targets, weight in zip(loaded.perceptors, loaded.targets, loaded.weights, strict=True):
        if targets is not None:
            seen = perceptor.encode_image(cutouts.whole(pictures, perceptor.side)[:, 0])
            total = total + weight * targets.similarity(seen[:, None])
    return total
