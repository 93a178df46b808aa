"""The options for ffmpeg 4.4 are only those that it has."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.video import ffmpeg
from pipeline.video.containers import Options
from pipeline.video.formats import av1

HELP = """Encoder libsvtav1 [SVT-AV1(Scalable Video Technology for AV1) encoder]:
libsvtav1 AVOptions:
  -preset            <int>        E..V....... Encoding preset [0, 8] (from 0 to 8) (default 7)
  -rc                <int>        E..V....... Bit rate control mode (from 0 to 3) (default cqp)
     cqp             0            E..V....... Constant quantizer
  -qp                <int>        E..V....... QP value for intra frames (from 0 to 63) (default 50)
"""  # of ffmpeg 4.4


def looped(crf: int | None = None, preset: str | None = None) -> Options:
    assert av1.FORMAT.adapt_to_loop is not None
    return av1.FORMAT.adapt_to_loop(av1.FORMAT.recipe(crf=crf, preset=preset).options, 48)


def test_an_older_ffmpeg_gets_the_quality_as_the_option_that_it_has(script: Callable[[str, str], Path]) -> None:
    older = script("older", f"printf '%s' {shlex.quote(HELP)}")
    known = ffmpeg.encoder_options(str(older), "libsvtav1")
    assert known == {"preset", "rc", "qp"}
    assert av1.FORMAT.adapt_to_ffmpeg is not None
    adapted = av1.FORMAT.adapt_to_ffmpeg(looped(30, "12"), known)
    assert adapted == {"vcodec": "libsvtav1", "rc": 0, "qp": 30, "preset": 8, "movflags": "+faststart", "f": "mp4"}


def test_with_all_options_nothing_changes(any_ffmpeg: str) -> None:
    assert av1.FORMAT.adapt_to_ffmpeg is not None
    assert av1.FORMAT.adapt_to_ffmpeg(looped(), ffmpeg.encoder_options(any_ffmpeg, "libsvtav1")) == looped()


def test_a_bitrate_is_not_combined_with_options_that_need_a_quality() -> None:
    assert av1.FORMAT.adapt_to_loop is not None
    options = av1.FORMAT.recipe(bitrate="1M").options
    assert av1.FORMAT.adapt_to_loop(options, 48) == options


@pytest.mark.parametrize("name", ["libx264", "libx265", "libvpx-vp9"])
def test_an_encoder_lists_its_options(any_ffmpeg: str, name: str) -> None:
    listed = ffmpeg.encoder_options(any_ffmpeg, name)
    assert "crf" in listed
    assert listed >= {"libx264": {"preset"}, "libx265": {"preset", "x265-params"}, "libvpx-vp9": {"row-mt"}}[name]
    assert ffmpeg.encoder_options(any_ffmpeg, "nothing") == frozenset()
