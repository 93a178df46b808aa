"""The folder of a run: where each file lies, and how its schedule is loaded again."""

import json
from dataclasses import asdict
from pathlib import Path

from pipeline.run.folder.frames import FrameFolder
from pipeline.run.folder.names import paths
from pipeline.run.folder.states import StateFolder
from pipeline.run.folder.video_plan import VideoPlan
from pipeline.schedule.origin import Origin
from pipeline.schedule.origin_loader import load_origin
from pipeline.schedule.schedule import Schedule
from pipeline.storage.atomic import write_text
from render.errors import InputError

_RECORD = "run.json"
_STATES = "state"


class RunFolder:
    """DIR/<schedule>/ with frames/, state/, the video and the report."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.frames = FrameFolder(path / "frames")
        self.contact_sheet = path / "contact.png"
        self.poster = path / "poster.png"
        self.report = path / "report.json"
        self._schedule = path / "schedule.yaml"

    def states(self, schedule: Schedule) -> StateFolder:
        fps = schedule.output.fps
        return StateFolder(self.path / _STATES, every=round(fps), first=schedule.loop.num_led(fps))

    def write_origin(self, schedule: Schedule, origin: Origin) -> None:
        """Store the schedule as it is being run, and where it came from."""
        write_text(self._schedule, schedule.text)
        record = {**asdict(origin), "footage": VideoPlan.of(schedule).to_record()}
        write_text(self.path / _RECORD, json.dumps(record, indent=1, ensure_ascii=False) + "\n")

    @property
    def video(self) -> Path:
        """The path of the first file that the run delivers; video.mp4 if that is unknown."""
        try:
            return paths(self.path, self.video_plan().videos)[0]
        except InputError:
            return self.path / "video.mp4"

    def files(self, frames: int | None) -> list[Path]:
        """The files of the run: the first frames, all states, what was made from them, and the schedule and origin.

        Args:
            frames: how many frames; None for all there are, and 0 leaves the states out as well.
        """
        try:
            videos = paths(self.path, self.video_plan().videos)
        except InputError:
            videos = []
        named = [*videos, self.contact_sheet, self.poster, self._schedule, self.path / _RECORD, self.report]
        indices = [index for index in self.frames.present() if frames is None or index < frames]
        states = [] if frames == 0 else sorted((self.path / _STATES).glob("[0-9]*.safetensors"))
        return [*(self.frames.path(index) for index in indices), *states, *(path for path in named if path.is_file())]

    def source(self) -> str:
        """The text of the schedule as it was run."""
        try:
            return self._schedule.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{self._schedule}: cannot be read; run the schedule again to make it") from error

    def origin(self) -> Origin:
        """What the folder's run was started with.

        Raises:
            InputError: this is not the folder of a run.
        """
        return self._record()[0]

    def video_plan(self) -> VideoPlan:
        """The video plan of the folder's run; needs no schedule. Raises `InputError` as `origin` does."""
        return self._record()[1]

    def _record(self) -> tuple[Origin, VideoPlan]:
        try:
            record = json.loads((self.path / _RECORD).read_text(encoding="utf-8"))
            plan = VideoPlan.read(record.pop("footage"))
            overrides = tuple((path, value) for path, value in record.pop("overrides"))
            return Origin(**record, overrides=overrides), plan
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise InputError(
                f"{self.path}: not the folder of a run (no readable {_RECORD}); "
                "expected a folder such as outputs/sunset"
            ) from error

    def is_edited(self, origin: Origin) -> bool:
        """Whether the schedule's file has changed since the run, is gone, or is no longer valid."""
        try:
            return self.load_schedule(origin)[1]
        except InputError:
            return True

    def load_schedule(self, origin: Origin) -> tuple[Schedule, bool]:
        """The schedule as its file is now, and whether that has changed since the run.

        Raises:
            InputError: the file is gone or not valid.
        """
        schedule = load_origin(origin)
        return schedule, not self._schedule.is_file() or schedule.text.encode() != self._schedule.read_bytes()
