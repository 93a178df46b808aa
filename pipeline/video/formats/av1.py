"""AV1 in MP4, by SVT-AV1."""

from collections.abc import Collection

from pipeline.video.containers import MP4, Options
from pipeline.video.encoders import AAC, in_hardware
from pipeline.video.formats import Format
from pipeline.video.seams import with_parameters

_FASTEST_BEFORE_5_1 = 8  # the highest preset before ffmpeg 5.1


def _adapt_to_loop(options: Options, count: int) -> Options:
    """Turn off pictures predicted from later ones, so that quality is even; not possible with a bitrate."""
    return with_parameters(options, "svtav1-params", "pred-struct=1") if "crf" in options else options


def _adapt_to_ffmpeg(options: Options, known: Collection[str]) -> Options:
    """Adapt the options to ffmpeg 4.4 to 5.0, which lack `crf` and `svtav1-params`.

    Without the option `crf`, the quality would silently be ignored; without `svtav1-params`, ffmpeg would fail.
    """
    if {"crf", "svtav1-params"} <= set(known):
        return options
    adapted = {name: value for name, value in options.items() if name != "svtav1-params" or name in known}
    if "crf" in adapted and "crf" not in known:  # a constant quantizer has the same scale
        adapted |= {"rc": 0, "qp": adapted.pop("crf"), "preset": min(int(adapted["preset"]), _FASTEST_BEFORE_5_1)}
    return adapted


FORMAT = Format(
    about="even smaller, for browsers",
    rank=3,
    container=MP4,
    encoder="libsvtav1",
    pix_fmt="yuv420p",
    deep="yuv420p10le",
    crf=(28, 63),
    speed=6,
    speeds=tuple(str(speed) for speed in range(14)),
    speed_range="13 to 0",
    sound=AAC,
    hardware=in_hardware("av1", without=("videotoolbox",)),
    adapt_to_loop=_adapt_to_loop,
    adapt_to_ffmpeg=_adapt_to_ffmpeg,
)
