"""The formats that a video can be delivered in, one per file; the file's name is the key in YAML.

Contract: the module of a format holds `FORMAT`, a `Format` with everything that is specific to it: encoder, container,
quality, speeds, sound, hardware, loops, and its texts in docs and schema. To add a format, add its file and regenerate
schedules/schema.json and docs/schedule.md; containers that several formats use are in `pipeline.video.containers`.
"""

import functools
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from pipeline.video.containers import Container, Options
from pipeline.video.recipe import Recipe, to_yuv
from render import catalogue

DEFAULT = "h264"


@dataclass(frozen=True, kw_only=True)
class Format:
    """One format.

    Attributes:
        about: what it is good for, in a few words, for the documentation.
        rank: its position in lists, the most common first.
        encoder: ffmpeg's name of the software encoder.
        options: of that encoder, apart from quality and speed.
        tags: options of the encoded stream, for every encoder.
        pix_fmt, deep: pixel formats with 8 and 10 bits; "" if there is none with that depth.
        palette: whether the colours are first chosen from the whole video.
        crf: (default, worst) quality, where 0 is the best; None if the format has no such scale. A format with a scale
            also accepts a bitrate instead.
        speed: the default preset, one of `speeds`; None if there are no presets.
        speeds: the names of presets.
        speed_range: the fastest and the slowest preset, for the documentation.
        sound: sound encoder and its options; empty if the format has no sound.
        hardware: hardware encoders, best first.
        adapt_to_loop: adapts the options of `encoder` to a file that is played as a loop, given its number of pictures.
        adapt_to_ffmpeg: adapts the options of `encoder` to this ffmpeg, given the option names that it knows.
        sink: what makes the file, a key of `pipeline.run.delivery.deliver.SINKS`.
    """

    about: str
    rank: int
    container: Container
    encoder: str
    options: Options = field(default_factory=dict)
    tags: Options = field(default_factory=dict)
    pix_fmt: str = ""
    deep: str = ""
    palette: bool = False
    crf: tuple[int, int] | None = None
    speed: str | int | None = None
    speeds: tuple[str, ...] = ()
    speed_range: str = ""
    sound: Mapping[str, str | int] = field(default_factory=dict)
    hardware: tuple[str, ...] = ()
    adapt_to_loop: Callable[[Options, int], Options] | None = None
    adapt_to_ffmpeg: Callable[[Options, Collection[str]], Options] | None = None
    sink: str = "ffmpeg"

    @property
    def container_options(self) -> Options:
        """The options that also apply to a hardware encoder: those of the stream and of the container."""
        return {**self.tags, **self.container.options, "f": self.container.muxer}

    def recipe(
        self, pix_fmt: str = "", *, crf: int | None = None, bitrate: str | None = None, preset: str | None = None
    ) -> Recipe:
        """The recipe with the software encoder.

        Args:
            pix_fmt: one of the format's pixel formats; by default the 8-bit one if there is one.
            crf, bitrate, preset: override the format's defaults; only if it has such a setting, and not both of the
                first two.
        """
        pix_fmt = pix_fmt or self.pix_fmt or self.deep
        options = {"vcodec": self.encoder, **self.options}
        if bitrate is not None:
            options["b:v"] = bitrate
        elif self.crf is not None:
            options["crf"] = self.crf[0] if crf is None else crf
        if self.speed is not None:
            options["preset"] = self.speed if preset is None else preset
        return Recipe(
            filters=to_yuv(pix_fmt) if pix_fmt.startswith("yuv") else (("format", {"pix_fmts": pix_fmt}),),
            options={**options, **self.container_options},
            container=self.container,
            sound_options=self.sound,
            palette=self.palette,
        )


def names() -> tuple[str, ...]:
    """The keys of all formats, sorted; imports none of them."""
    return catalogue.names(sys.modules[__name__])


def find(name: str) -> Format:
    """The format with the key `name`. Raises `UnknownNameError`."""
    found: Format = catalogue.load(sys.modules[__name__], name).FORMAT
    return found


@functools.cache
def every() -> Mapping[str, Format]:
    """All formats by key, the most common first."""
    return dict(sorted(((name, find(name)) for name in names()), key=lambda item: item[1].rank))


def containers() -> tuple[Container, ...]:
    """The containers of all formats, each once."""
    return tuple({known.container.name: known.container for known in every().values()}.values())
