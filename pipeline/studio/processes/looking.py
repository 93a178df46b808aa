"""Runs in a process of its own: refines single moments, and keeps the models of the latest one loaded."""

import json
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from PIL import Image

from pipeline.run.folder.frames import to_pixels
from pipeline.schedule.schedule import Schedule
from pipeline.storage.atomic import replacing
from pipeline.studio.folder.reading import read
from pipeline.studio.folder.refused import RefusedError
from pipeline.studio.processes.desk import answer_all
from pipeline.studio.processes.messages import LookOrder, Machine
from pipeline.views.moment import rendered_from

if TYPE_CHECKING:
    from render.renderer.loading.located_models import LocatedModels
    from render.renderer.renderer import Renderer


def look(connection: Connection) -> None:
    from render.device.environment import prepare_environment

    prepare_environment()
    looks = Looks()
    answer_all(connection, {"look": looks.look})


class Looks:
    """Refines moments, one after the other."""

    def __init__(self) -> None:
        self._loaded: tuple[LocatedModels, str, str, Renderer] | None = None

    def look(self, order: LookOrder, machine: Machine) -> float | None:
        """Refine a moment, write its picture, and return its similarity to its prompts, None without prompts.

        Raises:
            RefusedError: the text has problems, or has no such frame.
        """
        schedule = read(order.text, order.file)
        schedule = schedule.draft() if order.draft else schedule
        if order.frame >= schedule.output.num_frames:
            raise RefusedError(
                400, f"there is no frame {order.frame}; the last one is {schedule.output.num_frames - 1}"
            )
        *_, state = rendered_from(schedule, max(order.frame - 1, 0), order.frame, self._renderer(schedule, machine))
        with replacing(order.picture) as partial:
            Image.fromarray(to_pixels(state.frame)).save(partial)
        similarity = float(state.similarity[0])
        return similarity if similarity == similarity else None

    def _renderer(self, schedule: Schedule, machine: Machine) -> "Renderer":
        located = schedule.models.locate(offline=machine.offline, progress=lambda *progress: None)
        key = located, json.dumps(located.digests()), machine.device
        if self._loaded is None or self._loaded[:3] != key:
            self._loaded = None  # released before the next ones load
            self._loaded = *key, located.load(machine.device)
        return self._loaded[3]
