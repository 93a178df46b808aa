"""One random generator per (seed, frame): no frame depends on how many numbers another one drew."""

import hashlib

import torch


def frame_generator(seed: int, index: int, device: torch.device) -> torch.Generator:
    """A generator for frame `index` of a schedule with `seed`, on `device`.

    The two numbers are hashed to 64 bits, so that (seed 1, frame 2) and (seed 2, frame 1) or
    neighbouring seeds share nothing. The global generator is never read nor written.
    """
    digest = hashlib.blake2b(f"{seed}:{index}".encode(), digest_size=8).digest()
    return torch.Generator(device=device).manual_seed(int.from_bytes(digest, "big") >> 1)
