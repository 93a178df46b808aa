"""The section `source:`: exactly one kind of footage, its times, messages with their places, and warnings."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import pytest
from PIL import Image

from pipeline.schedule.footage.playing import Playing
from pipeline.schedule.footage.source import Source
from pipeline.schedule.footage.still import Still
from pipeline.schedule.loader import load_schedule
from pipeline.schedule.schedule import Schedule
from render.errors import ScheduleError

HEAD = "output: {size: [64, 48], fps: 12, length: 1s}\nmodels: {latent: pixels, perceptors: [toy]}\nprompts: red\n"
MOMENT = "expected a time in the clip such as 2s, 1:30.5, 48f (its picture 48), 50%, end or end-2s"


def load(folder: Path, text: str, head: str = HEAD, **options: object) -> Schedule:
    path = folder / "a.yaml"
    path.write_text(f"{head}{text}\n", encoding="utf-8")
    return load_schedule(path, **options)  # type: ignore[arg-type]


def source(folder: Path, text: str) -> Source:
    found: Source | None = load(folder, f"source: {text}").shots[0].sections["source"]
    assert found is not None
    return found


def playing(folder: Path, text: str) -> Playing:
    shows = source(folder, text).shows
    assert isinstance(shows, Playing)
    return shows


def problems(folder: Path, text: str, head: str = HEAD) -> list[str]:
    with pytest.raises(ScheduleError) as caught:
        load(folder, text, head)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def said(schedule: Schedule) -> list[str]:
    return [f"{problem.line}:{problem.column}: {problem.path}: {problem.message}" for problem in schedule.warnings]


def numbered(folder: Path, *names: str) -> None:
    (folder / "frames").mkdir(exist_ok=True)
    for name in names:
        Image.new("RGB", (32, 24)).save(folder / "frames" / name)


def test_a_clip_with_its_defaults(folder: Path) -> None:
    found = source(folder, "{video: clip.mp4}")
    assert isinstance(found.shows, Playing)
    clip = found.shows.clip
    assert (clip.size, len(clip), clip.length, float(clip.fps), clip.has_sound) == ((64, 48), 24, 2.0, 12, False)
    assert (found.fit, found.background, found.mix.keys[0].value, found.sound) == ("crop", "#000000", 0.9, True)
    assert (found.shows.begin, found.shows.end, found.shows.speed.keys[0].value) == (0, "hold", 1)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        *(
            ("0s", 0),
            ("1s", 12),
            ("0.5s", 6),
            ("500ms", 6),
            ("0:01", 12),
            ("00:00:01.5", 18),
            ("0:01.25", 15),
        ),
        *(("7f", 7), ("23 f", 23), ("50%", 12), ("0%", 0), ("100%", 23), ("end", 23), ("end-1s", 12), ("end - 2s", 0)),
        *(("0.04s", 0), ("0.083s", 1), ("1.99s", 23)),
    ],
)
def test_where_it_begins(folder: Path, written: str, number: int) -> None:
    assert playing(folder, f'{{video: clip.mp4, from: "{written}"}}').begin == number


def test_a_time_code_needs_no_quotes(folder: Path) -> None:
    assert playing(folder, "{video: clip.mp4, from: 0:01.5}").begin == 18
    assert playing(folder, "{video: clip.mp4, from: 0}").begin == 0


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("2s", "'2s' is past the end: the clip has 2 s"),
        ("0:02", "'0:02' is past the end: the clip has 2 s"),
        ("24f", "'24f' is past the end: the clip has 24 pictures, from 0f to 23f"),
        ("end-3s", "'end-3s' is before the beginning: the clip has 2 s"),
        ("24", f"{MOMENT}: write 24f for a picture, or 24s for seconds, got '24'"),
        ("1.5", f"{MOMENT}: write 1.5f for a picture, or 1.5s for seconds, got '1.5'"),
        ("101%", f"{MOMENT}, got '101%'"),
        ("-1s", f"{MOMENT}, got '-1s'"),
        ("8 beats", f"{MOMENT}, got '8 beats'"),
        ("true", f"{MOMENT}, got 'true'"),
        ("[1s]", f"{MOMENT}, got a list"),
    ],
)
def test_a_wrong_beginning(folder: Path, written: str, message: str) -> None:
    assert problems(folder, f"source: {{video: clip.mp4, from: {written}}}") == [f"a.yaml:4:33: source.from: {message}"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{video: clap.mp4}",
            "4:17: source.video: 'clap.mp4': no such file: {folder}/clap.mp4; did you mean 'clip.mp4'?",
        ),
        (
            "{video: cl*.mp4}",
            "4:17: source.video: 'cl*.mp4': no such file: {folder}/cl*.mp4; for a video of every file that matches, "
            "write variants: {{source.video: cl*.mp4}}",
        ),
        ("clip.mp4", "4:9: source: expected `none`, or a map such as {{video: dance.mp4, mix: 0.9}}: write {{video: "),
        ("f/*.png", "4:9: source: expected `none`, or a map such as {{video: dance.mp4, mix: 0.9}}: write {{images: "),
        ("p.png", "4:9: source: expected `none`, or a map such as {{video: dance.mp4, mix: 0.9}}: write {{image: p"),
        ("{video: ../clip.mp4}", "4:17: source.video: '../clip.mp4' is outside the schedule's folder; move the file"),
        ("{video: /clip.mp4}", "4:17: source.video: '/clip.mp4' must be relative to the schedule's folder; change it"),
        ("{video: a.yaml}", "4:17: source.video: {folder}/a.yaml: cannot be decoded; expected a video such as MP4"),
        ("{video: photo.png}", "4:17: source.video: {folder}/photo.png: "),
        ("{image: clip.mp4}", "4:17: source.image: {folder}/clip.mp4: expected a PNG, JPEG, WebP, BMP, TIFF or GIF"),
        ("{video: clip.mp4, image: photo.png}", "4:34: source.image: there is 'video' already; remove one of them"),
        ("{image: photo.png, images: f/*.png}", "4:36: source.images: there is 'image' already; remove one of them"),
        ("{mix: 0.5}", "4:9: source: expected one of video, images, image, such as video: dance.mp4"),
        ("{vidoe: clip.mp4}", "4:10: source.vidoe: unknown key; did you mean 'video'?"),
        ("{video: clip.mp4, mix: 1.1}", "4:32: source.mix: expected a number from 0 to 1 or a map of times, got '1.1'"),
        ("{video: clip.mp4, mix: t}", "4:32: source.mix: "),
        ("{video: clip.mp4, speed: 101}", "4:34: source.speed: expected a number from -100 to 100 or a map of times"),
        ("{video: clip.mp4, end: loop}", "4:32: source.end: unknown end 'loop'; expected one of: bounce, hold, repeat"),
        ("{video: clip.mp4, fit: cover}", "4:32: source.fit: unknown fit 'cover'; expected one of: crop, pad, stretch"),
        ("{video: clip.mp4, sound: loud}", "4:34: source.sound: expected true or false, got 'loud'"),
        ("{image: photo.png, zoom: 0.5}", "4:34: source.zoom: expected a number from 1 to 100 or a map of times"),
        ("{image: photo.png, center: 50%}", "4:36: source.center: expected two shares of the picture such as"),
        ("{images: frames}", "4:18: source.images: 'frames' is no pattern; expected a pattern of numbered pictures"),
        ("{images: none/*.png}", "4:18: source.images: 'none/*.png': no such folder: {folder}/none"),
        ("{images: x*.png}", "4:18: source.images: 'x*.png': no numbered picture in {folder}"),
        ("{images: ../*.png}", "4:18: source.images: '..' is outside the schedule's folder; move the file there"),
        ("{images: '*/1.png'}", "4:18: source.images: '*/1.png' is no pattern; expected a pattern of numbered"),
        ("{images: p*.png}", "4:18: source.images: 'p*.png': no numbered picture in {folder}; what matches has"),
    ],
)
def test_a_wrong_source(folder: Path, text: str, message: str) -> None:
    if "t}" in text:
        text = text.replace("t}", "t*4}")
    (found,) = problems(folder, f"source: {text}")
    assert found.startswith(f"a.yaml:{message}".format(folder=folder)), found


def test_other_folders_are_allowed_by_the_command_line(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    away = tmp_path_factory.mktemp("away") / "clip.mp4"
    shutil.copy(folder / "clip.mp4", away)
    schedule = load(folder, f"source: {{video: {away}}}", allow_paths=True)
    assert schedule.shots[0].sections["source"].shows.clip.files[0].path == away.resolve()


def test_numbered_pictures_in_the_order_of_their_numbers(folder: Path) -> None:
    numbered(folder, "a10.png", "a9.png", "a2.png", "a11.png", "notes.png")
    schedule = load(folder, "source: {images: frames/*.png, fps: 24}")
    clip = schedule.shots[0].sections["source"].shows.clip
    assert [file.path.name for file in clip.files] == ["a2.png", "a9.png", "a10.png", "a11.png"]
    assert (clip.fps, clip.size, clip.length) == (24, (32, 24), 4 / 24)
    assert said(schedule)[1:] == [
        "4:18: source.images: 1 file without a number is left out",
        "4:18: source.images: pictures 3 to 8 are missing: what follows comes earlier",
    ]


def test_every_frame_shows_the_next_numbered_picture_by_default(folder: Path) -> None:
    numbered(folder, *(f"{number:04d}.png" for number in range(10, 130, 10)))
    schedule = load(folder, "source: {images: frames/%04d.png}")
    assert schedule.shots[0].sections["source"].shows.clip.fps == 12
    assert said(schedule) == []  # numbers that go up by 10 miss none


def test_two_pictures_with_one_number(folder: Path) -> None:
    numbered(folder, "a1.png", "b01.png")
    (message,) = problems(folder, "source: {images: frames/*.png}")
    assert "have the same number" in message


def test_a_link_out_of_the_folder_is_no_picture_of_a_pattern(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    numbered(folder, "1.png")
    outside = tmp_path_factory.mktemp("secret") / "2.png"
    shutil.copy(folder / "frames" / "1.png", outside)
    (folder / "frames" / "2.png").symlink_to(outside)
    (message,) = problems(folder, "source: {images: frames/*.png}")
    assert "'2.png' is a link to a file outside the schedule's folder" in message


def test_a_loop_of_links_is_no_picture(folder: Path) -> None:
    numbered(folder, "1.png")
    (folder / "frames" / "2.png").symlink_to(folder / "frames" / "2.png")
    (message,) = problems(folder, "source: {images: frames/*.png}")
    assert message.startswith("a.yaml:4:18: source.images: ")


def test_what_is_unusual_about_a_clip_is_told(folder: Path) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(folder / "clip.mp4")]
    pick = ["-vf", "select='lt(mod(n,5),2)'", "-fps_mode", "vfr", str(folder / "uneven.mp4")]
    subprocess.run([*command, *pick], check=True, timeout=60)
    (warning,) = said(load(folder, "source: {video: uneven.mp4}"))
    assert warning.startswith("4:17: source.video: its frame rate varies")


def test_a_clip_needs_an_extra(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    (message,) = problems(folder, "source: {video: clip.mp4}")
    assert "av, which is not installed; pip install '.[video]'" in message
    load(folder, "source: {image: photo.png}")


def test_a_still_with_a_slow_pan(folder: Path) -> None:
    still = source(folder, "{image: photo.png, zoom: 2, center: [{0s: 0, end: 100%}, 50%]}").shows
    assert isinstance(still, Still)
    assert (still.size, still.is_whole) == ((80, 40), False)
    # Two thirds of its width have the shape of the frame; at zoom 2 half of that is shown.
    assert still.windows(still.zoom.sample([0.0, 0.5]) * 0, (64, 48), "crop")[0] == pytest.approx((0, 0.25, 1 / 3, 0.5))


def test_a_still_that_is_whole_has_no_window(folder: Path) -> None:
    still = source(folder, "{image: photo.png}").shows
    assert isinstance(still, Still)
    assert still.is_whole


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{image: photo.png, speed: 2}", ["4:35: source.speed: has no effect with a still"]),
        ("{image: photo.png, sound: true}", ["4:35: source.sound: has no effect with a still"]),
        ("{video: clip.mp4, zoom: 2}", ["4:33: source.zoom: has no effect with a clip"]),
        (
            "{video: clip.mp4, fps: 24}",
            ["4:32: source.fps: has no effect: a video has a rate of its own; see speed"],
        ),
        ("{video: clip.mp4, sound: true}", ["4:34: source.sound: has no effect: 'clip.mp4' has no sound"]),
        (
            "{video: clip.mp4, from: 18f}",
            ["4:9: source: 'clip.mp4' is over: its last picture is held from 0.5 s on; end: repeat or bounce goes on"],
        ),
        ("{video: clip.mp4, from: 18f, end: bounce}", []),
        ("{video: clip.mp4, from: 18f, speed: 0.1}", []),
        ("{video: clip.mp4}\nmotion: {border: edge}", []),
        (
            "{video: clip.mp4}\nstart: noise",
            ["5:8: start: has no effect: with a source, a frame begins from its picture"],
        ),
    ],
)
def test_warnings(folder: Path, text: str, expected: list[str]) -> None:
    assert said(load(folder, f"source: {text}")) == expected


def test_colours_are_matched_to_a_source_only_if_there_is_one(folder: Path) -> None:
    load(folder, "source: {video: clip.mp4}\ncolour: {match: source}")
    assert problems(folder, "colour: {match: source}") == [
        "a.yaml:4:17: colour.match: needs a source: write source: {video: dance.mp4} as well"
    ]


def test_a_picture_file_is_told_how_to_be_one(folder: Path) -> None:
    (message,) = problems(folder, "source: {video: photo.png}")
    assert message.endswith("a picture is source: {image: photo.png}")


def test_the_facts_of_a_file_are_read_again_when_it_has_changed(folder: Path, clips: Callable[..., Path]) -> None:
    before = playing(folder, "{video: clip.mp4}").clip
    assert playing(folder, "{video: clip.mp4}").clip is before
    (folder / "clip.mp4").write_bytes(clips("clip.mp4", frames=36).read_bytes())
    after = playing(folder, "{video: clip.mp4}").clip
    assert len(after) == 36
    assert after.files != before.files


def test_values_can_be_set_and_varied(folder: Path, clips: Callable[..., Path]) -> None:
    (folder / "other.mp4").write_bytes(clips("clip.mp4", frames=30).read_bytes())
    schedule = load(folder, "source: {video: clip.mp4, mix: 0.2}", overrides=[("source.video", "other.mp4")])
    found = schedule.shots[0].sections["source"]
    assert (len(found.shows.clip), found.mix.keys[0].value) == (30, 0.2)
    varied = load(folder, "source: {video: clip.mp4}\nvariants: {source.video: [clip.mp4, other.mp4]}")
    assert [variant.name for variant in varied.variants] == ["video-clip.mp4", "video-other.mp4"]


def test_an_included_source_of_another_kind_is_replaced(folder: Path) -> None:
    (folder / "look.yaml").write_text("source: {image: photo.png, zoom: 2, mix: 0.3}\n", encoding="utf-8")
    found = load(folder, "include: look.yaml\nsource: {video: clip.mp4}").shots[0].sections["source"]
    assert (type(found.shows), found.mix.keys[0].value) == (Playing, 0.9)
    found = load(folder, "include: look.yaml\nsource: {mix: 0.9}").shots[0].sections["source"]
    assert (type(found.shows), found.mix.keys[0].value) == (Still, 0.9)


def test_the_defaults_of_refinement_keep_the_footage(folder: Path) -> None:
    refine = load(folder, "source: {video: clip.mp4}").refine
    assert (refine.lr.keys[0].value, refine.adapt, refine.first_frame, refine.steps.keys[0].value) == (
        *(0.025, "picture", None, 3),
    )
    assert load(folder, "source: {video: clip.mp4}\nstart: {image: photo.png}").refine.first_frame == 60
    assert load(folder, "source: {video: clip.mp4}\nrefine: {first_frame: 5}").draft().refine.first_frame == 2
