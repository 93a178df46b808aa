"""The section `output:`: size, frame rate, length and seed."""

import re
from dataclasses import dataclass

from pipeline.schedule.document.document import InvalidError, Value
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.frame_rate import NEAR, frames_per_second
from pipeline.schedule.fields.shapes import described, one_of, setting, two_of
from pipeline.schedule.fields.times import duration, lasting, seconds
from pipeline.schedule.sections.video import Video, videos

MAX_FRAMES = 1_000_000  # frames are named by six digits


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


@described(one_of(lasting(_LENGTH, least=1), {"const": MUSIC}), shown=seconds)
def _length(value: Value, clock: Clock) -> float:
    """A time that counts in frames, seconds or beats: percent and `end` have nothing to refer to."""
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
    """What comes out: pictures of (width, height) pixels, fps of them a second, for `length` seconds."""

    fps: float = setting(
        frames_per_second(auto=True),
        NEAR,
        "frames per second: a number or a fraction such as `24000/1001`; `auto` is near 12, `auto 24` near 24, so that "
        "bars, else beats, else the whole length last whole frames",
    )
    length: float = setting(
        _length,
        12.0,
        "seconds, beats or bars (`32 bars` is how long they last), frames as a bare number, "
        "or `music`: until the track ends",
    )
    size: tuple[int, int] = setting(
        _size, (256, 144), "width and height in pixels, multiples of the latent model's stride (embedded: 8)"
    )
    seed: int = setting(fields.integer(0, 2**63 - 1), 0, "the same schedule with the same seed gives the same frames")

    video: tuple[Video, ...] = setting(videos, (Video(),), "in which formats, for which places")

    @property
    def num_frames(self) -> int:
        return max(1, round(self.length * self.fps))
