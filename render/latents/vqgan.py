"""VQGAN: taming's encoder, codebook and decoder as a `Latent`.

Source: Esser, Rombach, Ommer, "Taming Transformers for High-Resolution Image Synthesis" (2021).
    What differs: encoding returns the latent before quantisation (taming's `VQModel.encode` would snap every
    warm start to the codebook), and quantisation is optional, with a straight-through gradient.
    A Gumbel VQGAN has no latent before quantisation that its decoder accepts: a code is the index of the
    encoder's largest logit. So its latent lives in the space of the codebook's entries (as in Crowson's
    VQGAN+CLIP notebooks): encoding returns the entry of the largest logit, guidance moves it, and decoding
    snaps to the nearest entry, which leaves an encoded picture unchanged.
"""

import contextlib
import io
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from taming.modules.diffusionmodules.model import Decoder, Encoder
from taming.modules.vqvae.quantize import GumbelQuantize, VectorQuantizer2
from torch import Tensor, nn

from render.errors import WeightsError
from render.files.checkpoints import fit, read_state_dict
from render.kernels.gradients import clamp_with_gradient, straight_through
from render.kernels.hardware import layout
from render.kernels.vqgan import FrozenDecoder, FrozenEncoder
from render.models.model import ModelFiles, read_vqgan_config, vqgan_stride

# The allowed values of a config's `target`, and whether each has a Gumbel codebook. They are never imported.
TARGETS = {
    "taming.models.vqgan.VQModel": False,
    "taming.models.vqgan.GumbelVQ": True,
    "ldm.models.autoencoder.VQModel": False,
    "ldm.models.autoencoder.VQModelInterface": False,
}


class VQModel(nn.Module):
    """The published network with the published parameter names, so that published state dicts fit."""

    def __init__(self, params: dict[str, Any], gumbel: bool = False) -> None:
        super().__init__()
        architecture, embed_dim, n_embed = params["ddconfig"], params["embed_dim"], params["n_embed"]
        z_channels = architecture["z_channels"]
        with contextlib.redirect_stdout(io.StringIO()):  # taming's Decoder prints when built
            self.encoder = Encoder(**architecture)
            self.decoder = Decoder(**architecture)
        self.quantize: nn.Module = (
            GumbelQuantize(z_channels, embed_dim, n_embed) if gumbel else VectorQuantizer2(n_embed, embed_dim, 0.25)
        )
        self.quant_conv = nn.Conv2d(z_channels, embed_dim, 1)
        self.post_quant_conv = nn.Conv2d(embed_dim, z_channels, 1)
        if "norm_groups" in params:  # taming always uses 32, which amounts to instance norm in a narrow network
            for module in self.modules():
                if isinstance(module, nn.GroupNorm):
                    module.num_groups = _divisor(params["norm_groups"], module.num_channels)


