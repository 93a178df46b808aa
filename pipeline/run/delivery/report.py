"""Writes report.json: what was made, from which models, how fast, and how well the frames fit their prompts."""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from itertools import islice
from statistics import mean, median
from typing import Any

from pipeline.curves.array import Array
from pipeline.run.folder.finished import OUTDATED, read_report, video_matches_report, write_report_file
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.names import paths
from pipeline.run.folder.video_plan import VideoPlan, sound_of_clips
from pipeline.schedule.over_time.sound import clips_heard
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.sections import output_stereo
from pipeline.schedule.sections.output_video import Video
from render.models.model import sha256
from render.spec import FrameSpec

DISTRIBUTION = "vqgan-clip-render"
_VERSIONS = (DISTRIBUTION, "torch", "open_clip_torch", "kornia", "taming-transformers-rom1504", "numpy")
_SPEEDS = ("seconds_per_frame", "steps_per_second", "device")


@dataclass
class RunReport:
    """Figures gathered while frames are rendered, by the frame's index."""

    device: str | None = None
    frame_seconds: dict[int, float] = field(default_factory=dict)
    frame_steps: dict[int, int] = field(default_factory=dict)
    has_between: bool = False  # frames that are not refined, but made of those that are

    def add(self, spec: FrameSpec, seconds: float) -> None:
        self.frame_seconds[spec.index] = seconds
        self.frame_steps[spec.index] = spec.num_steps
        self.has_between |= spec.key is not None

    @property
    def seconds_per_frame(self) -> float:
        """The median; if the work of several frames is done in one of them, the mean."""
        average = mean if self.has_between else median
        return float(average(self.frame_seconds.values()))

    @property
    def steps_per_second(self) -> float:
        """Refinement steps per second of wall time, over the whole run."""
        total = sum(self.frame_seconds.values())
        return sum(self.frame_steps.values()) / total if total else 0.0

    def seconds_left(self, steps: Array) -> float:
        """Estimate the seconds for frames with these numbers of steps, from the speed of the last 24 frames.

        Every frame counts as one step more than it has, to account for its fixed cost.
        """
        recent = list(islice(reversed(self.frame_seconds), 24))
        seconds = sum(self.frame_seconds[index] for index in recent)
        done = sum(self.frame_steps[index] + 1 for index in recent)
        return float(seconds / done * (steps.sum() + len(steps)))


def write_report(
    folder: RunFolder,
    schedule: Schedule,
    figures: RunReport,
    similarities: Sequence[float | None],
    digests: Mapping[str, Any],
    last_hash: str,
) -> None:
    """Write report.json; if this run rendered nothing, the speeds of the earlier run are kept."""
    output = schedule.output
    report = {
        "title": schedule.title,
        "frames": len(similarities),
        "frames_in_schedule": schedule.num_rendered,
        "size": list(output.size),
        "fps": output.fps,
        "sound": _sound(schedule),
        "videos": _videos(folder, schedule),
        "loop": asdict(schedule.loop),
        **_speeds(folder, figures),
        "similarity": similarities,
        "random_weights": _random(digests),
        "models": digests,
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in _VERSIONS}},
        "last_frame_hash": last_hash,
        "video_sha256": sha256(folder.video),
    }
    write_report_file(folder, report)


def _speeds(folder: RunFolder, figures: RunReport) -> dict[str, Any]:
    """The speeds of this run, or of the earlier one if this run rendered nothing."""
    if not figures.frame_seconds:
        return {name: read_report(folder).get(name) for name in _SPEEDS}
    return {
        "seconds_per_frame": round(figures.seconds_per_frame, 4),
        "steps_per_second": round(figures.steps_per_second, 4),
        "device": figures.device,
    }


def _random(digests: Mapping[str, Any]) -> list[str]:
    """The names of models with random weights, which make meaningless pictures."""
    models = (digests["latent"], *digests["perceptors"], *digests.get("priors", ()))
    return [model["name"] for model in models if "random_seed" in model]


def is_current(folder: RunFolder, last_hash: str, schedule: Schedule) -> bool:
    """Whether all derived files were made from these frames, with this frame rate, title, sound and delivery."""
    report = read_report(folder)
    output = schedule.output
    wanted = {
        "last_frame_hash": last_hash,
        "fps": output.fps,
        "title": schedule.title,
        "sound": _sound(schedule),
        "videos": _videos(folder, schedule),
        "loop": asdict(schedule.loop),
    }
    if OUTDATED in report or any(report.get(key) != value for key, value in wanted.items()):
        return False
    derived = (*paths(folder.path, output.video), folder.contact_sheet, folder.poster)
    return all(path.is_file() for path in derived) and video_matches_report(folder)


def _videos(folder: RunFolder, schedule: Schedule) -> dict[str, Any]:
    """The settings of every file by its name, in the form in which JSON returns them."""
    videos = schedule.output.video
    seen = _seen(schedule) if any(video.stereo for video in videos) else ""
    return {path.name: _settings(video, seen) for path, video in zip(paths(folder.path, videos), videos, strict=True)}


def _seen(schedule: Schedule) -> str:
    """The digest of what all frames show of their rooms; it takes their whole timeline."""
    seen = json.dumps(VideoPlan.of(schedule).to_record()["seen"])
    return hashlib.sha256(seen.encode()).hexdigest()


def _settings(video: Video, seen: str) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(json.dumps(asdict(video)))
    if video.stereo is None:  # as in the reports of earlier versions
        settings = {name: value for name, value in settings.items() if name not in output_stereo.NAMES}
    else:
        settings["seen"] = seen
    if video.upscaler is not None:  # the file's content matters, not its path
        settings["scale"] = sha256(video.upscaler)
    return settings


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _sound(schedule: Schedule) -> Any:
    """What determines the video's sound, in the form in which JSON returns it; None if it is silent."""
    if music := schedule.music.file:
        return {"sha256": music.digest, "start": schedule.music.start}
    digests = {str(file.path): file.sha256 for file in clips_heard(schedule.shots)}
    pieces = [vars(piece) for piece in sound_of_clips(schedule)]
    return [{**piece, "path": piece["path"] and digests[piece["path"]]} for piece in pieces] or None
