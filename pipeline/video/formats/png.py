"""An image sequence: numbered PNGs, lossless, in one uncompressed ZIP."""

from pipeline.video.containers import Container, EmbeddedText
from pipeline.video.formats import Format
from pipeline.video.sequence import SIGNATURE, is_complete, lengths, schedules

FORMAT = Format(
    about="numbered PNGs, lossless, and the sound as WAV in an uncompressed ZIP; for compositing",
    rank=10,
    container=Container(
        name="ZIP",
        suffix=".zip",
        signature=SIGNATURE,
        is_complete=is_complete,
        text=EmbeddedText(read=schedules),
        lengths=lengths,
    ),
    encoder="png",
    pix_fmt="rgb24",
    sound={"acodec": "pcm_s24le"},
    sink="sequence",
)
