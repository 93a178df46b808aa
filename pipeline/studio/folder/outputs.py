"""The outputs folder as a gallery: every run in it, what was made, and from what."""

import contextlib
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.video_plan import VideoPlan
from pipeline.schedule.origin import Origin
from pipeline.studio.folder.opened import OpenedFolder
from pipeline.studio.folder.refused import RefusedError
from render.errors import InputError

MOST = 500  # runs that are listed
_LEVELS = 2  # of folders: a run, or a variant below its schedule
_RECORD, _SCHEDULE = "run.json", "schedule.yaml"
_MOST_FRAMES, _FASTEST = 10_000_000, 1000  # frames and frames per second of a run that is listed
PICTURES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
}
CLIPS = {".mp4": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm", ".mkv": "video/x-matroska"}
SOUNDS = {
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".m4a": "audio/mp4",
    ".aac": "audio/aac",
}
TEXTS = {".json": "application/json", ".yaml": "text/plain; charset=utf-8", ".srt": "text/plain; charset=utf-8"}
MADE = PICTURES | CLIPS | TEXTS  # what a run's folder holds
GIVEN = PICTURES | CLIPS | SOUNDS  # what a schedule can name


@dataclass(frozen=True, kw_only=True)
class Output:
    """A run's folder.

    Attributes:
        name: of the folder among the outputs, with `/` for a variant.
        path: of its schedule in the opened folder; "" if it lies elsewhere.
        frames: how many there will be.
        frames_done: how many there are.
        seconds: of the whole video.
        fps: of the video.
        video, poster, contact: names of files in the folder; null without.
        changed: when a frame or the video was last written, in seconds since 1970.
        size: width and height of the frames in pixels.
    """

    name: str
    path: str
    title: str
    draft: bool
    frames: int
    frames_done: int
    seconds: float
    fps: float
    video: str | None
    poster: str | None
    contact: str | None
    changed: float
    size: tuple[int, int]


class Outputs:
    """The runs in a folder, which need not exist yet."""

    def __init__(self, root: Path, opened: OpenedFolder) -> None:
        self._root, self._opened = root, opened

    def all(self) -> list[Output]:
        """Every run, the one that changed last first, at most `MOST`."""
        runs = itertools.islice(_runs(self._root, "", _LEVELS), MOST)
        found = [output for folder, name in runs if (output := self._described(folder, name)) is not None]
        return sorted(found, key=lambda output: -output.changed)

    def run(self, name: str) -> RunFolder:
        """The run's folder of this name. Raises `RefusedError` if there is none."""
        folder = self._folder.folder(name)
        if not (folder / _RECORD).is_file():
            raise RefusedError(404, "there is no run of that name")
        return RunFolder(folder)

    def file(self, path: str) -> Path:
        """A file of a run, by the run's name and the file's path in its folder. Raises `RefusedError`."""
        return self._folder.file(path, frozenset(MADE))

    def schedule(self, name: str) -> str:
        """The text that a run was made by. Raises `RefusedError`."""
        run = self.run(name)
        self._folder.file(f"{name}/{_SCHEDULE}", frozenset({Path(_SCHEDULE).suffix}))  # and no link that leads out
        try:
            return run.source()
        except InputError as error:
            raise RefusedError(404, str(error)) from error

    @property
    def _folder(self) -> OpenedFolder:
        return OpenedFolder(root=self._root.resolve())

    def _described(self, folder: Path, name: str) -> Output | None:
        run = RunFolder(folder)
        try:
            origin, plan = run.origin(), run.video_plan()
        except InputError:  # another program's run.json
            return None
        if not _is_plausible(origin, plan):
            return None
        shown = len(plan.shown(plan.frames))
        return Output(
            name=name,
            path=self._path(origin.file),
            title=plan.title,
            draft=origin.draft,
            frames=plan.frames,
            frames_done=len(run.frames.present()),
            seconds=shown / plan.fps,
            fps=plan.fps,
            video=_name(run.video),
            poster=_name(run.poster),
            contact=_name(run.contact_sheet),
            changed=max(map(_changed, (folder / _RECORD, run.frames.folder, run.video))),
            size=plan.size,
        )

    def _path(self, file: str) -> str:
        path = Path(file)
        return self._opened.name(path) if file and path.is_relative_to(self._opened.root) else ""


def _is_plausible(origin: Origin, plan: VideoPlan) -> bool:
    """Whether a run's record can be described: anyone may have written it, and one must not hide the others."""
    counts = (plan.frames, plan.led, *plan.size)
    return (
        all(isinstance(text, str) for text in (origin.file, plan.title, *(video.format for video in plan.videos)))
        and isinstance(origin.draft, bool)
        and all(isinstance(count, int) and 0 <= count <= _MOST_FRAMES for count in counts)
        and isinstance(plan.fps, int | float)
        and 0 < plan.fps <= _FASTEST
        and len(plan.videos) > 0
    )


def _runs(folder: Path, above: str, levels: int) -> Iterator[tuple[Path, str]]:
    """Every folder of a run, with its name among the outputs; links are not followed."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(".") or not entry.is_dir(follow_symlinks=False):
            continue
        path, name = Path(entry.path), f"{above}{entry.name}"
        if (path / _RECORD).is_file():
            yield path, name
        elif levels > 1:
            yield from _runs(path, f"{name}/", levels - 1)


def _changed(path: Path) -> float:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _name(path: Path) -> str | None:
    return path.name if path.is_file() else None
