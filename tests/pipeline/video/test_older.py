"""What an ffmpeg of 4.4 is asked for: nothing that it does not know."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.run.delivery.recipes import recipe
from pipeline.schedule.sections.video import Video
from pipeline.video import ffmpeg
from pipeline.video.formats import FORMATS
from pipeline.video.older import known_to
from pipeline.video.seams import closed

HELP = """Encoder libsvtav1 [SVT-AV1(Scalable Video Technology for AV1) encoder]:
libsvtav1 AVOptions:
  -preset            <int>        E..V....... Encoding preset [0, 8] (from 0 to 8) (default 7)
  -rc                <int>        E..V....... Bit rate control mode (from 0 to 3) (default cqp)
     cqp             0            E..V....... Constant quantizer
  -qp                <int>        E..V....... QP value for intra frames (from 0 to 63) (default 50)
"""  # of ffmpeg 4.4


def options(video: Video) -> dict[str, str | int | float]:
    return dict(closed(recipe(video, (64, 48)).options, 48))


def test_an_older_av1_gets_the_quality_by_the_name_that_it_knows(script: Callable[[str, str], Path]) -> None:
    older = script("older", f"printf '%s' {shlex.quote(HELP)}")
    asked = ffmpeg.encoder_options(str(older), "libsvtav1")
    assert asked == {"preset", "rc", "qp"}
    found = known_to(options(Video(format="av1", crf=30, preset="12")), lambda encoder: asked)
    assert found == {"vcodec": "libsvtav1", "rc": 0, "qp": 30, "preset": 8, "movflags": "+faststart", "f": "mp4"}


def test_where_nothing_is_missing_nothing_changes(any_ffmpeg: str) -> None:
    for name in FORMATS:
        wanted = options(Video(format=name))
        assert known_to(wanted, lambda encoder: ffmpeg.encoder_options(any_ffmpeg, encoder)) == wanted


@pytest.mark.parametrize("name", ["libx264", "libx265", "libvpx-vp9"])
def test_an_encoder_tells_its_options(any_ffmpeg: str, name: str) -> None:
    told = ffmpeg.encoder_options(any_ffmpeg, name)
    assert "crf" in told
    assert told >= {"libx264": {"preset"}, "libx265": {"preset", "x265-params"}, "libvpx-vp9": {"row-mt"}}[name]
    assert ffmpeg.encoder_options(any_ffmpeg, "nothing") == frozenset()
