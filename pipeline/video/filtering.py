"""The graph of ffmpeg's filters through which a recipe sends pictures."""

from typing import Any

import ffmpeg

from pipeline.video.recipe import Filter, Recipe


def filtered(pictures: Any, recipe: Recipe) -> Any:
    """The stream of the pictures after the filters of a recipe: first those of the halves, the palette last."""
    if recipe.half_filters:
        both = pictures.filter_multi_output("split")
        halves = [both[side].filter("crop", w="iw/2", h="ih", x=f"{side}*iw/2", y=0, exact=1) for side in range(2)]
        pictures = ffmpeg.filter([_chained(half, recipe.half_filters) for half in halves], "hstack")
    pictures = _chained(pictures, recipe.filters)
    if not recipe.palette:
        return pictures
    split = pictures.filter_multi_output("split")
    return ffmpeg.filter([split[0], split[1].filter("palettegen")], "paletteuse", dither="sierra2_4a")


def _chained(pictures: Any, filters: tuple[Filter, ...]) -> Any:
    for name, arguments in filters:
        pictures = pictures.filter(name, **arguments)
    return pictures
