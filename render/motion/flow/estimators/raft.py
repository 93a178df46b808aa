"""RAFT: a network that compares every place with every other, and improves the motion step by step.

Source: Teed and Deng, "RAFT: Recurrent All-Pairs Field Transforms for Optical Flow" (2020), as implemented by
torchvision, whose published weights are read as plain tensors.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from render.errors import WeightsError
from render.files.checkpoints import fit, read_tensors
from render.models.model import ModelFiles, sha256

ARCHITECTURES = ("raft_small", "raft_large")
UPDATES = 12  # as torchvision's default; more change little between neighbouring frames
_UNIT, _LEAST = 8, 128  # pixels: sides are multiples of the one, and at least the other


class Raft:
    """See `render.motion.flow.estimators.Estimator`. It computes in float32, whatever the other networks do."""

    def __init__(self, network: torch.nn.Module, identity: str) -> None:
        self._network = network
        self.identity = identity

    @torch.no_grad()
    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        height, width = first.shape[-2:]
        above, left = _missing(height) // 2, _missing(width) // 2
        around = (left, _missing(width) - left, above, _missing(height) - above)
        both = [F.pad(picture.float() * 2 - 1, around, mode="replicate") for picture in (first, second)]
        with torch.autocast(first.device.type, enabled=False):
            moved: Tensor = self._network(*both, num_flow_updates=UPDATES)[-1]
        return moved[..., above : above + height, left : left + width].contiguous()


def _missing(side: int) -> int:
    return max(_LEAST, -(-side // _UNIT) * _UNIT) - side


def load(files: ModelFiles, device: torch.device) -> Raft:
    """Load a network.

    Raises:
        WeightsError: the file is missing, damaged or wants to execute code, or its tensors are not this network's.
    """
    network = _built(str(files.architecture), files.random_seed)
    if files.weights is None:
        return Raft(network.to(device), f"{files.architecture}, {UPDATES} updates, random {files.random_seed}")
    state = read_tensors(files.weights)
    wanted = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    tensors = fit(state, wanted, files.weights, files.name)
    if not all(bool(value.isfinite().all()) for value in tensors.values()):
        raise WeightsError(f"{files.weights}: holds weights that are not finite")
    network.load_state_dict(tensors)
    return Raft(network.to(device), f"{files.architecture}, {UPDATES} updates, {sha256(files.weights)}")


def _built(architecture: str, seed: int | None) -> Any:
    from torchvision.models import optical_flow

    if architecture not in ARCHITECTURES:
        raise WeightsError(f"'{architecture}' is no RAFT; expected one of: {', '.join(ARCHITECTURES)}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed or 0)
        network = getattr(optical_flow, architecture)(weights=None, progress=False)
    return network.eval().requires_grad_(False)
