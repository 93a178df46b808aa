"""Checks that the files in a run's folder are what was written and match the schedule."""

import random
from collections import Counter
from collections.abc import Iterator

import numpy as np

from pipeline.run.delivery.checks import faults
from pipeline.run.folder.finished import video_matches_report
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.frames import repair_hint, to_pixels
from pipeline.run.folder.hashes import chain
from pipeline.run.folder.status import stretches
from pipeline.run.loop_end import LoopStart
from pipeline.schedule.timeline import Timeline
from pipeline.video.ffmpeg import find_binary
from render.errors import CheckpointError, RunError


class Verification:
    """The folder of one run, checked against its schedule file as it is now; the summary says whether that was edited.

    Args:
        program: path of ffmpeg, see `ffmpeg.find_binary`.

    Raises:
        InputError: this is not the folder of a run, or its schedule can no longer be read.
        EncodingError: there is no ffmpeg to read the videos with.
    """

    def __init__(self, folder: RunFolder, program: str | None = None) -> None:
        self._binary = find_binary(program)
        origin = folder.origin()
        self._file = origin.file
        self._schedule, self._edited = folder.load_schedule(origin)
        self._timeline = Timeline(self._schedule)
        self._digests = origin.models
        self._hashes = chain(self._timeline, self._digests)
        self._frames = folder.frames
        self._states = folder.states(self._schedule)
        self._folder = folder
        self._seen = {"frames": 0, "states": 0, "rerendered": 0}
        self._here = ""
        self._made_elsewhere: list[str] = []
        self._in_one_line = 0  # missing frames that are reported in the line of the missing frame before them

    def damaged(self) -> Iterator[str]:
        """Yield one sentence for everything that is missing, damaged, or does not match the schedule."""
        yield from self._damaged_frames()
        yield from self._damaged_states()
        yield from self._damaged_videos()

    def _damaged_frames(self) -> Iterator[str]:
        self._seen["frames"] += len(self._hashes)
        missing = set(range(len(self._hashes))) - set(self._frames.present())
        for begin, end in stretches(missing):
            if end - begin > 1:
                self._in_one_line += end - begin - 1
                yield f"{self._frames.folder}: frames {begin} to {end - 1} are missing; {repair_hint(begin, end)}"
        alone = {begin for begin, end in stretches(missing) if end - begin == 1}
        for index in sorted(set(range(len(self._hashes))) - missing | alone):
            try:
                hash_ = self._frames.verify(index).hash
            except CheckpointError as error:
                yield str(error)
                continue
            if hash_ != self._hashes[index]:
                yield f"{self._frames.path(index)}: belongs to another schedule or to other models"

    def _damaged_states(self) -> Iterator[str]:
        for index in self._states.kept():
            self._seen["states"] += 1
            try:
                note = self._states.verify(index)
            except CheckpointError as error:
                yield f"{error}; delete it; rendering resumes from an earlier one"
                continue
            if index < len(self._hashes) and note.frame_hash != self._hashes[index]:
                yield f"{self._states.path(index)}: belongs to another schedule or to other models"

    def _damaged_videos(self) -> Iterator[str]:
        video = self._folder.video
        if not (as_made := video_matches_report(self._folder)):
            yield f"{video}: is not the video that the run made; render assemble {self._folder.path} makes it again"
        plan = self._folder.video_plan()
        if len(self._frames.present()) >= plan.frames:  # otherwise a video may show only some of the frames
            for path, fault in faults(self._folder.path, plan, self._binary):
                if as_made or path != video:
                    yield fault

    def rerender(self, count: int, seed: int | None, device_name: str, offline: bool) -> Iterator[str]:
        """Render up to `count` random frames again, each from the kept state before it.

        Skips the frames and states that `damaged` reports. Yields a sentence for every frame that is not bit-identical.

        Raises:
            RunError: the models are not those of the run.
        """
        models = self._schedule.models.locate(offline=offline, progress=lambda *_: None)
        if models.digests() != self._digests:
            raise RunError("the models are not those that the run was made with")
        renderer = models.load(device_name)
        self._here = renderer.made_on
        begins = [before for before in (-1, *self._states.kept()) if self._is_sound(before)]
        for before in sorted(random.Random(seed).sample(begins, min(count, len(begins)))):
            self._seen["rerendered"] += 1
            state = self._states.load(before, renderer.device) if before >= 0 else None
            elsewhere = self._elsewhere(before + 1)
            spec = self._timeline.at(before + 1)
            loop_start = LoopStart(self._states, self._timeline, self._hashes, self._frames)
            following = renderer.step(state and loop_start.toward(state, spec, renderer), spec)
            if not np.array_equal(to_pixels(following.frame), self._frames.read(before + 1)):
                here = f"{self._here}, not on {elsewhere}" if elsewhere else self._here
                yield f"{self._frames.path(following.index)}: rendered again on {here}, the picture is different"

    def _elsewhere(self, index: int) -> str | None:
        """On what frame `index` was made if that, or the way there, differs from here: its bits may differ, too."""
        note = self._states.note(index) or self._states.note(index - 1)
        if note is None or note.made_on == self._here:
            return None
        self._made_elsewhere.append(note.made_on)
        return note.made_on

    def _is_sound(self, before: int) -> bool:
        """Whether the frame after frame `before`, and the state that it starts from, are undamaged and current."""
        following = before + 1
        if following >= len(self._hashes):
            return False
        try:
            starts_right = before < 0 or self._states.verify(before).frame_hash == self._hashes[before]
            return starts_right and self._frames.verify(following).hash == self._hashes[following]
        except CheckpointError:
            return False

    def summary(self, lines: int) -> str:
        """What was checked, and how many problems were found.

        Args:
            lines: the number of sentences that `damaged` and `rerender` yielded.
        """
        checked = f"{_count(self._seen['frames'], 'frame')} and {_count(self._seen['states'], 'state')} checked"
        if rerendered := self._seen["rerendered"]:
            checked += f", {_count(rerendered, 'frame')} rendered again on {self._here}"
            for place, number in Counter(self._made_elsewhere).items():
                checked += f" ({number} of them made on {place})"
        problems = lines + self._in_one_line
        summary = f"{self._folder.path}: {checked}; {_count(problems, 'problem') if problems else 'no problems'} found"
        return summary if not self._edited else f"{summary}; {self._note()}"

    def _note(self) -> str:
        run = self._folder.path / "schedule.yaml"
        return (
            f"{self._file} has changed since this run; the files were compared with the edited schedule, "
            f"and {run} is the one that was run"
        )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
