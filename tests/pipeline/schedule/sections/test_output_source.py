"""`output: {length: source, fps: source}`: the video is as long and as fast as its clip."""

import subprocess
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import pytest
from PIL import Image

from pipeline.curves.rates import exact
from pipeline.schedule.loader import load_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render.errors import ScheduleError


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips of 3 s in several rates, one that varies, pictures and a still."""
    folder = tmp_path_factory.mktemp("clips")
    for name, fps, pictures in (
        ("film.mp4", "24000/1001", ""),
        ("ntsc.mkv", "30000/1001", ""),
        ("pal.mov", "25", ""),
        ("phone.mp4", "30", ",select='not(eq(mod(n\\,9)\\,4))'"),
        ("fast.mp4", "500", ""),
    ):
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-f", "lavfi"]
        command += ["-i", f"testsrc2=s=64x48:r={fps}:d=3{pictures}", "-c:v", "libx264", str(folder / name)]
        subprocess.run(command, check=True)
    (folder / "frames").mkdir()
    for number in range(10):
        Image.new("RGB", (32, 24)).save(folder / "frames" / f"{number}.png")
    Image.new("RGB", (32, 24)).save(folder / "still.png")
    return folder


def read(folder: Path, text: str) -> Schedule:
    path = folder / "a.yaml"
    path.write_text(f"models: {{latent: pixels, perceptors: [toy]}}\nprompts: red\n{text}\n", encoding="utf-8")
    return load_schedule(path)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ScheduleError) as caught:
        read(folder, text)
    return [f"{found.line}:{found.column}: {found.path}: {found.message}" for found in caught.value.problems]


def numbers(schedule: Schedule) -> list[int | None]:
    return [spec.source.image.number for spec in Timeline(schedule) if spec.source is not None]


@pytest.mark.parametrize(
    ("name", "fps", "count"), [("film.mp4", "24000/1001", 72), ("ntsc.mkv", "30000/1001", 90), ("pal.mov", "25", 75)]
)
def test_every_picture_is_shown_once(clips: Path, name: str, fps: str, count: int) -> None:
    schedule = read(clips, f"output: {{size: [16, 16], length: source, fps: source}}\nsource: {{video: {name}}}")
    assert exact(schedule.output.fps) == Fraction(fps)
    assert schedule.output.num_frames == count
    assert numbers(schedule) == [*range(count)]
    assert not schedule.warnings


@pytest.mark.parametrize(
    ("playing", "count"),
    [
        ("from: 1s", 50),
        ("from: 30f", 45),
        ("from: 50%", 38),
        ("speed: 0.5", 150),
        ("speed: 2, from: 25f", 25),
        ("from: end, speed: -1", 75),
        ("speed: {0s: 1, 1s: {to: 2, ease: hold}}", 25 + 25),
        ("speed: 1 + 0.5*sin(tau*t), end: repeat", 76),  # it ends in the last picture's time
    ],
)
def test_the_length_is_that_of_what_is_played(clips: Path, playing: str, count: int) -> None:
    schedule = read(
        clips, f"output: {{size: [16, 16], length: source, fps: 25}}\nsource: {{video: pal.mov, {playing}}}"
    )
    assert abs(schedule.output.num_frames - count) <= (1 if "sin" in playing else 0)


def test_a_variable_rate_becomes_the_nearest_standard_one(clips: Path) -> None:
    schedule = read(clips, "output: {size: [16, 16], length: source, fps: source}\nsource: {video: phone.mp4}")
    assert schedule.output.fps == 25  # 80 pictures in 3 s
    assert schedule.output.num_frames == 75
    (warning,) = (warning for warning in schedule.warnings if warning.path == "output.fps")
    assert warning.message == "the rate of 'phone.mp4' varies around 26.67; the video has 25"


def test_numbered_pictures_need_their_rate(clips: Path) -> None:
    text = "output: {size: [16, 16], length: source, fps: source}\nsource: {images: frames/*.png}"
    assert problems(clips, text) == [
        "3:47: output.fps: numbered pictures have no rate of their own; write fps: 24 here or in source"
    ]
    schedule = read(clips, text.replace("png}", "png, fps: 5}"))
    assert (schedule.output.fps, schedule.output.num_frames) == (5, 10)
    schedule = read(clips, text.replace("fps: source", "fps: 20"))
    assert (schedule.output.fps, schedule.output.num_frames) == (20, 10)


def test_shots_as_long_as_their_clips(clips: Path) -> None:
    schedule = read(
        clips,
        "output: {size: [16, 16], fps: source}\nsource: {video: pal.mov}\nshots:\n- {length: 1s}\n"
        "- {length: source}\n- {length: source, source: {video: film.mp4, from: 1s}}\n- {length: 10, source: none}",
    )
    assert schedule.output.fps == 25
    assert [round(length * 25) for length in schedule.output.shot_lengths] == [25, 50, 50, 10]
    assert numbers(schedule)[:75] == [*range(75)]
    own = "output: {size: [16, 16], fps: source}\nshots:\n- {length: source, source: {video: film.mp4}}\n"
    assert exact(read(clips, f"{own}- {{length: 1s}}").output.fps) == Fraction(24000, 1001)
    assert problems(clips, f"{own}- {{length: source, source: {{video: pal.mov}}}}") == [
        "3:31: output.fps: the shots' clips have different rates: 'film.mp4' has 24000/1001 (23.976), "
        "'pal.mov' has 25; write a number"
    ]


def test_the_rate_that_fits_is_found_for_a_clip(clips: Path) -> None:
    schedule = read(clips, "output: {size: [16, 16], length: source, fps: auto 24}\nsource: {video: pal.mov}")
    assert (schedule.output.length, schedule.output.fps) == (3.0, 24)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("output: {length: source}", "3:18: output.length: needs source: {video: clip.mp4}"),
        ("output: {fps: source}", "3:15: output.fps: needs source: {video: clip.mp4}"),
        (
            "output: {length: source}\nsource: {image: still.png}",
            "3:18: output.length: needs a clip; a still such as 'still.png' has neither length nor rate",
        ),
        (
            "output: {length: source}\nsource: {video: pal.mov, speed: 0}",
            "3:18: output.length: 'pal.mov' stands still and is never over: its speed is 0",
        ),
        (
            "output: {length: source}\nsource: {video: pal.mov, speed: {0%: 1, 100%: 2}}",
            "3:18: output.length: the source's speed depends on this length in turn; write its times in seconds of "
            "the video",
        ),
        ("output: {fps: source}\nsource: {video: fast.mp4}", "3:15: output.fps: 'fast.mp4' has 500; expected from 0.1"),
        (
            "output: {}\nsource: {video: pal.mov}\nshots: [{length: 3s}, {length: source}]",
            "5:32: shots[1].length: nothing is left of 'pal.mov', which is over before",
        ),
    ],
)
def test_a_length_that_cannot_be_told(clips: Path, text: str, message: str) -> None:
    assert any(found.startswith(message) for found in problems(clips, text)), problems(clips, text)


def test_a_missing_clip_is_named(clips: Path) -> None:
    found = problems(clips, "output: {length: source, fps: source}\nsource: {video: missing.mp4}")
    assert any("'missing.mp4': no such file" in message and "output.fps" in message for message in found)


def test_each_clip_of_a_folder_has_its_own_length_and_rate(clips: Path) -> None:
    text = "output: {size: [16, 16], length: source, fps: source}\nvariants: {source.video: {files: '*l*.m*'}}"
    schedule = read(clips, text)
    found = {}
    for variant in schedule.variants:
        output = load_schedule(clips / "a.yaml", variant.overrides).output
        found[variant.name] = exact(output.fps), output.num_frames
    assert found == {"video-film": (Fraction(24000, 1001), 72), "video-pal": (25, 75)}
