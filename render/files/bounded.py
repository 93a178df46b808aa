"""Read whole files up to a size limit: a file from a stranger may be of any length. No torch here."""

from pathlib import Path
from typing import BinaryIO


class TooLargeError(Exception):
    """A file has more bytes than are allowed; the text says how many those are."""


def read_bounded(path: Path, most: int) -> bytes:
    """Read a file of at most `most` bytes.

    Raises:
        TooLargeError: it is larger; no more than `most` + 1 bytes have been read.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return read_stream(file, most)


def read_stream(file: BinaryIO, most: int) -> bytes:
    """Read an open file, such as standard input, to its end. Raises `TooLargeError` as `read_bounded` does."""
    content = file.read(most + 1)
    if len(content) > most:
        raise TooLargeError(f"more than {most:,} bytes")
    return content
