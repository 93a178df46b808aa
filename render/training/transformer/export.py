"""Export a transformer as the files that the renderer loads: a config as taming writes it, and fp16 safetensors."""

from pathlib import Path

import yaml
from torch import Tensor

from render.models.condition_stages import TEXT_STAGE
from render.models.model import read_vqgan_config
from render.models.net2net import TARGET
from render.priors.transformer.checkpoint import CODEBOOK, CONDITION, FIRST_STAGE, TRANSFORMER
from render.training.checkpoint import load_state
from render.training.config import TransformerConfig
from render.training.export import write_tensors
from render.training.transformer.network import Learner, shape_of
from render.training.transformer.train import CHECKPOINT

GPT = "taming.modules.transformer.mingpt.GPT"


def export_transformer(
    run: Path, out: Path, config: TransformerConfig, vqgan: Path, codebook: Tensor, digest: str, probes: Tensor
) -> None:
    """Export the running average of a run to out/transformer.yaml and out/transformer.safetensors.

    Args:
        vqgan: the config of the VQGAN whose latents it draws, and `digest` the SHA-256 of its codebook.
        codebook: (K, C), the entries that the codes stand for.
        probes: (P, D), what tells the perceptor apart that embeds the texts.
    """
    state = load_state(run / CHECKPOINT)
    if state is None:
        raise ValueError(f"{run / CHECKPOINT}: no such checkpoint; train first")
    net = Learner(config, codebook, probes.shape[1])
    net.load_state_dict(state["average"]["state"])
    stage = {**net.stage.state_dict(), "probes": probes}
    tensors = {f"{TRANSFORMER}{key}": value for key, value in net.plain().items()}
    tensors |= {f"{CONDITION}{key}": value for key, value in stage.items()}
    write_tensors(out / "transformer.safetensors", tensors | {f"{FIRST_STAGE}{CODEBOOK}": codebook})
    model = _config(config, vqgan, len(codebook), probes.shape[1], digest)
    (out / "transformer.yaml").write_text(yaml.safe_dump({"model": model}, sort_keys=False))


def _config(config: TransformerConfig, vqgan: Path, codes: int, embed_dim: int, digest: str) -> dict[str, object]:
    """The `model` section: the VQGAN's own with the number of the transformer's codes, and its condition."""
    first = read_vqgan_config(vqgan)
    stage = {"embed_dim": embed_dim, "positions": config.positions, "codebook": digest}
    return {
        "base_learning_rate": 4.5e-6,
        "target": TARGET,
        "params": {
            "transformer_config": {"target": GPT, "params": dict(vars(shape_of(config)))},
            "first_stage_config": {**first, "params": {**first["params"], "n_embed": codes}},
            "cond_stage_config": {"target": TEXT_STAGE, "params": stage},
        },
    }
