"""Malicious clips: refused, or read, within bounds of processor time and memory, whatever their tables tell."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.hostile.broken_clips import block, cluster, fragments, matroska, mov
from tests.hostile.conftest import MEGABYTES, ROOT

READ = """
import json, pathlib, resource, sys, time
from render.errors import InputError
from render.files.videos.clips import Clip, facts
import av
before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
path, message = pathlib.Path(sys.argv[1]), ""
try:
    for number in range(len(facts(path).times)):
        Clip(path).frame(number, (8, 8))
except InputError as error:
    message = str(error)
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before[1]
print(json.dumps([message, time.process_time() - before[0], memory / 1024]))
"""
MANY = 150_000_000


def jpeg(side: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (side, side), (9, 99, 200)).save(file, "JPEG", quality=1)
    return file.getvalue()


def pictures(*sides: int) -> bytes:
    return matroska(64, 64, b"".join(cluster(40 * at, block(0, jpeg(side))) for at, side in enumerate(sides)))


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "samples of one length": (
        lambda: mov(samples=MANY, lengths=(1, MANY, 1), in_chunk=MANY),
        "at most 2,000,000 samples",
    ),
    "samples of sound": (lambda: mov(samples=MANY, lengths=(1, MANY, 2), sound=True), "at most 2,000,000 samples"),
    "chunks of sound": (lambda: mov(samples=MANY, in_chunk=2**31, sound=True), "at most 2,000,000 samples"),
    "fragments": (lambda: fragments(MANY), "at most 2,000,000 samples"),
    "many fragments": (lambda: fragments(1_000_000, count=50), "at most 2,000,000 samples"),
    "edits": (lambda: mov(samples=90_000, lengths=(1, 90_000, 1), edits=20_000), "at most 1,000 edits"),
    "edits of many samples": (lambda: mov(samples=90_000, lengths=(1, 90_000, 1), edits=900), "at most 1,000 edits"),
    "frames": (lambda: mov(samples=100_001, lengths=(1, 100_001, 1), in_chunk=100_001), "at most 100,000 frames"),
    "a compressed header": (lambda: mov(behind=b"\0\0\0\x10cmov\0\0\0\x08dcom"), "header is compressed"),
    "tracks": (lambda: mov(tracks=3000), "cannot be decoded"),
    "a large header": (lambda: mov(size=(65_535, 65_535)), "at most 9,000,000 pixels a frame"),
    "100,000 x 100,000": (
        lambda: matroska(100_000, 100_000, cluster(0, block(0, b"x")), codec=b"V_MPEG4/ISO/ASP"),
        "at most 9,000,000 pixels a frame|cannot be decoded",
    ),
    "a picture larger than the header": (lambda: pictures(9_000), "at most 9,000,000 pixels|too large"),
    "a later picture that is larger": (
        lambda: pictures(64, 9_000),
        "frame 1 .* too large; frame 0 .* is the last whole",
    ),
    "pictures that change their size": (lambda: pictures(64, 2_900, 8, 1_000, 64), ""),
    "time without end": (
        lambda: matroska(64, 64, cluster(0, block(0, b"x")) + cluster(2**61, block(0, b"x"))),
        "damaged",
    ),
    "a year": (lambda: matroska(64, 64, cluster(0, block(0)) + cluster(31_536_000_000, block(0, b"x"))), "damaged"),
    "frames without anything": (lambda: matroska(64, 64, cluster(0, block(0, jpeg(64)) + block(1) * 900_000)), ""),
    "packets of another stream": (
        lambda: matroska(64, 64, cluster(0, block(0, jpeg(64)) + block(1, b"x", 2) * 1_100_000), tracks=2),
        "at most 1,000,000 packets",
    ),
    "a playlist": (lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "cannot be decoded"),
    "a list of files": (lambda: b"ffconcat version 1.0\nfile good.mp4\n", "cannot be decoded"),
    "a manifest": (
        lambda: b'<?xml version="1.0"?><MPD><Period><BaseURL>/etc/</BaseURL></Period></MPD>',
        "cannot be decoded",
    ),
}


CASES = [
    pytest.param(*case, id=name, marks=[pytest.mark.slow] if name == "packets of another stream" else [])
    for name, case in HOSTILE.items()
]


@pytest.mark.parametrize(("content", "pattern"), CASES)
def test_a_malicious_clip_stays_within_bounds(tmp_path: Path, content: Callable[[], bytes], pattern: str) -> None:
    (tmp_path / "a.mp4").write_bytes(content())
    (tmp_path / "good.mp4").write_bytes(b"")
    outcome = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path / "a.mp4")],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    message, seconds, megabytes = json.loads(outcome.stdout)
    assert "\n" not in message
    assert bool(message) == bool(pattern), message
    if pattern:
        assert message.startswith(f"{tmp_path / 'a.mp4'}: ")
        assert re.search(pattern, message), message
    assert megabytes < MEGABYTES
    assert seconds < 20  # of an hour that a million packets could last; a header takes a hundredth
