"""Convert successive moves to simultaneous ones, by the logarithm of a frame's similarity transform.

Other tools shift a picture, then rotate and scale it about a centre (or the other way round). Ours does all moves of
a frame at once. In complex numbers, a similarity of the plane is z -> m z + b, and its generator is z -> a z + v with
exp(a) = m and v = b a / (m - 1), so the same matrix is reached exactly.

Convention: pixel coordinates x + i y about the centre, y down; positive angles are counter-clockwise
    on the screen, positive shifts to the right and down.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.curves.array import Array
from pipeline.importers.values.arithmetic import UnreadableError

Complex = NDArray[np.complex128]


@dataclass(frozen=True, kw_only=True)
class Moves:
    """The simultaneous moves of every frame: a factor, degrees, pixels to the right and down."""

    zoom: Array
    rotate: Array
    right: Array
    down: Array


def moves(zoom: Array, angle: Array, before: Complex, after: Complex) -> Moves:
    """Compute the simultaneous moves that equal a shift, a rotation and scaling about the centre, and another shift.

    Args:
        zoom: a factor; a negative one also rotates by 180 degrees.
        angle: degrees.
        before: the shift before rotation and scaling, in pixels, complex.
        after: the shift after them, in pixels, complex.

    Raises:
        UnreadableError: a zoom is 0.

    Source: the matrix of cv2.getRotationMatrix2D after a translation; the logarithm as in Eade, "Lie
        Groups for 2D and 3D Transformations" (2017). Angles beyond half a turn are taken modulo a turn.
    """
    if (zoom == 0).any():
        raise UnreadableError(f"zoom is 0 at frame {int((zoom == 0).argmax())}")
    turned = np.where(zoom < 0, angle + 180, angle)
    degrees = np.where(np.abs(turned) > 180, np.remainder(turned + 180, 360) - 180, turned)
    generator = np.log(np.abs(zoom)) - 1j * np.radians(degrees)
    speed = flow(generator, np.exp(generator) * before + after)
    return Moves(zoom=np.abs(zoom), rotate=degrees, right=speed.real, down=speed.imag)


def flow(generator: Complex, shift: Complex) -> Complex:
    """The constant velocity that gives `shift` after one frame while the plane also flows by `generator`."""
    still = np.abs(generator) < 1e-150
    safe = np.where(still, 1.0, generator)
    factor: Complex = np.where(still, 1.0, safe / np.expm1(safe))
    return factor * shift
