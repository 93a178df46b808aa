"""Clips that no encoder writes: MOV and Matroska files put together by hand."""

import struct


def box(kind: str, *parts: bytes) -> bytes:
    """A box of MP4 and MOV."""
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind.encode() + body


def full(kind: str, *parts: bytes) -> bytes:
    """A box with version and flags, both 0."""
    return box(kind, bytes(4), *parts)


def words(*values: int) -> bytes:
    """32-bit numbers."""
    return struct.pack(f">{len(values)}I", *values)


def mov(
    samples: int = 1,
    lengths: tuple[int, ...] = (1, 1, 1),
    in_chunk: int = 1,
    edits: int = 0,
    sound: bool = False,
    size: tuple[int, int] = (64, 48),
    codec: str = "jpeg",
    tracks: int = 1,
    behind: bytes = b"",
) -> bytes:
    """A MOV whose tables tell of `samples`; there are 64 bytes of data."""
    matrix = words(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    width, height = size
    picture = box(
        codec, bytes(6), b"\0\1", bytes(16), struct.pack(">HH", width % 65536, height % 65536),
        words(0x480000, 0x480000, 0), b"\0\1", bytes(32), b"\0\x18\xff\xff",
    )  # fmt: skip
    voice = box("sowt", bytes(6), b"\0\1", bytes(8), b"\0\1\0\x10", bytes(4), words(48_000 << 16))
    tables = (
        full("stsd", words(1), voice if sound else picture),
        full("stts", words(*lengths)),
        full("stsc", words(1, 1, in_chunk, 1)),
        full("stsz", words(1, samples)),
        full("stco", words(1, 28)),
    )
    media = box(
        "mdia",
        full("mdhd", words(0, 0, 1000, 1000), bytes(4)),
        full("hdlr", bytes(4), b"soun" if sound else b"vide", bytes(13)),
        box("minf", box("vmhd", bytes(12)), box("dinf", full("dref", words(1), full("url "))), box("stbl", *tables)),
    )
    edit = box("edts", full("elst", words(edits), words(1000, 0, 0x10000) * edits)) if edits else b""
    head = box("tkhd", b"\0\0\0\3", words(0, 0, 1, 0, 1000), bytes(16), matrix, words(64 << 16, 48 << 16))
    track = box("trak", head, edit, media)
    movie = full("mvhd", words(0, 0, 1000, 1000, 0x10000), bytes(12), matrix, bytes(24), words(2))
    start = box("ftyp", b"qt  ", bytes(4), b"qt  ") + box("mdat", bytes(64))
    return start + box("moov", movie, track * tracks, behind)


def fragments(samples: int, count: int = 1) -> bytes:
    """Fragments that tell of `samples` each, none of which has data."""
    extends = box("mvex", full("trex", words(1, 1, 1, 0, 0)))
    run = full("trun", words(samples))
    part = box("moof", full("mfhd", words(1)), box("traf", box("tfhd", words(0x20000, 1)), run * count))
    return mov(samples=0, lengths=(0,), behind=extends) + part


def element(name: bytes, body: bytes) -> bytes:
    """An element of Matroska."""
    return name + (len(body) | 1 << 56).to_bytes(8) + body


def matroska(width: int, height: int, clusters: bytes, codec: bytes = b"V_MJPEG", tracks: int = 1) -> bytes:
    """A Matroska file with these clusters."""
    head = element(b"\x1a\x45\xdf\xa3", element(b"\x42\x82", b"matroska"))
    picture = element(b"\xe0", element(b"\xb0", width.to_bytes(4)) + element(b"\xba", height.to_bytes(4)))
    track = b"".join(
        element(
            b"\xae",
            element(b"\xd7", bytes([number])) + element(b"\x73\xc5", bytes([number])) + element(b"\x83", b"\1")
            + element(b"\x86", codec) + picture,
        )
        for number in range(1, tracks + 1)
    )  # fmt: skip
    info = element(b"\x15\x49\xa9\x66", element(b"\x2a\xd7\xb1", (1_000_000).to_bytes(4)))
    return head + element(b"\x18\x53\x80\x67", info + element(b"\x16\x54\xae\x6b", track) + clusters)


def cluster(time: int, blocks: bytes) -> bytes:
    """A cluster of blocks, at a time in milliseconds."""
    return element(b"\x1f\x43\xb6\x75", element(b"\xe7", time.to_bytes(8)) + blocks)


def block(time: int, payload: bytes = b"", track: int = 1) -> bytes:
    """A picture, `time` milliseconds into its cluster."""
    return element(b"\xa3", bytes([0x80 | track]) + struct.pack(">h", time) + b"\x80" + payload)
