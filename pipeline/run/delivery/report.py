"""report.json: what was made, of what, how fast, and how well it fits."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from itertools import islice
from statistics import median
from typing import Any

from pipeline.curves.array import Array
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.names import paths
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.sections.music import Music
from pipeline.schedule.sections.video import Video
from pipeline.storage.atomic import write_text
from render.models import sha256
from render.spec import FrameSpec

DISTRIBUTION = "vqgan-clip-render"
_VERSIONS = (DISTRIBUTION, "torch", "open_clip_torch", "kornia", "taming-transformers-rom1504", "numpy")
_OUTDATED = "outdated"
_SPEEDS = ("seconds_per_frame", "steps_per_second", "device")


@dataclass
class RunReport:
    """Figures gathered while frames are rendered, by the frame's index."""

    device: str | None = None
    frame_seconds: dict[int, float] = field(default_factory=dict)
    frame_steps: dict[int, int] = field(default_factory=dict)

    def add(self, spec: FrameSpec, seconds: float) -> None:
        self.frame_seconds[spec.index] = seconds
        self.frame_steps[spec.index] = spec.num_steps

    @property
    def steps_per_second(self) -> float:
        """Refinement steps per second of wall time, over the whole run."""
        total = sum(self.frame_seconds.values())
        return sum(self.frame_steps.values()) / total if total else 0.0

    def seconds_left(self, steps: Array) -> float:
        """An estimate for frames with so many steps each, from the last 24 frames.

        Every frame is counted as its steps and one more, for what it costs besides.
        """
        recent = list(islice(reversed(self.frame_seconds), 24))
        seconds = sum(self.frame_seconds[index] for index in recent)
        done = sum(self.frame_steps[index] + 1 for index in recent)
        return float(seconds / done * (steps.sum() + len(steps)))


def sound(music: Music) -> dict[str, str | float] | None:
    """What the sound of a video hangs on, for its report."""
    return {"sha256": music.file.digest, "start": music.start} if music.file else None


def write_report(
    folder: RunFolder,
    schedule: Schedule,
    figures: RunReport,
    similarities: Sequence[float | None],
    digests: Mapping[str, Any],
    last_hash: str,
) -> None:
    """Write report.json; speeds of an earlier run stay where this one rendered nothing."""
    output = schedule.output
    speeds: dict[str, Any] = {name: _read(folder).get(name) for name in _SPEEDS}
    if figures.frame_seconds:
        speeds = {
            "seconds_per_frame": round(median(figures.frame_seconds.values()), 4),
            "steps_per_second": round(figures.steps_per_second, 4),
            "device": figures.device,
        }
    report = {
        "title": schedule.title,
        "frames": len(similarities),
        "frames_in_schedule": schedule.num_rendered,
        "size": list(output.size),
        "fps": output.fps,
        "sound": sound(schedule.music),
        "videos": _videos(folder, schedule),
        "loop": asdict(schedule.loop),
        **speeds,
        "similarity": similarities,
        "random_weights": _random(digests),
        "models": digests,
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in _VERSIONS}},
        "last_frame_hash": last_hash,
        "video_sha256": sha256(folder.video),
    }
    _write(folder, report)


def vouch_for_video(folder: RunFolder, last_hash: str) -> None:
    """Let the report stand for the video as it is now, if it is of the frames that the report is of."""
    report = _read(folder)
    if report.get("last_frame_hash") == last_hash:
        report.pop(_OUTDATED, None)
        _write(folder, report | {"video_sha256": sha256(folder.video)})


def disown(folder: RunFolder, *, of_others: bool) -> None:
    """Note that the video is to be made again; until then the report says what the one that is there shows.

    Args:
        of_others: whether frames are about to be overwritten by others; else they are mended or made anew.
    """
    if report := _read(folder):
        report |= {"video_sha256": None, _OUTDATED: True}
        _write(folder, report | {"last_frame_hash": None} if of_others else report)


def is_whole(folder: RunFolder) -> bool:
    """Whether the folder's run is finished: its video shows all of its frames, and they are those of the report."""
    report = _read(folder)
    count = report.get("frames")
    vouched = bool(report.get("last_frame_hash")) and count == report.get("frames_in_schedule")
    return vouched and folder.video.is_file()


def num_shown(folder: RunFolder) -> float:
    """Of how many frames the video is made; infinitely many where that is not known, 0 where there is none."""
    if not folder.video.is_file():
        return 0
    count = _read(folder).get("frames")
    return count if isinstance(count, int) else float("inf")


def is_as_made(folder: RunFolder) -> bool:
    """Whether the video is the one that the report tells of; so it is where there is no report."""
    wanted = _read(folder).get("video_sha256")
    return wanted is None or (folder.video.is_file() and sha256(folder.video) == wanted)


def _random(digests: Mapping[str, Any]) -> list[str]:
    """The names of models whose weights are random: with one of these the pictures mean nothing."""
    return [model["name"] for model in (digests["latent"], *digests["perceptors"]) if "random_seed" in model]


def is_current(folder: RunFolder, last_hash: str, schedule: Schedule) -> bool:
    """Whether what is derived from the frames was made of these frames, with this rate, title, sound and delivery."""
    report = _read(folder)
    output = schedule.output
    wanted = {
        "last_frame_hash": last_hash,
        "fps": output.fps,
        "title": schedule.title,
        "sound": sound(schedule.music),
        "videos": _videos(folder, schedule),
        "loop": asdict(schedule.loop),
    }
    if _OUTDATED in report or any(report.get(key) != value for key, value in wanted.items()):
        return False
    derived = (*paths(folder.path, output.video), folder.contact_sheet, folder.poster)
    return all(path.is_file() for path in derived) and is_as_made(folder)


def _write(folder: RunFolder, report: Mapping[str, Any]) -> None:
    write_text(folder.report, json.dumps(report, indent=1, ensure_ascii=False) + "\n")


def _videos(folder: RunFolder, schedule: Schedule) -> dict[str, Any]:
    """The files by name, and what is asked of each, as JSON gives it back."""
    videos = schedule.output.video
    return {path.name: _asked(video) for path, video in zip(paths(folder.path, videos), videos, strict=True)}


def _asked(video: Video) -> dict[str, Any]:
    asked: dict[str, Any] = json.loads(json.dumps(asdict(video)))
    if video.upscaler is not None:  # what is in the file counts, not where it lies
        asked["scale"] = sha256(video.upscaler)
    return asked


def _read(folder: RunFolder) -> dict[str, Any]:
    try:
        report = json.loads(folder.report.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return report if isinstance(report, dict) else {}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
