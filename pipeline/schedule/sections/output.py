"""The section `output:`: size, frame rate, length and seed."""

import contextlib
import dataclasses
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError, Problems
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.frame_rate import NEAR, SOURCE, auto_near, fitting, frames_per_second, is_source
from pipeline.schedule.fields.readers import read_entry, section_reader, setting_readers
from pipeline.schedule.fields.shapes import described, one_of, section, setting, settings, two_of
from pipeline.schedule.fields.times import duration, lasting, seconds
from pipeline.schedule.sections import Reading, Section, output_source, output_stereo
from pipeline.schedule.sections.music import Music, read_music
from pipeline.schedule.sections.output_video import Video, videos
from pipeline.schedule.sections.shots_lengths import read_lengths

MAX_FRAMES = 1_000_000  # frame numbers have six digits


MUSIC = "music"


_SIDE = fields.integer(16, 8192)


_LENGTH = f"a length such as 12s, 32 bars, or a number of frames, from 1 to {MAX_FRAMES:,} frames"


_BY = re.compile(r"\s*([0-9]+)\s*[x×*,:]\s*([0-9]+)\s*")  # 256x144
_FRAMES = re.compile(r"([0-9]+)\s*f(?:rames?)?")


@described(two_of(_SIDE))
def _size(value: Value, clock: Clock) -> tuple[int, int]:
    expected = "a width and a height in pixels such as [256, 144]"
    if not (value.is_list or value.is_map) and (match := _BY.fullmatch(str(value.scalar(expected)))):
        raise value.invalid(f"a width and a height in pixels: write [{match[1]}, {match[2]}]")
    return fields.read_pair(_SIDE, value, clock, expected)


@described(one_of(lasting(_LENGTH, least=1), {"const": MUSIC}, {"const": SOURCE}), shown=seconds)
def _length(value: Value, clock: Clock) -> float:
    """A time in frames, seconds or beats; percent and `end` are invalid because they would refer to this length."""
    if is_source(value):
        return Output().length if clock.clip is None else clock.clip  # that it cannot be told was reported before
    whole = value.scalar(_LENGTH) == MUSIC
    if whole and clock.track is None and clock.known:
        raise InvalidError(value, "needs music: {file: track.mp3}")
    length = clock.track if whole else duration(value, clock, _LENGTH)
    if whole and length is None:
        return Output().length
    if length is None and (match := _FRAMES.fullmatch(str(value.scalar(_LENGTH)))):
        raise value.invalid(f"{_LENGTH}: write {match[1]} for {match[1]} frames")
    if length is None or not 0.5 < length * clock.fps < MAX_FRAMES + 0.5:
        raise value.invalid(_LENGTH)
    return length


@dataclass(frozen=True, kw_only=True)
class Output:
    """The output: pictures of (width, height) pixels, `fps` of them per second, for `length` seconds.

    Attributes:
        shot_lengths: of every shot, in seconds; empty if the schedule lists no shots.
    """

    fps: float = setting(
        frames_per_second(auto=True),
        NEAR,
        "frames per second: a number or a fraction such as `24000/1001`; `auto` finds one near 12, `auto 24` near 24, "
        "at which a bar, or else a beat, or else the whole video is a whole number of frames; `source` is that of the "
        "source's clip, exactly, or if it varies the standard rate nearest to it",
    )
    length: float = setting(
        _length,
        12.0,
        "in seconds, beats or bars (`32 bars`), in frames as a bare number, `music`: until the track ends, or "
        "`source`: until the source's clip is over",
    )
    size: tuple[int, int] = setting(
        _size, (256, 144), "width and height in pixels, multiples of the latent model's stride (embedded: 8)"
    )
    seed: int = setting(fields.integer(0, 2**63 - 1), 0, "the same schedule with the same seed gives the same frames")

    video: tuple[Video, ...] = setting(videos, (Video(),), "the formats and places to deliver to")
    stereo: str | None = output_stereo.stereo()
    eyes: float | None = output_stereo.eyes()
    screen: float | None = output_stereo.screen()
    shot_lengths: tuple[float, ...] = ()

    @property
    def num_frames(self) -> int:
        return max(1, round(self.length * self.fps))


