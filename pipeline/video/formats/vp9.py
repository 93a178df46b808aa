"""VP9 in WebM."""

from pipeline.video.containers import WEBM
from pipeline.video.formats import Format

FORMAT = Format(
    about="WebM, for browsers",
    rank=4,
    container=WEBM,
    encoder="libvpx-vp9",
    options={"b:v": 0, "row-mt": 1, "cpu-used": 2},  # without a bitrate of 0 the quality is only an upper limit
    pix_fmt="yuv420p",
    deep="yuv420p10le",
    crf=(24, 63),
    sound={"acodec": "libopus", "b:a": "160k"},
)
