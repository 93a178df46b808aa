"""Every latent model, and the VQGAN compared with taming's own modules."""

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file
from taming.modules.diffusionmodules.model import Decoder, Encoder
from taming.modules.vqvae.quantize import VectorQuantizer2
from torch import Tensor, nn

from render import catalogue, latents
from render.kernels.gradients import clamp_with_gradient
from render.latents import vqgan
from render.latents.pixels import Pixels
from render.models.model import ModelFiles
from render.models.registry import find_latent
from render.models.registry import latents as known_latents

CPU = torch.device("cpu")
SHIPPED = sorted(name for name, model in known_latents().items() if model.download is None)


class ByHand:
    """The published graph, assembled from taming's modules without any code of ours."""

    def __init__(self, files: ModelFiles) -> None:
        config, weights = files.paths
        params = yaml.safe_load(config.read_text())["model"]["params"]
        state = {key: value.float() for key, value in load_file(weights).items()}
        channels, embed_dim = params["ddconfig"]["z_channels"], params["embed_dim"]
        with contextlib.redirect_stdout(io.StringIO()):
            self.encoder = self._filled(Encoder(**params["ddconfig"]), "encoder", state)
            self.decoder = self._filled(Decoder(**params["ddconfig"]), "decoder", state)
        self.quant_conv = self._filled(nn.Conv2d(channels, embed_dim, 1), "quant_conv", state)
        self.post_quant_conv = self._filled(nn.Conv2d(embed_dim, channels, 1), "post_quant_conv", state)
        self.quantize = self._filled(VectorQuantizer2(params["n_embed"], embed_dim, beta=0.25), "quantize", state)
        for norm in [*self.encoder.modules(), *self.decoder.modules()]:
            if isinstance(norm, nn.GroupNorm):
                norm.num_groups = params["norm_groups"]

    @staticmethod
    def _filled(module: nn.Module, prefix: str, state: dict[str, Tensor]) -> nn.Module:
        module.load_state_dict(
            {k.removeprefix(f"{prefix}."): v for k, v in state.items() if k.startswith(f"{prefix}.")}
        )
        return module.eval().requires_grad_(False)

    def encode(self, image: Tensor) -> Tensor:
        latent: Tensor = self.quant_conv(self.encoder(image * 2 - 1))
        return latent

    def decode(self, latent: Tensor) -> Tensor:
        image: Tensor = self.decoder(self.post_quant_conv(latent))
        return ((image + 1) / 2).clamp(0, 1)


@pytest.fixture(scope="module")
def by_hand() -> ByHand:
    return ByHand(find_latent("embedded").files())


