"""Fill a grid of codes in reading order; a larger one than the transformer was trained on by a window that slides."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from render.priors.transformer.gpt import Cache
from render.priors.transformer.sampling import Sampling, draw
from render.rng import Generators, uniform

UNKNOWN = -1  # in a grid of codes: this one is to be drawn


class Drawing(Protocol):
    """What says how likely each code is: a `GPT`, or one that is guided."""

    def cache(self, batch: int, length: int) -> Cache: ...

    def __call__(self, codes: Tensor, embeddings: Tensor | None = None, cache: Cache | None = None) -> Tensor: ...


class Before(Protocol):
    """What stands before the codes of a window: the condition."""

    def __call__(self, top: int, left: int) -> Tensor:
        """Return the codes (B, P) of the condition for the window whose first row and column are these."""


def corner(place: int, length: int, side: int) -> int:
    """Return the first row (or column) of the window in which the row `place` of `length` is drawn.

    It is half a window before, so that as much is seen on all sides, and moves no further than the grid's border.

    Source: `scripts/sample_conditional.py` of taming-transformers.
    """
    return min(max(place - side // 2, 0), length - side)


@dataclass(kw_only=True)
class _Window:
    """The window at one position of the grid, and what the transformer has seen of it."""

    top: int
    left: int
    seen: int = 0


@torch.no_grad()
def fill(
    gpt: Drawing,
    grid: Tensor,
    before: Before,
    side: int,
    sampling: Sampling,
    generators: Generators,
    *,
    num_codes: int | None = None,
    embeddings: Tensor | None = None,
) -> Tensor:
    """Draw the unknown codes of a grid, one after the other, each given those before it in its window.

    If the grid is as large as the window, this is plain sampling. Known codes are kept and seen by those after them,
    so that a picture can be continued, or varied by drawing some of its codes anew.

    Args:
        grid: (B, rows, columns) of codes, `UNKNOWN` where one is to be drawn; at least `side` rows and columns.
        before: the codes of the condition in a window.
        side: rows and columns of the window: the size that the transformer was trained on.
        generators: one for the batch, or one for each grid; a number is drawn for every unknown code.
        num_codes: only codes below this are drawn; None for the transformer's whole vocabulary.
        embeddings: (B, E, n_embd), what stands before everything else, see `GPT.forward`.

    Returns:
        (B, rows, columns).

    Source: Esser, Rombach, Ommer, "Taming Transformers for High-Resolution Image Synthesis" (2021), section 3.2. What
        differs from taming's script: codes after the drawn one are not computed, and while the window rests, what it
        has seen is kept.
    """
    batch, rows, columns = grid.shape
    if min(rows, columns) < side:
        raise ValueError(f"expected at least {side} rows and columns, got {rows} and {columns}")
    grid = grid.clone()
    num_before = before(0, 0).shape[1] + (0 if embeddings is None else embeddings.shape[1])
    cache = gpt.cache(batch, num_before + side * side - 1)
    window = None
    for row, column in (grid == UNKNOWN).any(dim=0).nonzero().tolist():
        top, left = corner(row, rows, side), corner(column, columns, side)
        if window is None or (window.top, window.left) != (top, left):
            window = _Window(top=top, left=left)
            cache.clear()
        drawn = grid[:, top : top + side, left : left + side].flatten(1)
        sequence = torch.cat((before(top, left), drawn[:, : (row - top) * side + column - left]), dim=1)
        logits = gpt(sequence[:, window.seen :], None if cache.length else embeddings, cache)[:, -1, :num_codes]
        window.seen = sequence.shape[1]
        code = draw(logits, uniform((batch, 1), generators), sampling)
        grid[:, row, column] = torch.where(grid[:, row, column] == UNKNOWN, code, grid[:, row, column])
    return grid
