"""VQGANs as they were published: taming's own graph, and what its checkpoints wrap around the weights.

The widths are tiny unless a config of full size is given; names, nesting and prefixes are those of the
published files.
"""

import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import torch
import yaml
from taming.modules.diffusionmodules.model import Decoder, Encoder
from taming.modules.vqvae.quantize import GumbelQuantize, VectorQuantizer2
from torch import Tensor, nn

from render.latents.vqgan import VQGAN
from render.models.model import ModelFiles

CALLBACK = "pytorch_lightning.callbacks.model_checkpoint"
# taming's ddconfig with an attention level, no norm_groups: channels come in 32s.
DDCONFIG = {
    **{"double_z": False, "z_channels": 12, "resolution": 16, "in_channels": 3, "out_ch": 3, "ch": 32},
    **{"ch_mult": [1, 1, 2], "num_res_blocks": 1, "attn_resolutions": [4], "dropout": 0.0},
}
LOSS = {"target": "taming.modules.losses.vqperceptual.VQLPIPSWithDiscriminator", "params": {"disc_start": 0}}
VQ: dict[str, Any] = {
    "base_learning_rate": 4.5e-06,
    "target": "taming.models.vqgan.VQModel",
    "params": {"embed_dim": 8, "n_embed": 16, "ddconfig": DDCONFIG, "lossconfig": LOSS},
}
GUMBEL: dict[str, Any] = {
    "base_learning_rate": 4.5e-06,
    "target": "taming.models.vqgan.GumbelVQ",
    "params": {
        **{"kl_weight": 1e-08, "embed_dim": 12, "n_embed": 24, "monitor": "val/rec_loss", "ddconfig": DDCONFIG},
        "temperature_scheduler_config": {"target": "taming.lr_scheduler.LambdaWarmUpCosineScheduler", "params": {}},
        "lossconfig": LOSS,
    },
}


def net2net(first_stage: dict[str, Any]) -> dict[str, Any]:
    """The config of a transformer, as of faceshq, sflckr and coco: its VQGAN is the first stage."""
    params = {
        "cond_stage_key": "coord",
        "transformer_config": {"target": "taming.modules.transformer.mingpt.GPT", "params": {"vocab_size": 16}},
        "first_stage_config": {"target": first_stage["target"], "params": first_stage["params"]},
        "cond_stage_config": {"target": "taming.modules.misc.coord.CoordStage", "params": {"n_embed": 16}},
    }
    return {"target": "taming.models.cond_transformer.Net2NetTransformer", "params": params}


class Taming:
    """The graph of taming's VQModel and GumbelVQ, put together as they do, without any code of ours."""

    def __init__(self, model: dict[str, Any]) -> None:
        params = model["params"]
        channels, embed_dim, n_embed = params["ddconfig"]["z_channels"], params["embed_dim"], params["n_embed"]
        self.gumbel = model["target"].endswith("GumbelVQ")
        with torch.random.fork_rng(devices=()), contextlib.redirect_stdout(io.StringIO()):
            torch.default_generator.manual_seed(3)
            self.modules = nn.ModuleDict(
                {
                    "encoder": Encoder(**params["ddconfig"]),
                    "decoder": Decoder(**params["ddconfig"]),
                    "quantize": (
                        GumbelQuantize(channels, embed_dim, n_embed=n_embed, kl_weight=1e-8, temp_init=1.0)
                        if self.gumbel
                        else VectorQuantizer2(n_embed, embed_dim, beta=0.25)
                    ),
                    "quant_conv": nn.Conv2d(channels, embed_dim, 1),
                    "post_quant_conv": nn.Conv2d(embed_dim, channels, 1),
                }
            )
            if not self.gumbel:  # as wide as what the encoder gives, so that many codes are in use
                self.modules["quantize"].get_parameter("embedding.weight").data.uniform_(-1, 1)
        self.modules.eval().requires_grad_(False)

    def state_dict(self) -> dict[str, Tensor]:
        """As published: with the discriminator and the perceptual loss of training."""
        leftovers = {"loss.logvar": torch.zeros(1), "loss.discriminator.main.0.weight": torch.zeros(64, 3, 4, 4)}
        return {**self.modules.state_dict(), **leftovers}

    def quantised(self, image: Tensor) -> Tensor:
        """The codebook's entries that a picture in [0, 1] is made of: (B, C, h, w)."""
        hidden = self.modules["quant_conv"](self.modules["encoder"](image * 2 - 1))
        quantize: Any = self.modules["quantize"]
        entries: Tensor
        if not self.gumbel:
            entries = quantize(hidden)[0]
            return entries
        logits = quantize.proj(hidden)  # its forward adds noise to them even when it is not trained
        batch, _, height, width = logits.shape
        shape = (batch, height, width, quantize.embedding_dim)
        entries = quantize.get_codebook_entry(logits.argmax(dim=1).flatten(), shape)
        return entries.contiguous()

    def decode(self, entries: Tensor) -> Tensor:
        image: Tensor = self.modules["decoder"](self.modules["post_quant_conv"](entries))
        return ((image + 1) / 2).clamp(0, 1)


