"""Transformers over a VQGAN as they were published: configs, and checkpoints with all three parts in one state dict.

The widths are tiny unless a config of full size is given; names, nesting and prefixes are those of the published files:
configs/ in CompVis/taming-transformers, and the config that scripts/taming-transformers.ipynb prints.
"""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from render.models.model import ModelFiles
from tests.mingpt import published_state
from tests.published import DDCONFIG, VQ, Published, Taming, publish

SIDE = 4  # codes along a side of the pictures that the tiny ones were trained on
GPT = "taming.modules.transformer.mingpt.GPT"
DUMMY = {"target": "taming.modules.losses.DummyLoss"}


def stage(channels: int, target: str = "VQModel", **more: object) -> dict[str, Any]:
    """A condition stage of maps."""
    ddconfig = {**DDCONFIG, "in_channels": channels, "out_ch": channels}
    params = {"embed_dim": 8, "n_embed": 16, "ddconfig": ddconfig, "lossconfig": DUMMY, **more}
    return {"target": f"taming.models.vqgan.{target}", "params": params}


def net2net(condition: object, block: int, **params: object) -> dict[str, Any]:
    """The `model` section of a config."""
    transformer = {"vocab_size": 16, "block_size": block, "n_layer": 2, "n_head": 2, "n_embd": 8}
    return {
        "base_learning_rate": 4.5e-06,
        "target": "taming.models.cond_transformer.Net2NetTransformer",
        "params": {
            "first_stage_key": "image",
            "transformer_config": {"target": GPT, "params": transformer},
            "first_stage_config": {"target": VQ["target"], "params": {**VQ["params"], "lossconfig": DUMMY}},
            "cond_stage_config": condition,
            **params,
        },
    }


def labels(count: int) -> dict[str, Any]:
    return {"target": "taming.modules.util.Labelator", "params": {"n_classes": count}}


COORD = {"target": "taming.modules.misc.coord.CoordStage", "params": {"n_embed": 16, "down_factor": 4}}
SEGMENTATION = stage(5, image_key="segmentation")
STUFF = stage(7, "VQSegmentationModel", image_key="segmentation", n_labels=7)
ONE, TWO = SIDE * SIDE, 2 * SIDE * SIDE  # blocks: with one code of condition, and with one for every code
KINDS: dict[str, dict[str, Any]] = {
    "celebahq": net2net("__is_unconditional__", ONE),
    "ffhq": net2net("__is_unconditional__", ONE, unconditional=True, sos_token=3),
    "imagenet": net2net(labels(10), ONE, cond_stage_key="class_label"),
    "faceshq": net2net(COORD, TWO, cond_stage_key="coord"),
    "sflckr": net2net(SEGMENTATION, TWO, cond_stage_key="segmentation"),
    "coco": net2net(STUFF, TWO, cond_stage_key="segmentation", pkeep=0.9),
    "drin": net2net(stage(1), TWO, cond_stage_key="depth"),
    "downsampled": net2net(stage(1), ONE + 4, cond_stage_key="depth", downsample_cond_size=8),
    "first stage": net2net("__is_first_stage__", TWO, cond_stage_key="image"),
}


def has_stage(config: dict[str, Any]) -> bool:
    condition = config["params"]["cond_stage_config"]
    return isinstance(condition, dict) and "vqgan" in condition["target"]


def states(config: dict[str, Any], scale: float = 0.3) -> dict[str, Tensor]:
    """The state dict of a checkpoint, weights random."""
    params = config["params"]
    shape = {"n_layer": 12, "n_embd": 256, **params["transformer_config"]["params"]}
    gpt = published_state(shape["vocab_size"], shape["block_size"], shape["n_layer"], shape["n_embd"], scale=scale)
    parts = {"transformer.": gpt, "first_stage_model.": Taming(params["first_stage_config"]).state_dict()}
    if has_stage(config):
        parts["cond_stage_model."] = Taming(params["cond_stage_config"]).state_dict()
        parts["cond_stage_model."]["colorize"] = torch.zeros(3, 5, 1, 1)
    if params["cond_stage_config"] == "__is_first_stage__":  # one module under two names
        parts["cond_stage_model."] = parts["first_stage_model."]
    return {f"{prefix}{key}": value for prefix, part in parts.items() for key, value in part.items()}


def publish_second_stage(config: dict[str, Any], folder: Path, state: dict[str, Tensor] | None = None) -> ModelFiles:
    """model.yaml and last.ckpt as on the authors' server."""
    content = states(config) if state is None else state
    separate = json.loads(json.dumps(config))  # YAML would write what is shared as aliases
    kind = Published(config=separate, wrap=lambda unused: content, vqgan=VQ)
    files = publish(kind, Taming(VQ), folder)
    return ModelFiles(name="second", entry="transformer", architecture=files.architecture, weights=files.weights)
