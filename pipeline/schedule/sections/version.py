"""`version:` of the schedule language."""

from pipeline.schedule.document.document import Value
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.sections import Section, reader_of


def _version(value: Value, clock: Clock) -> int:
    expected = "version 1, the only one"
    if (version := value.scalar(expected)) != 1 or isinstance(version, bool):
        raise value.invalid(expected)
    return 1


SECTION = Section(
    position=10,
    can_vary=False,
    shape=lambda: {
        "description": "version of the language; optional, 1 is the only one",
        "const": 1,
        "default": 1,
    },
    read=reader_of("version", _version, 1),
)
