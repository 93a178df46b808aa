"""The palettes of a schedule, drawn as small squares."""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pipeline.schedule.schedule import Schedule
from pipeline.schedule.sections.colour import Colour
from render.spec.colour import PaletteOf

MOST = 8  # palettes that are drawn
_SIDE, _STEP = 0.13, 0.17  # inches: of a square, and from one to the next


def palettes(schedule: Schedule) -> list[tuple[str, ...]]:
    """The palettes of all shots, each once, as #rrggbb; colours that are taken from a picture are found now.

    Raises:
        InputError: a picture cannot be read.
    """
    parts: list[Colour] = [shot.sections["colour"] for shot in schedule.shots]
    found = dict.fromkeys(part.palette for part in parts if part.palette is not None)
    return [_extracted(palette) if isinstance(palette, PaletteOf) else palette for palette in [*found][:MOST]]


def _extracted(palette: PaletteOf) -> tuple[str, ...]:
    import torch  # only for colours of a picture

    from render.guidance.colour.palettes import in_srgb

    levels = (in_srgb(palette, torch.device("cpu")) * 255).round().int().tolist()
    return tuple("#{:02x}{:02x}{:02x}".format(*level) for level in levels)


def draw_swatches(figure: Figure, colours: tuple[str, ...], y: float) -> None:
    """Draw a palette as a row of squares in the middle of a figure, at `y`, a share of its height."""
    width, height = figure.get_size_inches()
    left = 0.5 - _STEP * len(colours) / 2 / width
    figure.text(left - 0.4 * _STEP / width, y, "palette", ha="right", va="center", fontsize=8.5)
    for number, colour in enumerate(colours):
        place = left + number * _STEP / width, y - _SIDE / 2 / height
        square = Rectangle(place, _SIDE / width, _SIDE / height, facecolor=colour, edgecolor="0.6", linewidth=0.5)
        square.set_transform(figure.transFigure)
        figure.add_artist(square)
