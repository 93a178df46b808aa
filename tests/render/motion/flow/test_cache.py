"""Found motion on disk."""

import os
from pathlib import Path

import numpy as np
import pytest

from render.motion.flow.cache import Cache
from render.motion.flow.found import DamagedError, Found, unpacked

SIZE = (24, 16)


def motion(seed: int = 0, most: int = 300) -> Found:
    random = np.random.default_rng(seed)
    return Found(steps=random.integers(-most, most, (2, 2, SIZE[1], SIZE[0])).astype(np.int16))


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "new")
    cache.put("key", motion(most=32_767))
    kept = cache.get("key", SIZE)
    assert kept is not None
    assert (kept.steps == motion(most=32_767).steps).all()
    assert cache.get("another key", SIZE) is None
    assert len(list((tmp_path / "new").iterdir())) == 1


@pytest.mark.parametrize("damage", [b"", b"x", b"x" * 5000])
def test_a_damaged_file_is_as_good_as_none(damage: bytes, tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("key", motion())
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage)
    assert cache.get("key", SIZE) is None


def test_one_changed_bit_is_noticed(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("key", motion())
    (path,) = tmp_path.iterdir()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert cache.get("key", SIZE) is None


def test_motion_of_another_size_is_refused() -> None:
    """Nothing is allocated but what the size asks for: a few bytes can be unpacked to many."""
    packed = motion().packed()
    for size in ((23, 16), (25, 16)):
        with pytest.raises(DamagedError):
            unpacked(packed, size)


def test_the_oldest_used_go_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit=0, every=1000)
    for number in range(4):
        cache.put(str(number), motion(number))
    for age, path in enumerate(sorted(tmp_path.iterdir(), key=lambda path: path.name)):
        os.utime(path, ns=(age, age))
    assert cache.get("2", SIZE) is not None  # now the latest
    one = max(path.stat().st_size for path in tmp_path.iterdir())
    Cache(tmp_path, limit=2 * one).put("new", motion(9))
    left = Cache(tmp_path)
    assert left.get("2", SIZE) is not None
    assert left.get("new", SIZE) is not None
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be_written_to_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    cache = Cache(tmp_path / "file")
    cache.put("key", motion())
    assert cache.get("key", SIZE) is None
