"""Notices when a schedule is written, added or deleted by another program."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pipeline.studio.folder.schedules import Schedules

EVERY = 1.0  # seconds

Stamps = dict[str, tuple[float, int]]


@dataclass(frozen=True, kw_only=True)
class FileChanged:
    """What has happened to a schedule on the disk."""

    path: str
    change: Literal["written", "added", "deleted"]


async def watch(schedules: Schedules, tell: Callable[[FileChanged], None]) -> None:
    """Compare the schedules' times and sizes again and again, until cancelled."""
    before = await asyncio.to_thread(_stamps, schedules)
    while True:
        await asyncio.sleep(EVERY)
        now = await asyncio.to_thread(_stamps, schedules)
        for change in changes(before, now):
            tell(change)
        before = now


def changes(before: Stamps, now: Stamps) -> list[FileChanged]:
    """What is different."""
    written = [path for path in now if path in before and now[path] != before[path]]
    return [
        *(FileChanged(path=path, change="written") for path in written),
        *(FileChanged(path=path, change="added") for path in now if path not in before),
        *(FileChanged(path=path, change="deleted") for path in before if path not in now),
    ]


def _stamps(schedules: Schedules) -> Stamps:
    return {found.path: (found.changed, found.size) for found in schedules.all()}
