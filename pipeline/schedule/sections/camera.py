"""The section `camera:`: a camera that drives and turns, by rates or along a path, and its angle of view."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.curves.curve import Curve
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.keyframes import curve
from pipeline.schedule.fields.quantities import number
from pipeline.schedule.fields.shapes import Setting, described, map_of, section
from pipeline.schedule.sections import Section, reader_of
from pipeline.schedule.sections.motion import rate_over_time

LEAST_FOV, MOST_FOV = 1.0, 170.0  # degrees
PERSPECTIVE, DEFORUM = "perspective", "deforum"
_STILL = Curve.constant(0.0)
_PATH = "path"


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One way in which a camera moves; the attributes are those of `pipeline.schedule.fields.quantities.Rated`."""

    about: str
    unit: str = "degrees per second"
    example: str = "4/s"
    percent: bool = False
    multiplicative: bool = False


def _drive(about: str) -> Axis:
    return Axis(about=about, unit="distances per second", example="0.3/s")


AXES = {
    "dolly": _drive("drives ahead; negative drives back"),
    "truck": _drive("drives to the right"),
    "pedestal": _drive("rises"),
    "pan": Axis(about="turns to the right"),
    "tilt": Axis(about="turns up"),
    "roll": Axis(about="rolls clockwise, so the picture turns counter-clockwise"),
}


@dataclass(frozen=True, kw_only=True)
class Camera:
    """How the camera moves.

    Attributes:
        rates: per second, of the axes that have one.
        path: where the camera is on each axis that has a position, counted from the shot's start; None without a path.
        fov: the angle between the left and the right edge of the picture, in degrees.
        projection: how a flat picture is moved, `PERSPECTIVE` or `DEFORUM`; see `pipeline.schedule.over_time.offsets`.
        aspect: the shape of a pixel in the projection of Deforum.
    """

    rates: Mapping[str, Curve] = field(default_factory=dict)
    path: Mapping[str, Curve] | None = None
    fov: Curve = Curve.constant(50.0)
    projection: str = PERSPECTIVE
    aspect: Curve = Curve.constant(1.0)

    @property
    def moves(self) -> bool:
        """Whether anything moves at all."""
        curves = self.rates if self.path is None else self.path
        still = (curve.is_constant and (self.path is not None or not curve.keys[0].value) for curve in curves.values())
        return not (all(still) and self.fov.is_constant)

    def rates_in_order(self) -> list[Curve]:
        """The rate of every axis, in the order of `AXES`."""
        return [self.rates.get(name, _STILL) for name in AXES]

    def path_in_order(self) -> list[Curve]:
        """The position on every axis, in the order of `AXES`."""
        return [(self.path or {}).get(name, _STILL) for name in AXES]


_POSITION = curve(number(-1e6, 1e6))


@described(map_of(dict.fromkeys(AXES, _POSITION.shape)), over_time=True)
def _path(value: Value, clock: Clock) -> dict[str, Curve]:
    if not value.is_map or not value.entries():
        raise value.invalid("a map such as {dolly: {0s: 0, 4s: 2}, pan: {0s: 0, 4s: 30}}")
    return fields.read_map(dict.fromkeys(AXES, _POSITION), value, clock)


_FOV = Setting(
    name="fov",
    read=curve(number(LEAST_FOV, MOST_FOV)),
    default=Curve.constant(50.0),
    about="the angle of view from the left to the right edge of the picture, in degrees",
)
_PROJECTION = Setting(
    name="projection",
    read=fields.choice((PERSPECTIVE, DEFORUM)),
    default=PERSPECTIVE,
    about="`perspective`; or `deforum`, for imported schedules without depth: the picture moves exactly as in the 3D "
    "mode of Deforum, where `fov` is only a gain of the motion",
)
_ASPECT = Setting(
    name="aspect",
    read=curve(number(0.01, 100)),
    default=Curve.constant(1.0),
    about="the aspect ratio of Deforum's 3D mode, for `projection: deforum`; larger moves less across",
)
SETTINGS = (
    *(
        Setting(name=name, read=rate_over_time(axis), default=_STILL, about=f"{axis.about} ({axis.unit})")
        for name, axis in AXES.items()
    ),
    Setting(
        name=_PATH,
        read=_path,
        default=None,
        about="where the camera is, instead of rates: positions in distances and degrees, such as "
        "`{dolly: {0s: 0, 4s: {to: 2, ease: in_out_sine}}, pan: {0s: 0, 4s: 30}}`",
    ),
    _FOV,
    _PROJECTION,
    _ASPECT,
)


def _read(value: Value, clock: Clock) -> Camera:
    read = fields.read_map({entry.name: entry.read for entry in SETTINGS}, value, clock)
    rates = {name: read[name] for name in AXES if name in read}
    if rates and _PATH in read:
        message = (
            f"path and the rate of {next(iter(rates))} are alternative ways to move the camera; remove one of them"
        )
        raise InvalidError(value.entries()[_PATH], message)
    others = {entry.name: read[entry.name] for entry in (_FOV, _PROJECTION, _ASPECT) if entry.name in read}
    camera = Camera(rates=rates, path=read.get(_PATH), **others)
    if "aspect" in others and camera.projection != DEFORUM:
        clock.warn(value.entries()["aspect"], f"has no effect: projection is {camera.projection}")
    if not camera.moves and len(read) == len(value.entries()):
        clock.warn(value, "has no effect: the camera does not move, and its angle of view does not change")
    return camera


def _join(starts: Sequence[float], parts: Sequence[Camera]) -> tuple[Camera, ...]:
    return tuple(parts)


SECTION = Section(
    position=62,
    is_merged=False,
    shape=lambda: section("camera", "how a camera moves, and its angle of view", SETTINGS),
    read=reader_of("camera", _read, Camera()),
    join=_join,
    settings=lambda: SETTINGS,
    misplaced={name: name for name in (*AXES, "fov")},
)
