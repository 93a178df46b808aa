from pathlib import Path

import pytest

from render.files.bounded import TooLargeError, read_bounded


def test_a_file_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(range(100)))
    assert read_bounded(file, 100) == bytes(range(100))


def test_an_endless_file_is_refused_one_byte_past_the_limit() -> None:
    with pytest.raises(TooLargeError, match="more than 1,000 bytes"):
        read_bounded(Path("/dev/zero"), 1000)
