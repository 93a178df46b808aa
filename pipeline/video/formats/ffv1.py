"""FFV1 and FLAC in Matroska: every pixel exactly as rendered. Each picture is independent and has checksums."""

from pipeline.video.containers import MKV
from pipeline.video.formats import Format

FORMAT = Format(
    about="lossless, for archives",
    rank=6,
    container=MKV,
    encoder="ffv1",
    options={"level": 3, "g": 1, "slices": 4},
    pix_fmt="gbrp",
    sound={"acodec": "flac"},
)
