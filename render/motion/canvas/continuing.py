"""Continue a picture in the cells of its latent: every new cell is a copy of one whose surroundings fit.

Source: Efros and Leung, "Texture Synthesis by Non-parametric Sampling" (1999), with cells of a VQGAN for pixels: its
    decoder draws what lies between two cells, so no edge remains between copies. What differs: copies stay at their
    height in the picture, and what there is only one of in the picture is not copied.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from render.kernels.exact import exact
from render.latents import Latent

REACH = 2  # cells around one that are compared
COMPONENTS = 16  # of the latent's channels that are compared
COMPARED = 1024  # cells, at most, that a cell is compared with to find out whether there is another like it
NEAR = (12, 24)  # how many rows and columns away a copy may come from
# What counts besides the fit, which is 0 for equal surroundings and about 2 for unrelated ones:
PLACE = 12.0  # the distance from the nearest known row, squared, as a share of the height; a tenth of it for columns
REPEATED = 0.3  # each earlier copy of the same cell
UNIQUE = 1.2  # how little a cell's surroundings resemble all others in the picture
CHANCE = 0.05  # a random number
RIM = 0.15  # a cell at the rim, of whose surroundings only a part is known


@torch.no_grad()
def by_copies(latents: Latent, picture: Tensor, known: Tensor, generator: torch.Generator) -> Tensor:
    """Return a picture (1, 3, H, W) in [0, 1] that shows what is unknown in `picture` as well.

    Args:
        picture: (1, 3, H, W) in [0, 1], with some colour where it is unknown.
        known: (1, 1, H, W), 1 and 0.
    """
    unknown = F.max_pool2d(1 - known, latents.stride)[0, 0] > 0
    return latents.decode(continued(latents.encode(picture), unknown, generator))


def continued(latent: Tensor, unknown: Tensor, generator: torch.Generator) -> Tensor:
    """Replace the unknown cells of a latent (1, C, h, w), those next to known ones first.

    Args:
        unknown: (h, w) of bool; the known cells fill a rectangle, or nearly.

    Returns:
        (1, C, h, w); `latent` itself if less than 3 rows or columns are known.
    """
    known = (~unknown).nonzero()
    first, last = known.min(dim=0).values, known.max(dim=0).values
    reach = min(REACH, int((last - first).min()) // 2)
    copying = _Copying(_features(latent, unknown), unknown, reach) if reach > 0 else None
    if copying is None or not len(copying.rows):
        return latent
    targets = unknown.nonzero()
    nearest = torch.minimum(torch.maximum(targets, first), last)
    order = (targets - nearest).square().sum(dim=1).sort(stable=True).indices
    result = latent.clone()
    for target, near in zip(targets[order].tolist(), nearest[order].tolist(), strict=True):
        chance = torch.rand(len(copying.rows), generator=generator, device=generator.device)
        row, column = copying.copy(target, near, chance.to(latent.device))
        result[0, :, target[0], target[1]] = latent[0, :, row, column]
    return result


class _Copying:
    """What has been copied so far.

    Args:
        features: (D, h, w), what is compared.
        unknown: (h, w) of bool.
        reach: see `REACH`.

    Attributes:
        rows, columns: (S,), where the cells are that can be copied.
    """

    def __init__(self, features: Tensor, unknown: Tensor, reach: int) -> None:
        self._size = unknown.shape
        self._side = side = 2 * reach + 1
        self._field = F.pad(features * ~unknown, (reach,) * 4)
        self._known = F.pad((~unknown).float(), (reach,) * 4)
        off = torch.arange(side, device=features.device) - reach
        self._weights = torch.exp(-(off[:, None].square() + off.square()) / (2 * (reach / 1.5) ** 2)).flatten()
        self.rows, self.columns = (~unknown).nonzero().unbind(dim=1)
        self._around = self._surroundings(self._field).movedim(0, 1)
        self._there = self._surroundings(self._known)
        self._dislike = UNIQUE * self._uniqueness() + RIM * (self._there.amin(dim=1) == 0)
        self._copies = torch.zeros(len(self.rows), device=features.device)

    def copy(self, target: list[int], near: list[int], chance: Tensor) -> tuple[Tensor, Tensor]:
        """Fill the cell `target` and return row and column of the cell that it is a copy of.

        Args:
            near: row and column of the nearest known cell.
            chance: (S,) in [0, 1).
        """
        away = (self.rows - near[0]).abs(), (self.columns - near[1]).abs()
        at = ((away[0] <= NEAR[0]) & (away[1] <= NEAR[1])).nonzero()[:, 0]
        at = at if len(at) else torch.arange(len(self.rows), device=self.rows.device)
        height, width = self._size
        place = (away[0][at] / height).square() + 0.1 * (away[1][at] / width).square()
        cost = self._fit(target, at) + PLACE * place + REPEATED * self._copies[at]
        best = at[(cost + self._dislike[at] + CHANCE * chance[at]).argmin()]
        middle = target[0] + self._side // 2, target[1] + self._side // 2
        self._field[:, middle[0], middle[1]] = self._around[best, :, self._side**2 // 2]
        self._known[middle] = 1.0
        self._copies[best] += 1
        return self.rows[best], self.columns[best]

    def _fit(self, target: list[int], at: Tensor) -> Tensor:
        """Return the mean squared difference of a cell's surroundings and those of sources: (len(at),)."""
        window = slice(target[0], target[0] + self._side), slice(target[1], target[1] + self._side)
        seen = self._known[window].flatten() * self._weights
        both = self._there[at] * seen
        difference = self._around[at] - self._field[(slice(None), *window)].flatten(1)
        fit = (difference.square().sum(dim=1) * both).sum(dim=1) / both.sum(dim=1).clamp_min(1e-12)
        return fit.masked_fill(both.sum(dim=1) < seen.sum() / 2, torch.inf)

    def _surroundings(self, field: Tensor) -> Tensor:
        """Return what surrounds each source in a padded field (..., h, w): (..., S, K)."""
        windows = field.unfold(-2, self._side, 1).unfold(-2, self._side, 1)
        return windows[..., self.rows, self.columns, :, :].flatten(-2)

    def _uniqueness(self) -> Tensor:
        """Return the mean squared difference of sources, with their surroundings, to the most similar one."""
        flat = self._around.flatten(1)
        some = slice(None, None, 1 + len(flat) // COMPARED)
        distance = torch.cdist(flat, flat[some]).square() / self._side**2
        apart = (self.rows[:, None] - self.rows[some]).abs() + (self.columns[:, None] - self.columns[some]).abs()
        return distance.masked_fill(apart < self._side, torch.inf).amin(dim=1).clamp_max(2.0)


def _features(latent: Tensor, unknown: Tensor) -> Tensor:
    """Return the main components (D, h, w) of a latent (1, C, h, w); the known ones have a variance of 1 in total."""
    known = latent[0, :, ~unknown]
    centred = latent[0] - known.mean(dim=1)[:, None, None]
    values, vectors = torch.linalg.eigh(known.to(exact(latent.device)).double().cov().reshape(len(known), len(known)))
    main = (vectors[:, -COMPONENTS:] / values.clamp_min(0).sum().sqrt().clamp_min(1e-12)).to(latent.dtype)
    main = main.to(latent.device)
    return torch.einsum("cd,chw->dhw", main, centred)
