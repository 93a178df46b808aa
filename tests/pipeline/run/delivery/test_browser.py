"""Files for browsers play and loop in a real one: headless Chromium, if it is installed."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.run.delivery.recipes import recipe
from pipeline.run.folder.frames import FrameFolder, FrameRecord
from pipeline.schedule.sections.output_video import Video
from pipeline.video import ffmpeg, formats
from pipeline.video.recipe import Sound
from tests.browser import chromium

pytestmark = pytest.mark.slow

FPS, COUNT, SIZE = 12.0, 18, (64, 48)
COLOURS = [(200, 40, 40), (40, 180, 60), (50, 60, 200)]
PAGE = """<video id=v muted loop playsinline></video><canvas id=c width=1 height=1></canvas>"""
PLAY = """
async ([name, starts]) => {
  const video = document.getElementById('v'), seen = [], canvas = document.getElementById('c').getContext('2d');
  video.src = name;
  let last = -1, begun = 0;
  const done = new Promise((resolve, reject) => {
    video.onerror = () => reject(new Error(video.error.message));
    const shown = (now, frame) => {
      if (frame.mediaTime < last) begun += 1;
      last = frame.mediaTime;
      canvas.drawImage(video, 32, 24, 1, 1, 0, 0, 1, 1);
      seen.push([frame.mediaTime, ...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)]);
      if (begun >= starts) resolve(); else video.requestVideoFrameCallback(shown);
    };
    video.requestVideoFrameCallback(shown);
  });
  await video.play();
  await Promise.race([done, new Promise((_, no) => setTimeout(() => no(new Error('stopped at ' + last)), 40000))]);
  return {seconds: video.duration, size: [video.videoWidth, video.videoHeight], begun, ended: video.ended, seen};
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium("--allow-file-access-from-files") as started:
        yield started


@pytest.mark.parametrize("name", ["h264", "vp9", "av1"])
def test_a_loop_plays_and_restarts(bundled_ffmpeg: str, tmp_path: Path, browser: Any, name: str) -> None:
    frames = FrameFolder(tmp_path / "frames")
    for index in range(COUNT):
        pixels = np.full((SIZE[1], SIZE[0], 3), COLOURS[index * 3 // COUNT], dtype=np.uint8)
        frames.write(index, pixels, FrameRecord(hash="", similarity=None, pixels=""))
    raw = tmp_path / "a.f32"
    raw.write_bytes(np.zeros(round(COUNT / FPS * 48000), "<f4").tobytes())
    whole, close = recipe(Video(format=name), SIZE), formats.find(name).adapt_to_loop
    options = close(whole.options, COUNT) if close is not None else whole.options
    whole = dataclasses.replace(whole, options=options, sound=Sound(path=raw, rate=48000, channels=1))
    path = tmp_path / f"video{formats.find(name).container.suffix}"
    ffmpeg.assemble(bundled_ffmpeg, frames.folder / frames.pattern, COUNT, FPS, "t", path, recipe=whole)
    (tmp_path / "page.html").write_text(PAGE)
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    played = page.evaluate(PLAY, [path.name, 2])
    assert played["size"] == list(SIZE)
    assert played["seconds"] == pytest.approx(COUNT / FPS, abs=1 / FPS)
    assert played["begun"] == 2
    assert not played["ended"]
    for colour in COLOURS:  # every third of the video is seen, in its colours
        assert any(np.abs(np.array(rgb) - colour).max() < 12 for _, *rgb in played["seen"]), (colour, played["seen"])
