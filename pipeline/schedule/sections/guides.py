"""`guides:`: pictures that the scenes of the prompts arrive at."""

from pipeline.schedule.document.document import Value
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.shapes import about, described
from pipeline.schedule.sections import Section, reader_of

AUTO = "auto"


@described({"const": AUTO})
def read_guides(value: Value, clock: Clock) -> bool:
    """Read the word `auto`."""
    if value.scalar(f"`{AUTO}`") != AUTO:
        raise value.invalid(f"`{AUTO}`")
    return True


SECTION = Section(
    position=66,
    shape=lambda: about(
        read_guides.shape,
        "`auto`: the prior of `start:` proposes a picture for every scene of the prompts, and a crossfade between scenes "
        "dissolves to it",
    ),
    read=reader_of("guides", read_guides, False),
)
