"""Decode a clip from one of its keys on: frames with their numbers, each exactly as reading from the start gives it."""

import itertools
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from render.errors import InputError
from render.files.videos.filters import filtering
from render.files.videos.index import Index, Key
from render.files.videos.opening import opened, pyav, require_size

THREADS = 2  # more would hold more frames

Numbered = tuple[int, Any]


class DamagedError(InputError):
    """A frame cannot be decoded; `number` is the one that was expected."""

    def __init__(self, path: Path, index: Index, number: int) -> None:
        self.number = number
        last = f"{index.name(number - 1)} is the last whole one" if number else "none before it is whole"
        super().__init__(f"{path}: {index.name(number)} cannot be decoded, it is damaged or missing; {last}")


def decoded(path: Path, index: Index, key: Key, interlaced: bool) -> Iterator[Numbered]:
    """Yield the frames from a key on, in the order in which they are shown, with their numbers.

    Frames that need pictures from before the key may be missing in front of it.

    Raises:
        DamagedError: a packet is damaged; frames behind a later key may be whole.
        InputError: as `render.files.videos.require_video`.
    """
    with opened(path) as (container, stream):
        frames = _numbered(_frames(path, index, key, container, stream), index, key)
        yield from _deinterlaced(frames) if interlaced else frames


def _frames(path: Path, index: Index, key: Key, container: Any, stream: Any) -> Iterator[Any]:
    """Decode packet by packet; nothing that is damaged is concealed."""
    av = pyav()
    stream.codec_context.thread_count = THREADS
    stream.codec_context.thread_type = "AUTO"
    stream.codec_context.options = {**stream.codec_context.options, "err_detect": "explode"}
    delivered = key.number
    for packet in _without_leading(key, index, _from(key, container, stream)):
        try:
            frames = packet.decode()
        except av.FFmpegError as error:
            raise DamagedError(path, index, min(delivered, len(index.ticks) - 1)) from error
        for frame in frames:
            require_size(path, frame.width, frame.height)
            if frame.is_corrupt:
                raise DamagedError(path, index, min(delivered, len(index.ticks) - 1))
            delivered = _number(index, frame, delivered) + 1
            yield frame


def _from(key: Key, container: Any, stream: Any) -> Iterator[Any]:
    """Yield the packets from a key on; if the container does not lead there, it is read from the start."""
    if key.place:
        container.seek(key.seek, stream=stream)
        for packet in container.demux(stream):
            time = packet.pts if packet.dts is None else packet.dts
            if time is None or time > key.seek:
                break
            if time == key.seek and packet.is_keyframe:
                yield packet
                yield from container.demux(stream)
                return
        container.seek(container.start_time or 0)
    yield from itertools.islice(container.demux(stream), key.place, None)


def _without_leading(key: Key, index: Index, packets: Iterator[Any]) -> Iterator[Any]:
    """Leave out what is shown before the key and coded behind it: it needs pictures from before the key."""
    for packet in packets:
        if not key.place or packet.pts is None or packet.pts >= index.ticks[key.number]:
            yield packet


def _number(index: Index, frame: Any, otherwise: int) -> int:
    return otherwise if index.by_order or frame.pts is None else int(np.searchsorted(index.ticks, frame.pts))


def _numbered(frames: Iterator[Any], index: Index, key: Key) -> Iterator[Numbered]:
    expected = key.number
    for frame in frames:
        number = _number(index, frame, expected)
        if number < len(index.ticks) and (index.by_order or frame.pts is None or index.ticks[number] == frame.pts):
            yield number, frame
            expected = number + 1


def _deinterlaced(frames: Iterator[Numbered]) -> Iterator[Numbered]:
    """Interpolate the lines of one field where frames are interlaced, from the frames around them (bwdif)."""
    graph: Any = None
    kind: object = None
    waiting: deque[int] = deque()
    for number, frame in frames:
        if kind != (frame.width, frame.height, frame.format.name):  # no filter survives such a change
            yield from _drained(graph, waiting)
            kind = (frame.width, frame.height, frame.format.name)
            graph = filtering(frame, ("bwdif", "mode=send_frame:parity=auto:deint=interlaced"))
        waiting.append(number)
        graph.push(frame)
        yield from _pulled(graph, waiting)
    yield from _drained(graph, waiting)


def _drained(graph: Any, waiting: deque[int]) -> Iterator[Numbered]:
    if graph is not None:
        graph.push(None)
        yield from _pulled(graph, waiting)


def _pulled(graph: Any, waiting: deque[int]) -> Iterator[Numbered]:
    av = pyav()
    while waiting:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        yield waiting.popleft(), frame
