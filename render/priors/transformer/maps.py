"""The condition stage of maps: a VQGAN of which only encoder and codebook are used."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from render.latents.vqgan import VQModel


class MapEncoder(nn.Module):
    """Encodes maps (B, channels, H, W) as codes (B, h, w): the nearest entries of its own codebook."""

    def __init__(self, params: Mapping[str, object]) -> None:
        super().__init__()
        whole = VQModel(dict(params))
        self.encoder, self.quant_conv, self.quantize = whole.encoder, whole.quant_conv, whole.quantize

    @torch.no_grad()
    def forward(self, maps: Tensor) -> Tensor:
        hidden: Tensor = self.quant_conv(self.encoder(maps.to(self.quant_conv.weight.device)))
        batch, _, height, width = hidden.shape
        codebook = self.quantize.get_parameter("embedding.weight")
        flat = hidden.movedim(1, -1).flatten(0, -2)
        nearest = torch.addmm(codebook.square().sum(dim=1) / 2, flat, codebook.T, alpha=-1).argmin(dim=1)
        return nearest.view(batch, height, width)
