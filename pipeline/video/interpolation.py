"""Interpolates pictures between the rendered frames, for a file with a higher frame rate.

Uses ffmpeg's minterpolate: motion-compensated (overlapped blocks, both directions) or blended. Cuts stay cuts.
"""

from collections.abc import Mapping

from pipeline.curves.rates import exact
from pipeline.video.recipe import BT709, Filter

_MODES: Mapping[str, Mapping[str, str | int]] = {
    "motion": {"mi_mode": "mci", "mc_mode": "aobmc", "me_mode": "bidir", "vsbmc": 1},
    "blend": {"mi_mode": "blend"},
}
MODES = tuple(_MODES)


def interpolated(rate: float, mode: str) -> tuple[Filter, ...]:
    """Filters from RGB pictures to `rate` pictures per second in yuv444p, with the BT.709 matrix."""
    return (
        ("scale", {"out_color_matrix": "bt709", "out_range": "tv"}),
        ("format", {"pix_fmts": "yuv444p"}),
        *BT709,
        ("minterpolate", {"fps": str(exact(rate)), **_MODES[mode]}),
    )
