"""The frame loop: timeline -> renderer -> frames and states -> video.

Frames are the record, the video is derived from them. A run continues where its folder says that it
stopped; what is done is decided by chained hashes (`pipeline.checkpoint`), never by counting files.
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import ffmpeg, sheet
from pipeline.atomic import write_text
from pipeline.checkpoint import StateFolder, chain
from pipeline.events import Finished, FrameDone, Interrupted, Report, Started
from pipeline.frames import FrameFolder, FrameRecord
from pipeline.report import VIDEO, RunReport, is_current, write_report
from pipeline.schedule import Schedule
from pipeline.timeline import Timeline
from render.errors import CheckpointError, InputError

if TYPE_CHECKING:
    from render.renderer import FrameState, Renderer


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Run matters: nothing here changes a pixel.

    Attributes:
        frames: (A, B) renders frames A to B - 1, anew if they are there; None renders what is missing.
        fresh: start anew whatever is there.
        ffmpeg: the program to use, see `pipeline.ffmpeg.find_binary`.
    """

    frames: tuple[int | None, int | None] | None = None
    fresh: bool = False
    ffmpeg: str | None = None


class Run:
    """One schedule and its folder."""

    def __init__(self, schedule: Schedule, folder: Path, options: RunOptions) -> None:
        self.schedule = schedule
        self.folder = folder
        self._options = options
        self._timeline = Timeline(schedule)
        self._frames = FrameFolder(folder / "frames")
        self._states = StateFolder(folder / "state", every=round(schedule.output.fps))
        self._digests = schedule.models.digests()
        self._hashes = chain(self._timeline, self._digests)
        self._begin, self._end = _frame_range(options.frames, len(self._timeline))

    def execute(self, renderer: Callable[[], "Renderer"], report: Report, stop: Callable[[], bool]) -> bool:
        """Render what is missing and make the video.

        Args:
            renderer: gives the models; called only if there is a frame to render.
            report: hears what happens.
            stop: asked after every frame; True ends the run there.

        Returns:
            Whether the run was finished; False if it was stopped.

        Raises:
            RunError: rendering or encoding failed; every finished frame is kept.
        """
        binary = ffmpeg.find_binary(self._options.ffmpeg)  # before hours of work, not after
        self.folder.mkdir(parents=True, exist_ok=True)
        write_text(self.folder / "schedule.yaml", self.schedule.source)
        started = time.perf_counter()
        figures = RunReport()
        done = 0 if self._options.fresh else len(self._finished())
        if self._missing(done):
            models = renderer()
            figures.device = str(models.device)
            state, first = self._start(models, done)
            report(
                Started(
                    schedule=self.schedule.title,
                    folder=self.folder,
                    frames=len(self._timeline),
                    first=first,
                    last=self._end,
                    device=figures.device,
                )
            )
            for index in range(first, self._end):
                if stop():
                    self._report_interruption(report, index)
                    return False
                state = self._frame(models, state, index, figures, report)
        count = self._derive(binary, figures)
        report(
            Finished(
                schedule=self.schedule.title,
                video=self.folder / VIDEO,
                frames=count,
                rendered=len(figures.frame_seconds),
                seconds=time.perf_counter() - started,
            )
        )
        return True

    def _report_interruption(self, report: Report, done: int) -> None:
        go_on = "run the same command again to go on"
        if self._options.fresh:
            go_on = "run it again without --fresh to go on"
        elif self._options.frames is not None:
            go_on = f"run it with --frames {done}:{self._end} to go on"
        title = self.schedule.title
        report(Interrupted(schedule=title, folder=self.folder, done=done, frames=self._end, go_on=go_on))

    def _missing(self, done: int) -> bool:
        """Whether there is a frame to render, `done` of them being there from the first on."""
        return self._options.frames is not None or done < self._end

    def _start(self, renderer: "Renderer", done: int) -> tuple["FrameState | None", int]:
        """The state to go on from and the first frame to render."""
        # A state is saved before its frame, so it may be one ahead; a range is rendered anew.
        newest = done if self._options.frames is None else min(done, self._begin) - 1
        usable = [] if self._options.fresh else self._states.usable(self._hashes)
        for index in sorted((index for index in usable if index <= newest), reverse=True):
            with contextlib.suppress(CheckpointError):  # damaged: an earlier one will do
                state = self._states.load(index, renderer.device)
                if index == done:
                    self._write(state)
                return state, index + 1
        return None, 0

    def _frame(
        self, renderer: "Renderer", state: "FrameState | None", index: int, figures: RunReport, report: Report
    ) -> "FrameState":
        begun = time.perf_counter()
        spec = self._timeline.at(index)
        following = renderer.step(state, spec)
        # State before frame: a kill between the two loses neither.
        self._states.save(following, self._hashes[index])
        record = self._write(following)
        figures.add(spec, time.perf_counter() - begun)
        report(
            FrameDone(
                index=index,
                remaining=self._end - index - 1,
                seconds=figures.frame_seconds[-1],
                steps_per_second=figures.steps_per_second,
                similarity=record.similarity,
                seconds_left=figures.seconds_left(self._timeline.num_steps[index + 1 : self._end]),
            )
        )
        return following

    def _write(self, state: "FrameState") -> FrameRecord:
        pixels = state.image[0].movedim(0, -1).mul(255).round().byte().cpu().numpy()
        similarity = float(state.similarity[0])
        record = FrameRecord(
            hash=self._hashes[state.index], similarity=similarity if similarity == similarity else None
        )
        asked = self._options.fresh or (self._options.frames is not None and state.index >= self._begin)
        if asked or self._frames.record(state.index) != record:
            self._frames.write(state.index, pixels, record)
        return record

    def _finished(self) -> list[FrameRecord]:
        """The records of the frames from the first on that are there and current."""
        found = []
        for index, wanted in enumerate(self._hashes):
            record = self._frames.record(index)
            if record is None or record.hash != wanted:
                break
            found.append(record)
        return found

    def _derive(self, binary: str, figures: RunReport) -> int:
        """Make video, contact sheet, poster and report of the frames there are; return their number."""
        records = self._finished()
        count, last_hash = len(records), records[-1].hash
        output = self.schedule.output
        if not figures.frame_seconds and is_current(self.folder, last_hash, self.schedule):
            return count
        similarities = [record.similarity for record in records]
        pattern = self._frames.folder / FrameFolder.pattern
        ffmpeg.assemble(binary, pattern, count, output.fps, self.schedule.title, self.folder / VIDEO)
        sheet.contact_sheet(self._frames, count, output.fps, self.folder / "contact.png")
        sheet.poster(self._frames, similarities, self.folder / "poster.png")
        write_report(self.folder, self.schedule, figures, similarities, self._digests, last_hash)
        return count


def _frame_range(frames: tuple[int | None, int | None] | None, count: int) -> tuple[int, int]:
    """The half-open range of frames to render, within the schedule.

    Raises:
        InputError: it is empty or lies outside.
    """
    begin, end = frames or (None, None)
    begin, end = begin or 0, count if end is None else end
    if not 0 <= begin < end <= count:
        raise InputError(f"--frames {begin}:{end}: expected A:B with 0 <= A < B <= {count}, the number of frames")
    return begin, end
