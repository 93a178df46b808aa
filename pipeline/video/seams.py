"""Rate control for a file that is played as a loop, in which the first picture follows the last one.

An encoder starts every play with an independent picture and spends few bits on the last ones, because nothing is
predicted from them. So the errors of the first and the last picture are unrelated, and the picture jumps at the seam
although the frames close. The smaller both errors, the smaller the jump: on loops of 48 frames it fell from 1.2-1.4
times the median difference of neighbours (AV1: 1.7) to at most 1.13. The price is extra bits for a few pictures.
It does not help where pictures hardly change from one to the next (less than one level of 255).

How each format does this is in its own file; this module has what several of them use.
"""

from pipeline.video.containers import Options

_RATE = 4  # factor on the bits of the first and the last picture


def zones(first: tuple[int, int], last: tuple[int, int]) -> str:
    """Zones of x264 and x265 with more bits: the picture ranges `first` and `last`, both ends included."""
    parts = [(0, last[1])] if last[0] <= first[1] else [first, last]
    return "/".join(f"{begin},{end},b={_RATE}" for begin, end in parts)


def with_parameters(options: Options, name: str, parameters: str) -> Options:
    """The options with additional encoder parameters, appended to those already in the option `name`."""
    return {**options, name: ":".join([*([str(options[name])] if name in options else []), parameters])}
