"""Rate control for a file that is played as a loop: its last picture is followed by its first one.

An encoder starts every play with an independent picture, and spends few bits on the last ones, since nothing is
predicted from them. So the errors of the two are unrelated, and the difference jumps at the seam although the frames
close. The smaller both errors, the smaller the jump: on loops of 48 frames it fell from 1.2-1.4 times the median
difference of neighbours (AV1: 1.7) to at most 1.13. It costs bits for a few pictures of the whole file only.
Where hardly anything changes from picture to picture (below one level of 255) it does not help.

How each format does it is in its own file; this is what several of them use.
"""

from pipeline.video.containers import Options

_RATE = 4  # times the bits for the first and the last picture


def zones(first: tuple[int, int], last: tuple[int, int]) -> str:
    """Zones of x264 and x265 with more bits: the pictures from `first` and those from `last`, ends included."""
    parts = [(0, last[1])] if last[0] <= first[1] else [first, last]
    return "/".join(f"{begin},{end},b={_RATE}" for begin, end in parts)


def with_parameters(options: Options, name: str, parameters: str) -> Options:
    """The options with more of the encoder's own parameters, after those that are in the option `name`."""
    return {**options, name: ":".join([*([str(options[name])] if name in options else []), parameters])}
