"""Renders one moment of a schedule with its neighbours, to judge a look before rendering all of it."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import yaml
from PIL import Image

from pipeline.run.folder.frames import to_pixels
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError, Problems
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.times import time
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from pipeline.storage.atomic import replacing
from render.errors import InputError

if TYPE_CHECKING:
    from render.renderer.renderer import Renderer
    from render.renderer.state import FrameState

NEIGHBOURS = 3


def write_moment(schedule: Schedule, written: str, path: Path, device: str, offline: bool) -> None:
    """Render three frames around a time and write them side by side into one picture.

    The first of them starts as a video's first frame does, with as many steps; the others follow as in the video.
    So it shows the look at that time, not the picture that a full run would reach.

    Args:
        written: the time in the notation of a schedule: `4s`, `120` (a frame), `50%`, `end`, `8 beats`, `@drop`.

    Raises:
        InputError: this is not a time of the schedule.
        WeightsError: a model's files are missing or do not fit.
    """
    middle = frame_at(schedule, written)
    last = min(max(middle + 1, NEIGHBOURS - 1), schedule.num_rendered - 1)
    renderer = schedule.models.locate(offline=offline, progress=lambda *progress: None).load(device)
    states = rendered_from(schedule, max(last + 1 - NEIGHBOURS, 0), last, renderer)
    pictures = [to_pixels(state.frame) for state in states]
    with replacing(path) as partial:
        Image.fromarray(np.concatenate(pictures, axis=1)).save(partial)


def rendered_from(schedule: Schedule, first: int, last: int, renderer: "Renderer") -> Iterator["FrameState"]:
    """Render frames `first` to `last`, both included, as if the video began at the first of them.

    Raises:
        MemoryLimitError: a frame does not fit into memory.
    """
    renderer.require_memory(schedule.output.size)
    timeline = Timeline(dataclasses.replace(schedule, refine=schedule.refine.without_cadence()))
    state = None
    for index in range(first, last + 1):
        state = renderer.step(state, timeline.as_first(index) if state is None else timeline.at(index))
        yield state


def frame_at(schedule: Schedule, written: str) -> int:
    """The number of the frame shown at a time. Raises `InputError` if there is none."""
    output = schedule.output
    clock = Clock(fps=output.fps, length=output.length, beat=schedule.music.beat, markers=schedule.markers)
    value = Value(yaml.ScalarNode("tag:yaml.org,2002:str", written), "", Problems("--at"))
    try:
        seconds = time(value, clock)
    except InvalidError as error:
        raise InputError(f"--at {written}: {error.message}") from error
    if seconds > output.length:
        raise InputError(f"--at {written}: is after the end, at {output.length:g}s")
    return min(round(seconds * output.fps), output.num_frames - 1)
