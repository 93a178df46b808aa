"""The VQGAN: taming-transformers' encoder and decoder with 8-group norms and VQModel's parameter names.

taming hard-codes GroupNorm(32); at 32 channels that is instance norm and removes colour: see `norm_groups` in
the YAML.
"""

from typing import Any

import torch
from taming.modules.diffusionmodules.model import Decoder, Encoder
from torch import Tensor, nn

DD_CONFIG: dict[str, Any] = {
    "double_z": False,
    "z_channels": 64,
    "resolution": 64,
    "in_channels": 3,
    "out_ch": 3,
    "ch": 32,
    "ch_mult": [1, 2, 2, 4],
    "num_res_blocks": 1,
    "attn_resolutions": [],
    "dropout": 0.0,
}


class Codebook(nn.Module):
    """Holds the codes under the name that VQModel gives them."""

    def __init__(self, count: int, dim: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(count, dim)

    def nearest(self, vectors: Tensor) -> Tensor:
        """Row of the nearest code for each vector (N, D)."""
        codes = self.embedding.weight
        return torch.addmm(codes.pow(2).sum(1)[None], vectors, codes.T, alpha=-2).argmin(1)

    def snap(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """Latents (B, D, h, w) to their nearest codes, and the rows (B * h * w,)."""
        batch, dim, height, width = latent.shape
        rows = self.nearest(latent.permute(0, 2, 3, 1).reshape(-1, dim))
        return self.embedding.weight[rows].view(batch, height, width, dim).permute(0, 3, 1, 2), rows


class VQ(nn.Module):
    """state_dict() has VQModel's names: encoder, decoder, quantize.embedding, quant_conv, post_quant_conv."""

    def __init__(
        self,
        dd_config: dict[str, Any] | None = None,
        embed_dim: int = 32,
        codes: int = 1024,
        norm_groups: int = 8,
    ) -> None:
        super().__init__()
        self.dd_config = dict(dd_config or DD_CONFIG)
        self.encoder, self.decoder = Encoder(**self.dd_config), Decoder(**self.dd_config)
        self.quantize = Codebook(codes, embed_dim)
        self.quant_conv = nn.Conv2d(self.dd_config["z_channels"], embed_dim, 1)
        self.post_quant_conv = nn.Conv2d(embed_dim, self.dd_config["z_channels"], 1)
        for module in self.modules():
            if isinstance(module, nn.GroupNorm):
                module.num_groups = norm_groups

    def pre(self, image: Tensor) -> Tensor:
        """Images in [-1, 1] to continuous latents."""
        out: Tensor = self.quant_conv(self.encoder(image))
        return out

    def decode(self, latent: Tensor) -> Tensor:
        """Latents to images in [-1, 1]."""
        out: Tensor = self.decoder(self.post_quant_conv(latent))
        return out
