"""A sheet of the held-out prompts painted with one pair: rows are sizes, columns are prompts."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from .guiding import load_painter, paint
from .judge import Scorer
from .scenes import HELD_OUT

SIZES = ((256, 144), (128, 128))
GAP = 4


def as_bytes(image: Tensor) -> NDArray[np.uint8]:
    """(1, 3, H, W) in [0, 1] to uint8 (H, W, 3)."""
    return np.asarray((image[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8))


def stack(rows: list[list[NDArray[np.uint8]]]) -> Image.Image:
    """Rows of pictures under one another, filled up with black."""
    lines = [np.concatenate([np.pad(p, ((0, GAP), (0, GAP), (0, 0))) for p in row], 1) for row in rows]
    width = max(line.shape[1] for line in lines)
    return Image.fromarray(
        np.concatenate([np.pad(line, ((0, 0), (0, width - line.shape[1]), (0, 0))) for line in lines])
    )


def paint_sheet(vqgan: Path, clip: Path, scorer: Path | None, out: Path, steps: int) -> Iterator[str]:
    """Paint, save the sheet, and yield a line of figures for each picture."""
    painter = load_painter(vqgan, clip)
    judge = Scorer(scorer) if scorer else None
    rows: list[list[NDArray[np.uint8]]] = []
    for width, height in SIZES:
        row = []
        for prompt in HELD_OUT:
            painted = paint(painter, prompt, (width, height), steps)
            row.append(as_bytes(painted.image))
            place = f", the scorer's rank {judge.rank(painted.image, prompt)}" if judge else ""
            yield f"{width}x{height} {prompt}: guide's cosine {float(painted.similarity):.3f}{place}"
        rows.append(row)
    stack(rows).save(out)
