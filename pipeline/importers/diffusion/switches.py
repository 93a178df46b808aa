"""Settings that have no effect: those that go with a feature that is off, and those of the program around it."""

import re
from collections.abc import Mapping

from pipeline.importers.settings import Settings

# Names (`name=word` where it must say that word), and the pattern of what counts only where one of them is on.
Switches = Mapping[tuple[str, ...], str]


def pass_over_unused(settings: Settings, switches: Switches, always: str) -> None:
    """Mark settings without effect as read, so that they are not reported.

    Args:
        always: the pattern of names that never change the picture.
    """
    settings.ignore(re.compile(always))
    for names, pattern in switches.items():
        if not any(_is_on(settings, name) for name in names):
            settings.ignore(re.compile(pattern))


def _is_on(settings: Settings, switch: str) -> bool:
    name, _, word = switch.partition("=")
    return settings.is_on(name) and (not word or settings.equals(name, word))
