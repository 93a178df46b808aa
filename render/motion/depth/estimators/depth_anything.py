"""Depth Anything: a vision transformer and a dense head that estimate nearness up to scale and shift.

Source: Yang et al., "Depth Anything V2" (2024); the head is that of Ranftl, Bochkovskiy, Koltun, "Vision Transformers
for Dense Prediction" (2021). Config and state dict are those that transformers publishes, of
`DepthAnythingForDepthEstimation`; the network is written here, so nothing that a config names is imported.
"""

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from render.errors import WeightsError
from render.files.allowance import building
from render.files.checkpoints import fit, read_tensors
from render.files.json_settings import read_json_settings
from render.files.setting_rules import Rules, either, false_only, flag, list_of, nothing, one_of, real, whole
from render.models.model import ModelFiles
from render.motion.depth.dinov2 import Dinov2, Dinov2Shape
from render.motion.depth.seen import in_float32, multiple, normalised, on_pixels

_LONGEST = 4  # times the side that it was trained with
_FACTORS = (4, 2, 1, 0.5)  # of the transformer's grid, the four stages of the head
_RULES: Rules = {
    "backbone": nothing,  # a name would have transformers fetch it
    "backbone_config": {
        "model_type": one_of("dinov2"),
        "hidden_size": whole(1, 4096),
        "num_hidden_layers": whole(1, 64),
        "num_attention_heads": whole(1, 64),
        "mlp_ratio": whole(1, 16),
        "image_size": whole(1, 2048),
        "patch_size": whole(1, 64),
        "layer_norm_eps": real(0, 1),
        "hidden_act": one_of("gelu"),
        "apply_layernorm": flag,
        "reshape_hidden_states": false_only,
        "use_swiglu_ffn": false_only,
        "out_indices": list_of(whole(1, 64), 4, 4),
    },
    "depth_estimation_type": one_of("relative"),  # a metric one estimates distance
    "fusion_hidden_size": whole(2, 4096),
    "head_hidden_size": whole(1, 4096),
    "neck_hidden_sizes": list_of(whole(1, 4096), 4, 4),
    "reassemble_factors": list_of(real(0.5, 4), 4, 4),
    "use_timm_backbone": either(nothing, false_only),
}


class DepthAnything:
    """See `render.motion.depth.estimators.Estimate`. It computes in float32, whatever the other networks do."""

    def __init__(self, network: "Network") -> None:
        self._network = network

    @torch.no_grad()
    def __call__(self, image: Tensor) -> Tensor:
        height, width = self._network.seen_size(image.shape[-2], image.shape[-1])
        with in_float32(image.device):
            return on_pixels(self._network(normalised(image, height, width)), image)


class Network(nn.Module):
    """Maps (B, 3, H, W), sides multiples of the patch, to (B, H, W), at least 0.

    Args:
        channels: of the four stages of the head; `fused`: of what they are fused to; `last`: before the last layer.
    """

    def __init__(self, backbone: Dinov2Shape, channels: tuple[int, ...], fused: int, last: int) -> None:
        super().__init__()
        self._shape = backbone
        self.backbone = Dinov2(backbone)
        self.neck = _Neck(backbone.hidden_size, channels, fused)
        self.head = _Head(fused, last, backbone.patch)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the nearness of normalised pictures."""
        nearness: Tensor = self.head(self.neck(self.backbone(pictures)), pictures.shape[-2:])
        return nearness

    def seen_size(self, height: int, width: int) -> tuple[int, int]:
        """Return the (height, width) at which the network sees a picture: scaled as little as possible."""
        side, patch = self._shape.side, self._shape.patch
        down, across = side / height, side / width
        scale = across if abs(1 - across) < abs(1 - down) else down
        most = _LONGEST * side
        return multiple(scale * height, patch, most), multiple(scale * width, patch, most)


class _Neck(nn.Module):
    """Brings the transformer's layers to four resolutions and fuses them from the coarsest to the finest."""

    def __init__(self, size: int, channels: tuple[int, ...], fused: int) -> None:
        super().__init__()
        self.reassemble_stage, self.fusion_stage = nn.Module(), nn.Module()
        stages = zip(channels, _FACTORS, strict=True)
        self.reassemble_stage.layers = nn.ModuleList(_Reassemble(size, wide, factor) for wide, factor in stages)
        self.convs = nn.ModuleList(nn.Conv2d(wide, fused, 3, padding=1, bias=False) for wide in channels)
        self.fusion_stage.layers = nn.ModuleList(_Fusion(fused) for _ in channels)

    def forward(self, found: list[Tensor]) -> Tensor:
        layers: Any = self.reassemble_stage.layers
        stages = [conv(layer(each)) for conv, layer, each in zip(self.convs, layers, found, strict=True)][::-1]
        sizes = [stage.shape[-2:] for stage in stages[1:]]
        finest = (2 * stages[-1].shape[-2], 2 * stages[-1].shape[-1])
        fused: Tensor | None = None
        for layer, stage, size in zip(self.fusion_stage.layers, stages, [*sizes, finest], strict=True):  # type: ignore[arg-type]
            fused = layer(stage, fused, size)
        assert fused is not None
        return fused