@pytest.fixture
def landscape() -> Tensor:
    """Two non-square pictures with a bright sky, a dark ground and a sun."""
    y, x = torch.meshgrid(torch.linspace(0, 1, 40), torch.linspace(0, 1, 64), indexing="ij")
    sky = torch.stack([0.9 - 0.4 * y, 0.6 - 0.2 * y, 0.3 + 0.3 * y])
    ground = torch.tensor([0.2, 0.3, 0.1])[:, None, None].expand(3, 40, 64)
    sun = torch.exp(-((x - 0.6).square() + (y - 0.3).square()) / 0.01)
    day = (torch.where(y < 0.6, sky, ground) + 0.3 * sun).clamp(0, 1)
    return torch.stack([day, day.flip(-1).roll(1, dims=0)])


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("size", [(64, 40), (16, 48)])
def test_every_latent_takes_any_size_that_its_stride_divides(
    name: str, size: tuple[int, int], generator: torch.Generator
) -> None:
    files = find_latent(name).files()
    representation: latents.Latent = catalogue.load(latents, files.entry).load(files, CPU, torch.float32, False)
    image = torch.rand(2, 3, size[1], size[0], generator=generator)
    latent = representation.encode(image)
    assert latent.shape[0] == 2
    assert latent.shape[2:] == (size[1] // representation.stride, size[0] // representation.stride)
    assert latent.dtype == torch.float32
    assert not latent.requires_grad
    decoded = representation.decode(latent.requires_grad_())
    assert decoded.shape == image.shape
    assert 0 <= float(decoded.min().detach()) <= float(decoded.max().detach()) <= 1
    (gradient,) = torch.autograd.grad(decoded.sum(), latent)
    assert torch.isfinite(gradient).all()
    assert (gradient.abs().sum(dim=(1, 2, 3)) > 0).all()
    assert torch.equal(representation.project(representation.project(latent * 9)), representation.project(latent * 9))
    assert representation.spread > 0


def test_pixels_are_exact_inverses(generator: torch.Generator) -> None:
    image = torch.rand(1, 3, 8, 8, generator=generator)
    torch.testing.assert_close(Pixels().decode(Pixels().encode(image)), image, atol=1e-7, rtol=0)


def test_decoding_agrees_with_taming(embedded_vqgan: vqgan.VQGAN, by_hand: ByHand, landscape: Tensor) -> None:
    latent = by_hand.encode(landscape)
    wanted = by_hand.decode(latent)
    torch.testing.assert_close(embedded_vqgan.decode(latent), wanted, atol=1e-5, rtol=0)
    torch.testing.assert_close(embedded_vqgan.decode(latent.requires_grad_()).detach(), wanted, atol=1e-5, rtol=0)


def test_the_gradient_of_decoding_agrees_with_taming(
    embedded_vqgan: vqgan.VQGAN, by_hand: ByHand, landscape: Tensor, generator: torch.Generator
) -> None:
    latent = by_hand.encode(landscape).requires_grad_()
    weights = torch.rand(landscape.shape, generator=generator)
    by_taming = clamp_with_gradient((by_hand.decoder(by_hand.post_quant_conv(latent)) + 1) / 2, 0.0, 1.0)
    ours, wanted = (
        torch.autograd.grad((picture * weights).sum(), latent)[0]
        for picture in (embedded_vqgan.decode(latent), by_taming)
    )
    torch.testing.assert_close(ours, wanted, atol=1e-4 * float(wanted.abs().max()), rtol=0)


def test_quantising_encodes_as_taming_before_quantisation(
    quantizing_vqgan: vqgan.VQGAN, by_hand: ByHand, landscape: Tensor
) -> None:
    latent = quantizing_vqgan.encode(landscape)
    torch.testing.assert_close(latent, by_hand.encode(landscape), atol=5e-5, rtol=0)
    assert float((latent - quantizing_vqgan.nearest(latent)).abs().mean()) > 0.01


def test_a_picture_survives_encoding_and_decoding(embedded_vqgan: vqgan.VQGAN, landscape: Tensor) -> None:
    decoded = embedded_vqgan.decode(embedded_vqgan.encode(landscape))
    assert float((decoded - landscape).square().mean()) < 10**-2.0  # 20 dB
    assert float((decoded.mean(dim=(2, 3)) - landscape.mean(dim=(2, 3))).abs().max()) < 0.05


def test_the_nearest_entry_is_the_nearest(embedded_vqgan: vqgan.VQGAN, by_hand: ByHand, landscape: Tensor) -> None:
    latent = by_hand.encode(landscape)
    codebook = by_hand.quantize.get_parameter("embedding.weight")
    flat = latent.movedim(1, -1).reshape(-1, codebook.shape[1])
    codes = torch.cdist(flat, codebook, compute_mode="donot_use_mm_for_euclid_dist").argmin(dim=1)
    wanted = codebook[codes].view(*latent.movedim(1, -1).shape).movedim(-1, 1)
    assert torch.equal(embedded_vqgan.nearest(latent), wanted)
    assert len(set(codes.tolist())) > 5


def test_the_nearest_entry_agrees_with_taming(embedded_vqgan: vqgan.VQGAN, by_hand: ByHand, landscape: Tensor) -> None:
    latent = by_hand.encode(landscape)
    torch.testing.assert_close(embedded_vqgan.nearest(latent), by_hand.quantize(latent)[0], atol=1e-5, rtol=0)


def test_quantised_decoding_shows_the_codebook_entry_with_a_straight_through_gradient(
    embedded_vqgan: vqgan.VQGAN, quantizing_vqgan: vqgan.VQGAN, by_hand: ByHand, landscape: Tensor
) -> None:
    latent = by_hand.encode(landscape)
    entry = embedded_vqgan.nearest(latent)
    results = []
    for decode, start in ((quantizing_vqgan.decode, latent), (embedded_vqgan.decode, entry)):
        start = start.clone().requires_grad_()
        picture = decode(start)
        results.append((picture.detach(), torch.autograd.grad(picture.square().sum(), start)[0]))
    torch.testing.assert_close(results[0], results[1])
    assert float((results[0][0] - by_hand.decode(latent)).abs().max()) > 0.01


def test_projection_clamps_every_channel_to_the_range_of_the_codebook(
    embedded_vqgan: vqgan.VQGAN, by_hand: ByHand, generator: torch.Generator
) -> None:
    codebook = by_hand.quantize.get_parameter("embedding.weight")
    low, high = codebook.amin(dim=0), codebook.amax(dim=0)
    latent = 20 * torch.randn(1, codebook.shape[1], 16, 16, generator=generator)
    projected = embedded_vqgan.project(latent).movedim(1, -1).reshape(-1, codebook.shape[1])
    torch.testing.assert_close(projected.amin(dim=0), low)
    torch.testing.assert_close(projected.amax(dim=0), high)
    entries = codebook.T.reshape(1, -1, 32, codebook.shape[0] // 32)
    assert torch.equal(embedded_vqgan.project(entries), entries)


def test_spread_is_the_standard_deviation_of_the_codebook(embedded_vqgan: vqgan.VQGAN, by_hand: ByHand) -> None:
    assert embedded_vqgan.spread == pytest.approx(float(by_hand.quantize.get_parameter("embedding.weight").std()))


def test_a_bf16_decoder_returns_float32_colours(
    embedded_vqgan: vqgan.VQGAN, bf16_vqgan: vqgan.VQGAN, landscape: Tensor
) -> None:
    latent = embedded_vqgan.encode(landscape)
    picture = bf16_vqgan.decode(latent)
    assert picture.dtype == torch.float32
    assert len(set(picture.flatten().tolist())) > 256
    signed = picture * 2 - 1
    assert float((signed.bfloat16().float() == signed).float().mean()) < 0.1  # bf16 rounds to 8 bits
    exact = embedded_vqgan.decode(latent)
    assert float((picture - exact).abs().mean()) < 0.01


def test_a_batch_equals_its_single_pictures(embedded_vqgan: vqgan.VQGAN, landscape: Tensor) -> None:
    together = embedded_vqgan.encode(landscape)
    alone = torch.cat([embedded_vqgan.encode(landscape[i : i + 1]) for i in range(2)])
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        embedded_vqgan.decode(together),
        torch.cat([embedded_vqgan.decode(together[i : i + 1]) for i in range(2)]),
        atol=1e-5,
        rtol=0,
    )


def test_building_and_decoding_print_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    vqgan.load(find_latent("embedded").files(), CPU, torch.float32, quantize=False)
    assert capsys.readouterr() == ("", "")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_decoding_on_a_gpu_agrees_with_the_cpu(embedded_vqgan: vqgan.VQGAN, landscape: Tensor) -> None:
    cuda = torch.device("cuda")
    on_gpu: Any = vqgan.load(find_latent("embedded").files(), cuda, torch.float32, quantize=False)
    latent = embedded_vqgan.encode(landscape)
    torch.testing.assert_close(on_gpu.decode(latent.to(cuda)).cpu(), embedded_vqgan.decode(latent), atol=5e-3, rtol=0)