def frame_rate(entries: Mapping[str, Value]) -> float:
    """The frame rate alone, read ahead from the raw sections.

    All other times need it, even the length in this section. An invalid rate is reported when the section is read.
    """
    output = entries["output"].entries() if "output" in entries else {}
    if "fps" in output and is_source(output["fps"]):
        with contextlib.suppress(InvalidError):
            return output_source.rate(entries, output["fps"])[0]
        return NEAR
    near = auto_near(output["fps"]) if "fps" in output else None
    if near is not None:
        return _fitting(entries, near)
    clock = Clock(fps=NEAR, length=math.nan)
    fps: float = read_entry(setting_readers(Output)["fps"], output, "fps", clock, default=NEAR)
    return fps


def _fitting(entries: Mapping[str, Value], near: float) -> float:
    """The rate that `fps: auto` means. Reads music and length ahead of time; their problems are reported later."""
    quiet = {}
    for name, value in entries.items():
        problems = Problems(value.problems.file, allow_paths=value.problems.allow_paths)
        quiet[name] = dataclasses.replace(value, problems=problems)
    clock = Clock(fps=near, length=math.nan)
    music: Music = read_entry(read_music, quiet, "music", clock, default=Music())
    clock = dataclasses.replace(clock, beat=music.beat, track=music.length)
    with contextlib.suppress(InvalidError):
        clock = _with_clip(quiet, clock)
    output: Output = read_entry(section_reader(Output), quiet, "output", clock, default=Output())
    lengths: list[float] | None = read_entry(partial(read_lengths, top=quiet), quiet, "shots", clock, default=None)
    wrong = any(quiet[name].problems.found for name in ("music", "output", "shots") if name in quiet)
    return near if wrong else fitting(sum(lengths) if lengths else output.length, music.beat, near)


def _with_clip(entries: Mapping[str, Value], clock: Clock) -> Clock:
    """The clock with the length of the source's clip, if this section needs it. Raises `InvalidError`."""
    given = entries["output"].entries() if "output" in entries else {}
    if "shots" in entries or "length" not in given or not is_source(given["length"]):
        return clock
    return dataclasses.replace(clock, clip=output_source.length(entries, given["length"], clock))


def _read(reading: Reading) -> Output:
    """Read the section; if there are shots, its length is the sum of theirs."""
    entries, clock = reading.entries, reading.clock
    with reading.document.problems.collecting():
        _tell_rate(entries, clock)
        clock = _with_clip(entries, clock)
    output: Output = read_entry(section_reader(Output), entries, "output", clock, default=Output())
    output = dataclasses.replace(output, video=tuple(_with_stereo(video, output) for video in output.video))
    clock = dataclasses.replace(clock, fps=output.fps)
    lengths: list[float] | None = read_entry(partial(read_lengths, top=entries), entries, "shots", clock, default=None)
    if lengths is None:
        return output
    problems = reading.document.problems
    given = entries["output"].entries().get("length") if "output" in entries else None
    if given is not None:
        problems.add(InvalidError(given, "the shots have their own lengths; remove this one"))
    if sum(lengths) * output.fps > MAX_FRAMES:
        problems.add(InvalidError(entries["shots"], f"are more than {MAX_FRAMES:,} frames long"))
        return output
    return dataclasses.replace(output, length=sum(lengths), shot_lengths=tuple(lengths))


def _with_stereo(video: Video, output: Output) -> Video:
    """The file with what the section says of pictures for two eyes, unless it says so itself."""
    own = {name: getattr(video, name) for name in output_stereo.NAMES}
    filled = {name: getattr(output, name) if value is None else value for name, value in own.items()}
    return dataclasses.replace(video, **filled) if filled["stereo"] else video


def _tell_rate(entries: Mapping[str, Value], clock: Clock) -> None:
    """Warn of a clip whose rate is not exactly taken over. Raises `InvalidError` if there is none."""
    given = entries["output"].entries().get("fps") if "output" in entries else None
    if given is not None and is_source(given) and (message := output_source.rate(entries, given)[1]):
        clock.warn(given, message)


def _clock(output: Output, clock: Clock) -> Clock:
    return dataclasses.replace(clock, fps=output.fps, length=output.length).with_names(seed=output.seed)


SECTION = Section(
    position=30,
    shape=lambda: section("output", "the video: size, frame rate, length, formats", settings(Output)),
    read=_read,
    needs=("music",),
    clock=_clock,
    settings=lambda: settings(Output),
    nested={"video": lambda: settings(Video)},
)
