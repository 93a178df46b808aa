"""Motion previews for the page: frames by their numbers, drawn by a process and kept for a while."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.studio.folder.refused import RefusedError
from pipeline.studio.processes.desk import Desk
from pipeline.studio.processes.previewing import preview

CHUNK = 24  # frames that are drawn at once
MOST = 240  # frames of one request
WIDTHS = (16, 1280)  # of the pictures
_MOST_BYTES = 128_000_000  # of pictures that are kept
_MOST_OPEN = 16
_LENGTH = 4  # bytes before each picture


@dataclass(frozen=True, kw_only=True)
class PreviewShown:
    """A preview that has been opened; `size` is the width and height of its pictures."""

    id: str
    frames: int
    fps: float
    size: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class _Opened:
    text: str
    file: Path
    width: int
    frames: int


class Previews:
    """Opens previews and answers with their frames. Belongs to the thread of the event loop."""

    def __init__(self, log: Path) -> None:
        self._desk = Desk(preview, log)
        self._opened: OrderedDict[str, _Opened] = OrderedDict()
        self._pictures: OrderedDict[tuple[str, int], list[bytes]] = OrderedDict()
        self._bytes = 0

    async def open(self, file: Path, text: str, width: int) -> PreviewShown:
        """Open the preview of a text at a width. Raises `RefusedError` if the text has problems."""
        width = min(max(width, WIDTHS[0]), WIDTHS[1])
        found = hashlib.sha256(f"{width}\n{file}\n{text}".encode(errors="surrogatepass"))
        name = found.hexdigest()[:24]
        frames, fps, size = await self._desk.ask("open", name, text, file, width)
        self._opened[name] = _Opened(text=text, file=file, width=width, frames=frames)
        while len(self._opened) > _MOST_OPEN:
            self._opened.popitem(last=False)
        return PreviewShown(id=name, frames=frames, fps=fps, size=size)

    async def frames(self, name: str, first: int, last: int, still_wanted: Callable[[], Any]) -> bytes:
        """Frames `first` to `last`, both included: for each 4 bytes of length, big-endian, and a JPEG file.

        Args:
            still_wanted: see `Desk.ask`.

        Raises:
            RefusedError: there is no such preview, or no such frames.
        """
        if (opened := self._opened.get(name)) is None:
            raise RefusedError(404, "this preview is not open; open it again")
        if not 0 <= first <= last < opened.frames or last - first >= MOST:
            raise RefusedError(400, f"expected up to {MOST} frames from 0 to {opened.frames - 1}")
        self._opened.move_to_end(name)
        if first == last and (name, first // CHUNK) not in self._pictures:  # somebody drags through it
            found = await self._ask(name, opened, first, last, still_wanted)
        else:
            found = []
            for chunk in range(first // CHUNK, last // CHUNK + 1):
                begin = chunk * CHUNK
                pictures = await self._chunk(name, opened, chunk, still_wanted)
                found += pictures[max(0, first - begin) : last + 1 - begin]
        return b"".join(len(picture).to_bytes(_LENGTH, "big") + picture for picture in found)

    async def close(self) -> None:
        await self._desk.close()

    async def _chunk(self, name: str, opened: _Opened, chunk: int, still_wanted: Callable[[], Any]) -> list[bytes]:
        if (name, chunk) not in self._pictures:
            last = min((chunk + 1) * CHUNK, opened.frames) - 1
            self._keep((name, chunk), await self._ask(name, opened, chunk * CHUNK, last, still_wanted))
        self._pictures.move_to_end((name, chunk))
        return self._pictures[name, chunk]

    async def _ask(
        self, name: str, opened: _Opened, first: int, last: int, still_wanted: Callable[[], Any]
    ) -> list[bytes]:
        found: list[bytes] = await self._desk.ask(
            "frames", name, opened.text, opened.file, opened.width, first, last, still_wanted=still_wanted
        )
        return found

    def _keep(self, key: tuple[str, int], pictures: list[bytes]) -> None:
        self._pictures[key] = pictures
        self._bytes += sum(map(len, pictures))
        while self._bytes > _MOST_BYTES and len(self._pictures) > 1:
            _, dropped = self._pictures.popitem(last=False)
            self._bytes -= sum(map(len, dropped))
