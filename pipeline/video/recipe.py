"""How a video is to be made of its frames, for `pipeline.video.ffmpeg` to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.curves.rates import exact
from pipeline.video.containers import Container

Filter = tuple[str, Mapping[str, str | int | float]]

# The colour flags of an encoder do not stick; the frames' own do.
BT709: tuple[Filter, ...] = (
    ("setparams", {"range": "tv", "color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709"}),
)


def to_yuv(pix_fmt: str) -> tuple[Filter, ...]:
    """From RGB to `pix_fmt` by the matrix of BT.709, limited range, and tagged so."""
    return (("scale", {"out_color_matrix": "bt709", "out_range": "tv"}), ("format", {"pix_fmts": pix_fmt}), *BT709)


@dataclass(frozen=True, kw_only=True)
class Sound:
    """Raw samples that a video sounds with, as long as it: little-endian floats, channel by channel."""

    path: Path
    rate: int
    channels: int


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Filters, encoder and container of one file.

    Attributes:
        filters: what is done to every picture, in order.
        options: of the encoder and the muxer, as ffmpeg names them.
        container: of the file.
        sound_options: the same for the sound.
        palette: the colours are chosen from the whole video first, as a GIF needs it.
        device: what is opened for an encoder in hardware, as ffmpeg names it.
        sound, subtitles, notes: files that go in besides: the sound, a .srt, and metadata in FFmpeg's own format.
        finish: what is done to the finished file before it takes its place.
        order: the numbers of the frames in the order in which they are shown; as they come if empty.
        redraw: what becomes of the PNG of every frame, given its number, before anything else.
        rate: frames per second of the file, where they are made up between those that are there.
        closed: the first frame follows the last one.
        repeat: how often the frames are shown, one time after the other.
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
        """How many pictures the file has, of `count` that are shown once."""
        return round(count * self.repeat * exact(self.rate or fps) / exact(fps))
