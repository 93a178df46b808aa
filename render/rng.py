"""Create one random generator per (seed, frame), so that no frame depends on how many numbers others have drawn."""

import hashlib
from collections.abc import Callable

import torch
from torch import Tensor

Generators = torch.Generator | tuple[torch.Generator, ...]
"""One for all pictures of a batch, or one for each, which then gets the numbers that it would get alone."""


def frame_generator(seed: int, index: int, device: torch.device, purpose: str = "") -> torch.Generator:
    """Return a generator for frame `index` of a schedule with `seed`, on `device`.

    One with a `purpose` draws other numbers, so that what is drawn for it leaves the frame's own as they are.

    The two numbers are hashed to 64 bits, so that neighbouring seeds, or (seed 1, frame 2) and (seed 2, frame 1),
    are unrelated. The global generator is neither read nor changed.
    """
    name = f"{seed}:{index}:{purpose}" if purpose else f"{seed}:{index}"
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return torch.Generator(device=device).manual_seed(int.from_bytes(digest, "big") >> 1)


def uniform(shape: tuple[int, ...], generators: Generators) -> Tensor:
    """Draw from the uniform distribution on [0, 1): (B, ...)."""
    return _drawn(torch.rand, shape, generators)


def around_zero(shape: tuple[int, ...], generators: Generators) -> Tensor:
    """Draw from the uniform distribution on [-1, 1): (B, ...)."""
    return uniform(shape, generators) * 2 - 1


def normal(shape: tuple[int, ...], generators: Generators) -> Tensor:
    """Draw from the standard normal distribution: (B, ...)."""
    return _drawn(torch.randn, shape, generators)


def _drawn(draw: Callable[..., Tensor], shape: tuple[int, ...], generators: Generators) -> Tensor:
    if isinstance(generators, torch.Generator):
        return draw(shape, generator=generators, device=generators.device)
    if len(generators) != shape[0]:
        raise ValueError(f"expected a generator for each of {shape[0]} pictures, got {len(generators)}")
    alone = (1, *shape[1:])
    return torch.cat([draw(alone, generator=generator, device=generator.device) for generator in generators])
