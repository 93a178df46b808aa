"""Export the depth network as the file that the renderer loads: fp16, the normalisation part of the convolutions."""

from pathlib import Path

from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from render.training.checkpoint import load_state
from render.training.depth.network import DepthNet, Unit
from render.training.depth.train import CHECKPOINT
from render.training.export import write_tensors


def folded(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the state of a `DepthNet` without normalisation that computes the same as this one with it."""
    net = DepthNet(nn.BatchNorm2d)
    net.load_state_dict(state)
    net.eval()
    for unit in net.modules():
        if isinstance(unit, Unit) and isinstance(unit.norm, nn.BatchNorm2d):
            unit.conv, unit.norm = fuse_conv_bn_eval(unit.conv, unit.norm), nn.Identity()
    return {name: value.detach() for name, value in net.state_dict().items()}


def export_depth(run: Path, out: Path) -> None:
    """Export the running average of a run to out/depth.safetensors."""
    state = load_state(run / CHECKPOINT)
    if state is None:
        raise ValueError(f"{run / CHECKPOINT}: no such checkpoint; train first")
    write_tensors(out / "depth.safetensors", folded(state["average"]["state"]))
