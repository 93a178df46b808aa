"""`output.video` in a schedule: parsed, every mistake located, and delivered by a run without touching a frame."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.run.events import Event, Warned
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.names import leftovers
from pipeline.run.run import Run, RunOptions
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.origin import Origin
from pipeline.schedule.origin_loader import load_origin
from pipeline.schedule.sections.output_video import Video
from render.errors import ScheduleError
from render.renderer.renderer import Renderer
from tests.runs import completes

Rendered = Callable[[str], RunFolder]


def read(video: str) -> tuple[Video, ...]:
    return read_schedule(f"prompts: a\noutput: {{length: 4s, video: {video}}}\n", "a.yaml", "a").output.video


def test_video_settings_are_read() -> None:
    assert read("h265") == (Video(format="h265"),)
    assert read("square") == (Video(place="square"),)
    assert read("[h264, {format: av1, preset: 4, bits: 10}]") == (Video(), Video(format="av1", preset="4", bits=10))
    assert read("{size: [640, 480], fit: pad, repeat: 4, bitrate: 2.5M, subtitles: true}") == (
        Video(size=(640, 480), fit="pad", repeat=4, bitrate="2.5M", subtitles=True),
    )
    assert read_schedule("prompts: a", "a.yaml", "a").output.video == (Video(),)


WRONG = [
    ("h266", "2:29: output.video: unknown format or place 'h266'; did you mean 'h265'"),
    ("[h264, {format: h264, crf: 60}]", "2:56: output.video[1].crf: h264 has a quality from 0 to 51"),
    ("{format: prores, crf: 10}", "output.video.crf: prores has no crf"),
    ("{format: prores, bits: 8}", "output.video.bits: prores supports only 10 bits"),
    ("{format: ffv1, bits: 10}", "output.video.bits: ffv1 supports only 8 bits"),
    ("{bits: 9}", "output.video.bits: expected 8 or 10, got '9'"),
    ("{crf: 20, bitrate: 1M}", "output.video.bitrate: either crf or bitrate; remove one"),
    ("{bitrate: fast}", "output.video.bitrate: expected a bitrate such as 8M or 800k, got 'fast'"),
    ("{format: h264, preset: 4}", "output.video.preset: unknown preset '4' of h264"),
    ("{format: vp9, preset: slow}", "output.video.preset: vp9 has no preset"),
    ("{format: gif, subtitles: true}", "output.video.subtitles: gif does not support subtitles"),
    ("{format: png, crf: 10}", "2:48: output.video.crf: png has no crf"),
    ("{format: png, subtitles: true}", "output.video.subtitles: png does not support subtitles"),
    ("{format: png, encoder: auto}", "output.video.encoder: auto cannot encode png; only software can encode it"),
    ("{place: square, size: [64, 64]}", "output.video.size: square has its own size; remove one of them"),
    ("{size: [63, 64]}", "output.video.size: expected an even width and height in pixels such as [1080, 1080]"),
    ("[]", "output.video: expected a format such as h264, a place such as square"),
    ("{place: moon}", "output.video.place: unknown place 'moon'"),
]


@pytest.mark.parametrize(("video", "message"), WRONG)
def test_a_mistake_is_reported_with_its_place(video: str, message: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        read(video)
    (line,) = str(caught.value).splitlines()
    assert message in line


def test_a_canvas_of_the_wrong_length_gives_a_warning() -> None:
    text = "prompts: a\noutput: {length: 2s, video: canvas}\n"
    (warning,) = read_schedule(text, "a.yaml", "a").warnings
    assert warning.message == "canvas accepts 3 to 8 s, but the video lasts 2 s"
    assert not read_schedule(text.replace("canvas", "{place: canvas, repeat: 2}"), "a.yaml", "a").warnings


@pytest.fixture
def events() -> list[Event]:
    """The events that the last run reported."""
    return []


@pytest.fixture
def run_it(toy_file: Path, renderer: Renderer, events: list[Event]) -> Rendered:
    def render(video: str) -> RunFolder:
        toy_file.write_text(toy_file.read_text().replace("length: 12", f"length: 12, video: {video}"))
        origin = Origin(file=str(toy_file))
        schedule = load_origin(origin)
        folder = RunFolder(toy_file.parent / "out")
        events.clear()
        assert completes(Run(schedule, origin, folder, RunOptions()), lambda warn: renderer, events.append)
        toy_file.write_text(toy_file.read_text().replace(f"length: 12, video: {video}", "length: 12"))
        return folder

    return render


def test_adding_formats_changes_no_frame(run_it: Rendered) -> None:
    folder = run_it("h264")
    frames = {path.name: path.stat().st_mtime_ns for path in folder.frames.folder.iterdir()}
    first = folder.video.read_bytes()
    run_it("[h264, gif, {place: square, preset: ultrafast}]")
    assert {path.name for path in folder.path.glob("video*")} == {
        *("video.mp4", "video-gif.gif", "video-square-h264.mp4")
    }
    assert {path.name: path.stat().st_mtime_ns for path in folder.frames.folder.iterdir()} == frames
    assert run_it("h264").video.read_bytes() != b""
    assert not [path.name for path in folder.path.iterdir() if "partial" in path.name]
    assert len(first) > 1000


def test_files_that_are_no_longer_requested_are_reported(run_it: Rendered, events: list[Event]) -> None:
    folder = run_it("[h264, gif, {place: square, preset: ultrafast}]")
    for name in ("video-mine.mp4", "video notes.txt", "videos.mp4"):
        (folder.path / name).write_text("a stranger's")
    assert [path.name for path in leftovers(folder.path, (Video(),))] == ["video-gif.gif", "video-square-h264.mp4"]
    before = {path.name for path in folder.path.iterdir()}
    run_it("vp9")
    warnings = [event.message for event in events if isinstance(event, Warned)]
    assert warnings == [
        f"{folder.path}: files of an earlier output.video, which may show other frames: "
        "video-gif.gif, video-square-h264.mp4, video.mp4"
    ]
    assert before <= {path.name for path in folder.path.iterdir()}, "nothing is deleted"


def test_the_first_one_is_the_video(run_it: Rendered) -> None:
    folder = run_it("[vp9, h264]")
    assert {path.name for path in folder.path.glob("video*")} == {"video.webm", "video-h264.mp4"}
