"""`output.video`: the formats in which a video is delivered, one or several."""

import dataclasses
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import files
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.frame_rate import frames_per_second
from pipeline.schedule.fields.readers import setting_readers
from pipeline.schedule.fields.shapes import described, list_of, one_of, section, setting, settings, two_of, written_as
from pipeline.schedule.sections import output_stereo
from pipeline.video import formats
from pipeline.video.interpolation import MODES
from pipeline.video.platforms import FITS, PLATFORMS
from render.errors import suggestion

MAX_VIDEOS = 16
LANCZOS = "lanczos"
SOFTWARE, AUTO = "software", "auto"
_EXPECTED = "a format such as h264, a place such as square, or a map such as {format: h265, crf: 18}, or a list of them"
_BITRATE = "a bitrate such as 8M or 800k"
_BITRATE_PATTERN = r"[1-9][0-9]{0,8}(?:\.[0-9]{1,3})?[kM]?"
_FORMATS = formats.every()
_SPEEDS = tuple(dict.fromkeys(speed for known in _FORMATS.values() for speed in known.speeds))
_ENCODERS = (SOFTWARE, AUTO, *(name for known in _FORMATS.values() for name in known.hardware))
_QUALITIES = {name: known.crf for name, known in _FORMATS.items() if known.crf is not None}
_side = fields.integer(16, 8192)


@described(two_of(_side))
def _size(value: Value, clock: Clock) -> tuple[int, int]:
    expected = "an even width and height in pixels such as [1080, 1080]"
    width, height = fields.read_pair(_side, value, clock, expected)
    if width % 2 or height % 2:
        raise InvalidError(value, f"expected {expected}, got [{width}, {height}]")
    return width, height


@described(one_of({"type": "integer", "minimum": 1}, written_as(_BITRATE_PATTERN, _BITRATE)))
def _bitrate(value: Value, clock: Clock) -> str:
    written = fields.written(value)
    if value.is_map or value.is_list or not re.fullmatch(_BITRATE_PATTERN, written):
        raise value.invalid(_BITRATE)
    return written


def is_installed() -> bool:
    """Whether the extra `upscale` is installed."""
    return importlib.util.find_spec("spandrel") is not None


@described(fields.TEXT)
def _scaling(value: Value, clock: Clock) -> str:
    """`lanczos`, or the path of a network's file."""
    if fields.text(value, clock) == LANCZOS:
        return LANCZOS
    path = files.file(value, clock)
    if not is_installed():
        raise InvalidError(value, "an upscaler needs spandrel: pip install 'vqgan-clip-render[upscale]'")
    return str(path)


@described({"enum": [*_SPEEDS, *(int(speed) for speed in _SPEEDS if speed.isdecimal())]})
def _speed(value: Value, clock: Clock) -> str:
    written = str(value.scalar("the name of a preset such as slow"))
    if written not in _SPEEDS:
        raise InvalidError(value, f"unknown preset '{written}'; {suggestion(written, _SPEEDS)}")
    return written


def _speed_ranges() -> str:
    """The fastest and slowest presets of every format; formats with the same ones are listed once."""
    named: dict[str, str] = {}
    for name, known in _FORMATS.items():
        if known.speed_range:
            named.setdefault(known.speed_range, name)
    return "; ".join(words if name == formats.DEFAULT else f"{name} {words}" for words, name in named.items())


