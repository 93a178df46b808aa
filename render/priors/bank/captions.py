"""What a picture of a folder shows, in words: a text beside it, or the name of its file. No torch here."""

import re
from pathlib import Path

from render.errors import InputError
from render.files.bounded import TooLargeError, read_bounded

_MOST = 1 << 16  # bytes of a caption
_CAMERA = {
    "copy", "dcim", "dsc", "dscf", "dscn", "file", "final", "foto", "image", "img", "imgp", "jpeg", "jpg", "mvi", "new",
    "pano", "photo", "pic", "picture", "png", "pxl", "scan", "screenshot", "untitled", "vid", "whatsapp",
}  # fmt: skip
"""Words in names that say nothing about the picture."""


def caption(picture: Path) -> str:
    """Return the text in NAME.txt beside NAME.jpg, or else the name itself if it reads like words, or else nothing.

    A name reads like words if it has parts of at least three letters that no camera writes: "red-fox_2.jpg" gives
    "red fox", "IMG_2031.jpg" and "9f3ab2.png" give nothing.

    Raises:
        InputError: the text beside it cannot be read, is not UTF-8, or has more than 64 KiB.
    """
    beside = picture.with_suffix(".txt")
    if beside.is_file() and not beside.is_symlink():  # a folder from a stranger names no file outside it
        try:
            return read_bounded(beside, _MOST).decode()
        except TooLargeError as error:
            raise InputError(f"{beside}: expected a caption, got {error}") from error
        except UnicodeDecodeError as error:
            raise InputError(f"{beside}: expected a caption in UTF-8") from error
        except OSError as error:
            raise InputError(f"{beside}: cannot be read: {error.strerror or error}") from error
    parts = re.split(r"[\W_]+", picture.stem)
    return " ".join(part for part in parts if len(part) > 2 and part.isalpha() and part.casefold() not in _CAMERA)
