"""Every format as it is decoded: frames, duration, colours, sound; places, repeats, subtitles, the schedule inside."""

import dataclasses
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipeline.run.delivery.recipes import recipe
from pipeline.run.delivery.subtitles import as_srt
from pipeline.run.folder.frames import FrameFolder, FrameRecord
from pipeline.run.folder.names import paths
from pipeline.run.folder.video_plan import timed_texts
from pipeline.schedule.sections.output_video import Video
from pipeline.video import ffmpeg, formats
from pipeline.video.notes import as_metadata, in_metadata, schedule_of, written_out
from pipeline.video.platforms import PLATFORMS, fitted
from pipeline.video.recipe import Sound
from render.errors import InputError
from render.spec import FrameSpec
from render.spec.prompts import PromptWeight

# libsvtav1 took no picture below 64 by 64 until version 2, which Debian 12 does not have.
FPS, COUNT, SIZE = 12.0, 18, (64, 64)
COLOURS = [(200, 40, 40), (40, 180, 60), (50, 60, 200)]
CODECS = {"h265": "hevc", "av1": "libdav1d"}
BY_FFMPEG = [name for name, known in formats.every().items() if known.sink == "ffmpeg"]
SILENT = ("gif", "webp", "apng")


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames that are red, then green, then blue."""
    frames = FrameFolder(tmp_path_factory.mktemp("frames"))
    for index in range(COUNT):
        pixels = np.full((SIZE[1], SIZE[0], 3), COLOURS[index * 3 // COUNT], dtype=np.uint8)
        frames.write(index, pixels, FrameRecord(hash="", similarity=None, pixels=""))
    return frames.folder / frames.pattern


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Sound:
    path = tmp_path_factory.mktemp("sound") / "a.f32"
    t = np.arange(round(COUNT / FPS * 48000)) / 48000
    path.write_bytes((0.5 * np.sin(2 * np.pi * 440 * t)).astype("<f4").tobytes())
    return Sound(path=path, rate=48000, channels=1)


def made(video: Video, pattern: Path, sound: Sound | None, binary: str, folder: Path) -> Path:
    path = folder / f"video{formats.find(video.format).container.suffix}"
    known = dataclasses.replace(recipe(video, SIZE), sound=sound if formats.find(video.format).sound else None)
    ffmpeg.assemble(binary, pattern, COUNT, FPS, "title", path, recipe=known)
    return path


def pictures(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Every picture as RGB, shown one after the other."""
    if path.suffix in (".webp", ".png"):
        with Image.open(path) as image:
            for number in range(image.n_frames):  # type: ignore[attr-defined]
                image.seek(number)
                pixels = np.asarray(image.convert("RGB"))
                for _ in range(max(1, round(image.info.get("duration", 0) * FPS / 1000))):  # equal ones are joined
                    yield pixels
        return
    with av.open(str(path)) as container:
        yield from (np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(video=0))


