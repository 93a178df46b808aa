"""The pictures that a frame can start from, numbered as `start.pick` counts them, on one sheet."""

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from pipeline.run.delivery.sheet import COLUMNS, thumbnail, write_sheet
from pipeline.run.folder.frames import to_pixels
from pipeline.schedule.document.document import Value, compose
from pipeline.schedule.document.overrides import merged_under, replaced
from pipeline.schedule.document.sources import in_one_line
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.sections.models import Models
from pipeline.schedule.sections.start import MAX_CANDIDATES, Start, check_fits, with_priors
from pipeline.schedule.timeline import Timeline
from pipeline.views.moment import frame_at
from render.errors import InputError
from render.guidance import pictures
from render.models import registry
from render.spec import FrameSpec
from render.spec.pictures import PictureStart, PriorStart

if TYPE_CHECKING:
    from render.renderer.renderer import Renderer

FEWEST = 16  # candidates, unless another number is asked for
BANK = "{prior: bank}"  # what is shown of a frame that starts from noise
_FONT_SIZE = 18


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """A frame without a predecessor, and what it starts from.

    Attributes:
        spec: of the frame.
        start: its prior, and how many candidates are shown.
        models: those that it needs.
        from_noise: whether the schedule starts it from noise, so that the embedded bank stands in.
        shot: the path of its shot, such as `shots[1]`; empty if the schedule has no list of shots.
        written: the map in the schedule that says what it starts from, on one line.
    """

    spec: FrameSpec
    start: PriorStart
    models: Models
    from_noise: bool
    shot: str
    written: str

    @property
    def pick(self) -> int:
        """The candidate that the schedule takes now, from 1."""
        return min(self.start.pick, self.start.candidates)

    def line(self, pick: int) -> str:
        """The line of a schedule that starts the frame from candidate `pick` of those that are shown."""
        node = compose(self.written, "start").node
        for key, number in (("candidates", self.start.candidates), ("pick", pick)):
            node = replaced(node, key, compose(str(number), key).node, key)
        return f"start: {in_one_line(node)}"


def beginning(schedule: Schedule, moment: str | None, count: int | None) -> Beginning:
    """Find the frame that begins at a time, or the last one before that starts anew, and what it starts from.

    Args:
        moment: the time in the notation of a schedule, such as `4s` or `50%`; the first frame if None.
        count: of candidates; None for as many as the schedule asks for, but at least 16.

    Raises:
        InputError: there is no such time, or `count` is out of range.
        UnfitPriorError: the frame starts from noise, and the embedded bank does not fit the models.
    """
    if count is not None and not 1 <= count <= MAX_CANDIDATES:
        raise InputError(f"-n {count}: expected a number of pictures from 1 to {MAX_CANDIDATES}")
    spec = first_spec(schedule, moment)
    proposed = spec.start if isinstance(spec.start, PriorStart) else None
    start, models = (proposed, schedule.models) if proposed else _bank(schedule)
    start = dataclasses.replace(start, candidates=count or max(FEWEST, start.candidates))
    shot = max(sum(shot.start <= spec.index / schedule.output.fps for shot in schedule.shots) - 1, 0)
    document = compose(schedule.text, schedule.title)
    return Beginning(
        spec=dataclasses.replace(spec, start=start),
        start=start,
        models=models,
        from_noise=proposed is None,
        shot=f"shots[{shot}]" if "shots" in document.entries() else "",
        written=in_one_line(_written(document, shot)) if proposed else BANK,
    )


def first_spec(schedule: Schedule, moment: str | None) -> FrameSpec:
    """The spec of the frame that begins at a time, or of the last one before that starts anew; the first if None.

    Raises:
        InputError: there is no such time.
    """
    timeline = Timeline(schedule)
    at = 0 if moment is None else frame_at(schedule, moment)
    return timeline.at(max(index for index in timeline.cuts if index <= at))


def write_picture(renderer: "Renderer", spec: FrameSpec, path: Path) -> str:
    """Draw the picture file that a frame starts from, fitted to the frame, and what refinement starts from; say which.

    Raises what loading and rendering raise.
    """
    assert isinstance(spec.start, PictureStart)
    renderer.require_memory(spec.size)
    given = pictures.read(spec.start.picture, spec.size, renderer.device)
    begun = f"at strength {spec.start.strength:g}"
    drawn = [
        thumbnail(to_pixels(image), label, _FONT_SIZE)
        for image, label in ((given, "the picture"), (renderer.beginning(spec), begun))
    ]
    write_sheet(drawn, 2, path)
    return f"{spec.start.picture.file.path.name} as the frame shows it, and what it starts from {begun}"


def _bank(schedule: Schedule) -> tuple[PriorStart, Models]:
    """A start from the embedded bank, and the schedule's models with it. Raises `UnfitPriorError`."""
    begun = Start(prior=registry.find_prior("bank"))
    assert begun.prior is not None
    spec = begun.spec
    assert isinstance(spec, PriorStart)
    check_fits(begun.prior, schedule.models)
    known = [shot.sections["start"] for shot in schedule.shots]
    return spec, with_priors(schedule.models, [*known, begun])


def _written(document: Value, number: int) -> yaml.Node:
    """The map `start:` of a shot as it is written, with what it leaves to the top."""
    entries = document.entries()
    top = entries.get("start")
    shot = entries["shots"].items("a list")[number].entries() if "shots" in entries else {}
    own = shot.get("start")
    if own is None or not own.is_map:
        assert top is not None
        return top.node
    return merged_under(own.node, top.node, (), {}) if top is not None and top.is_map else own.node


def write_candidates(renderer: "Renderer", spec: FrameSpec, path: Path) -> int:
    """Draw all candidates of a frame, the best first, each with its number and score; return how many there are.

    There are fewer than `spec.start` asks for where the prior has no more. Raises what loading and rendering raise.
    """
    renderer.require_memory(spec.size)
    pictures, scores = renderer.candidates(spec)
    drawn = [
        thumbnail(to_pixels(picture[None]), f"{number}   {score:.3f}", _FONT_SIZE)
        for number, (picture, score) in enumerate(zip(pictures, scores.tolist(), strict=True), start=1)
    ]
    write_sheet(drawn, min(COLUMNS, math.ceil(math.sqrt(len(drawn)))), path)
    return len(drawn)
