"""H.264 in MP4: plays in browsers, on phones and on sharing platforms. Visually lossless for painterly pictures."""

from pipeline.video.containers import MP4, Options
from pipeline.video.encoders import AAC, X26_SPEED_RANGE, X26_SPEEDS, in_hardware
from pipeline.video.formats import Format
from pipeline.video.seams import with_parameters, zones


def _adapt_to_loop(options: Options, count: int) -> Options:
    return with_parameters(options, "x264-params", f"zones={zones((0, 0), (count - 1, count - 1))}")


FORMAT = Format(
    about="plays everywhere",
    rank=1,
    container=MP4,
    encoder="libx264",
    pix_fmt="yuv420p",
    deep="yuv420p10le",
    crf=(17, 51),
    speed="medium",
    speeds=X26_SPEEDS,
    speed_range=X26_SPEED_RANGE,
    sound=AAC,
    hardware=in_hardware("h264"),
    adapt_to_loop=_adapt_to_loop,
)