class _Reassemble(nn.Module):
    def __init__(self, size: int, wide: int, factor: float) -> None:
        super().__init__()
        self.projection = nn.Conv2d(size, wide, 1)
        self.resize: nn.Module = nn.Identity()
        if factor > 1:
            self.resize = nn.ConvTranspose2d(wide, wide, int(factor), stride=int(factor))
        elif factor < 1:
            self.resize = nn.Conv2d(wide, wide, 3, stride=int(1 / factor), padding=1)

    def forward(self, found: Tensor) -> Tensor:
        resized: Tensor = self.resize(self.projection(found))
        return resized


class _Fusion(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.projection = nn.Conv2d(channels, channels, 1)
        self.residual_layer1, self.residual_layer2 = _Residual(channels), _Residual(channels)

    def forward(self, stage: Tensor, coarser: Tensor | None, size: tuple[int, int]) -> Tensor:
        fused = stage if coarser is None else coarser + self.residual_layer1(stage)
        large = F.interpolate(self.residual_layer2(fused), size=size, mode="bilinear", align_corners=True)
        result: Tensor = self.projection(large)
        return result


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution1, self.convolution2 = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))

    def forward(self, found: Tensor) -> Tensor:
        changed: Tensor = self.convolution2(F.relu(self.convolution1(F.relu(found))))
        return found + changed


class _Head(nn.Module):
    def __init__(self, channels: int, last: int, patch: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels // 2, 3, padding=1)
        self.conv2 = nn.Conv2d(channels // 2, last, 3, padding=1)
        self.conv3 = nn.Conv2d(last, 1, 1)

    def forward(self, fused: Tensor, size: tuple[int, int]) -> Tensor:
        large = F.interpolate(self.conv1(fused), size=size, mode="bilinear", align_corners=True)
        nearness: Tensor = F.relu(self.conv3(F.relu(self.conv2(large))))
        return nearness.squeeze(1)


def load(files: ModelFiles, device: torch.device, dtype: torch.dtype) -> DepthAnything:
    """Load Depth Anything in float32 from a config and a checkpoint as transformers publishes them.

    Raises:
        WeightsError: a file is missing, damaged or wants to execute code, or they do not fit together.
    """
    assert isinstance(files.architecture, Path)
    assert files.weights is not None
    state = read_tensors(files.weights)
    settings = read_settings(files.architecture)
    with building(f"{files.architecture}", state):
        network = _built(settings).eval().requires_grad_(False)
    wanted = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    tensors = fit(state, wanted, files.weights, files.architecture)
    if not all(bool(value.isfinite().all()) for value in tensors.values()):
        raise WeightsError(f"{files.weights}: holds weights that are not finite")
    network.load_state_dict({key: value.to(torch.float32) for key, value in tensors.items()})
    return DepthAnything(network.to(device))


def read_settings(path: Path) -> dict[str, Any]:
    """Read the settings that determine the network from a config; all others are ignored.

    Raises:
        WeightsError: it is no config of Depth Anything, or a value in it is out of bounds; the message gives the place.
    """
    found = read_json_settings(path, _RULES, "depth_anything", "Depth Anything")
    backbone = found.setdefault("backbone_config", {})
    for key in ("hidden_size", "num_attention_heads", "image_size", "out_indices"):
        if key not in backbone:
            raise WeightsError(f"{path}: not a Depth Anything config: backbone_config.{key} is missing")
    layers, size, heads = (
        backbone.get("num_hidden_layers", 12),
        backbone["hidden_size"],
        backbone["num_attention_heads"],
    )
    side, patch = backbone["image_size"], backbone.get("patch_size", 14)
    if side < patch:
        raise WeightsError(f"{path}: backbone_config.image_size is {side}, expected at least one patch of {patch}")
    if size % heads:
        raise WeightsError(f"{path}: backbone_config.hidden_size is {size}, expected a multiple of {heads} heads")
    taken = backbone["out_indices"]
    if sorted(set(taken)) != taken or taken[-1] > layers:
        raise WeightsError(f"{path}: backbone_config.out_indices are {taken}, expected four rising ones up to {layers}")
    if tuple(found.get("reassemble_factors", _FACTORS)) != _FACTORS:
        raise WeightsError(f"{path}: reassemble_factors are {found['reassemble_factors']}, expected {list(_FACTORS)}")
    return found


def _built(settings: dict[str, Any]) -> Network:
    backbone = settings["backbone_config"]
    shape = Dinov2Shape(
        hidden_size=backbone["hidden_size"],
        num_heads=backbone["num_attention_heads"],
        num_layers=backbone.get("num_hidden_layers", 12),
        mlp_ratio=backbone.get("mlp_ratio", 4),
        patch=backbone.get("patch_size", 14),
        side=backbone["image_size"],
        epsilon=backbone.get("layer_norm_eps", 1e-6),
        taken=tuple(backbone["out_indices"]),
        is_normed=backbone.get("apply_layernorm", True),
    )
    channels = tuple(settings.get("neck_hidden_sizes", (48, 96, 192, 384)))
    return Network(shape, channels, settings.get("fusion_hidden_size", 64), settings.get("head_hidden_size", 32))
