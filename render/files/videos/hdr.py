"""Show high dynamic range and wide gamuts as sRGB.

Source: ITU-R BT.2100-2 (the curves PQ and HLG), BT.2390-10 section 5.4 (the roll-off), BT.2408-7 (203 cd/m2 for white),
BT.2087 (primaries), IEC 61966-2-1 (sRGB). All of it is computed in numpy, since not every build of FFmpeg has zimg.
"""

import functools

import numpy as np
from numpy.typing import NDArray

from render.files.videos.colours import Light

WHITE = 203.0  # cd/m2, of what is white in sRGB
PEAK = 1000.0  # cd/m2, of the brightest that is kept apart from white; HLG's own, and that of most masters

Levels = NDArray[np.float32]

_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_A, _B, _C = 0.17883277, 0.28466892, 0.55991073  # of HLG
_LUMINANCE = np.array([0.2627, 0.6780, 0.0593])  # of BT.2020

_XYZ = {  # linear RGB to XYZ, white D65
    "": np.array(
        [[0.4123908, 0.3575843, 0.1804808], [0.2126390, 0.7151687, 0.0721923], [0.0193308, 0.1191948, 0.9505322]]
    ),
    "bt2020": np.array(
        [[0.6369580, 0.1446169, 0.1688810], [0.2627002, 0.6779981, 0.0593017], [0.0, 0.0280727, 1.0609851]]
    ),
    "p3": np.array([[0.4865709, 0.2656677, 0.1982173], [0.2289746, 0.6917385, 0.0792869], [0.0, 0.0451134, 1.0439444]]),
}


def pq_to_light(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """PQ's EOTF: levels in [0, 1] to cd/m2."""
    power = np.clip(levels, 0, 1) ** (1 / _M2)
    light: NDArray[np.float64] = 10_000 * (np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1)
    return light


def light_to_pq(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of `pq_to_light`."""
    power = (np.clip(light, 0, 10_000) / 10_000) ** _M1
    levels: NDArray[np.float64] = ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2
    return levels


def hlg_to_scene(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """HLG's inverse OETF: levels in [0, 1] to the light of the scene in [0, 1]."""
    scene: NDArray[np.float64] = np.where(levels <= 0.5, levels**2 / 3, (np.exp((levels - _C) / _A) + _B) / 12)
    return scene


def rolled_off(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """BT.2390's roll-off: cd/m2 up to `PEAK` to cd/m2 up to `WHITE`; what is dark stays as it is."""
    peak, most = light_to_pq(np.array([PEAK, WHITE]))
    most = most / peak
    knee = 1.5 * most - 0.5
    levels = np.minimum(light_to_pq(light) / peak, 1)
    t = np.maximum(levels - knee, 0) / (1 - knee)
    curve = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * most
    return pq_to_light(np.where(levels < knee, levels, curve) * peak)


def to_srgb_levels(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """SRGB's curve: linear light to levels, both in [0, 1]."""
    linear = np.clip(linear, 0, 1)
    levels: NDArray[np.float32] = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return levels


def from_srgb_levels(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of `to_srgb_levels`."""
    linear: NDArray[np.float64] = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    return linear


def shown(levels: NDArray[np.uint16], light: Light) -> NDArray[np.uint8]:
    """Turn RGB of 16 bits (H, W, 3), encoded as `light` tells, into sRGB of 8 bits.

    The roll-off is applied to the brightest of the three channels, so hues stay; colours outside sRGB are clipped.
    """
    linear: Levels = _linear(levels, light.transfer)
    if light.transfer:
        brightest = linear.max(axis=-1, keepdims=True)
        linear *= np.interp(brightest, *_roll_off()).astype(np.float32)
    matrix = np.linalg.inv(_XYZ[""]) @ _XYZ[light.primaries]
    levels_8: NDArray[np.uint8] = np.rint(to_srgb_levels(linear @ matrix.T.astype(np.float32)) * 255).astype(np.uint8)
    return levels_8


def _linear(levels: NDArray[np.uint16], transfer: str) -> Levels:
    """The linear light, in which `WHITE` is 1."""
    light: Levels = _table(transfer)[levels]
    if transfer == "hlg":  # the curve of the whole system is of the luminance, for a display of 1,000 cd/m2
        luminance: Levels = (light @ _LUMINANCE.astype(np.float32))[..., None]
        luminance **= np.float32(0.2)
        light = light * luminance * np.float32(PEAK / WHITE)
    return light


@functools.cache
def _table(transfer: str) -> Levels:
    """The light of each of the 65,536 levels."""
    levels = np.arange(65_536) / 65_535
    if transfer == "pq":
        return (pq_to_light(levels) / WHITE).astype(np.float32)
    return (hlg_to_scene(levels) if transfer == "hlg" else from_srgb_levels(levels)).astype(np.float32)


@functools.cache
def _roll_off() -> tuple[Levels, Levels]:
    """Brightness and the factor for it, for interpolation."""
    light = np.concatenate([[1e-3], np.geomspace(0.01, 10_000, 4096)])
    return (light / WHITE).astype(np.float32), (rolled_off(light) / light).astype(np.float32)
