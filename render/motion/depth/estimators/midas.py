"""MiDaS 2.1 small: a convolutional network that estimates nearness up to scale and shift.

Source: Ranftl, Lasinger, Hafner, Schindler, Koltun, "Towards Robust Monocular Depth Estimation: Mixing Datasets for
Zero-shot Cross-dataset Transfer" (2020), `MidasNet_small` of isl-org/MiDaS; its encoder is EfficientNet-Lite3, of timm.
Modules have the names of the published state dict, which is read as plain tensors.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from render.errors import WeightsError
from render.files.checkpoints import fit, read_tensors
from render.models.model import ModelFiles
from render.motion.depth.seen import in_float32, multiple, normalised, on_pixels

ARCHITECTURES = ("midas_v21_small",)
LONGEST, UNIT = 256, 32  # pixels: the longer side as MiDaS sees a picture, and what both are multiples of
_FEATURES = 64
_ENCODED = (32, 48, 136, 384)  # channels of the encoder's four stages


class Midas:
    """See `render.motion.depth.estimators.Estimate`. It computes in float32, whatever the other networks do."""

    def __init__(self, network: nn.Module) -> None:
        self._network = network

    @torch.no_grad()
    def __call__(self, image: Tensor) -> Tensor:
        height, width = seen_size(image.shape[-2], image.shape[-1])
        with in_float32(image.device):
            return on_pixels(self._network(normalised(image, height, width)), image)


def seen_size(height: int, width: int) -> tuple[int, int]:
    """Return the (height, width) at which MiDaS sees a picture."""
    scale = LONGEST / max(height, width)
    return multiple(height * scale, UNIT, LONGEST), multiple(width * scale, UNIT, LONGEST)


class Network(nn.Module):
    """MiDaS small: maps (B, 3, H, W), sides multiples of 32, to (B, H, W), at least 0."""

    def __init__(self) -> None:
        super().__init__()
        self.pretrained = _encoder()
        self.scratch = _Decoder()

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the nearness of normalised pictures."""
        stages, found = [], pictures
        for number in range(1, 5):
            found = getattr(self.pretrained, f"layer{number}")(found)
            stages.append(found)
        nearness: Tensor = self.scratch(stages)
        return nearness


def _encoder() -> nn.Module:
    import timm

    lite: Any = timm.create_model("tf_efficientnet_lite3", pretrained=False)
    encoder = nn.Module()
    encoder.layer1 = nn.Sequential(lite.conv_stem, lite.bn1, nn.Identity(), *lite.blocks[:2])  # timm's bn1 activates
    encoder.layer2 = nn.Sequential(*lite.blocks[2:3])
    encoder.layer3 = nn.Sequential(*lite.blocks[3:5])
    encoder.layer4 = nn.Sequential(*lite.blocks[5:])
    return encoder


class _Decoder(nn.Module):
    """Fuses the stages from the coarsest to the finest."""

    def __init__(self) -> None:
        super().__init__()
        for number, channels in enumerate(_ENCODED, start=1):
            wide = _FEATURES << number - 1
            self.add_module(f"layer{number}_rn", nn.Conv2d(channels, wide, 3, padding=1, bias=False))
            self.add_module(f"refinenet{number}", _Fusion(wide, wide if number == 1 else wide // 2))
        self.output_conv = nn.Sequential(
            nn.Conv2d(_FEATURES, _FEATURES // 2, 3, padding=1),
            nn.Upsample(scale_factor=2, mode="bilinear"),
            nn.Conv2d(_FEATURES // 2, 32, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 1, 1),
            nn.ReLU(),
        )

    def forward(self, stages: list[Tensor]) -> Tensor:
        fused: Tensor | None = None
        for number in range(len(stages), 0, -1):
            stage = getattr(self, f"layer{number}_rn")(stages[number - 1])
            fused = getattr(self, f"refinenet{number}")(stage, fused)
        nearness: Tensor = self.output_conv(fused)
        return nearness.squeeze(1)


class _Fusion(nn.Module):
    """Adds a stage to the coarser ones and doubles its resolution."""

    def __init__(self, channels: int, kept: int) -> None:
        super().__init__()
        self.resConfUnit1, self.resConfUnit2 = _Residual(channels), _Residual(channels)
        self.out_conv = nn.Conv2d(channels, kept, 1)

    def forward(self, stage: Tensor, coarser: Tensor | None) -> Tensor:
        fused = stage if coarser is None else coarser + self.resConfUnit1(stage)
        large = F.interpolate(self.resConfUnit2(fused), scale_factor=2, mode="bilinear", align_corners=True)
        kept: Tensor = self.out_conv(large)
        return kept


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))

    def forward(self, found: Tensor) -> Tensor:
        changed: Tensor = self.conv2(F.relu(self.conv1(F.relu(found))))
        return found + changed


def load(files: ModelFiles, device: torch.device, dtype: torch.dtype) -> Midas:
    """Load MiDaS in float32; half precision would draw steps into what is even.

    Raises:
        WeightsError: the file is missing, damaged or wants to execute code, or its tensors are not this network's.
    """
    if files.architecture not in ARCHITECTURES:
        raise WeightsError(f"'{files.architecture}' is no MiDaS; expected one of: {', '.join(ARCHITECTURES)}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(files.random_seed or 0)
        network = Network().eval().requires_grad_(False)
    if files.weights is not None:
        wanted = {key: tuple(value.shape) for key, value in network.state_dict().items()}
        tensors = fit(read_tensors(files.weights), wanted, files.weights, files.name)
        if not all(bool(value.isfinite().all()) for value in tensors.values()):
            raise WeightsError(f"{files.weights}: holds weights that are not finite")
        network.load_state_dict(tensors)
    return Midas(network.to(device))
