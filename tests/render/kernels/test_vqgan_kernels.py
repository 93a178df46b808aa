"""taming's own modules are the oracle."""

import contextlib
import io
from typing import Any

import pytest
import torch
from taming.modules.diffusionmodules.model import AttnBlock, Decoder, Encoder, ResnetBlock, Upsample
from torch import nn

from render.kernels import vqgan
from tests.render.kernels.conftest import Compare

SMALL: dict[str, Any] = {
    "ch": 32,
    "out_ch": 3,
    "in_channels": 3,
    "resolution": 32,
    "z_channels": 8,
    "ch_mult": (1, 2, 2),
    "num_res_blocks": 2,
    "attn_resolutions": [8],
    "double_z": False,
}


def frozen(module: nn.Module) -> nn.Module:
    """Randomise all weights, norms and biases included, instead of keeping their initial values."""
    numbers = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=numbers))
    return module.eval().requires_grad_(False)


@pytest.mark.parametrize(("out", "conv_shortcut"), [(32, False), (64, False), (64, True)])
def test_resnet_block(out: int, conv_shortcut: bool, same: Compare, generator: torch.Generator) -> None:
    block = frozen(
        ResnetBlock(in_channels=32, out_channels=out, conv_shortcut=conv_shortcut, dropout=0.0, temb_channels=0)
    )
    twin = WithoutTime(block)
    same(vqgan.FrozenResnetBlock(block), twin, torch.randn(2, 32, 9, 6, generator=generator))


class WithoutTime(nn.Module):
    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.block(x, None)
        return made


def test_attention(same: Compare, generator: torch.Generator) -> None:
    block = frozen(AttnBlock(32))
    same(vqgan.FrozenAttention(block), block, torch.randn(2, 32, 5, 7, generator=generator))


@pytest.mark.parametrize("shape", [(1, 8, 1, 1), (2, 8, 5, 7)])
def test_upsampling_reaches_the_edges(shape: tuple[int, ...], same: Compare, generator: torch.Generator) -> None:
    upsample = frozen(Upsample(8, with_conv=True))
    same(vqgan.FrozenUpsample(upsample), upsample, torch.randn(shape, generator=generator))


@pytest.mark.parametrize(
    ("device", "hip", "fast"),
    [("cpu", None, True), ("cpu", "7.0", True), ("cuda:1", None, True), ("cuda", "7.0", False), ("mps", None, False)],
)
def test_upsampling_is_a_transposed_convolution_where_that_is_fast(
    device: str, hip: str | None, fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.version, "hip", hip)
    assert vqgan.transposes_fast(torch.device(device)) == fast


@pytest.mark.parametrize(("with_conv", "fast"), [(True, True), (True, False), (False, True)])
def test_encoder_and_decoder(
    with_conv: bool, fast: bool, same: Compare, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vqgan, "transposes_fast", lambda device: fast)
    with contextlib.redirect_stdout(io.StringIO()):
        encoder, decoder = (frozen(made(**SMALL, resamp_with_conv=with_conv)) for made in (Encoder, Decoder))
    same(vqgan.FrozenEncoder(encoder), encoder, torch.rand(2, 3, 32, 48, generator=generator))
    same(vqgan.FrozenDecoder(decoder), decoder, torch.randn(2, 8, 8, 12, generator=generator))
