"""Every format keeps the contract of the catalogue, and a new one needs only its file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from pipeline.schedule.sections.output_video import Video
from pipeline.video import formats
from pipeline.video.containers.embedded_text import container_of, texts
from pipeline.video.ffmpeg import assemble, encoder_options
from render.errors import UnknownNameError

ROOT = Path(__file__).parents[4]
EVERY = pytest.mark.parametrize("name", formats.names())
BY_FFMPEG = pytest.mark.parametrize("name", [name for name in formats.names() if formats.find(name).sink == "ffmpeg"])
TITLE = "a title"


def test_names_are_the_files_and_lists_start_with_the_most_common() -> None:
    assert set(formats.every()) == set(formats.names())
    assert next(iter(formats.every())) == formats.DEFAULT
    ranks = [known.rank for known in formats.every().values()]
    assert len(set(ranks)) == len(ranks), "two formats share a rank"


@EVERY
def test_the_fields_of_a_format_are_consistent(name: str) -> None:
    known = formats.find(name)
    assert known.about
    assert known.about[-1] != "."
    assert known.pix_fmt or known.deep
    assert known.deep == "" or known.deep.endswith("10le")
    assert known.container.suffix.startswith(".")
    assert known.crf is None or 0 <= known.crf[0] < known.crf[1]
    assert bool(known.speeds) == bool(known.speed_range) == (known.speed is not None)
    assert known.speed is None or str(known.speed) in known.speeds
    assert set(known.speed_range.split(" to ")) - {""} <= set(known.speeds)
    assert not known.hardware or known.crf is not None, "hardware gets a quality, so software must have one"
    if known.sink == "ffmpeg":
        assert known.container.muxer
        assert known.container.demuxer
        assert known.container.text is None or known.container.text.write is not None, "ffmpeg embeds no text in it"
    reserved = {"vcodec", "crf", "preset", "f"}
    assert not reserved & {*known.options, *known.tags, *known.container.options}


@BY_FFMPEG
def test_settings_override_defaults(name: str) -> None:
    known = formats.find(name)
    options = known.recipe().options
    assert options["vcodec"] == known.encoder
    assert options["f"] == known.container.muxer
    assert options.items() >= {**known.options, **known.container_options}.items()
    if known.crf is not None:
        assert options["crf"] == known.crf[0]
        assert known.recipe(crf=known.crf[1]).options["crf"] == known.crf[1]
        with_bitrate = known.recipe(bitrate="1M").options
        assert with_bitrate["b:v"] == "1M"
        assert "crf" not in with_bitrate
    if known.speeds:
        assert known.recipe(preset=known.speeds[0]).options["preset"] == known.speeds[0]


@BY_FFMPEG
def test_the_encoder_knows_its_options(any_ffmpeg: str, name: str) -> None:
    known = formats.find(name)
    listed = encoder_options(any_ffmpeg, known.encoder)
    general = {"b:v", "profile:v", "g", "slices", "level", "loop", "plays"}  # of every encoder, or of the muxer
    asked = known.options if known.adapt_to_ffmpeg is None else known.adapt_to_ffmpeg(known.options, listed)
    assert set(asked) <= listed | general


@BY_FFMPEG
def test_a_file_is_recognised_and_its_text_comes_back(any_ffmpeg: str, tmp_path: Path, name: str) -> None:
    for index in range(3):
        Image.new("RGB", (64, 64), (80 * index, 40, 200)).save(tmp_path / f"{index:06d}.png")
    known = formats.find(name)
    path = tmp_path / f"video{known.container.suffix}"
    assemble(any_ffmpeg, tmp_path / "%06d.png", 3, 4.0, TITLE, path, known.recipe())
    assert known.container.is_whole(path)
    assert container_of(path, formats.containers()).demuxer == known.container.demuxer
    if known.container.text is not None:
        assert known.container.text.write is not None
        known.container.text.write(path, "ünïcode <&>\r\nwords")
        assert "ünïcode <&>\r\nwords" in list(texts(path, known.container.text))
    whole = path.read_bytes()
    path.write_bytes(b"PK\3\4" + whole[4:12].replace(b"ftyp", b"none").replace(b"WEBP", b"none") + whole[12:])
    assert not known.container.is_whole(path)


@EVERY
def test_the_schema_and_the_documentation_name_it(name: str) -> None:
    schema = (ROOT / "schedules" / "schema.json").read_text(encoding="utf-8")
    documentation = (ROOT / "docs" / "schedule.md").read_text(encoding="utf-8")
    known = formats.find(name)
    assert f'"{name}"' in schema
    assert f"| `{name}` | `{known.container.suffix}` | {known.about} |" in documentation
    assert known.crf is None or f"{name} {known.crf[0]}" in schema


NEW_FORMAT = '''
"""Motion JPEG in AVI."""

from pipeline.video.containers import Container
from pipeline.video.formats import Format

FORMAT = Format(
    about="for old players",
    rank=50,
    container=Container(name="AVI", suffix=".avi", muxer="avi", signature=b"RIFF.{4}AVI ", demuxer=("-f", "avi")),
    encoder="mjpeg",
    options={"q:v": 3},
    pix_fmt="yuvj420p",
    speeds=("hare", "tortoise"),
    speed="hare",
    speed_range="hare to tortoise",
)
'''
WITH_NEW_FORMAT = """
import sys
from pipeline.video import formats
formats.__path__.append(sys.argv.pop(1))
if sys.argv[1] == "reference":
    from pathlib import Path
    from pipeline.schedule.reference import filled
    print(filled(Path(sys.argv[2]).read_text()))
