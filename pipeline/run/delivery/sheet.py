"""Pictures at a glance: a contact sheet and a poster of a run, and the sheet that others are drawn on."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from pipeline.run.folder.frames import FrameFolder, Pixels
from pipeline.storage.atomic import replacing

COLUMNS, ROWS = 6, 4
WIDTH = 256  # pixels, of a picture on the sheet
MARGIN = 4


def contact_sheet(frames: FrameFolder, shown: Sequence[int], fps: float, path: Path) -> None:
    """Draw up to 24 of the frames that a video shows, evenly spaced from first to last, each labelled with its time."""
    count = min(COLUMNS * ROWS, len(shown))
    chosen = [round(place * (len(shown) - 1) / max(1, count - 1)) for place in range(count)]
    pictures = [thumbnail(frames.read(shown[place]), f"{place / fps:.1f} s") for place in chosen]
    write_sheet(pictures, COLUMNS, path)


def thumbnail(pixels: Pixels, label: str, font_size: float | None = None) -> Image.Image:
    """A picture of the sheet's width, with its label in the corner; None is the small font of a contact sheet."""
    picture = Image.fromarray(pixels)
    picture = picture.resize((WIDTH, max(1, round(WIDTH * picture.height / picture.width))), Image.Resampling.LANCZOS)
    ImageDraw.Draw(picture).text((4, 2), label, fill="white", stroke_width=1, stroke_fill="black", font_size=font_size)
    return picture


def write_sheet(pictures: Sequence[Image.Image], columns: int, path: Path) -> None:
    """Write pictures of one size side by side, row by row, with up to `columns` in a row."""
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    width, height = pictures[0].width + MARGIN, pictures[0].height + MARGIN
    sheet = Image.new("RGB", (columns * width + MARGIN, rows * height + MARGIN), "black")
    for place, picture in enumerate(pictures):
        sheet.paste(picture, (MARGIN + place % columns * width, MARGIN + place // columns * height))
    with replacing(path) as partial:
        sheet.save(partial)


def poster(
    frames: FrameFolder, similarities: Sequence[float | None], path: Path, shown: Sequence[int] | None = None
) -> None:
    """Copy the shown frame that fits its prompts best; the middle one if no frame has prompts."""
    shown = range(len(similarities)) if shown is None else shown
    measured = [(value, index) for index in shown if (value := similarities[index]) is not None]
    index = max(measured)[1] if measured else shown[len(shown) // 2]
    with replacing(path) as partial:
        Image.fromarray(frames.read(index)).save(partial)
