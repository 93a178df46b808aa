"""Exact frame rates as fractions, since 24000/1001 is not a decimal number.

A rate is stored as a float, as times are; code that needs the exact value calls `exact`.
"""

from fractions import Fraction

_MAX_NUMERATOR = 1_000_000  # the largest numerator that ffmpeg accepts
NTSC = {  # NTSC rates as people write them, and their exact values
    text: Fraction(thousands * 1000, 1001)
    for text, thousands in (
        *(("11.988", 12), ("14.985", 15), ("23.976", 24), ("23.98", 24), ("29.97", 30)),
        *(("47.952", 48), ("47.95", 48), ("59.94", 60), ("119.88", 120)),
    )
}


def exact(fps: float) -> Fraction:
    """Recover the fraction that a float approximates; exact for every numerator of up to a million."""
    return Fraction(fps).limit_denominator(max(1, int(_MAX_NUMERATOR / max(fps, 1.0))))
