"""The frames of a clip, found in its packets: when each is shown, and where reading can begin.

Nothing is decoded. Of a container that numbers its packets only in the order in which they are decoded (AVI), frames
are known by their order alone.
"""

import functools
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from render.errors import InputError
from render.files.videos.opening import require_count

MAX_PACKETS = 1_000_000  # of all streams: an hour of sound has 200,000
MAX_SECONDS = 100_000  # more than a day
_WHOLE = frozenset({"mjpeg", "png", "prores", "ffv1", "rawvideo", "dnxhd", "dvvideo"})  # codecs that never reorder
_UNSEEKABLE = frozenset({"gif", "apng"})  # every frame is drawn over those before it
_REORDERED = 32  # frames: more are never coded before one that is shown earlier
_MISSING = 1.0  # seconds that a header may tell beyond the last packet

Ticks = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Key:
    """A packet from which decoding can begin.

    Attributes:
        number: of the frame in it, in the order in which frames are shown.
        place: in the file, counted in packets of the stream.
        seek: the time to ask the container for.
    """

    number: int
    place: int
    seek: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Index:
    """Where the frames of a clip are.

    Attributes:
        ticks: when each frame is shown, in the order of time, in units of `unit`.
        unit: seconds.
        end: when the last frame ends, in ticks.
        keys: in the order of their numbers; the first is frame 0.
        by_order: whether a decoded frame is known by its order alone, since its time is not.
        has_sound: whether there is a sound stream with packets.
        sound_from: when the sound begins, in seconds from the first picture.
    """

    ticks: Ticks
    unit: Fraction
    end: int
    keys: tuple[Key, ...]
    by_order: bool
    has_sound: bool
    sound_from: float

    @property
    def times(self) -> NDArray[np.float64]:
        """When each frame is shown, in seconds from the first."""
        seconds: NDArray[np.float64] = (self.ticks - self.ticks[0]) * float(self.unit)
        return seconds

    def key(self, number: int) -> Key:
        """The last key from which a frame can be reached."""
        return self.keys[max(0, int(np.searchsorted(self._numbers, number, side="right")) - 1)]

    @functools.cached_property
    def _numbers(self) -> Ticks:
        return np.array([key.number for key in self.keys], dtype=np.int64)

    def keys_back(self, number: int) -> tuple[Key, ...]:
        """The last key for a frame, and those to try if pictures are missing behind it: the one before, the first."""
        key = self.key(number)
        before = self.key(max(0, key.number - 1))
        return tuple(dict.fromkeys((key, before, self.keys[0])))

    def name(self, number: int) -> str:
        """A frame for messages: its number and its time."""
        return f"frame {number} ({self.times[number]:.3f} s)"


@dataclass(frozen=True)
class _Packet:
    pts: int
    dts: int | None
    duration: int
    place: int
    is_key: bool


def read_index(path: Path, container: Any, stream: Any) -> Index:
    """Read all packets of an opened clip.

    Raises:
        InputError: there is no frame in it, there are too many packets or frames, or the file is cut off.
    """
    sound = container.streams.audio[0] if container.streams.audio else None
    packets, sound_start, count, latest = _packets(path, container, stream, sound)
    require_count(path, len(packets))
    if not packets:
        raise InputError(f"{path}: has no frames; is the file damaged?")
    codec = stream.codec_context.name
    by_order = container.format.name == "avi" and codec not in _WHOLE
    shown = sorted(packets, key=lambda packet: packet.pts)
    ticks = np.array([packet.pts for packet in shown], dtype=np.int64)
    index = Index(
        ticks=ticks,
        unit=Fraction(stream.time_base),
        end=int(ticks[-1]) + (shown[-1].duration or _usual(ticks, stream)),
        keys=_keys(shown, leads=not by_order and codec not in _UNSEEKABLE),
        by_order=by_order,
        has_sound=sound_start is not None,
        sound_from=0.0 if sound_start is None else float(sound_start - ticks[0] * stream.time_base),
    )
    _require_times(path, index)
    if _is_cut_off(container, stream, count, latest):
        last = index.name(_last_whole(shown))
        raise InputError(
            f"{path}: is cut off: {last} is the last that is whole; "
            "ffmpeg -i FILE -c copy NEW makes a clip of what is there"
        )
    return index


