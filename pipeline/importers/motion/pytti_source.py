"""pytti's mode Video Source: a clip that is painted over, as a source, and what holds on to it, as losses.

The clip is resampled to `frames_per_second`. Picture k is refined beside its frame k * frame_stride: with
`reencode_each_frame` it begins from that frame, otherwise from the last picture, which is not moved; the flow loss
pulls it towards the last picture, moved by the flow, where that is consistent. That loss and `direct_stabilization`,
which pulls towards the clip's frame, are mean squares over pixels in [0, 1], as `temporal` and `anchor` are.

Source: pytti-tools/pytti-core, Transforms.py (animate_video_source), rotoscoper.py (get_frames),
    LossAug/OpticalFlowLossClass.py and MSELossClass.py.
"""

from pipeline.importers.files import Entry
from pipeline.importers.motion.clips import FoundClip, find_clip
from pipeline.importers.motion.extraction import Extraction, Footage
from pipeline.importers.motion.zoom_2d import Clock
from pipeline.importers.notes import Effect, Notes
from pipeline.importers.settings import Settings, shown
from pipeline.importers.values.arithmetic import UnreadableError, arithmetic
from pipeline.importers.values.dialects import PYTHON
from pipeline.importers.values.keys import expression_keys, number

VIDEO = "Video Source"


def source_clip(settings: Settings, mode: str, notes: Notes) -> FoundClip | None:
    """Find the clip of the mode Video Source."""
    return find_clip(settings, "video_path", notes) if mode == VIDEO else None


def size_of(settings: Settings, clip: FoundClip | None, default: int, low: int, high: int) -> tuple[int, int]:
    """Read width and height; of a clip one may be -1, for the clip's own shape."""
    if clip is None:
        return settings.integer("width", default, low, high), settings.integer("height", default, low, high)
    width, height = settings.integer("width", default, -1, high), settings.integer("height", default, -1, high)
    if width == -1:
        width = int(height * clip.size[0] / clip.size[1])
    if height == -1:
        height = int(width * clip.size[1] / clip.size[0])
    return max(width, low), max(height, low)


def source(settings: Settings, clip: FoundClip, clock: Clock, notes: Notes) -> dict[str, Entry]:
    """Read the section `source`."""
    stride = settings.integer("frame_stride", 1, 1, 10**6)
    anew = settings.flag("reencode_each_frame", True)
    if not anew:
        line = "reencode_each_frame is off: pytti does not move the last picture; here it moves as the clip does"
        notes.add(line, Effect.MOTION)
    footage = Footage(
        clip=clip, extraction=Extraction(nth=stride), frames=len(clock.times), fps=clock.fps, every=clock.fps
    )
    return {**footage.played(), "fit": "stretch", "mix": "0" if anew else "1", **footage.silent()}


def losses(settings: Settings, clock: Clock, notes: Notes) -> dict[str, Entry]:
    """Read the section `losses`: the flow loss, and, where a frame begins from the clip's, what pulls towards that."""
    found = _weight(settings, "flow_stabilization_weight", clock, notes)
    entries: dict[str, Entry] = {} if found is None else {"temporal": found}
    if settings.integer("flow_long_term_samples", 1, 0, 100) and found is not None:
        notes.add("flow_long_term_samples: only the last frame is compared with, not older ones", Effect.LOOK)
    if settings.flag("reencode_each_frame", True):
        held = _weight(settings, "direct_stabilization_weight", clock, notes)
        entries |= {} if held is None else {"anchor": held}
    return entries


def _weight(settings: Settings, name: str, clock: Clock, notes: Notes) -> Entry | None:
    """A weight, which may be an expression of t; None if it is unset or 0."""
    written = settings.text(name).strip().strip("`").strip()
    weight, _, mask = written.partition("_")
    if mask:
        notes.add(f"{name} = {shown(written)}: its mask is not used", Effect.LOOK)
    if not weight:
        return None
    try:
        expression = arithmetic(weight, PYTHON)
        values = clock.values(expression)
    except UnreadableError as error:
        notes.add(f"{name} = {shown(written)}: {error}; it is left out", Effect.LOOK)
        return None
    if (values == values[0]).all():
        return number(values[0]) if values[0] else None
    return expression_keys(expression.written(clock.words("frame")), values, clock.fps)
