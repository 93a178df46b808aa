"""A sound or video file as FFmpeg may read it: its own bytes and nothing else."""

import errno
from typing import BinaryIO


class MediaSource:
    """A file for `av.open`. Seeking outside of it returns an error code, since PyAV would print an exception."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.name = file.name  # FFmpeg uses it to guess the format if the content is ambiguous
        self.read, self.tell = file.read, file.tell

    def seekable(self) -> bool:
        return self._file.seekable()

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError):
            return -errno.EINVAL
