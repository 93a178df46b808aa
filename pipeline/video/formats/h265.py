"""H.265 (HEVC) in MP4."""

from pipeline.video.containers import MP4, Options
from pipeline.video.encoders import AAC, X26_SPEED_RANGE, X26_SPEEDS, in_hardware
from pipeline.video.formats import Format
from pipeline.video.seams import with_parameters, zones


def _adapt_to_loop(options: Options, count: int) -> Options:
    """Use wide zones: x265's take effect late, and the B pictures around the last picture matter, too."""
    return with_parameters(options, "x265-params", f"zones={zones((0, 3), (count - 4, count))}")


FORMAT = Format(
    about="half the file size, for newer devices",
    rank=2,
    container=MP4,
    encoder="libx265",
    options={"x265-params": "log-level=error"},
    tags={"tag:v": "hvc1"},  # required by Apple's players
    pix_fmt="yuv420p",
    deep="yuv420p10le",
    crf=(20, 51),
    speed="medium",
    speeds=X26_SPEEDS,
    speed_range=X26_SPEED_RANGE,
    sound=AAC,
    hardware=in_hardware("hevc"),
    adapt_to_loop=_adapt_to_loop,
)
