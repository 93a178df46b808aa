"""Read picture files as pixels: image prompts, and pictures that a video starts from or goes towards.

A file may come from a stranger: only six formats are tried, and the header is checked before any pixel
is decoded. PIL does the decoding; torch is not needed.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from render.errors import InputError
from render.files.colour_profiles import in_srgb

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
MAX_PIXELS = 64_000_000
MAX_SIDE = 16_384
MAX_BYTES = 400_000_000  # 64 million pixels of 16 bits, uncompressed

_EXPECTED = "a PNG, JPEG, WebP, BMP, TIFF or GIF picture"

Pixels = NDArray[np.float32]
Colour = tuple[float, float, float]
WHITE: Colour = (1.0, 1.0, 1.0)

_LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # of Rec. 601, as PIL's grey

_ON_THEIR_SIDE = (5, 6, 7, 8)  # values of EXIF's orientation

_MAX_READS = 100_000  # of a header; those of photographs need a few hundred
_MAX_HEADER = 64_000_000  # bytes; a WebP is read completely before its size is known


def load_image(path: Path, background: Colour = WHITE, *, to_srgb: bool = False) -> Pixels:
    """Read a picture file as (H, W, 3) RGB in [0, 1].

    It is rotated upright by its EXIF orientation. Of an animation or several pages only the first is read. 16-bit grey
    keeps its precision, 16-bit colour is reduced to 8 bits.

    Args:
        background: the colour behind transparency, RGB in [0, 1]; white is how paper and web pages show it.
        to_srgb: apply an embedded colour profile, see `render.files.colour_profiles.in_srgb`.

    Raises:
        InputError: it cannot be read, is in none of the formats, is damaged, or has more than 64 million
            pixels or a side over 16,384.
    """
    with _opened(path) as image:
        ImageOps.exif_transpose(image, in_place=True)
        return _pixels(in_srgb(image) if to_srgb else image, background)


def load_mask(path: Path) -> Pixels:
    """Read a picture file as a mask (H, W) in [0, 1]: white is 1; black, and what is transparent, is 0.

    Raises:
        InputError: as `load_image`.
    """
    with _opened(path) as image:
        ImageOps.exif_transpose(image, in_place=True)
        if not image.has_transparency_data:
            return _pixels(image, WHITE) @ _LUMINANCE
        levels = _scaled(image.convert("RGBA"), 255)
        return levels[..., :3] @ _LUMINANCE * levels[..., 3]


def require_image(path: Path) -> None:
    """Check from the header alone that a picture can be read. Raises `InputError` as `load_image` does."""
    with _opened(path):
        pass


def image_size(path: Path) -> tuple[int, int]:
    """Return a picture's (width, height), upright, from the header alone. Raises `InputError` as `load_image` does."""
    with _opened(path) as image:
        turned = image.getexif().get(ExifTags.Base.Orientation, 1) in _ON_THEIR_SIDE
        return (image.height, image.width) if turned else (image.width, image.height)


class _BoundedHeader(io.BufferedReader):
    """A file that raises an error if reading a picture's header takes too many reads or bytes."""

    reads: int | None = 0
    size = 0

    def read(self, size: int | None = -1, /) -> bytes:
        if self.reads is None:
            return super().read(size)
        self.reads += 1
        if self.reads > _MAX_READS:
            raise ValueError(f"its header takes more than {_MAX_READS:,} reads")
        left = _MAX_HEADER - self.size
        found = super().read(left + 1 if size is None or size < 0 else min(size, left + 1))
        self.size += len(found)
        if self.size > _MAX_HEADER:
            raise ValueError(f"its header takes more than {_MAX_HEADER:,} bytes")
        return found


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open a picture and check its header, without reading pixels; errors inside the block become ours."""
    try:
        if not path.is_file():
            raise InputError(f"{path}: {'not a file' if path.exists() else 'no such file'}; expected {_EXPECTED}")
        if (size := path.stat().st_size) > MAX_BYTES:
            raise InputError(f"{path}: expected at most {MAX_BYTES:,} bytes, got {size:,}")
        with warnings.catch_warnings():  # about large pictures and odd metadata: we decide here what to refuse
            warnings.simplefilter("ignore")
            with _BoundedHeader(io.FileIO(path)) as file, Image.open(file, formats=FORMATS) as image:
                file.reads = None
                _require_size(path, image.size)
                yield image
    except InputError:
        raise
    except UnidentifiedImageError as error:
        raise InputError(f"{path}: expected {_EXPECTED}; this is none, or its beginning is damaged") from error
    except Image.DecompressionBombError as error:
        raise InputError(f"{path}: {_too_large()}") from error
    except MemoryError as error:
        raise InputError(f"{path}: does not fit into memory") from error
    except Exception as error:  # a damaged file makes PIL raise nearly anything
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise InputError(f"{path}: cannot be read: {why}; expected {_EXPECTED}, undamaged") from error


def _require_size(path: Path, size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MAX_PIXELS or max(size) > MAX_SIDE:
        raise InputError(f"{path}: {_too_large()}, got {width:,} × {height:,}")


def _too_large() -> str:
    return f"expected at most {MAX_PIXELS // 1_000_000} million pixels and {MAX_SIDE:,} on a side"


def _pixels(image: Image.Image, background: Colour) -> Pixels:
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):  # the latter before Pillow 11
        return np.repeat(_scaled(image, 65535)[..., None], 3, axis=2)
    if image.mode in ("I", "F"):
        raise ValueError("32 bits per channel, where 8 or 16 are expected")
    if image.has_transparency_data:
        levels = _scaled(image.convert("RGBA"), 255)
        behind = np.array(background, dtype=np.float32)
        return behind + (levels[..., :3] - behind) * levels[..., 3:]
    return _scaled(image.convert("RGB"), 255)


def _scaled(image: Image.Image, white: int) -> Pixels:
    levels = np.array(image, dtype=np.float32)
    levels /= white
    return levels
