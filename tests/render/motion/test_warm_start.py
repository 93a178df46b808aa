"""The latent that a frame starts from."""

import numpy as np
import pytest
import torch
from torch import Tensor

from render.latents.pixels import Pixels
from render.latents.vqgan import VQGAN
from render.motion.displacements.homography import Homography, motion_matrix
from render.motion.warm_start import warm_start
from render.motion.warp import warp


class Halved(Pixels):
    """An encoder that misses half of every picture."""

    def encode(self, image: Tensor) -> Tensor:
        return super().encode(image) / 2


@pytest.fixture
def picture(generator: torch.Generator) -> Tensor:
    return torch.rand(1, 3, 24, 32, generator=generator)


@pytest.fixture
def motion() -> Homography:
    return Homography(matrices=motion_matrix({"zoom": 1.01, "rotate": 0.5, "pan_x": 0.01}, (32, 24), (0.5, 0.5))[None])


def test_with_an_exact_encoder_the_warm_start_is_the_encoding(picture: Tensor, motion: Homography) -> None:
    pixels = Pixels()
    moved = warp(picture, motion, "reflect")
    start = warm_start(pixels, picture, pixels.encode(picture), moved, motion)
    torch.testing.assert_close(start, pixels.encode(moved), atol=1e-6, rtol=0)


def test_the_residual_of_the_encoder_moves_with_the_picture(picture: Tensor) -> None:
    """The encoder misses half of the latent; moved by whole pixels and added, that half makes it complete."""
    motion = Homography(matrices=motion_matrix({"pan_x": 2 / 32}, (32, 24), (0.5, 0.5))[None])
    moved = warp(picture, motion, "edge")
    start = warm_start(Halved(), picture, Pixels().encode(picture), moved, motion)
    torch.testing.assert_close(start, Pixels().encode(moved), atol=1e-5, rtol=0)


def test_without_a_latent_half_of_the_error_is_corrected(picture: Tensor, motion: Homography) -> None:
    """Encoded x/2, decoded and encoded again x/4: half of the difference is x/8."""
    start = warm_start(Halved(), picture, None, picture, motion)
    torch.testing.assert_close(start, (1 / 2 + 1 / 8) * Pixels().encode(picture), atol=1e-6, rtol=0)


def test_without_motion_the_latent_hardly_changes(embedded_vqgan: VQGAN, picture: Tensor) -> None:
    latent = embedded_vqgan.encode(picture) + 0.1
    image = embedded_vqgan.decode(latent)
    start = warm_start(embedded_vqgan, image, latent, image, Homography(matrices=np.eye(3)[None]))
    torch.testing.assert_close(start, latent, atol=1e-5, rtol=1e-4)


def test_the_residual_moves_as_far_as_the_picture(embedded_vqgan: VQGAN, generator: torch.Generator) -> None:
    """A pan by one cell of the latent grid moves the remainder by exactly one cell."""
    image = torch.rand(1, 3, 32, 48, generator=generator)
    latent = embedded_vqgan.encode(image) + torch.randn(1, 32, 4, 6, generator=generator)
    motion = Homography(matrices=motion_matrix({"pan_x": 8 / 48}, (48, 32), (0.5, 0.5))[None])
    moved = warp(image, motion, "edge")
    remainder = latent - embedded_vqgan.encode(image)
    shifted = torch.cat([remainder[..., :1], remainder[..., :-1]], dim=-1)
    encoded = embedded_vqgan.encode(moved)
    start = encoded + shifted
    wanted = start + (encoded - embedded_vqgan.encode(embedded_vqgan.decode(start))) / 2
    torch.testing.assert_close(warm_start(embedded_vqgan, image, latent, moved, motion), wanted, atol=1e-3, rtol=1e-3)


def test_quantising_starts_from_the_encoding(quantizing_vqgan: VQGAN, picture: Tensor, motion: Homography) -> None:
    latent = quantizing_vqgan.encode(picture)
    start = warm_start(quantizing_vqgan, picture, latent + 1, picture, motion)
    assert torch.equal(start, latent)
