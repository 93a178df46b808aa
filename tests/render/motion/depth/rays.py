"""A small ray caster that shares no code with render/: a back wall, a floor or cards, seen by a pinhole camera."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Card:
    """A flat picture: a corner, two sides that span it, and the number of its texture."""

    corner: tuple[float, float, float]
    across: tuple[float, float, float]
    down: tuple[float, float, float]
    texture: int


WALL = Card((-60.0, -40.0, 8.0), (120.0, 0.0, 0.0), (0.0, 80.0, 0.0), 0)
SLANTED = Card((-60.0, -40.0, 9.0), (120.0, 0.0, 30.0), (0.0, 80.0, -6.0), 0)
CARDS = (
    Card((-1.2, -0.5, 3.0), (1.0, 0.0, 0.0), (0.0, 1.1, 0.0), 1),
    Card((0.1, -0.9, 4.5), (1.4, 0.0, 0.4), (0.0, 1.5, 0.0), 2),
)


@dataclass(frozen=True)
class Camera:
    """Where it is, the columns of `axes` are its right, down and ahead, and the tangent of half its angle across."""

    place: Array
    axes: Array
    tangent: float


@dataclass(frozen=True)
class Shot:
    """What a camera sees: colours (H, W, 3), how far ahead it is (H, W), where (H, W, 3), and on which card (H, W)."""

    colours: Array
    ahead: Array
    points: Array
    card: NDArray[np.int64]


def cast(camera: Camera, cards: Sequence[Card], width: int, height: int) -> Shot:
    """Shoot a ray through the centre of every pixel; the nearest card is seen."""
    x = (np.arange(width) + 0.5 - width / 2) / (width / 2) * camera.tangent
    y = (np.arange(height) + 0.5 - height / 2) / (width / 2) * camera.tangent
    rays = np.stack([*np.meshgrid(x, y), np.ones((height, width))], axis=-1) @ camera.axes.T
    ahead = np.full((height, width), np.inf)
    colours, number = np.zeros((height, width, 3)), np.full((height, width), -1)
    for index, card in enumerate(cards):
        across, down = np.array(card.across), np.array(card.down)
        normal = np.cross(across, down)
        with np.errstate(all="ignore"):
            far = ((np.array(card.corner) - camera.place) @ normal) / (rays @ normal)
        inside = camera.place + far[..., None] * rays - np.array(card.corner)
        u, v = inside @ across / (across @ across), inside @ down / (down @ down)
        hit = (far > 0) & (far < ahead) & (u >= 0) & (u <= 1) & (v >= 0) & (v <= 1)
        ahead[hit], number[hit] = far[hit], index
        size = np.linalg.norm(across), np.linalg.norm(down)
        colours[hit] = texture(card.texture, u[hit] * size[0], v[hit] * size[1])
    return Shot(colours, ahead, camera.place + np.where(np.isfinite(ahead), ahead, 0.0)[..., None] * rays, number)


def texture(number: int, u: Array, v: Array) -> Array:
    """Smooth waves, in [0, 1]; each texture in a colour of its own."""
    base = 0.5 + 0.2 * np.sin(5.1 * u + number) * np.cos(4.3 * v) + 0.15 * np.sin(9 * u + 7 * v)
    tint = np.eye(3)[number] * 0.4 + 0.6
    found: Array = np.clip(base[..., None] * tint, 0, 1)
    return found


def projected(points: Array, camera: Camera, width: int, height: int) -> tuple[Array, Array]:
    """Where points (..., 3) are in the picture, in pixels (..., 2), and how far ahead they are (...)."""
    local = (points - camera.place) @ camera.axes
    with np.errstate(all="ignore"):
        plane = local[..., :2] / local[..., 2:] / camera.tangent * (width / 2)
    return plane + np.array([width / 2 - 0.5, height / 2 - 0.5]), local[..., 2]