@dataclass(frozen=True, kw_only=True)
class Video:
    """One file to deliver."""

    format: str = setting(fields.choice(tuple(_FORMATS), "format"), formats.DEFAULT, "how it is encoded")
    place: str | None = setting(
        fields.choice(tuple(PLATFORMS), "place"), None, "where it is published, which sets the size"
    )
    size: tuple[int, int] | None = setting(
        _size, None, "width and height in pixels, even; by default that of the place, or else of the frames"
    )
    fit: str = setting(fields.choice(FITS), "crop", "how to fit another aspect ratio: crop, or pad with black bars")
    scale: str = setting(
        _scaling,
        LANCZOS,
        "how it is enlarged: `lanczos`, or the file of a network, such as Real-ESRGAN, that enlarges it first",
    )
    fps: float | None = setting(
        frames_per_second(1), None, "frames per second, interpolated between the rendered frames; by default their rate"
    )
    interpolate: str = setting(
        fields.choice(MODES), "motion", "how frames are interpolated: by motion (`motion`) or mixed (`blend`)"
    )
    repeat: int = setting(fields.integer(1, 1000), 1, "how many times the video is repeated")
    crf: int | None = setting(
        fields.integer(0, max(worst for _, worst in _QUALITIES.values())),
        None,
        f"quality, 0 is best; default {', '.join(f'{name} {usual}' for name, (usual, _) in _QUALITIES.items())}",
    )
    bitrate: str | None = setting(_bitrate, None, "bits per second, such as 8M, instead of a quality")
    preset: str | None = setting(_speed, None, f"how thoroughly the encoder works: {_speed_ranges()}")
    encoder: str = setting(
        fields.choice(_ENCODERS, "encoder"),
        SOFTWARE,
        "`software` is the same on every machine, `auto` uses the machine's hardware",
    )
    bits: int | None = setting(fields.integer(8, 10), None, "bits per colour channel: 8, or 10 against banding")
    subtitles: bool = setting(fields.flag, False, "the strongest prompt as subtitles that can be switched on")
    stereo: str | None = output_stereo.stereo()
    eyes: float | None = output_stereo.eyes()
    screen: float | None = output_stereo.screen()

    @property
    def upscaler(self) -> Path | None:
        """The file of the network that enlarges the frames; None without one."""
        return None if self.scale == LANCZOS else Path(self.scale)

    @property
    def pix_fmt(self) -> str:
        """The pixel format."""
        known = formats.find(self.format)
        return known.deep if self.bits == 10 or not known.pix_fmt else known.pix_fmt


_KNOWN = (*_FORMATS, *PLATFORMS)
_word = fields.choice(_KNOWN, "format or place", _EXPECTED)
_ONE = one_of(_word.shape, section("video", "a file to deliver", settings(Video)))


@described(one_of(_ONE, list_of(_ONE, MAX_VIDEOS)), shown=lambda videos: videos[0].format)
def videos(value: Value, clock: Clock) -> tuple[Video, ...]:
    """Read one or several files to deliver; the first one is the video, the others are additional."""
    if not value.is_list:
        return (_video(value, clock),)
    items = value.items(_EXPECTED)
    if not 0 < len(items) <= MAX_VIDEOS:
        raise value.invalid(f"{_EXPECTED}, from 1 to {MAX_VIDEOS} of them")
    return tuple(fields.read_each(_video, items, clock))


def _video(value: Value, clock: Clock) -> Video:
    if not value.is_map:
        word = _word(value, clock)
        return Video(format=word) if word in _FORMATS else Video(place=word)
    before = len(value.problems.found)
    read = fields.read_map(setting_readers(Video), value, clock)
    video = Video(**read)
    if len(value.problems.found) == before:
        _check(video, value)
    return video


def _check(video: Video, value: Value) -> None:
    """Check that the format supports the requested settings; problems are collected."""
    known = formats.find(video.format)
    entries = {name: dataclasses.replace(entry, problems=value.problems) for name, entry in value.entries().items()}

    def note(name: str, message: str) -> None:
        value.problems.add(InvalidError(entries[name], message))

    if video.bits == 9:
        note("bits", "expected 8 or 10, got '9'")
    elif video.bits is not None and not (known.deep if video.bits == 10 else known.pix_fmt):
        note("bits", f"{video.format} supports only {'8' if video.bits == 10 else '10'} bits")
    if video.crf is not None and (known.crf is None or video.crf > known.crf[1]):
        note("crf", f"{video.format} has a quality from 0 to {known.crf[1]}" if known.crf else _has_none("crf", video))
    if video.bitrate is not None and (known.crf is None or video.crf is not None):
        note("bitrate", "either crf or bitrate; remove one" if known.crf else _has_none("bitrate", video))
    if video.preset is not None and video.preset not in known.speeds:
        hint = suggestion(video.preset, known.speeds) if known.speeds else _has_none("preset", video)
        note("preset", f"unknown preset '{video.preset}' of {video.format}; {hint}" if known.speeds else hint)
    if video.subtitles and not known.container.subtitle_codec:
        note("subtitles", f"{video.format} does not support subtitles")
    if "interpolate" in entries and video.fps is None:
        note("interpolate", "has no effect without fps, such as 60")
    hardware = known.hardware
    if video.encoder not in (SOFTWARE, AUTO, *hardware) or (video.encoder == AUTO and not hardware):
        hint = f"expected software, auto or one of {', '.join(hardware)}" if hardware else "only software can encode it"
        note("encoder", f"{video.encoder} cannot encode {video.format}; {hint}")
    elif video.preset is not None and video.encoder != SOFTWARE:
        note("preset", "applies only to the software encoder; remove it or encoder")
    if video.place and video.size:
        note("size", f"{video.place} has its own size; remove one of them")


def _has_none(name: str, video: Video) -> str:
    return f"{video.format} has no {name}"
