"""Variables of a shell script: literal values are substituted; for the others, the reason why not is recorded."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.importers.scripts.shell_words import Part, ShellError, Word
from pipeline.importers.settings import shown

MAX_VALUE = 10_000  # characters
MAX_SUBSTITUTED = 2_000_000  # characters substituted for all variables of a script
_INSIDE = re.compile(r"\$\{(\w+)\}|\$(\w+)")


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """A variable whose value only a run of the script would give.

    Attributes:
        written: the variable as written in the word.
        why: why its value is not known.
        random: whether the value comes from a command or from `$RANDOM`.
    """

    written: str
    why: str
    random: bool = False

    def __str__(self) -> str:
        return f"{shown(self.written)} {self.why}"


@dataclass(frozen=True, kw_only=True)
class Expanded:
    """A word with its variables substituted; unknown variables stay as written."""

    text: str
    line: int
    unknown: tuple[Unknown, ...] = ()
    quoted: bool = False


@dataclass
class Variables:
    """The variables assigned so far by the script; `defaults_used` collects notes on the defaults that were used."""

    values: dict[str, str | Unknown] = field(default_factory=dict)
    defaults_used: dict[str, None] = field(default_factory=dict)
    _substituted: int = 0

    def assign(self, name: str, value: Expanded) -> None:
        if value.unknown:
            first = value.unknown[0]
            why = f"is {shown(first.written)}, which {first.why}" if first.written else first.why
            self.values[name] = Unknown(written="", why=why, random=first.random)
        elif len(value.text) > MAX_VALUE:
            self.values[name] = Unknown(written="", why=f"is longer than {MAX_VALUE:,} characters")
        else:
            self.values[name] = value.text

    def forget(self, names: Iterable[str], why: str) -> None:
        for name in names:
            self.values[name] = Unknown(written="", why=why)

    def expand(self, word: Word) -> list[Expanded]:
        """Expand a word to words as the shell does: an unquoted variable is split at spaces."""
        texts, unknown = [""], []
        for part in word.parts:
            value = self._value(part, word.line)
            if isinstance(value, Unknown):
                unknown.append(value)
                texts[-1] += part.text
            elif part.variable is None or part.quoted:
                texts[-1] += value
            else:
                first, *rest = re.split(r"\s+", value.strip()) if value.strip() else [""]
                texts[-1] += first
                texts += rest
        quoted = any(part.quoted for part in word.parts)
        whole = [Expanded(text=text, line=word.line, unknown=tuple(unknown), quoted=quoted) for text in texts]
        return [each for each in whole if each.text or quoted]

    def joined(self, words: Iterable[Word]) -> Expanded:
        """Expand words and join them to one value, such as the right side of an assignment."""
        texts, unknown, line = [], [], 0
        for word in words:
            line = line or word.line
            values = [(part, self._value(part, word.line)) for part in word.parts]
            unknown += [value for _, value in values if isinstance(value, Unknown)]
            texts.append("".join(part.text if isinstance(value, Unknown) else value for part, value in values))
        return Expanded(text=" ".join(texts), line=line, unknown=tuple(unknown))

    def inside(self, text: str) -> str:
        """Substitute the known variables in the text of a header or substitution."""

        def known(match: re.Match[str]) -> str:
            value = self.values.get(match[1] or match[2])
            return value if isinstance(value, str) and len(value) <= MAX_VALUE else match[0]

        return _INSIDE.sub(known, text[:MAX_VALUE])

    def _value(self, part: Part, line: int) -> str | Unknown:
        if part.variable is None:
            return part.text
        name = part.variable
        value = self.values.get(name) if name else None
        if isinstance(value, str):
            self._substituted += len(value)
            if self._substituted > MAX_SUBSTITUTED:
                raise ShellError(line, f"more than {MAX_SUBSTITUTED:,} characters after variables are substituted")
            return value
        if part.default is not None and "$" not in part.default:
            self.defaults_used[f"{part.text}: its default, {part.default}, is used"] = None
            return part.default.strip("\"'")
        if isinstance(value, Unknown):
            return Unknown(written=part.text, why=value.why, random=value.random)
        return Unknown(written=part.text, why=_reason(name), random=name in ("", "RANDOM", "SRANDOM"))


def _reason(name: str) -> str:
    if not name:
        return "is computed by the script"
    if name in "@*" or name.isdigit():
        return "is an argument of the script"
    return "is random" if name.endswith("RANDOM") else "is not set in the file"


def notebook_variables(settings: Mapping[str, object]) -> dict[str, str | Unknown]:
    """Convert a notebook's settings to variables that its `!` lines can use."""
    return {name: str(value) for name, value in settings.items() if isinstance(value, str | int | float)}
