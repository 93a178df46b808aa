"""Split a script into its simple commands, as unexpanded words. Nothing is run."""

from collections.abc import Iterator

from pipeline.importers.scripts.shell_words import Dialect, Operator, Word, tokens


def simple_commands(text: str, dialect: Dialect, line: int) -> Iterator[list[Word | Operator]]:
    """Yield the simple commands; an arithmetic `((...))` is part of one, a bracket forms its own."""
    found: list[Word | Operator] = []
    for token in tokens(text, dialect, line):
        if isinstance(token, Word) or token.text.startswith("(("):
            found.append(token)
            continue
        if found:
            yield found
            found = []
        if token.text in "()":
            yield [token]
    if found:
        yield found


def plain_text(token: Word | Operator) -> str:
    """The text of a word as written, with its variables unexpanded."""
    if isinstance(token, Operator):
        return token.text
    return "".join(part.text for part in token.parts)


def without_start(word: Word, count: int) -> Word:
    """A word without its first `count` characters, which must not contain a variable."""
    parts = []
    for part in word.parts:
        gone = min(count, len(part.text)) if part.variable is None else 0
        count -= gone
        parts.append(part if not gone else type(part)(text=part.text[gone:], quoted=part.quoted))
    return Word(parts=tuple(parts), line=word.line)
