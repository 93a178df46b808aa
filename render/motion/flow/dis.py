"""Dense inverse search: optical flow without weights, by OpenCV.

Source: Kroeger, Timofte, Dai, Van Gool, "Fast Optical Flow using Dense Inverse Search" (2016).
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from render.errors import InputError

INSTALL = "pip install '.[video]'"


def estimate(first: Tensor, second: Tensor) -> Tensor:
    """Return how far every pixel of a picture moves until another: (1, 2, H, W) float32, right and down, in pixels.

    Args:
        first, second: (1, 3, H, W) in [0, 1].
    """
    cv2 = _cv2()
    cv2.setNumThreads(1)
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    moved = search.calc(_grey(cv2, first), _grey(cv2, second), None)
    return torch.from_numpy(np.ascontiguousarray(moved)).movedim(-1, 0)[None].to(first.device)


def _grey(cv2: Any, picture: Tensor) -> Any:
    pixels = (picture[0].movedim(0, -1) * 255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
    return cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)


def _cv2() -> Any:
    try:
        import cv2
    except ImportError as error:
        raise InputError(f"motion of footage needs OpenCV: {INSTALL}") from error
    return cv2