else:
    sys.argv[0] = "render"
    from pipeline.cli import entry
    entry()
"""


def run_with(folder: Path, *arguments: str, code: int = 0) -> str:
    """What a process prints in which the catalogue has the files of `folder`, too."""
    command = [sys.executable, "-c", WITH_NEW_FORMAT, str(folder), *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def new_format(tmp_path: Path) -> Path:
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "mjpeg.py").write_text(NEW_FORMAT, encoding="utf-8")
    return folder


def test_a_new_file_is_in_schema_documentation_and_checks(new_format: Path) -> None:
    video = json.loads(run_with(new_format, "schema"))["definitions"]["video"]["properties"]
    assert video["format"]["enum"][-1] == "mjpeg"
    assert {"hare", "tortoise"} <= set(video["preset"]["enum"])
    assert "; mjpeg hare to tortoise" in video["preset"]["description"]
    documentation = run_with(new_format, "reference", str(ROOT / "docs" / "schedule.md"))
    assert "| `mjpeg` | `.avi` | for old players |" in documentation
    schedule = new_format / "a.yaml"
    schedule.write_text("prompts: sea\noutput: {length: 1s, video: {format: mjpeg, crf: 3, encoder: auto}}\n")
    problems = run_with(new_format, "check", "a.yaml", code=2)
    assert "mjpeg has no crf" in problems
    assert "only software can encode it" in problems


def test_a_video_of_a_new_format_is_rendered_and_inspected(new_format: Path) -> None:
    schedule = (
        "models: {latent: pixels, perceptors: [toy]}\nprompts: red\nrefine: {steps: 1, first_frame: 1}\n"
        "output: {size: [32, 32], fps: 4, length: 1s, video: [{format: mjpeg, preset: tortoise}, mjpeg]}\n"
    )
    (new_format / "a.yaml").write_text(schedule)
    run_with(new_format, "a.yaml", "--out", "out")
    files = sorted(path.name for path in (new_format / "out" / "a").glob("video*"))
    assert files == ["video-mjpeg.avi", "video.avi"]
    assert schedule in run_with(new_format, "inspect", "out/a/video.avi")


def test_listing_imports_no_entry() -> None:
    code = (
        "import sys; from pipeline.video import formats; assert len(formats.names()) >= 9;"
        "print([name for name in sys.modules if name.startswith('pipeline.video.formats.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="h263"):
        _ = Video(format="h263").pix_fmt
