"""`render` with the user's own models: checkpoints as they are published, beside the schedule."""

import json
import subprocess
from pathlib import Path

import pytest
import torch
import yaml

from render.latents import vqgan
from render.models.registry import find_perceptor

DDCONFIG = {
    **{"double_z": False, "z_channels": 12, "resolution": 16, "in_channels": 3, "out_ch": 3, "ch": 32},
    **{"ch_mult": [1, 1, 2], "num_res_blocks": 1, "attn_resolutions": [4], "dropout": 0.0},
}
FIRST_STAGE = {
    "target": "taming.models.vqgan.VQModel",
    "params": {"embed_dim": 8, "n_embed": 16, "ddconfig": DDCONFIG, "lossconfig": {"target": "nowhere.Loss"}},
}
TRANSFORMER = {
    "target": "taming.models.cond_transformer.Net2NetTransformer",
    "params": {"transformer_config": {"target": "nowhere.GPT"}, "first_stage_config": FIRST_STAGE},
}
SCHEDULE = """
output: {length: 3, size: [32, 24]}
models:
  latent: {config: weights/project.yaml, checkpoint: weights/last.ckpt}
  perceptors:
    - {model: weights/clip.json, checkpoint: weights/clip.pt}
    - {model: toy, weight: 0.2}
prompts: [a red sunset, {text: snow, weight: -0.3}]
refine: {steps: 1, first_frame: 2, cutouts: 2, ema: 0.5}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A schedule with a transformer checkpoint and a CLIP saved as a plain torch file."""
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "project.yaml").write_text(yaml.safe_dump({"model": TRANSFORMER}))
    generator = torch.Generator().manual_seed(1)
    state = {
        f"first_stage_model.{key}": torch.randn(shape, generator=generator) / 10
        for key, shape in vqgan.shapes(weights / "project.yaml").items()
    }
    state["transformer.tok_emb.weight"] = torch.zeros(16, 4)
    torch.save({"epoch": 3, "global_step": 7, "state_dict": state, "optimizer_states": []}, weights / "last.ckpt")
    embedded = find_perceptor("embedded").files()
    assert embedded.weights is not None
    assert isinstance(embedded.architecture, Path)
    (weights / "clip.json").write_bytes(embedded.architecture.read_bytes())
    from safetensors.torch import load_file

    torch.save(load_file(embedded.weights), weights / "clip.pt")
    (tmp_path / "mine.yaml").write_text(SCHEDULE)
    return tmp_path


def test_a_video_is_rendered_with_model_files_beside_the_schedule(folder: Path, command: str) -> None:
    done = subprocess.run([command, "mine.yaml"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (folder / "outputs/mine/video.mp4").stat().st_size > 0
    report = json.loads((folder / "outputs/mine/report.json").read_text())
    assert report["models"]["latent"]["name"] == "last.ckpt"
    assert set(report["models"]["latent"]["sha256"]) == {"project.yaml", "last.ckpt"}
    assert [perceptor["weight"] for perceptor in report["models"]["perceptors"]] == [1.0, 0.2]
    again = subprocess.run([command, "verify", "outputs/mine", "--rerender", "1"], cwd=folder, capture_output=True)
    assert again.returncode == 0, again.stderr
