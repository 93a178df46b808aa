"""Hardware encoders: their options compared with ffmpeg's help, and what happens without one."""

import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from pipeline.run.delivery.hardware import candidates, choose_encoder, with_encoder
from pipeline.run.delivery.recipes import recipe
from pipeline.run.events import Warned
from pipeline.run.folder.folder import RunFolder
from pipeline.run.run import Run, RunOptions
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.origin import Origin
from pipeline.schedule.origin_loader import load_origin
from pipeline.schedule.sections.output_video import Video
from pipeline.video import ffmpeg, formats
from pipeline.video.recipe import Recipe
from render.errors import ScheduleError
from render.renderer.renderer import Renderer
from tests.pipeline.optical_flow import played

ENCODERS = [(name, encoder) for name, known in formats.every().items() for encoder in known.hardware]
GENERAL = {"vcodec", "b:v", "f", "movflags", "tag:v", "q:v", "global_quality"}  # every encoder or container has these


@pytest.mark.parametrize(("name", "encoder"), ENCODERS)
@pytest.mark.parametrize("bits", [8, 10])
def test_an_encoder_gets_only_options_that_it_knows(any_ffmpeg: str, name: str, encoder: str, bits: int) -> None:
    shown = subprocess.run(
        [any_ffmpeg, "-hide_banner", "-h", f"encoder={encoder}"], capture_output=True, text=True, check=True
    ).stdout
    if "is not recognized" in shown:
        pytest.skip(f"this ffmpeg was built without {encoder}")
    video = Video(format=name, encoder=encoder, bits=bits)
    made = with_encoder(recipe(video, (64, 48)), video, encoder)
    for option in made.options.keys() - GENERAL:
        assert f"  -{option} " in shown, option
    (formats,) = (line.split(":")[1].split() for line in shown.splitlines() if "Supported pixel formats" in line)
    *_, (_, layout) = (entry for entry in made.filters if entry[0] == "format")
    if (name, bits) != ("h264", 10):  # support varies: the trial decides
        assert layout["pix_fmts"] in formats or made.filters[-1][0] == "hwupload"


def test_software_encoders_pass_the_trial(any_ffmpeg: str) -> None:
    for name in ("h264", "h265", "av1"):
        whole = recipe(Video(format=name, place="reel"), (64, 48))
        assert ffmpeg.trial_error(any_ffmpeg, whole) == ""


def test_an_encoder_that_fails_its_trial_is_reported_and_not_used(any_ffmpeg: str) -> None:
    """An unknown encoder simulates missing hardware: whatever this machine has, it does not have that one."""
    video = Video(encoder="h264_nvenc")
    whole = recipe(video, (64, 48))

    def broken(tried: Recipe) -> str:
        options = {**tried.options, "vcodec": "h264_of_another_world"}
        return ffmpeg.trial_error(any_ffmpeg, Recipe(**{**vars(tried), "options": options, "device": ""}))

    warnings: list[str] = []
    assert choose_encoder(whole, video, broken, warnings.append) == whole
    (text,) = warnings
    assert text.startswith("no hardware encoder for h264 works here, so libx264 is used (h264_nvenc: ")
    assert "h264_of_another_world" in text


def test_an_encoder_that_passes_its_trial_is_used_without_a_warning(any_ffmpeg: str) -> None:
    """The trial is real, with a codec that every ffmpeg has instead of the hardware's."""
    video = Video(encoder="auto", crf=30)
    warnings: list[str] = []

    def there(tried: Recipe) -> str:
        software = {name: value for name, value in tried.options.items() if name in ("b:v", "f", "movflags")}
        options = {**software, "vcodec": "mpeg4"}
        filters = (*tried.filters, ("format", {"pix_fmts": "yuv420p"}))
        return ffmpeg.trial_error(
            any_ffmpeg, Recipe(**{**vars(tried), "options": options, "filters": filters, "device": ""})
        )

    found = choose_encoder(recipe(video, (64, 48)), video, there, warnings.append)
    assert found.options["vcodec"] == "h264_nvenc"
    assert found.options["cq"] == 30
    assert not warnings


def test_no_hardware_is_tried_unless_requested() -> None:
    for name in formats.every():
        assert candidates(Video(format=name)) == ()
    assert candidates(Video(encoder="auto")) == ("h264_nvenc", "h264_videotoolbox", "h264_qsv", "h264_vaapi")


def test_a_run_that_asks_for_hardware_is_delivered_anywhere(
    toy_file: Path, renderer: Renderer, any_ffmpeg: str
) -> None:
    video = "{encoder: auto}"
    toy_file.write_text(
        toy_file.read_text().replace("[32, 24]", "[256, 192]").replace("length: 12", f"length: 12, video: {video}")
    )
    origin = Origin(file=str(toy_file))
    schedule = load_origin(origin)
    folder = RunFolder(toy_file.parent / "out")
    digests = schedule.models.locate(offline=True, progress=lambda *progress: None).digests()
    run = Run(schedule, origin, folder, RunOptions(ffmpeg=any_ffmpeg))
    events = list(run.events(digests, lambda warn: renderer, lambda: False))
    assert len(played(folder.video)) == 12
    trial: Callable[[Recipe], str] = partial(ffmpeg.trial_error, any_ffmpeg)
    asked = schedule.output.video[0]
    there = [name for name in candidates(asked) if not trial(with_encoder(recipe(asked, (256, 192)), asked, name))]
    warnings = [event.message for event in events if isinstance(event, Warned)]
    assert any("no hardware encoder for h264 works here" in message for message in warnings) == (not there)


WRONG = [
    ("{format: vp9, encoder: auto}", "output.video.encoder: auto cannot encode vp9; only software can encode it"),
    (
        "{encoder: hevc_nvenc}",
        "output.video.encoder: hevc_nvenc cannot encode h264; expected software, auto or one of h264",
    ),
    ("{encoder: h264_nvec}", "unknown encoder 'h264_nvec'; did you mean 'h264_nvenc'"),
    (
        "{encoder: auto, preset: slow}",
        "output.video.preset: applies only to the software encoder; remove it or encoder",
    ),
]


@pytest.mark.parametrize(("video", "message"), WRONG)
def test_a_mistake_is_reported_with_its_place(video: str, message: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        read_schedule(f"prompts: a\noutput: {{video: {video}}}\n", "a.yaml", "a")
    assert message in str(caught.value)
