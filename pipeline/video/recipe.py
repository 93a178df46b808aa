"""The recipe by which `pipeline.video.ffmpeg` makes a video from frames, and its graph of filters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.curves.rates import exact
from pipeline.video.containers import Container

Filter = tuple[str, Mapping[str, str | int | float]]

# A filter, because encoders may ignore colour options but keep the tags of the frames.
BT709: tuple[Filter, ...] = (
    ("setparams", {"range": "tv", "color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709"}),
)


def to_yuv(pix_fmt: str) -> tuple[Filter, ...]:
    """Filters from RGB to `pix_fmt` with the BT.709 matrix in limited range, tagged accordingly."""
    return (("scale", {"out_color_matrix": "bt709", "out_range": "tv"}), ("format", {"pix_fmts": pix_fmt}), *BT709)


@dataclass(frozen=True, kw_only=True)
class Sound:
    """The sound of a video, of the same length: raw interleaved samples, little-endian floats."""

    path: Path
    rate: int
    channels: int


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Filters, encoder and container of one file.

    Attributes:
        filters: applied to every picture, in order.
        half_filters: applied before to each half of every picture, the left and the right one, as if they were two
            videos.
        options: of the encoder and the muxer, by ffmpeg's names.
        container: of the file.
        sound_options: likewise for the sound.
        palette: whether the colours are first chosen from the whole video, as for a GIF.
        device: the device to open for a hardware encoder, by ffmpeg's name.
        sound, subtitles, notes: further inputs: the sound, a .srt file, and metadata in FFmpeg's own format.
        finish: called with the finished file before it is moved into place.
        order: frame numbers in the order in which they are shown; all in ascending order if empty.
        redraw: called with the number and the PNG of every frame; returns the PNG to use instead.
        rate: frames per second of the file if frames are interpolated, else None.
        is_loop: whether the video is a loop, in which the first frame follows the last.
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
    is_loop: bool = False
    half_filters: tuple[Filter, ...] = ()

    def num_pictures(self, count: int, fps: float) -> int:
        """The number of pictures in the file if each repeat shows `count` frames at `fps`."""
        return round(count * self.repeat * exact(self.rate or fps) / exact(fps))


def halves(pictures: Any, filters: tuple[Filter, ...]) -> list[Any]:
    """The streams of the left and the right half of the pictures in ffmpeg's graph, each after the filters."""
    both = pictures.filter_multi_output("split")
    cut = [both[side].filter("crop", w="iw/2", h="ih", x=f"{side}*iw/2", y=0, exact=1) for side in range(2)]
    return [chained(half, filters) for half in cut]


def chained(pictures: Any, filters: tuple[Filter, ...]) -> Any:
    """The stream of the pictures in ffmpeg's graph after the filters."""
    for name, arguments in filters:
        pictures = pictures.filter(name, **arguments)
    return pictures
