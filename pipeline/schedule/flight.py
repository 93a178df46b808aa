"""The whole flight of a camera, which takes the whole schedule: its path, and whether it is possible."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.curves.array import Array
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError, Problems
from pipeline.schedule.over_time.camera_limits import CameraError
from pipeline.schedule.over_time.camera_path import room_steps
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.sections.shots import Shot
from pipeline.schedule.timeline import Timeline
from render import catalogue
from render.errors import InputError
from render.motion import transforms
from render.spec.camera import RoomMove

_FOOTAGE = (
    "the pictures of a source follow a camera through one depth only; begin the shot with a cut instead of "
    "start: carry, or give it the depth of the shot before"
)
_ESTIMATED = (
    "the pictures of a source do not follow a camera through a room that a model estimates from the result; write "
    "depth: ground, flat, or the path of a picture or video of depth"
)
_CLOSED = 0.01  # distance, or 0.3 degrees
_DEGREES = ("rotate", "tilt_x", "tilt_y")
PATH = ("right", "up", "ahead", "heading in degrees")


def require_flight(schedule: Schedule, sections: Mapping[str, Value], problems: Problems) -> None:
    """Report in its place a camera that cannot fly as it should.

    It turns or drives too far from frame to frame, goes through the floor, or films footage in two rooms.
    """
    if not any(shot.sections["camera"].moves for shot in schedule.shots):
        return
    for number, shot in enumerate(schedule.shots):
        depth = shot.sections["depth"]
        if shot.sections["source"] and depth and depth.kind == "model" and shot.sections["camera"].moves:
            problems.add(InvalidError(_place(sections, number, "depth"), _ESTIMATED))
            return
    if (other := _in_two_rooms(schedule.shots)) is not None:
        problems.add(InvalidError(_place(sections, other, "depth"), _FOOTAGE))
        return
    try:
        Timeline(schedule)
    except CameraError as error:
        problems.add(InvalidError(_place(sections, error.shot, "camera"), error.wrong))
    except InputError:  # of something else, which is reported where it is used
        return


def _in_two_rooms(shots: Sequence[Shot]) -> int | None:
    """The number of a shot with a source that carries on from another depth, in which the camera moves; None for none.

    Its pictures would have to follow one camera after the other.
    """
    begun = 0
    for number, shot in enumerate(shots):
        begun = number if shot.cut else begun
        together = shots[begun : number + 1]
        deep = any(each.sections["depth"] and each.sections["camera"].moves for each in together)
        if shot.sections["source"] and deep and len({each.sections["depth"] for each in together}) > 1:
            return number
    return None


def _place(sections: Mapping[str, Value], number: int, name: str) -> Value:
    """Where a section of a shot is written."""
    if "shots" not in sections:
        return sections[name]
    shot = sections["shots"].items("shots")[number]
    return shot.entries().get(name, sections.get(name, shot))


def open_end(schedule: Schedule) -> str:
    """How far the camera of a loop is from closing its path in a room; "" if what it sees at the end is as before.

    Over a ground only its height and where it looks from the vertical count: it may end anywhere and face any way.
    """
    if not any(shot.sections["depth"] and shot.sections["camera"].moves for shot in schedule.shots):
        return ""
    timeline = Timeline(schedule)
    move = timeline.motion.camera_at(len(timeline.times))
    if not isinstance(move, RoomMove) or len(timeline.cuts) > 1:
        return ""
    if moved := _moved_on(schedule):
        return f"motion.{moved} ends away from where it began, and the room with it, so what the camera sees jumps"
    turn, shift = np.split(np.reshape(move.after.pose, (3, 4)), [3], axis=1)
    place = -turn.T @ shift[:, 0]
    on_ground = move.depth.kind == "ground"
    away = abs(place[1]) if on_ground else np.linalg.norm(place)
    cosine = turn[1, 1] if on_ground else (np.trace(turn) - 1) / 2
    turned = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    if max(away, turned / 30) < _CLOSED:
        return ""
    where = "higher or lower" if on_ground else "away from where it began"
    return f"the camera ends {away:.2g} {where} and turned by {turned:.2g} degrees, so what it sees jumps in the loop"


def _moved_on(schedule: Schedule) -> str:
    """The name of a motion that has not come back by the end; "" if all have."""
    ends = np.array([0.0, schedule.output.num_frames / schedule.output.fps])
    for name, rate in schedule.motion.rates.items():
        transform = catalogue.load(transforms, name).TRANSFORM
        away = float(np.diff(rate.accumulate(ends, logarithmic=transform.multiplicative))[0])
        if name in _DEGREES:
            away = ((away + 180) % 360 - 180) / 30
        if abs(away) >= _CLOSED:
            return name
    return ""


def paths(schedule: Schedule) -> list[Array]:
    """Where the camera is in every frame of each shot, from its start: (frames, 4), see `PATH`; empty if it rests."""
    shots, fps = schedule.shots, schedule.output.fps
    if not any(shot.sections["camera"].moves for shot in shots):
        return []
    ends = [*(shot.start for shot in shots[1:]), schedule.output.num_frames / fps]
    found = []
    for shot, end in zip(shots, ends, strict=True):
        times = np.arange(max(1, round((end - shot.start) * fps))) / fps
        poses = np.empty((len(times), 4, 4))
        poses[0] = np.eye(4)
        for number, step in enumerate(room_steps(shot.sections["camera"], times), start=1):
            poses[number] = step @ poses[number - 1]
        turns, places = poses[:, :3, :3], -np.einsum("nji,nj->ni", poses[:, :3, :3], poses[:, :3, 3])
        heading = np.degrees(np.arctan2(turns[:, 2, 0], turns[:, 2, 2]))
        found.append(np.stack([places[:, 0], -places[:, 1], places[:, 2], heading], axis=-1))
    return found
