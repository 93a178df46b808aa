"""The section `guides:`: whether a prior proposes a picture for every scene, at which crossfades arrive."""

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.readers import read_entry
from pipeline.schedule.fields.shapes import about, described
from pipeline.schedule.sections import Reading, Section

AUTO = "auto"


@described({"const": AUTO})
def read_guides(value: Value, clock: Clock) -> bool:
    """Read the word `auto`."""
    if value.scalar(f"`{AUTO}`") != AUTO:
        raise value.invalid(f"`{AUTO}`")
    return True


def _read(reading: Reading) -> bool:
    found: bool = read_entry(read_guides, reading.entries, "guides", reading.clock, default=False)
    if found and reading.clock.known and all(start.prior is None for start in reading.found["start"]):
        entry = reading.entries["guides"]
        with entry.problems.collecting():
            raise InvalidError(entry, "has no prior to draw pictures; write start: {prior: bank} as well")
    return found


SECTION = Section(
    position=66,
    shape=lambda: about(
        read_guides.shape,
        "`auto`: the prior of `start:` proposes a picture for every scene of the prompts, at which crossfades arrive",
    ),
    read=_read,
    needs=("start",),
)
