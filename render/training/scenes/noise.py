"""A bank of fractal textures made once by FFT: a scene then only looks numbers up.

Source: spectral synthesis of 1/f^beta noise (Voss 1985). Each texture is mapped to a uniform distribution: a
threshold of 0.3 covers 30 % of the area.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Array = NDArray[Any]

TILE = 1024
LOWEST = 4.0
"""Lowest frequency of a tile in cycles per side."""

BASE = 2 * LOWEST
"""Blobs across a tile (a cycle is a bright and a dark one): `base` in a scene is relative to this."""

BETAS = {"rough": 1.15, "cloudy": 1.9, "smooth": 3.0}
VARIANTS = 6


def _uniform(noise: NDArray[np.float64]) -> Array:
    """Gaussian noise to uniform noise in [0, 1]."""
    return np.asarray(ndtr((noise - noise.mean()) / noise.std()), dtype=np.float32)


def _tile(rng: np.random.Generator, beta: float) -> Array:
    """One periodic texture (TILE, TILE) in [0, 1] with amplitude spectrum f^-beta above LOWEST cycles."""
    fy, fx = np.fft.fftfreq(TILE)[:, None] * TILE, np.fft.rfftfreq(TILE)[None] * TILE
    f = np.hypot(fy, fx)
    amplitude = np.where(f >= LOWEST, np.maximum(f, LOWEST) ** -beta, 0.0)
    phase = rng.uniform(0, 2 * np.pi, f.shape)
    return _uniform(np.fft.irfft2(amplitude * np.exp(1j * phase) * rng.rayleigh(size=f.shape)))


def _line(rng: np.random.Generator, beta: float) -> Array:
    """One periodic line (TILE) in [0, 1]."""
    f = np.fft.rfftfreq(TILE) * TILE
    amplitude = np.where(f >= LOWEST, np.maximum(f, LOWEST) ** -beta, 0.0)
    return _uniform(np.fft.irfft(amplitude * np.exp(1j * rng.uniform(0, 2 * np.pi, f.shape))))


class NoiseBank:
    """Periodic textures and lines by roughness. Immutable, shared by all scenes of a process."""

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.tiles = {name: [_tile(rng, beta) for _ in range(VARIANTS)] for name, beta in BETAS.items()}
        self.lines = {name: [_line(rng, beta) for _ in range(VARIANTS)] for name, beta in BETAS.items()}

    def sample(self, rng: np.random.Generator, u: Array, v: Array, kind: str = "cloudy") -> Array:
        """Look up a random texture at (u, v), in units of tile widths, with a random offset."""
        tile = self.tiles[kind][rng.integers(VARIANTS)]
        i = ((v + rng.random()) * TILE).astype(np.int32) & (TILE - 1)
        j = ((u + rng.random()) * TILE).astype(np.int32) & (TILE - 1)
        return np.asarray(tile[i, j])

    def line(self, rng: np.random.Generator, x: Array, kind: str = "cloudy") -> Array:
        """Look up a random line at x, in units of tile widths, with a random offset."""
        line = self.lines[kind][rng.integers(VARIANTS)]
        return np.asarray(line[((x + rng.random()) * TILE).astype(np.int32) % (TILE)])


@lru_cache(maxsize=1)
def noise_bank() -> NoiseBank:
    """The bank of this process."""
    return NoiseBank()
