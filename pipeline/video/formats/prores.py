"""ProRes 422 HQ in MOV, with uncompressed sound."""

from pipeline.video.containers import MOV
from pipeline.video.formats import Format

FORMAT = Format(
    about="ProRes 422 HQ, for editing",
    rank=5,
    container=MOV,
    encoder="prores_ks",
    options={"profile:v": 3, "vendor": "apl0"},
    deep="yuv422p10le",
    sound={"acodec": "pcm_s24le"},
)
