"""Patterns in `variants:`: a run for every file that matches."""

from pathlib import Path

import pytest
from PIL import Image

from pipeline.schedule.loader import load_schedule
from pipeline.schedule.schedule import Schedule
from render.errors import ScheduleError
from render.spec.pictures import PictureStart

HEAD = "models: {latent: pixels, perceptors: [toy]}\nprompts: red\noutput: {size: [16, 16], fps: 4, length: 1s}\n"


def pictures(folder: Path, *names: str) -> None:
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16 + number, 16)).save(path, format="png")


def read(folder: Path, text: str, *overrides: tuple[str, str]) -> Schedule:
    path = folder / "a.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    return load_schedule(path, overrides)


def names(schedule: Schedule) -> dict[str, str]:
    """The value of the varying path by the variant's name."""
    return {variant.name: variant.overrides[0][1] for variant in schedule.variants}


def problem(folder: Path, text: str) -> str:
    with pytest.raises(ScheduleError) as caught:
        read(folder, text)
    (found,) = caught.value.problems
    return f"{found.line}:{found.column}: {found.path}: {found.message}"


def test_a_pattern_stands_for_its_files_in_natural_order(tmp_path: Path) -> None:
    pictures(tmp_path, "in/take10.png", "in/take2.png", "in/Take 3 (b).png", "in/other.jpg", "in/.hidden.png")
    schedule = read(tmp_path, "variants: {start.image: in/*.png}\n")
    assert names(schedule) == {
        "image-take2": "in/take2.png",
        "image-Take-3-b": "in/Take 3 (b).png",
        "image-take10": "in/take10.png",
    }
    again = read(tmp_path, "variants: {start.image: in/*.png}\n", *schedule.variants[1].overrides)
    (shot,) = again.shots
    assert isinstance(shot.origin, PictureStart)
    assert shot.origin.picture.file.path.name == "take10.png"


def test_beside_plain_values_and_other_paths(tmp_path: Path) -> None:
    pictures(tmp_path, "in/a.png", "in/b.png", "c.png")
    text = "variants:\n  source.image: [c.png, {files: in/*.png}]\n  output.seed: [1, 2]\n"
    assert [*names(read(tmp_path, text))] == [
        *("image-c.png_seed-1", "image-c.png_seed-2", "image-a_seed-1", "image-a_seed-2"),
        *("image-b_seed-1", "image-b_seed-2"),
    ]
    assert [*names(read(tmp_path, "variants: {source.image: {files: in/*.png}}\n"))] == ["image-a", "image-b"]


def test_names_that_look_alike_keep_their_suffix_or_are_numbered(tmp_path: Path) -> None:
    pictures(tmp_path, "in/a.png", "in/a.gif.png", "in/b.png")
    assert [*names(read(tmp_path, "variants: {start.image: in/*.png}\n"))] == ["image-a.gif", "image-a", "image-b"]
    pictures(tmp_path, "alike/a.png", "alike/a.jpg", "alike/ä ö.x", "alike/!.x", "alike/?.x")
    found = read(tmp_path, "variants: {start.image: alike/*.*}\n")
    assert [*names(found)] == ["image-1", "image-2", "image-a.jpg", "image-a.png", "image-ä-ö.x"]


def test_a_name_that_yaml_would_read_as_something_else(tmp_path: Path) -> None:
    pictures(tmp_path, "1e5", "155", "1: b #5")
    schedule = read(tmp_path, "variants: {start.image: 1*5}\n")
    assert sorted(names(schedule).values()) == ["'155'", "'1: b #5'", "'1e5'"]
    for variant in schedule.variants:
        read(tmp_path, "", *variant.overrides)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("in/*.mp4", "4:25: variants.start.image: no file matches '*.mp4' in {0}/in: it contains a.png"),
        ("no/*.png", "4:25: variants.start.image: 'no/*.png': no such folder: {0}/no"),
        ("x*/a.png", "4:25: variants.start.image: expected a pattern of files such as clips/*.mp4, with * only in"),
        ("../*.png", "4:25: variants.start.image: '..' is outside the schedule's folder"),
        ("many/*.png", "4:25: variants.start.image: 'many/*.png' matches 101 files; expected at most 100"),
        ("links/*.png", "4:25: variants.start.image: 'links/a.png' is outside the schedule's folder"),
        ("[in/a.png, {{files: in/*.png}}]", "4:44: variants.start.image[1].files: this value appears twice"),
        ("{{files: in/a.png}}", "4:33: variants.start.image.files: expected a pattern of files such as clips/*.mp4"),
        ("in/a.png", "4:25: variants.start.image: expected a list of values such as [1, 2, 3]"),
        ("{{a: 1}}", "4:25: variants.start.image: expected a list of values such as [1, 2, 3]"),
    ],
)
def test_a_wrong_pattern(tmp_path: Path, value: str, message: str) -> None:
    inside = tmp_path / "project"
    pictures(inside, "in/a.png", *(f"many/{number}.png" for number in range(101)))
    pictures(tmp_path, "a.png")
    (inside / "links").mkdir()
    (inside / "links" / "a.png").symlink_to(tmp_path / "a.png")
    found = problem(inside, f"variants: {{start.image: {value.format()}}}\n")
    assert message.format(inside) in found


def test_numbered_pictures_are_no_files_to_vary(tmp_path: Path) -> None:
    pictures(tmp_path, "a/1.png", "a/2.png", "b/1.png")
    found = problem(tmp_path, "variants: {source.images: a/*.png}\n")
    assert found.endswith("a pattern of numbered pictures is one value; write a list such as [a/*.png, b/*.png]")
    schedule = read(tmp_path, "variants: {source.images: [a/*.png, b/*.png]}\n")
    assert [*names(schedule).values()] == ["a/*.png", "b/*.png"]


def test_every_file_is_checked_but_not_again_for_one_variant(tmp_path: Path) -> None:
    pictures(tmp_path, "in/a.png", "in/b.png")
    text = "variants: {start.image: in/*.png}\n"
    chosen = read(tmp_path, text).variants[0].overrides
    (tmp_path / "in" / "b.png").write_text("no picture")
    assert "b.png" in problem(tmp_path, text)
    read(tmp_path, text, *chosen)
