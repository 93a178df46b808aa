"""Convert a picture to sRGB by the colour profile that it embeds.

LittleCMS, which Pillow includes, does the conversion. It is written in C and a profile may come from a stranger, so a
profile is given to it only if it is of usual size and kind and all of its parts lie inside it.
"""

import io
import struct

from PIL import Image, ImageCms

MAX_BYTES = 8_000_000  # profiles of printers have up to three million
MAX_TAGS = 200
_HEADER, _TAG = 128, 12
_SPACES = {b"RGB ": ("RGB", "RGBA"), b"GRAY": ("L",), b"CMYK": ("CMYK",)}
_CLASSES = (b"mntr", b"scnr", b"prtr", b"spac")  # of displays, scanners, printers, and colour spaces
_OUTPUT = {"RGB": "RGB", "RGBA": "RGBA", "L": "RGB", "CMYK": "RGB"}


def in_srgb(image: Image.Image) -> Image.Image:
    """Return the picture in sRGB, its transparency kept.

    Returned unchanged, as if it were in sRGB already: one without a profile, with 16 bits of grey, with a profile that
    is damaged or of another kind, and any if Pillow was built without LittleCMS.
    """
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or image.mode not in ("RGB", "RGBA", "L", "LA", "P", "PA", "CMYK"):
        return image
    try:
        if image.mode in ("P", "PA", "LA"):
            image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        if not is_usable(profile, image.mode):
            return image
        source, target = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, source, target, outputMode=_OUTPUT[image.mode])
    except (ImportError, OSError, ValueError, TypeError, ImageCms.PyCMSError):
        return image
    return image if converted is None else converted


def is_usable(profile: bytes, mode: str) -> bool:
    """Whether a profile fits a picture of `mode`, and its header and table of tags are in order.

    Source: the layout of ICC.1:2022, sections 7.2 and 7.3.
    """
    if not _HEADER + 4 <= len(profile) <= MAX_BYTES or profile[36:40] != b"acsp":
        return False
    length, count = struct.unpack_from(">I", profile)[0], struct.unpack_from(">I", profile, _HEADER)[0]
    if mode not in _SPACES.get(profile[16:20], ()) or profile[12:16] not in _CLASSES:
        return False
    begin = _HEADER + 4 + _TAG * count
    if count > MAX_TAGS or not begin <= length <= len(profile):
        return False
    tags = (struct.unpack_from(">4sII", profile, _HEADER + 4 + _TAG * number) for number in range(count))
    return all(begin <= offset and offset + size <= length for _, offset, size in tags)
