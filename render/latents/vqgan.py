"""VQGAN: taming's encoder, codebook and decoder behind a small module of ours.

Source: Esser, Rombach, Ommer, "Taming Transformers for High-Resolution Image Synthesis" (2021).
    What differs: encoding gives the latent before quantisation (taming's `VQModel.encode` snaps every
    warm start to the codebook), and quantisation is optional with the gradient straight through.
"""

import contextlib
import io
from typing import Any

import torch
from taming.modules.diffusionmodules.model import Decoder, Encoder
from taming.modules.vqvae.quantize import VectorQuantizer2
from torch import Tensor, nn

from render.errors import WeightsError
from render.frozen_norm import freeze_norms
from render.gradients import clamp_with_gradient, straight_through
from render.weights import ModelFiles, read_state_dict, read_vqgan_config, vqgan_stride


class VQModel(nn.Module):
    """The published graph under the published names, so that published state dicts fit."""

    def __init__(self, params: dict[str, Any]) -> None:
        super().__init__()
        architecture = params["ddconfig"]
        with contextlib.redirect_stdout(io.StringIO()):  # taming's Decoder prints when built
            self.encoder = Encoder(**architecture)
            self.decoder = Decoder(**architecture)
        self.quantize = VectorQuantizer2(params["n_embed"], params["embed_dim"], beta=0.25)
        self.quant_conv = nn.Conv2d(architecture["z_channels"], params["embed_dim"], 1)
        self.post_quant_conv = nn.Conv2d(params["embed_dim"], architecture["z_channels"], 1)
        if "norm_groups" in params:  # taming fixes 32, which is instance norm in a narrow network
            for module in self.modules():
                if isinstance(module, nn.GroupNorm):
                    module.num_groups = params["norm_groups"]


class VQGAN:
    """A VQGAN as a `Latent`: (B, embed_dim, h, w) float, before quantisation."""

    def __init__(self, model: VQModel, stride: int, device: torch.device, dtype: torch.dtype, quantize: bool) -> None:
        codebook = model.quantize.embedding.weight.detach().float().to(device)
        self.stride = stride
        self.spread = float(codebook.std())
        self._codebook = codebook
        self._half_norms = codebook.square().sum(dim=1) / 2
        self._low = codebook.amin(dim=0)[:, None, None]
        self._high = codebook.amax(dim=0)[:, None, None]
        self.quantized = quantize
        self._dtype = dtype
        model.eval().requires_grad_(False).to(device, dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
        if device.type == "cpu":
            freeze_norms(model)
        # Colours leave in float: bf16 would round them to 8 bit inside the feedback loop.
        model.decoder.conv_out.float()
        model.decoder.conv_out.register_forward_pre_hook(lambda module, inputs: (inputs[0].float(),))
        self._model = model

    @torch.no_grad()
    def encode(self, image: Tensor) -> Tensor:
        latent: Tensor = self._model.quant_conv(self._model.encoder(self._prepared(image * 2 - 1)))
        return latent.float()

    def decode(self, latent: Tensor) -> Tensor:
        if self.quantized:
            latent = straight_through(latent, self.nearest(latent))
        image = self._model.decoder(self._model.post_quant_conv(self._prepared(latent)))
        return clamp_with_gradient((image + 1) / 2, 0.0, 1.0)

    def project(self, latent: Tensor) -> Tensor:
        """Clamp every channel to the range its codebook entries span."""
        return latent.clamp(self._low, self._high)

    @torch.no_grad()
    def nearest(self, latent: Tensor) -> Tensor:
        """The codebook entry nearest to every position of (B, C, h, w), as a latent of that shape."""
        flat = latent.movedim(1, -1).flatten(0, -2)
        # |z - e|^2 / 2 without the part that is the same for every entry
        codes = torch.addmm(self._half_norms, flat, self._codebook.T, alpha=-1).argmin(dim=1)
        batch, _, height, width = latent.shape
        entries: Tensor = self._codebook[codes].view(batch, height, width, -1)
        return entries.movedim(-1, 1)

    def _prepared(self, value: Tensor) -> Tensor:
        return value.to(self._dtype).contiguous(memory_format=torch.channels_last)


def load(files: ModelFiles, device: torch.device, dtype: torch.dtype, quantize: bool) -> VQGAN:
    """Read config and checkpoint; the embedded model takes this path like every published one.

    Raises:
        WeightsError: a file is missing, or a tensor is missing or has another shape.
    """
    params = read_vqgan_config(files)
    assert files.weights is not None
    try:
        model = VQModel(params)
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{files.config}: not a taming VQGAN config: {error}") from error
    state = read_state_dict(files.weights)
    expected = model.state_dict()
    for key, tensor in expected.items():
        if key not in state:
            raise WeightsError(f"{files.weights}: '{key}' is missing; does {files.config} belong to it?")
        if state[key].shape != tensor.shape:
            raise WeightsError(
                f"{files.weights}: '{key}' has shape {tuple(state[key].shape)}, "
                f"{files.config} asks for {tuple(tensor.shape)}"
            )
    model.load_state_dict({key: state[key] for key in expected})
    return VQGAN(model, vqgan_stride(params), device, dtype, quantize)
