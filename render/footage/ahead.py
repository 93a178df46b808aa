"""Read the next frame of a clip while the last one is being used."""

import threading
from collections import OrderedDict

from render.files.videos.clips import Clip
from render.files.videos.pixels import Frame, Size

MOST = 2  # frames that wait

_Wanted = tuple[int, Size]


class ReadAhead:
    """A clip of which the frame that is probably wanted next is decoded in the background.

    Frames are wanted at regular distances, mostly one after the other; any other one is decoded when it is asked for.
    A thread decodes one frame and ends, so none is left when no frame is asked for any more. What fails in it is
    raised where that frame is asked for.
    """

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self._thread: threading.Thread | None = None
        self._waiting: OrderedDict[_Wanted, Frame | Exception] = OrderedDict()
        self._last: dict[Size, int] = {}

    @property
    def size(self) -> Size:
        """(width, height) of the clip as shown."""
        return self._clip.size

    def frame(self, number: int, size: Size) -> Frame:
        """See `Clip.frame`."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        found = self._waiting.pop((number, size), None)
        if isinstance(found, Exception):
            raise found
        frame = self._clip.frame(number, size) if found is None else found
        self._read_ahead((number + self._distance(number, size), size))
        return frame

    def _distance(self, number: int, size: Size) -> int:
        distance = number - self._last.get(size, number - 1)
        self._last = {**dict(list(self._last.items())[-3:]), size: number}
        return distance

    def _read_ahead(self, wanted: _Wanted) -> None:
        if wanted in self._waiting or not 0 <= wanted[0] < self._clip.count:
            return
        while len(self._waiting) >= MOST:
            self._waiting.popitem(last=False)
        self._thread = threading.Thread(target=self._read, args=(wanted,), name="read ahead")
        self._thread.start()

    def _read(self, wanted: _Wanted) -> None:
        try:
            self._waiting[wanted] = self._clip.frame(*wanted)
        except Exception as error:  # raised where the frame is asked for
            self._waiting[wanted] = error
