"""Check the whole flight of a camera, which takes the whole schedule."""

from collections.abc import Mapping

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError, Problems
from pipeline.schedule.over_time.camera import CameraError
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render.errors import InputError


def require_flight(schedule: Schedule, sections: Mapping[str, Value], problems: Problems) -> None:
    """Report a camera that turns or drives too far from frame to frame, or through the floor, in its place."""
    if not any(shot.sections["camera"].moves for shot in schedule.shots):
        return
    try:
        Timeline(schedule)
    except CameraError as error:
        problems.add(InvalidError(_place(sections, error.shot), error.wrong))
    except InputError:  # of something else, which is reported where it is used
        return


def _place(sections: Mapping[str, Value], number: int) -> Value:
    """Where the camera of a shot is written."""
    if "shots" in sections:
        own = sections["shots"].items("shots")[number].entries()
        if "camera" in own:
            return own["camera"]
    return sections["camera"]
