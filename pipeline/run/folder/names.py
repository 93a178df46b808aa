"""The names of the files that a run delivers."""

import re
from pathlib import Path

from pipeline.schedule.sections.output_stereo import LAYOUTS
from pipeline.schedule.sections.output_video import Video
from pipeline.video import formats
from pipeline.video.platforms import PLATFORMS

_WORDS = "|".join((*PLATFORMS, *formats.names(), *LAYOUTS))
_SUFFIXES = "|".join(re.escape(container.suffix) for container in formats.containers())
_DELIVERED = re.compile(rf"video(-({_WORDS}))*(-[0-9]+)?({_SUFFIXES})")


def paths(folder: Path, videos: tuple[Video, ...]) -> list[Path]:
    """The paths of all delivered files: video.mp4 or the like first, others by platform, layout and format."""
    found = [folder / f"video{_suffix(videos[0])}"]
    for video in videos[1:]:
        name = "-".join(["video", *(word for word in (video.place, video.stereo) if word), video.format])
        suffix = _suffix(video)
        number = sum(path.name.startswith(f"{name}.") or path.name.startswith(f"{name}-") for path in found)
        found.append(folder / (f"{name}-{number + 1}{suffix}" if number else f"{name}{suffix}"))
    return found


def _suffix(video: Video) -> str:
    return formats.find(video.format).container.suffix


def leftovers(folder: Path, videos: tuple[Video, ...]) -> list[Path]:
    """Delivered files in the folder, recognized by name, that do not belong to these videos."""
    made = {path.name for path in paths(folder, videos)}
    return sorted(path for path in folder.glob("video*") if _DELIVERED.fullmatch(path.name) and path.name not in made)
