"""The recipe by which `pipeline.video.ffmpeg` makes a video from its frames."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.curves.rates import exact
from pipeline.video.containers import Container

Filter = tuple[str, Mapping[str, str | int | float]]

# Encoders may ignore colour options; those of the frames are kept.
BT709: tuple[Filter, ...] = (
    ("setparams", {"range": "tv", "color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709"}),
)


def to_yuv(pix_fmt: str) -> tuple[Filter, ...]:
    """From RGB to `pix_fmt` by the matrix of BT.709, limited range, and tagged so."""
    return (("scale", {"out_color_matrix": "bt709", "out_range": "tv"}), ("format", {"pix_fmts": pix_fmt}), *BT709)


@dataclass(frozen=True, kw_only=True)
class Sound:
    """The sound of a video, as long as it: raw interleaved samples, little-endian floats."""

    path: Path
    rate: int
    channels: int


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Filters, encoder and container of one file.

    Attributes:
        filters: for every picture, in order.
        options: of the encoder and the muxer, as ffmpeg names them.
        container: of the file.
        sound_options: the same for the sound.
        palette: the colours are chosen from the whole video first, as for a GIF.
        device: the device to open for an encoder in hardware, as ffmpeg names it.
        sound, subtitles, notes: further inputs: the sound, a .srt, and metadata in FFmpeg's own format.
        finish: called with the finished file before it is moved to its place.
        order: the numbers of the frames in the order in which they are shown; all in ascending order if empty.
        redraw: called with the number and the PNG of every frame; returns the PNG to use.
        rate: frames per second of the file if they are interpolated.
        closed: the video is a loop: the first frame follows the last one.
        repeat: how often all frames are shown in a row.
    """

    filters: tuple[Filter, ...]
    options: Mapping[str, str | int | float]
    container: Container
    sound_options: Mapping[str, str | int] = field(default_factory=dict)
    palette: bool = False
    device: str = ""
    sound: Sound | None = None
    subtitles: Path | None = None
    notes: Path | None = None
    finish: Callable[[Path], None] | None = None
    order: tuple[int, ...] = ()
    repeat: int = 1
    redraw: Callable[[int, bytes], bytes] | None = None
    rate: float | None = None
    closed: bool = False

    def num_pictures(self, count: int, fps: float) -> int:
        """The number of pictures in the file if `count` frames are shown in a round."""
        return round(count * self.repeat * exact(self.rate or fps) / exact(fps))
