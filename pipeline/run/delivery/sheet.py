"""The run at a glance: a contact sheet and a poster."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from pipeline.run.folder.frames import FrameFolder
from pipeline.storage.atomic import replacing

COLUMNS, ROWS = 6, 4
WIDTH = 256  # pixels, of a picture on the sheet
MARGIN = 4


def contact_sheet(frames: FrameFolder, shown: Sequence[int], fps: float, path: Path) -> None:
    """Draw up to 24 of the frames that a video shows, evenly spaced from first to last, each labelled with its time."""
    count = min(COLUMNS * ROWS, len(shown))
    chosen = [round(place * (len(shown) - 1) / max(1, count - 1)) for place in range(count)]
    pictures = [_thumbnail(frames, shown[place], place / fps) for place in chosen]
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
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


def _thumbnail(frames: FrameFolder, index: int, seconds: float) -> Image.Image:
    picture = Image.fromarray(frames.read(index))
    picture = picture.resize((WIDTH, max(1, round(WIDTH * picture.height / picture.width))), Image.Resampling.LANCZOS)
    ImageDraw.Draw(picture).text((4, 2), f"{seconds:.1f} s", fill="white", stroke_width=1, stroke_fill="black")
    return picture
