"""Export checkpoints as the files that the renderer loads: fp16 safetensors with taming's YAML or open_clip's JSON."""

import logging
import math
import shutil
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import save_file
from torch import Tensor

from render.training.checkpoint import load_state
from render.training.data.texts import load_texts

log = logging.getLogger(__name__)

NORM_GROUPS = 8

PROMPTS = "prompts"
"""Name of the forty held-out prompts' vectors (40, D) beside the judge's weights."""


def _require(path: Path) -> dict[str, Any]:
    state = load_state(path)
    if state is None:
        raise ValueError(f"{path}: no such checkpoint; train first")
    return state


def write_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    """Save in half precision, to a temporary file that is then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file({k: (v.half() if v.is_floating_point() else v).contiguous() for k, v in tensors.items()}, partial)
    partial.chmod(0o644)
    partial.replace(path)
    log.info("%s: %.2f MB", path.name, path.stat().st_size / 1e6)


def unit_codebook(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same autoencoder with a codebook of standard deviation 1: an exact change of the latent's unit."""
    scale = 1 / weights["quantize.embedding.weight"].std()
    out = dict(weights)
    for name in ("quantize.embedding.weight", "quant_conv.weight", "quant_conv.bias"):
        out[name] = weights[name] * scale
    out["post_quant_conv.weight"] = weights["post_quant_conv.weight"] / scale
    return out


def export_vqgan(run: Path, out: Path) -> None:
    """Export run/vqgan.pt (its running average) to out/vqgan.safetensors and out/vqgan.yaml."""
    state = _require(run / "vqgan.pt")
    weights = unit_codebook({k: v.float() for k, v in state["average"]["state"].items()})
    codes, dim = weights["quantize.embedding.weight"].shape
    params = {"embed_dim": dim, "n_embed": codes, "norm_groups": NORM_GROUPS, "ddconfig": state["ddconfig"]}
    model = {"base_learning_rate": 4.5e-6, "target": "taming.models.vqgan.VQModel", "params": params}
    write_tensors(out / "vqgan.safetensors", weights)
    (out / "vqgan.yaml").write_text(yaml.safe_dump({"model": model}, sort_keys=False))


def export_clip(run: Path, out: Path) -> None:
    """Export run/clip.pt (image tower: running average) to out/clip.safetensors and out/clip.json."""
    state = _require(run / "clip.pt")
    weights = {k: v for k, v in state["pair"].items() if k != "attn_mask"}
    weights.update({f"visual.{k}": v for k, v in state["average"]["state"].items()})
    if not state["text_ready"]:
        weights.update(_require(run / "text.pt")["text"])
    weights["logit_scale"] = torch.tensor(math.log(20.0))
    write_tensors(out / "clip.safetensors", weights)
    shutil.copy(run / "clip.json", out / "clip.json")


def export_judge(run: Path, data: Path, out: Path) -> None:
    """Export run/clip.pt (image tower: average) and the prompts' vectors to out/judge.safetensors and judge.json."""
    weights = dict(_require(run / "clip.pt")["average"]["state"])
    write_tensors(out / "judge.safetensors", weights | {PROMPTS: load_texts(data / "prompts.pt").vectors})
    shutil.copy(run / "clip.json", out / "judge.json")
