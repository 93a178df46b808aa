"""What moves between pictures, measured in the pictures themselves by dense inverse search (Kroeger et al., 2016)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float64]
Picture = NDArray[np.uint8]


def flow(before: Picture, after: Picture) -> Floats:
    """How far every pixel moves, in pixels: (H, W, 2), x to the right and y down."""
    grey = [cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY) for picture in (before, after)]
    search: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(search.calc(grey[0], grey[1], None), dtype=np.float64)


def flows(pictures: Sequence[Picture], closed: bool = False) -> list[Floats]:
    """From every picture to the next one; from the last one to the first one, too, where the video is `closed`."""
    following = [*pictures[1:], *([pictures[0]] if closed else [])]
    return [flow(before, after) for before, after in zip(pictures, following, strict=False)]


def growth_and_turn(moved: Floats) -> tuple[float, float]:
    """The similarity that fits a flow best: growth per frame, and degrees counter-clockwise."""
    height, width = moved.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float64)
    x, y = x - (width - 1) / 2, y - (height - 1) / 2
    square = (x * x + y * y).sum()
    growth = (moved[..., 0] * x + moved[..., 1] * y).sum() / square
    turn = (moved[..., 0] * y - moved[..., 1] * x).sum() / square
    return float(growth), float(np.degrees(turn))


def played(video: Path) -> list[Picture]:
    """Every picture of a file, as it is shown."""
    if video.suffix in (".webp", ".png"):
        with Image.open(video) as image:
            pictures = []
            for number in range(image.n_frames):  # type: ignore[attr-defined]
                image.seek(number)
                pictures.append(np.asarray(image.convert("RGB")))
            return pictures
    with av.open(str(video)) as container:
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(video=0)]


def seam(pictures: Sequence[Picture] | Floats) -> float:
    """The difference between the last and the first picture, in those of the median neighbours."""
    frames = np.array(pictures, dtype=np.float64)
    neighbours = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2, 3))
    return float(np.abs(frames[0] - frames[-1]).mean() / np.median(neighbours))