class VQGAN:
    """A VQGAN as a `Latent`: (B, embed_dim, h, w) float32, before quantisation."""

    def __init__(self, model: VQModel, stride: int, device: torch.device, dtype: torch.dtype, quantize: bool) -> None:
        quantizer = model.quantize.float().requires_grad_(False).to(device)
        gumbel = isinstance(quantizer, GumbelQuantize)
        codebook: Tensor = quantizer.get_parameter("embed.weight" if gumbel else "embedding.weight")
        self.stride = stride
        self.spread = float(codebook.std())
        self.codebook = codebook
        self._logits = quantizer.get_submodule("proj") if gumbel else None
        self._half_norms = codebook.square().sum(dim=1) / 2
        self._low = codebook.amin(dim=0)[:, None, None]
        self._high = codebook.amax(dim=0)[:, None, None]
        self.quantized = quantize
        self._dtype = dtype
        del model.quantize  # the other weights may have lower precision
        model.eval().requires_grad_(False).to(device, dtype, memory_format=layout(device))  # type: ignore[call-overload]
        model.encoder, model.decoder = FrozenEncoder(model.encoder), FrozenDecoder(model.decoder)
        self._model = model

    @torch.no_grad()
    def encode(self, image: Tensor) -> Tensor:
        latent: Tensor = self._model.quant_conv(self._model.encoder(self._prepared(image * 2 - 1))).float()
        return latent if self._logits is None else self.entries(self._logits(latent).argmax(dim=1))

    def decode(self, latent: Tensor) -> Tensor:
        if self.quantized:
            latent = straight_through(latent, self.nearest(latent))
        image = self._model.decoder(self._model.post_quant_conv(self._prepared(latent)))
        return clamp_with_gradient((image + 1) / 2, 0.0, 1.0)

    def project(self, latent: Tensor) -> Tensor:
        """Clamp every channel to the range of the codebook's entries; same shape."""
        return latent.clamp(self._low, self._high)

    @torch.no_grad()
    def nearest(self, latent: Tensor) -> Tensor:
        """Replace every position of (B, C, h, w) by its nearest codebook entry; same shape."""
        return self.entries(self.codes(latent))

    @torch.no_grad()
    def codes(self, latent: Tensor) -> Tensor:
        flat = latent.movedim(1, -1).flatten(0, -2)
        # |z - e|^2 / 2 without the term that is the same for every entry
        codes = torch.addmm(self._half_norms, flat, self.codebook.T, alpha=-1).argmin(dim=1)
        batch, _, height, width = latent.shape
        return codes.view(batch, height, width)

    def entries(self, codes: Tensor) -> Tensor:
        """Look up codes (B, h, w) in the codebook: entries (B, C, h, w)."""
        return F.embedding(codes, self.codebook).movedim(-1, 1)

    def _prepared(self, value: Tensor) -> Tensor:
        return value.to(self._dtype).contiguous(memory_format=layout(value.device))


def load(files: ModelFiles, device: torch.device, dtype: torch.dtype, quantize: bool) -> VQGAN:
    """Read config and checkpoint, or draw random weights; this also loads the embedded model.

    Raises:
        WeightsError: a file is missing, the config is not a VQGAN's, or a tensor does not fit.
    """
    assert isinstance(files.architecture, Path)
    if files.weights is not None:
        state = fit(
            read_state_dict(files.weights, files.prefix), shapes(files.architecture), files.weights, files.architecture
        )
        model = _empty(files.architecture)
        # Copied one by one: the checkpoint is only memory-mapped, and its file may change during a long run.
        model.load_state_dict({key: _copied(key, value, dtype) for key, value in state.items()}, assign=True)
    elif files.random_seed is not None:
        model = _random(files.architecture, files.random_seed)
    else:
        raise WeightsError(f"{files.name}: it has neither weights nor a seed for random weights")
    return VQGAN(model, vqgan_stride(read_vqgan_config(files.architecture)), device, dtype, quantize)


def shapes(architecture: Path) -> dict[str, tuple[int, ...]]:
    """Return the name and shape of every tensor of a config's VQGAN, without allocating them.

    Raises:
        WeightsError: as `load`, for the config.
    """
    return {key: tuple(value.shape) for key, value in _empty(architecture).state_dict().items()}


def _divisor(groups: int, channels: int) -> int:
    if channels % groups:
        raise ValueError(f"norm_groups {groups} does not divide {channels} channels")
    return groups


def _copied(key: str, value: Tensor, dtype: torch.dtype) -> Tensor:
    return value.to(torch.float32 if key.startswith("quantize.") else dtype, copy=True)


def _empty(architecture: Path) -> VQModel:
    with torch.device("meta"):
        return _build(architecture)


def _random(architecture: Path, seed: int) -> VQModel:
    """Build the model with weights that depend on `seed` alone; the global generator's state is preserved."""
    with torch.random.fork_rng(devices=()):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed the GPUs as well
        return _build(architecture)


def _build(architecture: Path) -> VQModel:
    config = read_vqgan_config(architecture)
    target, params = config.get("target"), config["params"]
    if target not in TARGETS:
        raise WeightsError(f"{architecture}: target '{target}' is unknown; expected one of: {', '.join(TARGETS)}")
    channels = [params["ddconfig"].get(key) for key in ("in_channels", "out_ch")]
    if channels != [3, 3]:
        raise WeightsError(
            f"{architecture}: not a VQGAN of pictures: in_channels and out_ch are {channels}, not [3, 3]"
        )
    try:
        return VQModel(params, gumbel=TARGETS[target])
    except Exception as error:  # taming may raise anything for a wrong number
        raise WeightsError(f"{architecture}: not a taming VQGAN config: {error}") from error
