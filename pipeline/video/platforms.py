"""Platforms for sharing videos, with the size and length that each expects."""

from dataclasses import dataclass

from pipeline.video.recipe import Filter

FITS = ("crop", "pad")


@dataclass(frozen=True, kw_only=True)
class Platform:
    """A platform: its (width, height) in pixels, and the minimum and maximum length in seconds that it accepts."""

    about: str
    size: tuple[int, int]
    seconds: tuple[float, float] | None = None


PLATFORMS: dict[str, Platform] = {
    "square": Platform(about="1080 × 1080, for posts", size=(1080, 1080)),
    "reel": Platform(about="1080 × 1920, vertical, for phones", size=(1080, 1920)),
    "canvas": Platform(
        about="1080 × 1920, a loop of 3 to 8 seconds shown with a song", size=(1080, 1920), seconds=(3, 8)
    ),
    "wallpaper": Platform(about="3840 × 2160, for screens", size=(3840, 2160)),
}


def fitted(size: tuple[int, int], wanted: tuple[int, int], fit: str) -> tuple[Filter, ...]:
    """Filters from size (width, height) to the wanted one: cropped around the middle, or padded with black bars.

    Scales with Lanczos. Sizes stay even, since most pixel formats require it.
    """
    width, height = size
    across, down = wanted
    lanczos = {"flags": "lanczos+accurate_rnd+full_chroma_int"}
    if fit == "crop":
        share = min(width / across, height / down)
        cut = {"w": _even(across * share, width), "h": _even(down * share, height)}
        return (("crop", {**cut, "exact": 1}), ("scale", {"w": across, "h": down, **lanczos}), ("setsar", {"sar": "1"}))
    share = min(across / width, down / height)
    inner = {"w": _even(width * share, across), "h": _even(height * share, down)}
    bars: dict[str, str | int | float] = {"w": across, "h": down, "x": "(ow-iw)/2", "y": "(oh-ih)/2", "color": "black"}
    return (("scale", {**inner, **lanczos}), ("pad", bars), ("setsar", {"sar": "1"}))


def _even(side: float, most: int) -> int:
    return max(2, min(round(side / 2) * 2, most // 2 * 2))
