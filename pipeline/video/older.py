"""Encoders of an older ffmpeg that go by other options than today's.

Of all that the formats ask for, only libsvtav1's options came after version 4.4: `crf` and `svtav1-params` with 5.1.
Without the first a quality was silently ignored, with the second nothing was made.
"""

from collections.abc import Callable, Collection, Mapping

Options = Mapping[str, str | int | float]
_FASTEST = 8  # the highest preset of that time


def known_to(options: Options, asked: Callable[[str], Collection[str]]) -> Options:
    """The options as the ffmpeg at hand knows them.

    Args:
        options: of the encoder and the container.
        asked: the names of the options that an encoder has there.
    """
    if options.get("vcodec") != "libsvtav1" or {"crf", "svtav1-params"} <= (there := set(asked("libsvtav1"))):
        return options
    found = {name: value for name, value in options.items() if name != "svtav1-params" or name in there}
    if "crf" in found and "crf" not in there:  # a constant quantizer on the same scale
        found |= {"rc": 0, "qp": found.pop("crf"), "preset": min(int(found["preset"]), _FASTEST)}
    return found