def _packets(path: Path, container: Any, stream: Any, sound: Any) -> tuple[list[_Packet], Fraction | None, int, float]:
    """Return the packets that are shown, when the sound begins, how many pictures there are, and the latest end."""
    found: dict[int, _Packet] = {}
    sound_start: Fraction | None = None
    place = total = 0
    latest = 0.0
    for packet in container.demux():
        total += 1
        if total > MAX_PACKETS:
            raise InputError(f"{path}: expected at most {MAX_PACKETS:,} packets")
        time = packet.pts if packet.pts is not None else packet.dts
        if packet.size and time is not None:
            latest = max(latest, float(time + (packet.duration or 0)) * float(packet.time_base))
        if packet.stream is sound and sound_start is None and time is not None:
            sound_start = (time + _priming(packet, sound)) * Fraction(sound.time_base)
        if packet.stream is not stream or (packet.size == 0 and time is None):
            continue
        place += 1
        if time is not None and _is_shown(packet, stream):
            require_count(path, len(found))
            found[time] = _Packet(time, packet.dts, packet.duration or 0, place - 1, packet.is_keyframe)
    return list(found.values()), sound_start, place, latest


def _priming(packet: Any, sound: Any) -> int:
    """How much of the first packet is not heard, in ticks: what its encoder needed to begin."""
    if not hasattr(packet, "has_sidedata") or not packet.has_sidedata("skip_samples"):  # it is new in PyAV 18
        return max(0, int(sound.start_time or 0) - int(packet.pts or 0))
    samples = int.from_bytes(bytes(packet.get_sidedata("skip_samples"))[:4], "little")
    return round(samples / (Fraction(sound.codec_context.sample_rate or 48_000) * Fraction(sound.time_base)))


def _is_shown(packet: Any, stream: Any) -> bool:
    """Whether a packet has a frame to show: not what an edit list hides, nor what only improves others (VP8)."""
    if packet.size == 0 or packet.is_discard or packet.is_corrupt:
        return False
    return stream.codec_context.name not in ("vp8", "libvpx") or bool(memoryview(packet)[0] & 0x10)


def _keys(shown: list[_Packet], *, leads: bool) -> tuple[Key, ...]:
    """The keys: the first packet and, if a frame's number is known behind a later one, those in the order of time."""
    first = min(shown, key=lambda packet: packet.place)
    keys = [Key(number=0, place=0, seek=first.pts if first.dts is None else first.dts)]
    for number, packet in enumerate(shown):
        if leads and number and packet.is_key and packet.place > keys[-1].place:
            keys.append(Key(number=number, place=packet.place, seek=packet.pts if packet.dts is None else packet.dts))
    return tuple(keys)


def _usual(ticks: Ticks, stream: Any) -> int:
    """How long a frame lasts if the file does not say."""
    if len(ticks) > 1:
        return max(1, round((int(ticks[-1]) - int(ticks[0])) / (len(ticks) - 1)))
    return max(1, round(1 / (Fraction(stream.average_rate or 25) * Fraction(stream.time_base))))


def _require_times(path: Path, index: Index) -> None:
    length = (index.end - int(index.ticks[0])) * index.unit
    if not 0 < length <= MAX_SECONDS:
        raise InputError(f"{path}: expected frames within {MAX_SECONDS:,} seconds; its times are damaged")


def _is_cut_off(container: Any, stream: Any, count: int, latest: float) -> bool:
    """Compare what is there with what the header tells."""
    if container.format.name == "avi":
        return bool(count < stream.frames * 0.95 - 4)  # frames that repeat others are often left out
    if stream.frames and "mp4" in container.format.name:
        return bool(count < stream.frames)
    told = float((container.duration or 0) + (container.start_time or 0)) / 1_000_000
    return told - latest > max(_MISSING, told / 50)


def _last_whole(shown: list[_Packet]) -> int:
    """The last frame of a file that is cut off, before one is missing which would have been coded behind it."""
    for number in range(max(0, len(shown) - _REORDERED), len(shown) - 1):
        if shown[number + 1].pts - shown[number].pts > 1.5 * (shown[number].duration or 1e18):
            return number
    return len(shown) - 1
