"""Every format has a sink, and a sink is given one delivery per file."""

from pathlib import Path

import pytest

from pipeline.run.delivery import deliver
from pipeline.run.delivery.sinks import Delivery
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.video_plan import VideoPlan
from pipeline.schedule.sections.output_video import Video
from pipeline.video import formats


def test_every_format_has_a_sink() -> None:
    assert {known.sink for known in formats.every().values()} == set(deliver.SINKS)


def test_a_sink_gets_one_delivery_for_each_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deliveries: list[Delivery] = []
    monkeypatch.setattr(deliver, "SINKS", {"ffmpeg": deliveries.append})
    (tmp_path / "video-gif.gif").touch()
    videos = (Video(), Video(format="vp9"))
    warnings: list[str] = []
    plan = VideoPlan(title="a", fps=4.0, frames=8, videos=videos)
    deliver.deliver(RunFolder(tmp_path), plan, 6, "ffmpeg", warnings.append)
    assert tuple(delivery.video for delivery in deliveries) == videos
    assert [delivery.path for delivery in deliveries] == [tmp_path / "video.mp4", tmp_path / "video-vp9.webm"]
    assert {(delivery.count, delivery.binary) for delivery in deliveries} == {(6, "ffmpeg")}
    (warning,) = warnings
    assert "video-gif.gif" in warning
