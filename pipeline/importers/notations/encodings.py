"""Decode the bytes of a settings file: as UTF-8, or as its byte order mark says."""

import codecs

_MARKS = (  # UTF-32 first: its mark begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BEGINNING = 200  # bytes


class EncodingError(Exception):
    """Raised for bytes that are not text; the message says what to do."""


def decoded(raw: bytes) -> str:
    """Decode bytes to text without a byte order mark; line ends are unchanged.

    Raises:
        EncodingError: the bytes are neither UTF-8 nor the encoding of their byte order mark.
    """
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        what = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8"}.get(encoding, encoding.upper())
        raise EncodingError(f"not {what} text (byte {error.start}); save it as UTF-8") from error
    begun = raw[:_BEGINNING]
    if encoding == "utf-8" and begun.count(0) * 3 > len(begun) and len(begun) > 3:
        raise EncodingError("looks like UTF-16 without a byte order mark; save it as UTF-8")
    return text
