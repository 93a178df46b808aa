"""What the endpoints of one server share."""

from dataclasses import dataclass, field
from pathlib import Path

import anyio

from pipeline.studio.folder.opened import OpenedFolder
from pipeline.studio.folder.schedules import Schedules
from pipeline.studio.server.access import Access

AT_ONCE = 2  # schedules that are read at the same time; reading is work for one processor each


@dataclass(kw_only=True)
class Studio:
    """One opened folder and its server.

    Attributes:
        folder: the opened folder.
        outputs: the folder that runs are rendered to.
        first: the path of the schedule to show first; "" for none.
        has_page: whether the page is served, or the API alone.
        reading: held while a schedule is read.
        writing: held while a file is written.
    """

    folder: OpenedFolder
    outputs: Path
    access: Access
    first: str = ""
    has_page: bool = True
    reading: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(AT_ONCE))
    writing: anyio.Lock = field(default_factory=anyio.Lock)

    def __post_init__(self) -> None:
        self.schedules = Schedules(self.folder)