@pytest.mark.parametrize("name", BY_FFMPEG)
def test_every_format_decodes_to_the_frames(
    pattern: Path, sound: Sound, any_ffmpeg: str, tmp_path: Path, name: str
) -> None:
    path = made(Video(format=name), pattern, sound, any_ffmpeg, tmp_path)
    seen = list(pictures(path))
    assert len(seen) == COUNT
    for index, picture in enumerate(seen):
        expected = COLOURS[index * 3 // COUNT]
        assert picture.shape == (SIZE[1], SIZE[0], 3)
        off = np.abs(picture.reshape(-1, 3).mean(axis=0) - expected).max()
        assert off < (0.01 if name in ("ffv1", "apng") else 7)
    if name in ("webp", "apng"):
        with Image.open(path) as image:
            assert image.info["loop"] == 0  # for ever
        return
    with av.open(str(path)) as container:
        stream: Any = container.streams.video[0]
        assert stream.codec_context.name == CODECS.get(name, name)
        assert container.duration is not None
        assert container.duration / 1e6 == pytest.approx(COUNT / FPS, abs=1 / FPS)
        first = next(container.decode(video=0))
        if first.format.name.startswith("yuv"):
            assert (first.colorspace, first.color_range) == (1, 1)  # BT.709, limited
        assert bool(container.streams.audio) == (name not in SILENT)


@pytest.mark.parametrize("name", [name for name in BY_FFMPEG if name not in SILENT])
def test_the_sound_is_as_long_as_the_picture(
    pattern: Path, sound: Sound, any_ffmpeg: str, tmp_path: Path, name: str
) -> None:
    path = made(Video(format=name), pattern, sound, any_ffmpeg, tmp_path)
    with av.open(str(path)) as container:
        heard: list[Any] = list(container.decode(audio=0))
    assert heard[0].time == pytest.approx(0, abs=0.001)
    assert sum(frame.samples for frame in heard) / 48000 == pytest.approx(COUNT / FPS, abs=1 / FPS)
    values = np.concatenate([frame.to_ndarray().ravel() for frame in heard]).astype(np.float64)
    values /= {"s16": 2**15, "s32": 2**31}.get(heard[0].format.name.removesuffix("p"), 1)
    middle = values[len(values) // 4 : -len(values) // 4]
    assert np.sqrt((middle**2).mean()) == pytest.approx(0.5 / 2**0.5, rel=0.03)


@pytest.mark.parametrize(
    ("video", "pix_fmt"),
    [
        (Video(format="h264", bits=10), "yuv420p10le"),
        (Video(format="h265", bits=10, preset="ultrafast"), "yuv420p10le"),
        (Video(format="vp9", bits=10), "yuv420p10le"),
        (Video(format="prores"), "yuv422p10le"),
    ],
)
def test_ten_bits(pattern: Path, any_ffmpeg: str, tmp_path: Path, video: Video, pix_fmt: str) -> None:
    path = made(video, pattern, None, any_ffmpeg, tmp_path)
    with av.open(str(path)) as container:
        assert next(container.decode(video=0)).format.name == pix_fmt


def test_quality_and_bitrate_have_an_effect(any_ffmpeg: str, tmp_path: Path) -> None:
    frames = FrameFolder(tmp_path / "noise")
    rng = np.random.default_rng(0)
    for index in range(COUNT):
        pixels = rng.integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
        frames.write(index, pixels, FrameRecord(hash="", similarity=None, pixels=""))
    sizes = {}
    for name, video in (
        ("fine", Video(crf=5)),
        ("usual", Video()),
        ("coarse", Video(crf=45)),
        ("bits", Video(bitrate="100k")),
    ):
        path = made(video, frames.folder / frames.pattern, None, any_ffmpeg, tmp_path)
        sizes[name] = path.stat().st_size
    assert sizes["fine"] > 1.3 * sizes["usual"] > 2 * sizes["coarse"]
    assert sizes["bits"] < 0.7 * sizes["usual"]


@pytest.mark.parametrize("fit", ["crop", "pad"])
@pytest.mark.parametrize("name", ["square", "reel"])
def test_a_place_sets_the_size_and_nothing_is_distorted(any_ffmpeg: str, tmp_path: Path, name: str, fit: str) -> None:
    """A disc stays a disc in the middle; bars are black, and a crop has none."""
    frames = FrameFolder(tmp_path / "disc")
    y, x = np.mgrid[:72, :128]
    disc = np.where(((x - 63.5) ** 2 + (y - 35.5) ** 2 < 16**2)[..., None], 250, 90).astype(np.uint8).repeat(3, axis=2)
    frames.write(0, disc, FrameRecord(hash="", similarity=None, pixels=""))
    path = tmp_path / "a.mp4"
    whole = recipe(Video(place=name, fit=fit, preset="ultrafast"), (128, 72))
    ffmpeg.assemble(any_ffmpeg, frames.folder / frames.pattern, 1, 1.0, "t", path, recipe=whole)
    (seen,) = pictures(path)
    width, height = PLATFORMS[name].size
    assert seen.shape == (height, width, 3)
    across, down = (seen[height // 2, :, 0] > 180).sum(), (seen[:, width // 2, 0] > 180).sum()
    assert across == pytest.approx(down, rel=0.03)
    scale = height / 72 if fit == "crop" else width / 128
    assert across == pytest.approx(32 * scale, rel=0.05)
    assert (seen[2, 2].max() < 10) == (fit == "pad")


@pytest.mark.parametrize(
    ("size", "wanted"), [((256, 144), (1080, 1920)), ((64, 48), (1080, 1080)), ((17, 300), (3840, 2160))]
)
def test_a_crop_is_within_the_picture(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    (_, cut), *_ = fitted(size, wanted, "crop")
    assert 0 < cut["w"] <= size[0]  # type: ignore[operator]
    assert 0 < cut["h"] <= size[1]  # type: ignore[operator]
    assert cut["w"] % 2 == cut["h"] % 2 == 0


def test_a_repeated_video_has_no_doubled_and_no_lost_frame(pattern: Path, any_ffmpeg: str, tmp_path: Path) -> None:
    path = made(Video(repeat=3), pattern, None, any_ffmpeg, tmp_path)
    seen = [picture.reshape(-1, 3).mean(axis=0) for picture in pictures(path)]
    assert len(seen) == 3 * COUNT
    for index, colour in enumerate(seen):
        assert np.abs(colour - COLOURS[index % COUNT * 3 // COUNT]).max() < 7


def test_files_have_different_names() -> None:
    asked = [Video(), Video(format="vp9"), Video(place="square"), Video(format="h265"), Video(format="h265", crf=30)]
    names = [path.name for path in paths(Path("out"), tuple(asked))]
    assert names == ["video.mp4", "video-vp9.webm", "video-square-h264.mp4", "video-h265.mp4", "video-h265-2.mp4"]
    assert paths(Path(), (Video(format="gif"),))[0].name == "video.gif"


SOURCE = (
    "# "
    + "a long line of words; " * 40
    + "\n"
    + 'prompts: "a; b = c # d \\\\ e"\n# ünïcode ☃\nmotion: {zoom: 1.05/s}\n'
)


@pytest.mark.parametrize(
    ("name", "count"), [*((name, 2) for name in BY_FFMPEG), ("gif", 18), ("webp", 18), ("apng", 18), ("apng", 1)]
)
def test_the_schedule_comes_back_from_the_file(
    pattern: Path, any_ffmpeg: str, command: str, tmp_path: Path, name: str, count: int
) -> None:
    notes = tmp_path / "a.ffmeta"
    text = written_out(SOURCE, {"latent": {"sha256": "12"}}, draft=True)
    notes.write_text(as_metadata("a=b;c", text), encoding="utf-8")
    path = tmp_path / f"a{formats.find(name).container.suffix}"
    whole, embedded = recipe(Video(format=name), SIZE), formats.find(name).container.text
    if embedded is None:
        whole = dataclasses.replace(whole, notes=notes)
    else:
        write = embedded.write
        assert write is not None
        whole = dataclasses.replace(whole, finish=lambda file: write(file, text))
    ffmpeg.assemble(any_ffmpeg, pattern, count, FPS, "a=b;c", path, recipe=whole)
    still = (name, count) == ("webp", 2)  # two equal pictures become a single one, in a simpler format
    assert len(list(pictures(path))) == (1 if still else count)
    done = subprocess.run([command, "inspect", str(path)], capture_output=True, text=True, check=True)
    *head, zero, one, two, three = done.stdout.splitlines()
    assert "\n".join([zero, one, two, three]) + "\n" == SOURCE
    assert head[1] == '# models: {"latent": {"sha256": "12"}}'
    assert "--draft" in head[2]


def test_a_file_without_a_schedule_is_reported(pattern: Path, any_ffmpeg: str, command: str, tmp_path: Path) -> None:
    path = made(Video(), pattern, None, any_ffmpeg, tmp_path)
    (tmp_path / "text.mp4").write_text("no video")
    gif = made(Video(format="gif"), pattern, None, any_ffmpeg, tmp_path)
    (tmp_path / "torn.gif").write_bytes(gif.read_bytes()[:700])
    (tmp_path / "torn.webp").write_bytes(b"RIFF\xff\xff\xff\xffWEBPVP8X\xff")
    (tmp_path / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffiTXtDescription")
    silent = [(name, "contains no schedule") for name in (path.name, gif.name, "torn.gif", "torn.webp", "torn.png")]
    for name, message in (*silent, ("text.mp4", "not a video that `render` makes"), ("none.mp4", "no such file")):
        done = subprocess.run([command, "inspect", name], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        assert message in done.stderr
    with pytest.raises(InputError):
        schedule_of(in_metadata(";FFMETADATA1\ncomment=a stranger's\n"), "a.mp4")


def spec(index: int, **weights: float) -> FrameSpec:
    prompts = tuple(PromptWeight(text=text, weight=weight) for text, weight in weights.items())
    return FrameSpec(
        index=index,
        seed=0,
        size=SIZE,
        prompts=prompts,
        blend="weights",
        transforms={},
        center=(0.5, 0.5),
        border="reflect",
        carry_optimizer=True,
        losses={},
        num_steps=0,
        lr=0.1,
        num_cutouts=1,
    )


def test_subtitles_show_the_strongest_prompt() -> None:
    specs = [spec(0, sea=1, sky=0.2), spec(1, sea=0.6, sky=0.4), spec(2, sea=0.4, sky=0.6), spec(3)]
    assert as_srt(timed_texts(specs), [0, 1, 2, 3, 0, 1, 2, 3], 2.0).split("\n\n") == [
        "1\n00:00:00,000 --> 00:00:01,000\nsea",
        "2\n00:00:01,000 --> 00:00:01,500\nsky",
        "3\n00:00:02,000 --> 00:00:03,000\nsea",
        "4\n00:00:03,000 --> 00:00:03,500\nsky\n",
    ]


@pytest.mark.parametrize("name", [name for name, known in formats.every().items() if known.container.subtitle_codec])
def test_subtitles_are_in_the_file(pattern: Path, any_ffmpeg: str, tmp_path: Path, name: str) -> None:
    texts = tmp_path / "a.srt"
    texts.write_text("1\n00:00:00,250 --> 00:00:01,000\na calm sea\n", encoding="utf-8")
    path = tmp_path / f"a{formats.find(name).container.suffix}"
    whole = dataclasses.replace(recipe(Video(format=name), SIZE), subtitles=texts)
    ffmpeg.assemble(any_ffmpeg, pattern, COUNT, FPS, "t", path, recipe=whole)
    said = subprocess.run(
        [any_ffmpeg, "-loglevel", "error", "-i", str(path), "-map", "0:s", "-f", "srt", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.splitlines()[1:3] == ["00:00:00,250 --> 00:00:01,000", "a calm sea"]
