"""Pairs of pictures whose motion is known exactly: a photograph, or leaves of every size, under a matrix, in layers."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
SHARPER = 3  # samples of a pixel, each way


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A texture that a matrix moves.

    Attributes:
        texture: (h, w, 3) in [0, 1].
        before, after: 3x3, from pixels of the texture to pixels of the pictures.
        middle, radius: of the disc of the texture that it shows, in its pixels; all of it if the radius is 0.
    """

    texture: Floats
    before: Floats
    after: Floats
    middle: tuple[float, float] = (0.0, 0.0)
    radius: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two pictures (H, W, 3) in [0, 1], and what moves between them.

    Attributes:
        forward: (H, W, 2), right and down, in pixels, for pixels of `before`.
        backward: where pixels of `after` were, relative to them.
        seen: (H, W), whether `before` shows what is at pixels of `after`.
        seen_before: as `seen`, for pixels of `before`.
    """

    before: Floats
    after: Floats
    forward: Floats
    backward: Floats
    seen: Flags
    seen_before: Flags


def pair(layers: list[Layer], width: int, height: int) -> Pair:
    """Two pictures of layers, the last one in front."""
    size = width, height
    forward, seen_before = _moved(layers, [layer.before for layer in layers], [layer.after for layer in layers], size)
    backward, seen = _moved(layers, [layer.after for layer in layers], [layer.before for layer in layers], size)
    before = _shown(layers, [layer.before for layer in layers], size)
    after = _shown(layers, [layer.after for layer in layers], size)
    return Pair(before=before, after=after, forward=forward, backward=backward, seen=seen, seen_before=seen_before)


def leaves(width: int, height: int, seed: int = 0, smallest: float = 1.5) -> Floats:
    """Discs of every size in front of each other, as in pictures of nature (Lee, Mumford, Huang, 2001), with grain."""
    random = np.random.default_rng(seed)
    picture = np.full((height, width, 3), 0.5, np.float32)
    for _ in range(width * height // 30):
        radius = smallest / np.sqrt(random.uniform((2 * smallest / min(width, height)) ** 2 * 4, 1))
        middle = tuple(int(place * 16) for place in random.uniform((0, 0), (width, height)))
        colour = random.uniform(0.05, 0.95, 3)
        cv2.circle(picture, middle, int(radius * 16), colour.tolist(), -1, cv2.LINE_AA, 4)
    grain = cv2.GaussianBlur(random.normal(0, 0.1, (height, width)), (0, 0), 1.0)
    return np.asarray(np.clip(picture + grain[..., None], 0, 1), np.float64)


def moved_about(
    middle: tuple[float, float], *, zoom: float = 1, degrees: float = 0, by: tuple[float, float] = (0, 0)
) -> Floats:
    """The matrix of a zoom and a turn (counter-clockwise on the screen) around a point, then a pan in pixels."""
    angle = np.radians(degrees)
    turn = zoom * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    matrix = np.eye(3)
    matrix[:2, :2] = turn
    matrix[:2, 2] = np.array(middle) - turn @ np.array(middle) + by
    return matrix


def _back(matrix: Floats) -> Floats:
    return np.asarray(np.linalg.inv(matrix), np.float64)


def _places(size: tuple[int, int], finer: int = 1) -> Floats:
    down, across = np.mgrid[: size[1] * finer, : size[0] * finer].astype(np.float64)
    return np.stack([(across + 0.5) / finer - 0.5, (down + 0.5) / finer - 0.5], axis=-1)


def _through(matrix: Floats, places: Floats) -> Floats:
    moved = places @ matrix[:2, :2].T + matrix[:2, 2]
    return np.asarray(moved / (places @ matrix[2, :2].T + matrix[2, 2])[..., None])


def _front(layers: list[Layer], matrices: list[Floats], places: Floats) -> NDArray[np.int64]:
    """Which layer is in front."""
    front = np.zeros(places.shape[:2], np.int64)
    for number, (layer, matrix) in enumerate(zip(layers, matrices, strict=True)):
        inside = _through(_back(matrix), places) - layer.middle
        if layer.radius:
            front[(inside**2).sum(axis=-1) <= layer.radius**2] = number
    return front


def _moved(layers: list[Layer], start: list[Floats], end: list[Floats], size: tuple[int, int]) -> tuple[Floats, Flags]:
    places = _places(size)
    front = _front(layers, start, places)
    moves = np.stack([_through(b @ _back(a), places) for a, b in zip(start, end, strict=True)], axis=0)
    there = np.take_along_axis(moves, front[None, ..., None], axis=0)[0]
    inside = (there >= -0.5).all(axis=-1) & (there[..., 0] <= size[0] - 0.5) & (there[..., 1] <= size[1] - 0.5)
    return there - places, inside & (_front(layers, end, there) == front)


def _shown(layers: list[Layer], matrices: list[Floats], size: tuple[int, int]) -> Floats:
    places = _places(size, SHARPER)
    front = _front(layers, matrices, places)
    picture = np.zeros((*places.shape[:2], 3))
    for number, (layer, matrix) in enumerate(zip(layers, matrices, strict=True)):
        at = _through(_back(matrix), places).astype(np.float32)
        texture = layer.texture.astype(np.float32)
        found = cv2.remap(texture, at[..., 0], at[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
        picture[front == number] = found[front == number]
    return np.asarray(
        np.clip(picture.reshape(size[1], SHARPER, size[0], SHARPER, 3).mean(axis=(1, 3)), 0, 1), np.float64
    )
