"""`let:`: names for numbers and expressions."""

import numpy as np

from pipeline.curves.expressions import Expression
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.formulas import compiled
from pipeline.schedule.fields.keyframes import EXPRESSION
from pipeline.schedule.fields.names import in_dependency_order, named, names_shape
from pipeline.schedule.fields.shapes import one_of
from pipeline.schedule.sections import Section, reader_of

_VARIABLE = "a number or an expression such as 2*sin(t)"


def _variables(value: Value, clock: Clock) -> dict[str, Expression]:
    """The expressions of `let:`, in an order in which each comes after those that it uses."""
    entries = named(value, "a variable")
    # A placeholder for every variable while the others are read, and then for those that cannot be read.
    unread = dict.fromkeys(entries, Expression(source="", names=frozenset(), compute=lambda names: np.array(np.nan)))
    known = clock.with_names(variables=unread)
    read: dict[str, Expression] = {}
    for name, entry in entries.items():
        with value.problems.collecting():
            if entry.is_map or entry.is_list or isinstance(entry.scalar(_VARIABLE), bool | None):
                raise entry.invalid(_VARIABLE)
            read[name] = compiled(entry, known, _VARIABLE)
    for name in entries.keys() & clock.names.signals.keys():
        value.problems.add(
            InvalidError(entries[name], f"'{name}' is already the name of a signal in music:; choose another name")
        )
    order = in_dependency_order({name: entries[name] for name in read}, {name: set(read[name].names) for name in read})
    found = {name: read[name] for name in order}
    return found | {name: nothing for name, nothing in unread.items() if name not in found}


SECTION: Section[dict[str, Expression]] = Section(
    position=130,
    shape=lambda: names_shape("names for numbers and expressions", one_of({"type": "number"}, EXPRESSION)),
    read=reader_of("let", _variables, {}),
    needs=("markers",),
    clock=lambda variables, clock: clock.with_names(variables=variables),
)
