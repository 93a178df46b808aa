"""What a transformer is told before it draws: codes that stand before those of the picture.

Source: CompVis/taming-transformers: `taming/modules/util.py`, `taming/modules/misc/coord.py`, `taming/data/`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from render.errors import InputError
from render.files.images import load_image
from render.models.net2net import Net2Net
from render.priors.transformer.maps import MapEncoder

# COCO-Stuff's maps have 182 labels and 255 for what has none; its model reads them shifted by one, with 0 for none.
_SHIFTED = 183


@dataclass(frozen=True, kw_only=True)
class Condition:
    """The codes of a condition.

    Attributes:
        codes: (B, P), the same before every window; or (B, rows, columns), of which a window sees its own part.
        side: rows and columns of the window.
    """

    codes: Tensor
    side: int

    def __call__(self, top: int, left: int) -> Tensor:
        """Return the codes before those of the window whose first row and column are these: (B, P)."""
        if self.codes.dim() == 2:
            return self.codes
        return self.codes[:, top : top + self.side, left : left + self.side].flatten(1)


def tokens(numbers: Tensor) -> Tensor:
    """The codes (B, 1) of a start token or of classes (B,)."""
    return numbers.long()[:, None]


def coordinates(rows: int, columns: int, stride: int, num_levels: int) -> Tensor:
    """Number the places of a picture in reading order, in `num_levels` steps: (1, rows, columns).

    Source: `CoordStage`, and `taming/data/faceshq.py`: pixels are numbered from 0 to 1, and a cell has their mean.
    """
    height, width = rows * stride, columns * stride
    first = torch.arange(rows, dtype=torch.float64)[:, None] * stride * width + torch.arange(columns) * stride
    mean = first + (stride - 1) / 2 * (width + 1)
    return (num_levels * mean / (height * width)).round().long()[None]


def map_codes(path: Path, read: Net2Net, encoder: MapEncoder, rows: int, columns: int) -> Tensor:
    """Encode a picture as a condition: labels, depths or colours.

    Returns:
        (1, rows, columns), or (1, P) of a model that sees the map at one size.

    Raises:
        InputError: it cannot be read, or is no such map.
    """
    size = (rows * read.stride, columns * read.stride) if read.resized is None else (read.resized, read.resized)
    codes: Tensor = encoder(_map(path, read, size))
    return codes if read.resized is None else codes.flatten(1)


def _map(path: Path, read: Net2Net, size: tuple[int, int]) -> Tensor:
    """Read a picture as what the condition stage was trained on: (1, channels, height, width)."""
    picture = torch.from_numpy(np.ascontiguousarray(load_image(path))).movedim(-1, 0)[None]
    if read.condition == "segmentation":
        return _one_hot(path, picture, read.channels, size)
    if read.condition == "depth":
        picture = picture.mean(dim=1, keepdim=True)
        picture = (picture - picture.min()) / (picture.max() - picture.min()).clamp_min(1e-8)
    if picture.shape[1] != read.channels:
        raise InputError(f"{path}: the condition has {read.channels} channels; pictures have {picture.shape[1]}")
    scaled = F.interpolate(picture, size=size, mode="bilinear", antialias=True, align_corners=False)
    return scaled.clamp(0.0, 1.0) * 2 - 1


def _one_hot(path: Path, picture: Tensor, num_labels: int, size: tuple[int, int]) -> Tensor:
    """Turn a grey picture whose values from 0 to 255 are labels into a map with a channel for each label."""
    if not torch.equal(picture[:, :1].expand_as(picture), picture):
        raise InputError(f"{path}: expected a grey picture whose values, from 0 to 255, are labels; it has colours")
    labels = (picture[0, 0] * 255).round().long()
    if num_labels == _SHIFTED:
        labels = (labels + 1) % 256
    if int(labels.max()) >= num_labels:
        raise InputError(f"{path}: it has label {int(labels.max())}; the model has {num_labels} labels")
    nearest = F.interpolate(labels[None, None].float(), size=size, mode="nearest").long()
    return F.one_hot(nearest[:, 0], num_labels).movedim(-1, 1).float()
