"""Pictures made up between the rendered ones, for a file with more of them a second.

By ffmpeg's minterpolate: motion-compensated (overlapped blocks, both directions), or mixed. A cut stays one.
"""

from collections.abc import Mapping

from pipeline.curves.rates import exact
from pipeline.video.recipe import BT709, Filter

_MODES: Mapping[str, Mapping[str, str | int]] = {
    "motion": {"mi_mode": "mci", "mc_mode": "aobmc", "me_mode": "bidir", "vsbmc": 1},
    "blend": {"mi_mode": "blend"},
}
BETWEEN = tuple(_MODES)


def between(rate: float, mode: str) -> tuple[Filter, ...]:
    """From pictures in RGB to `rate` of them a second, in yuv444p by the matrix of BT.709."""
    return (
        ("scale", {"out_color_matrix": "bt709", "out_range": "tv"}),
        ("format", {"pix_fmts": "yuv444p"}),
        *BT709,
        ("minterpolate", {"fps": str(exact(rate)), **_MODES[mode]}),
    )
