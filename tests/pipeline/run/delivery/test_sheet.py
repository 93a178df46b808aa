from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.run.delivery.sheet import COLUMNS, MARGIN, ROWS, WIDTH, contact_sheet, poster
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.frames import FrameFolder, FrameRecord
from pipeline.run.run import Run, RunOptions
from pipeline.schedule.origin import Origin
from pipeline.schedule.origin_loader import load_origin
from pipeline.schedule.sections.loop import order
from render.renderer.renderer import Renderer
from tests.runs import completes

SIZE = (32, 16)
HEIGHT = WIDTH * SIZE[1] // SIZE[0]


def folder_of(path: Path, count: int) -> FrameFolder:
    """Frame i has the flat colour (2 i, 255 - 2 i, 50)."""
    frames = FrameFolder(path)
    for index in range(count):
        pixels = np.empty((SIZE[1], SIZE[0], 3), dtype=np.uint8)
        pixels[:] = (2 * index, 255 - 2 * index, 50)
        frames.write(index, pixels, FrameRecord(hash="", similarity=None, pixels=""))
    return frames


def shown(sheet: Path) -> list[int]:
    """The numbers of the frames on the sheet, row by row, read from the colour in the middle of each picture."""
    found = []
    with Image.open(sheet) as image:
        for top in range(MARGIN, image.height, HEIGHT + MARGIN):
            for left in range(MARGIN, image.width, WIDTH + MARGIN):
                middle = image.getpixel((left + WIDTH // 2, top + HEIGHT // 2))
                assert isinstance(middle, tuple)
                if middle != (0, 0, 0):
                    assert middle == (middle[0], 255 - middle[0], 50)
                    found.append(middle[0] // 2)
    return found


def make(path: Path, count: int) -> Path:
    contact_sheet(folder_of(path / "frames", count), range(count), 8.0, path / "contact.png")
    return path / "contact.png"


@pytest.mark.parametrize("count", [1, 2, 5, 7, 23, 24])
def test_up_to_24_frames_are_all_shown_in_order(tmp_path: Path, count: int) -> None:
    assert shown(make(tmp_path, count)) == list(range(count))


def test_more_than_24_frames_are_sampled_evenly_from_first_to_last(tmp_path: Path) -> None:
    places = shown(make(tmp_path, 100))
    assert len(places) == COLUMNS * ROWS
    assert (places[0], places[-1]) == (0, 99)
    gaps = np.diff(places)
    assert set(gaps.tolist()) == {4, 5}  # 99 / 23 = 4.3


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 1, 1), (5, 5, 1), (7, 6, 2), (24, 6, 4), (60, 6, 4)])
def test_the_sheet_has_the_size_of_its_rows_and_columns(tmp_path: Path, count: int, columns: int, rows: int) -> None:
    with Image.open(make(tmp_path, count)) as image:
        assert image.size == (MARGIN + columns * (WIDTH + MARGIN), MARGIN + rows * (HEIGHT + MARGIN))


def test_each_frames_time_is_written_into_its_corner(tmp_path: Path) -> None:
    frames = folder_of(tmp_path / "frames", 1)
    flat = frames.read(0)
    for index in range(1, 9):
        frames.write(index, flat, FrameRecord(hash="", similarity=None, pixels=""))
    contact_sheet(frames, range(9), 8.0, tmp_path / "contact.png")
    with Image.open(tmp_path / "contact.png") as image:
        corners = [
            image.crop((left, MARGIN, left + WIDTH // 4, MARGIN + HEIGHT // 4)).tobytes()
            for left in (MARGIN, MARGIN + WIDTH + MARGIN)
        ]
    assert corners[0] != corners[1]


def test_the_sheet_of_a_loop_shows_the_frames_in_the_videos_order(tmp_path: Path) -> None:
    """Without the first frames, which others replace, and without times after the end."""
    path = tmp_path / "contact.png"
    contact_sheet(folder_of(tmp_path / "frames", 18), order(18, 6, boomerang=False), 8.0, path)
    assert shown(path) == [12, 13, 14, 15, 16, 17, 6, 7, 8, 9, 10, 11]


def test_sheet_and_poster_of_a_loop_show_only_frames_of_the_video(toy_file: Path, renderer: Renderer) -> None:
    toy_file.write_text(toy_file.read_text() + "loop: {blend: 4}\n")
    origin = Origin(file=str(toy_file))
    schedule = load_origin(origin)
    folder = RunFolder(toy_file.parent / "out")
    assert completes(Run(schedule, origin, folder, RunOptions()), lambda warn: renderer)
    with Image.open(folder.contact_sheet) as image:  # 12 of the 16 rendered frames, 6 in a row
        assert image.size == (MARGIN + 6 * (WIDTH + MARGIN), MARGIN + 2 * (WIDTH * 24 // 32 + MARGIN))
    with Image.open(folder.poster) as image:
        found = np.asarray(image)
    assert any(np.array_equal(found, folder.frames.read(index)) for index in range(4, 16))


def test_the_poster_is_a_frame_of_the_video(tmp_path: Path) -> None:
    frames = folder_of(tmp_path / "frames", 5)
    poster(frames, [0.9, None, 0.2, 0.3, 0.1], tmp_path / "poster.png", [4, 2, 3])
    with Image.open(tmp_path / "poster.png") as image:
        assert np.array_equal(np.asarray(image), frames.read(3))


def test_poster_is_the_frame_of_highest_similarity(tmp_path: Path) -> None:
    frames = folder_of(tmp_path / "frames", 5)
    poster(frames, [0.1, None, 0.9, 0.3, -0.95], tmp_path / "poster.png")
    with Image.open(tmp_path / "poster.png") as image:
        assert np.array_equal(np.asarray(image), frames.read(2))


def test_the_poster_is_the_middle_frame_without_similarities(tmp_path: Path) -> None:
    frames = folder_of(tmp_path / "frames", 5)
    poster(frames, [None] * 5, tmp_path / "poster.png")
    with Image.open(tmp_path / "poster.png") as image:
        assert np.array_equal(np.asarray(image), frames.read(2))


def test_poster_of_a_single_frame(tmp_path: Path) -> None:
    poster(folder_of(tmp_path / "frames", 1), [None], tmp_path / "poster.png")
    assert (tmp_path / "poster.png").is_file()
