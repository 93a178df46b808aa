"""Skip settings without effect: those of a feature that is off, and those of the program around the renderer."""

import re
from collections.abc import Mapping

from pipeline.importers.settings import Settings

# Switches (`name=word` if the value must be that word), and the pattern of the settings that have an effect only if
# one of these switches is on.
Switches = Mapping[tuple[str, ...], str]


def ignore_unused(settings: Settings, switches: Switches, always: str) -> None:
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
