"""What the endpoints of one server share."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import anyio

from pipeline.studio.folder.opened import OpenedFolder
from pipeline.studio.folder.outputs import Outputs
from pipeline.studio.folder.schedules import Schedules
from pipeline.studio.jobs.workshop import Workshop
from pipeline.studio.processes.messages import Machine
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
        machine: where renders and looks are made.
        reading: held while a schedule is read.
        writing: held while a file is written.
    """

    folder: OpenedFolder
    outputs: Path
    access: Access
    first: str = ""
    has_page: bool = True
    machine: Machine = Machine()
    reading: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(AT_ONCE))
    writing: anyio.Lock = field(default_factory=anyio.Lock)

    def __post_init__(self) -> None:
        self.schedules = Schedules(self.folder, self.outputs)
        self.gallery = Outputs(self.outputs, self.folder)

    @cached_property
    def workshop(self) -> Workshop:
        """The workers, made when they are first needed, in the event loop."""
        return Workshop(self.schedules, self.outputs, self.machine)
