"""Where a run is rendered if its results go to a bucket."""

from pathlib import Path

import pytest

from pipeline.storage.output import output_folder


def test_the_working_folder_is_in_the_cache_set_by_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RENDER_CACHE", str(tmp_path))
    assert output_folder("s3://bucket/videos", None, None).folder == tmp_path / "work" / "s3" / "bucket" / "videos"
    assert output_folder("outputs", None, None).inputs == tmp_path / "work"
