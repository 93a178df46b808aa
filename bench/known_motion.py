"""Clips whose motion is known exactly: pictures that move by matrices, one in front of the other, and the truth of it.

For tests, benchmarks and the example clip of schedules/. A clip is computed frame by frame; nothing is estimated.

Convention: pixel coordinates, origin at the centre of the top left pixel, x to the right, y down. Matrices map pixels
of a layer's picture to those of the frame. A picture is mirrored beyond its edges, so a moving frame never leaves it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates, spline_filter

from render.motion.displacements.homography import motion_matrix
from render.training.scenes.canvas import Canvas
from render.training.scenes.compose import GROUNDS
from render.training.scenes.sky import paint_sky

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8]
Pose = Callable[[float], Floats]

SAMPLES = 3  # per pixel, in both directions
BLUR = 0.6  # pixels, as a lens blurs: finer detail would not move with the picture, but flicker
SHOWN = 0.75  # the share of a picture's width that is in the frame


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A picture that moves.

    Attributes:
        picture: (h, w, 3).
        pose: returns the 3x3 matrix from its pixels to the frame's, for the number of a frame.
        outline: (h, w) in [0, 1], how far it hides what is behind it; None for all of it, and without an end.
    """

    picture: Pixels
    pose: Pose
    outline: Floats | None = None

    def covers(self, places: Floats) -> Floats:
        """Return how far it hides what is behind it at places (..., 2) of its picture."""
        if self.outline is None:
            return np.ones(places.shape[:-1])
        return _sampled(self.outline, places, order=1, mode="constant")


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What moves between two frames of a clip, as `render.motion.displacements.flow.Field` has it.

    Attributes:
        backward: (H, W, 2), for pixels of the later frame, how far to the right and down they were before.
        forward: (H, W, 2), for pixels of the earlier frame, how far they have moved.
        seen: (H, W), where the earlier frame shows what is at pixels of the later one, in its picture and not hidden.
        seen_before: (H, W), where the later frame shows what is at pixels of the earlier one.
    """

    backward: Floats
    forward: Floats
    seen: Mask
    seen_before: Mask


@dataclass(frozen=True, kw_only=True)
class KnownClip:
    """Layers, the farthest first, seen in frames of `size`, (width, height)."""

    size: tuple[int, int]
    layers: Sequence[Layer]

    def frame(self, number: int) -> Pixels:
        """Return a frame as sRGB (H, W, 3)."""
        width, height = self.size
        places = _grid(width * SAMPLES, height * SAMPLES) / SAMPLES + (0.5 / SAMPLES - 0.5)
        shown = np.zeros((*places.shape[:-1], 3))
        for layer in self.layers:
            inside = _moved(_inverse(layer.pose(number)), places)
            share = layer.covers(inside)[..., None]
            shown += share * (_colours(layer.picture, inside) - shown)
        shown = gaussian_filter(shown, (BLUR * SAMPLES, BLUR * SAMPLES, 0), mode="nearest")
        blocks = shown.reshape(height, SAMPLES, width, SAMPLES, 3).mean(axis=(1, 3))
        return np.asarray(blocks.round().clip(0, 255), np.uint8)

    def frames(self, count: int) -> list[Pixels]:
        """Return the first `count` frames."""
        return [self.frame(number) for number in range(count)]

    def truth(self, number: int, other: int | None = None) -> Truth:
        """Return what moves from another frame, by default the one before, to frame `number`."""
        before = number - 1 if other is None else other
        backward, seen = self._towards(number, before)
        forward, seen_before = self._towards(before, number)
        return Truth(backward=backward, forward=forward, seen=seen, seen_before=seen_before)

    def _towards(self, here: int, there: int) -> tuple[Floats, Mask]:
        """Return where pixels of one frame are in another, as vectors, and whether it shows them."""
        places = _grid(*self.size)
        in_front = self._in_front(here, places)
        moved = places.copy()
        for number, layer in enumerate(self.layers):
            matrix = layer.pose(there) @ _inverse(layer.pose(here))
            moved[in_front == number] = _moved(matrix, places[in_front == number])
        width, height = self.size
        inside = (moved >= -0.5).all(axis=-1) & (moved < (width - 0.5, height - 0.5)).all(axis=-1)
        return moved - places, np.asarray(inside & (self._in_front(there, moved) == in_front))

    def _in_front(self, number: int, places: Floats) -> NDArray[np.int64]:
        """Return the number of the layer that is seen at places (..., 2) of a frame."""
        found = np.zeros(places.shape[:-1], np.int64)
        for index, layer in enumerate(self.layers[1:], start=1):
            found[layer.covers(_moved(_inverse(layer.pose(number)), places)) >= 0.5] = index
        return found


def scene(ground: str = "mountains", seed: int = 2, side: int = 384, time: str = "noon") -> Pixels:
    """Draw a landscape (side, side, 3), one of `render.training.scenes.compose.GROUNDS`."""
    canvas = Canvas(np.random.default_rng(seed), side)
    canvas.horizon = 0.55
    paint_sky(canvas, time)
    GROUNDS[ground][0](canvas)
    return np.asarray(np.clip(canvas.image, 0, 255), np.uint8)


def moving(amounts: Mapping[str, float], size: tuple[int, int], placed: Floats) -> Pose:
    """Return the pose of a layer that moves by the same amounts in every frame, see `FrameSpec.transforms`.

    Args:
        size: of the frame, (width, height).
        placed: its pose in frame 0.
    """
    generator = {name: np.log(amount) if name == "zoom" else amount for name, amount in amounts.items()}

    def pose(number: float) -> Floats:
        so_far = {n: float(np.exp(v * number)) if n == "zoom" else v * number for n, v in generator.items()}
        return np.asarray(motion_matrix(so_far, size, (0.5, 0.5)) @ placed)

    return pose


def centred(picture: Pixels, size: tuple[int, int], shown: float = SHOWN, at: tuple[float, float] = (0, 0)) -> Floats:
    """Return the pose that puts a picture's middle at the frame's, or `at` pixels to the right and below.

    Args:
        shown: the share of the picture's width that is as wide as the frame.
    """
    height, width = picture.shape[:2]
    scale = size[0] / (shown * width)
    left, top = (np.array(size) - 1) / 2 + at - scale * (np.array([width, height]) - 1) / 2
    return np.array([[scale, 0, left], [0, scale, top], [0, 0, 1]])


def camera(amounts: Mapping[str, float], size: tuple[int, int] = (128, 72), picture: Pixels | None = None) -> KnownClip:
    """One picture under a steady zoom, turn and pan, such as {"zoom": 1.01, "rotate": 0.5, "pan_x": 0.01}."""
    shown = scene() if picture is None else picture
    return KnownClip(size=size, layers=[Layer(picture=shown, pose=moving(amounts, size, centred(shown, size)))])


def card(
    front: Mapping[str, float], back: Mapping[str, float], size: tuple[int, int] = (128, 72), share: float = 0.45
) -> KnownClip:
    """A picture on a round card, `share` of the frame's height wide, in front of another; each moves in its own way."""
    behind, shown = scene(), scene("city", 4)
    side = len(shown)
    away = np.linalg.norm(_grid(side, side) - (side - 1) / 2, axis=-1)
    outline = (side * 0.45 - away + 0.5).clip(0, 1)
    placed = centred(shown, size, 0.9 * size[0] / (share * size[1]))
    return KnownClip(
        size=size,
        layers=[
            Layer(picture=behind, pose=moving(back, size, centred(behind, size))),
            Layer(picture=shown, pose=moving(front, size, placed), outline=outline),
        ],
    )


def save(frames: Sequence[Pixels], path: Path, fps: int = 12) -> None:
    """Write frames as a video without losses (FFV1; the file's name should end with .mkv)."""
    import av

    height, width = frames[0].shape[:2]
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "bgr0"
        for pixels in frames:
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _grid(width: int, height: int) -> Floats:
    """Return the pixels of a picture, x and y: (height, width, 2)."""
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float64)


def _inverse(matrix: Floats) -> Floats:
    return np.asarray(np.linalg.inv(matrix), np.float64)


def _moved(matrix: Floats, places: Floats) -> Floats:
    mapped = places @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(mapped[..., :2] / mapped[..., 2:])


def _colours(picture: Pixels, places: Floats) -> Floats:
    channels = [_sampled(picture[..., channel], places, order=3, mode="mirror") for channel in range(3)]
    return np.stack(channels, axis=-1)


def _sampled(values: NDArray[Any], places: Floats, order: int, mode: str) -> Floats:
    given = spline_filter(values.astype(np.float64), order, mode=mode) if order > 1 else values
    return np.asarray(map_coordinates(given, places[..., ::-1].T, order=order, mode=mode, prefilter=False)).T
