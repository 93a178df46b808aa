"""Determine from the headers of a shell script's loops how often they run."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.importers.scripts.shell_words import Operator, Word
from pipeline.importers.scripts.variables import Variables

_LIMIT = 10_000_000
_LONGEST = 10_000  # characters of a header
_MOST = 1000  # words of a header
_INTEGER = r"\s*(-?\d+|\$?\{?\w+\}?)\s*"
_COUNTING = re.compile(
    rf"\(\(\s*(\w+)\s*={_INTEGER};\s*\$?\1\s*(<=?|>=?|!=){_INTEGER};"
    r"\s*(?:\1\s*(\+\+|--)|(\+\+|--)\s*\1|\1\s*(\+=|-=)\s*(\d{1,9}))\s*\)\)"
)
_RANGE = re.compile(r"\{(-?\d{1,9})\.\.(-?\d{1,9})(?:\.\.(-?\d{1,9}))?\}")
_SEQUENCE = re.compile(r"""(?:\$\(|`)\s*seq\s+(-?\d{1,9})(?:\s+(-?\d{1,9}))?(?:\s+(-?\d{1,9}))?\s*[)`]""")
_TEST = re.compile(
    r"\$\{?(\w+)\}?\s+(-le|-lt|<=|<|-ne)\s+(-?\d{1,9})\b|\(\(\s*\$?(\w+)\s*(<=|<|!=)\s*(-?\d{1,9})\s*\)\)"
)
_STEP = re.compile(
    r"(\w+)\s*(?:\+\+|\+=\s*1\b)|(\w+)=\$\(\(\s*\$?\{?\2\}?\s*\+\s*1\s*\)\)|(\w+)=.?expr\s+\$\3\s+\+\s+1\b"
)
_BATCH = re.compile(r"\s*(-?\d{1,9})[\s,]+(-?\d{1,9})[\s,]+(-?\d{1,9})\s*")
_NAMES = re.compile(r"(?:^|\s)([A-Za-z_]\w*)\+?=")
_COUNTED = re.compile(r"([A-Za-z_]\w*)\s*(?:\+\+|--|[-+*/]?=)|(?:\+\+|--)([A-Za-z_]\w*)")
_READS = re.compile(r"^\s*(?:read|mapfile|readarray|let|printf\s+-v)\s(.*)")


@dataclass(frozen=True, kw_only=True)
class Loop:
    """A loop of a script.

    Attributes:
        header: the header as written.
        count: how often it runs; None if only a run of the script would show.
        variable: the name of its counter; "" if that is not known.
    """

    line: int
    header: str
    count: int | None
    variable: str = ""


def loop_of(
    found: Sequence[Word | Operator],
    rest: Sequence[Sequence[Word | Operator]],
    body: Sequence[Sequence[Word | Operator]],
    variables: Variables,
) -> Loop:
    """Read the loop of a `for`, `while` or `until`.

    Args:
        found: its first command.
        rest: the command after it.
        body: all of its commands, the first one included.
        variables: the variables as they are where the loop begins.
    """
    header = variables.inside(text_of(found))
    line = found[0].line
    if match := _COUNTING.search(header):
        return Loop(line=line, header=header, count=_counted(match, variables), variable=match[1])
    if header.startswith("for "):
        words = [word for word in found[1:] if isinstance(word, Word)]
        return Loop(
            line=line, header=header, count=_listed(words, variables), variable=_text(words[0]) if words else ""
        )
    original = text_of(found)
    match = _TEST.search(original) or _TEST.search(_right_side(original, variables))
    if header.startswith("while ") and match:
        return Loop(line=line, header=header, count=_stepped(match, body, variables), variable="")
    return Loop(line=line, header=header, count=None)


def batch_loop_of(simple: Sequence[Sequence[Word | Operator]], variables: Variables) -> tuple[Loop | None, int]:
    """Read the loop of `for /L %%i in (1,1,30) do (`, and how many commands its header spans after the first."""
    parts = [" ".join(map(_text, found)) for found in simple]
    header = " ".join(parts)
    body = [at for at, part in enumerate(parts) if part.split()[:1] == ["do"]]
    if not body:
        return None, 0
    values = re.search(r"\(([^()]*)\)", header)
    found = variables.inside(re.sub(r"%(\w+)%", r"${\1}", values[1])) if values else ""
    match = _BATCH.fullmatch(found)
    count = None
    if match and "/l" in header.lower().split():
        start, step, stop = (int(part) for part in match.groups() if part is not None)
        count = _length(start, stop, step)
    variable = re.search(r"%%?~?(\w)\s", header)
    return Loop(line=simple[0][0].line, header=header, count=count, variable=variable[1] if variable else ""), body[0]


def assigned_names(simple: Sequence[Word | Operator]) -> set[str]:
    """The names that a command assigns, as far as this can be read from its text."""
    text = text_of(simple)[:2000]
    found = set(_NAMES.findall(text))
    if "((" in text:  # arithmetic only: elsewhere `$N --seed` would look like a counter
        found |= {name for match in _COUNTED.finditer(text) for name in match.groups() if name}
    if match := _READS.match(text):
        found |= set(re.findall(r"[A-Za-z_]\w*", match[1]))
    return found


def text_of(found: Sequence[Word | Operator]) -> str:
    return " ".join(_text(token)[:_LONGEST] for token in found[:_MOST])[:_LONGEST]


def _counted(match: re.Match[str], variables: Variables) -> int | None:
    """Count the turns of `((i=A; i<=B; i++))`."""
    start, stop = (_integer(match[group], variables) for group in (2, 4))
    if start is None or stop is None:
        return None
    sign = -1 if "-" in (match[5] or match[6] or match[7]) else 1
    step = sign * int(match[8] or 1)
    if match[3] in ("<", ">", "!="):
        stop -= sign
    if (match[3][0] == "<") != (sign > 0) and match[3] != "!=":
        return None  # it never runs, or never ends
    return _length(start, stop, step)


def _listed(words: Sequence[Word], variables: Variables) -> int | None:
    """Count the turns of `i in {1..30}`, `in $(seq 30)`, or plain words."""
    if len(words) < 3 or _text(words[1]) != "in":
        return None
    count = 0
    for word in words[2:]:
        text = _text(word)
        match = _RANGE.fullmatch(text)
        sequence = _SEQUENCE.fullmatch(variables.inside(text))
        if match:
            start, stop, step = int(match[1]), int(match[2]), abs(int(match[3] or 1)) or 1
            count += abs(stop - start) // step + 1
        elif sequence:
            numbers = [int(group) for group in sequence.groups() if group]
            first, step, last = {1: [1, 1, *numbers], 2: [numbers[0], 1, numbers[-1]]}.get(len(numbers), numbers)
            length = _length(first, last, step)
            if length is None:
                return None
            count += length
        elif any(part.variable is not None for part in word.parts) or re.search(r"[*?\[{]", text):
            return None
        else:
            count += 1
    return min(count, _LIMIT)


def _stepped(match: re.Match[str], body: Sequence[Sequence[Word | Operator]], variables: Variables) -> int | None:
    """Count the turns of `while [ $i -le 30 ]` if the body increments `i` by one exactly once."""
    name, sign, limit = (match[1], match[2], match[3]) if match[1] else (match[4], match[5], match[6])
    begin = variables.values.get(name)
    steps = [step for simple in body[1:] for step in _STEP.finditer(text_of(simple)) if name in step.groups()]
    others = [simple for simple in body[1:] if name in assigned_names(simple)]
    if not isinstance(begin, str) or not re.fullmatch(r"-?\d{1,9}", begin) or len(steps) != 1 or len(others) != 1:
        return None
    return _length(int(begin), int(limit) - (sign not in ("-le", "<=")), 1)


def _right_side(header: str, variables: Variables) -> str:
    """A condition with only its limit expanded."""
    match = re.search(r"(-le|-lt|<=|<|-ne)\s+(\$\{?\w+\}?)", header)
    return header.replace(match[2], variables.inside(match[2]), 1) if match else header


def _length(start: int, stop: int, step: int) -> int | None:
    if step == 0:
        return None
    return min(max((stop - start) // step + 1, 0), _LIMIT)


def _integer(text: str, variables: Variables) -> int | None:
    value = variables.values.get(text.strip("${}")) if not re.fullmatch(r"-?\d+", text) else text
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?\d{1,9}", value) else None


def _text(token: Word | Operator) -> str:
    return token.text if isinstance(token, Operator) else "".join(part.text for part in token.parts)
