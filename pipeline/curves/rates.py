"""Frame rates as the fractions that they are: 24000/1001 is no decimal number.

A rate is kept as a float, which is what times are made of; whoever needs it exactly asks `exact`.
"""

from fractions import Fraction

_MOST = 1_000_000  # of a numerator: ffmpeg takes no larger ones
NTSC = {  # how people write them, and what they mean
    text: Fraction(thousands * 1000, 1001)
    for text, thousands in (
        *(("11.988", 12), ("14.985", 15), ("23.976", 24), ("23.98", 24), ("29.97", 30)),
        *(("47.952", 48), ("47.95", 48), ("59.94", 60), ("119.88", 120)),
    )
}


def exact(fps: float) -> Fraction:
    """The fraction that a float stands for: every one with a numerator of up to a million comes back."""
    return Fraction(fps).limit_denominator(max(1, int(_MOST / max(fps, 1.0))))
