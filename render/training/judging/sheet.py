"""A contact sheet of the held-out prompts, rendered with one pair and ranked by the judge."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from render.training.judging.judge import Judge, top
from render.training.networks.guiding import load_painter, paint
from render.training.scenes import HELD_OUT

COLUMNS = 8
GAP = 4


def as_bytes(image: Tensor) -> NDArray[np.uint8]:
    """(1, 3, H, W) in [0, 1] to uint8 (H, W, 3)."""
    return np.asarray((image[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8))


def stack(rows: list[list[NDArray[np.uint8]]]) -> Image.Image:
    """Arrange pictures in rows; the last row is filled up with black."""
    lines = [np.concatenate([np.pad(p, ((0, GAP), (0, GAP), (0, 0))) for p in row], 1) for row in rows]
    width = max(line.shape[1] for line in lines)
    return Image.fromarray(
        np.concatenate([np.pad(line, ((0, 0), (0, width - line.shape[1]), (0, 0))) for line in lines])
    )


def paint_sheet(vqgan: Path, clip: Path, judge: Judge, out: Path, size: tuple[int, int], steps: int) -> Iterator[str]:
    """Render every held-out prompt, save the sheet, and yield a line for each prompt and one for all."""
    painter = load_painter(vqgan, clip)
    pictures, ranks = [], []
    for k, prompt in enumerate(HELD_OUT):
        painted = paint(painter, prompt, size, steps)
        rank = judge.ranks(painted.image, torch.tensor([k]))
        pictures.append(as_bytes(painted.image))
        ranks.append(rank)
        yield f"{prompt}: guide's cosine {float(painted.similarity):.3f}, the judge's rank {int(rank)}"
    stack([pictures[k : k + COLUMNS] for k in range(0, len(pictures), COLUMNS)]).save(out)
    yield ", ".join(f"{name} {value:.3f}" for name, value in top(torch.cat(ranks)).items())