@dataclass(frozen=True, kw_only=True)
class Published:
    """How a kind of VQGAN was published: its config and what its checkpoint wraps around the weights."""

    config: dict[str, Any]
    wrap: Callable[[dict[str, Tensor]], dict[str, Tensor]] = dict
    vqgan: dict[str, Any]


def as_first_stage(state: dict[str, Tensor]) -> dict[str, Tensor]:
    stage = {f"first_stage_model.{key}": value for key, value in state.items()}
    return {**stage, "transformer.tok_emb.weight": torch.zeros(16, 4), "transformer.pos_emb": torch.zeros(1, 4, 4)}


def with_averages(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """As latent-diffusion publishes with `use_ema`: the weights of the last step, and averages with flat names."""
    names = [key for key in state if not key.startswith("loss.")]
    averages = {f"model_ema.{key.replace('.', '')}": state[key] for key in names}
    return {**{key: value + 1 for key, value in state.items()}, "model_ema.decay": torch.ones(()), **averages}


LDM = {**VQ, "target": "ldm.models.autoencoder.VQModelInterface"}
KINDS = {
    "VQModel": Published(config=VQ, vqgan=VQ),
    "GumbelVQ": Published(config=GUMBEL, vqgan=GUMBEL),
    "Net2NetTransformer": Published(config=net2net(VQ), wrap=as_first_stage, vqgan=VQ),
    "Net2NetTransformer over GumbelVQ": Published(config=net2net(GUMBEL), wrap=as_first_stage, vqgan=GUMBEL),
    "latent-diffusion with averages": Published(config=LDM, wrap=with_averages, vqgan=LDM),
}


@contextlib.contextmanager
def _callback() -> Iterator[type]:
    """Lightning's callback, by whose class its state was kept: it is pickled by name and need not be installed."""
    made = type("ModelCheckpoint", (), {"__module__": CALLBACK})
    parts = CALLBACK.split(".")
    modules = {".".join(parts[:end]): ModuleType(parts[end - 1]) for end in range(1, len(parts) + 1)}
    modules[CALLBACK].ModelCheckpoint = made  # type: ignore[attr-defined]
    with patch.dict(sys.modules, modules):
        yield made


def publish(kind: Published, taming: Taming, folder: Path) -> ModelFiles:
    """model.yaml and last.ckpt as on the authors' server."""
    config, checkpoint = folder / "model.yaml", folder / "last.ckpt"
    config.write_text(yaml.safe_dump({"model": kind.config}, sort_keys=False))
    content: dict[str, Any] = {
        "epoch": 4,
        "global_step": 123,
        "pytorch-lightning_version": "1.0.8",
        "optimizer_states": [],
    }
    with _callback() as callback:
        state = {"best_model_score": torch.tensor(0.1), "best_model_path": "checkpoints/epoch=4.ckpt"}
        content["callbacks"] = {callback: state}
        torch.save({**content, "state_dict": kind.wrap(taming.state_dict())}, checkpoint)
    return ModelFiles(name="published", entry="vqgan", architecture=config, weights=checkpoint)


def picture(size: tuple[int, int]) -> Tensor:
    """Two different pictures with coarse and fine structure."""
    generator = torch.Generator().manual_seed(0)
    coarse = nn.functional.interpolate(torch.rand(2, 3, 5, 4, generator=generator), size=size, mode="bicubic")
    return (coarse + 0.1 * torch.randn(2, 3, *size, generator=generator)).clamp(0, 1)


def assert_round_trip(model: VQGAN, taming: Taming, size: tuple[int, int]) -> None:
    """Encode, quantise and decode as taming does, to 1e-5."""
    image = picture(size)
    entries = taming.quantised(image)
    assert len(set(map(tuple, entries.movedim(1, -1).flatten(0, -2).tolist()))) > 3
    with torch.no_grad():
        latent = model.encode(image)
        torch.testing.assert_close(model.nearest(latent), entries, atol=1e-5, rtol=0)
        torch.testing.assert_close(model.decode(latent), taming.decode(entries), atol=1e-5, rtol=0)
