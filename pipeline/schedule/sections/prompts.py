"""Prompts over time: a text, scenes that crossfade, or layers with weights of their own."""

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.curves.curve import Curve, Keyframe
from pipeline.curves.joined import joined
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.files import picture
from pipeline.schedule.fields.keyframes import EASING, by_time, curve, ease, keyed
from pipeline.schedule.fields.quantities import number
from pipeline.schedule.fields.readers import Reader
from pipeline.schedule.fields.regions import SETTINGS as REGION_SETTINGS
from pipeline.schedule.fields.regions import RegionCurves, region
from pipeline.schedule.fields.shapes import Setting, Shape, about, described, list_of, map_of, one_of
from pipeline.schedule.sections import Section, reader_of
from render.spec import BLENDS
from render.spec.pictures import ImageFile

MAX_PROMPTS = 1_000
MAX_WEIGHTS = 20_000_000  # one per prompt and frame: 160 MB
EXPECTED = "a text, a map of times to texts, or a list of {text, weight} or {image, weight}"
_WEIGHTS = re.compile(r":\s*-?\d+(\.\d+)?\s*\||\|.*:\s*-?\d+(\.\d+)?\s*$")  # such as sea:2 | fog:-1
_LAYERS = "[{text: sea, weight: 2}, {text: fog, weight: -1}]"

_WEIGHT = Setting(
    name="weight",
    read=curve(number(-100, 100)),
    default=Curve.constant(1.0),
    about="how strongly the picture is pulled towards it; negative pushes it away",
)
_REGION = Setting(
    name="region", read=region, default=None, about="the part of the picture that it applies to, see Regions"
)
_STOP = Setting(
    name="stop",
    read=curve(number(-1, 1)),
    default=None,
    about="the similarity at which it lets go of the picture, as a cosine; negative weights push down to it",
)
_SUBJECTS = {
    "text": about(fields.TEXT, "what the picture should show; it is never parsed"),
    "image": about(fields.TEXT, "a picture to pull towards: its path, relative to the schedule"),
}


def _with_subject(others: dict[str, Shape]) -> list[Shape]:
    """The shapes of a map with a text, and of one with a picture."""
    return [map_of({name: shape, **others}, required=(name,)) for name, shape in _SUBJECTS.items()]


_SCENES = keyed(one_of(fields.TEXT, *_with_subject({"ease": EASING, "region": _REGION.shape, "stop": _STOP.shape})))
_BLEND = Setting(
    name="blend",
    read=fields.choice(BLENDS),
    default="weights",
    about="in a crossfade, weights pulls towards both texts, slerp towards one point between them",
)
_PROMPTS: Shape = {
    "title": "prompts",
    **one_of(
        fields.TEXT,
        {
            **_SCENES,
            "properties": {"blend": _BLEND.shape},
            "propertyNames": one_of(_SCENES["propertyNames"], {"const": "blend"}),
            "examples": [{"0s": "a calm sea", "5s": {"text": "a golden sunset", "ease": "in_out_sine"}}],
        },
        list_of(
            one_of(
                fields.TEXT,
                *_with_subject({"weight": _WEIGHT.shape, "region": _REGION.shape, "stop": _STOP.shape}),
            ),
            MAX_PROMPTS,
        ),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A text or a picture, its weight, where it applies, and the similarity at which it lets go.

    For a picture, the text is its file name.
    """

    text: str
    weight: Curve
    image: ImageFile | None = None
    region: RegionCurves | None = None
    stop: Curve | None = None


@dataclass(frozen=True, kw_only=True)
class Prompts:
    """All prompts of a shot, and how they blend: one of `render.spec.BLENDS`."""

    layers: tuple[Prompt, ...] = ()
    blend: str = "weights"


@described(_PROMPTS)
def read_prompts(value: Value, clock: Clock) -> Prompts:
    """Read a text, a map of times to scenes, or a list of layers; and how they blend."""
    found = _prompts(value, clock)
    clock.note(value, found)
    return found


def _prompts(value: Value, clock: Clock) -> Prompts:
    if value.is_map or value.is_list:
        _check_count(value, clock)
    if value.is_map:
        return _scenes(value, clock)
    if value.is_list:
        layers = []
        for item in value.items(EXPECTED):
            with value.problems.collecting():
                layers.append(_layer(item, clock))
                _check_weight(layers[-1], item, clock)
        if not value.node.value:
            raise value.invalid(EXPECTED)
        return Prompts(layers=tuple(layers))
    if isinstance(value.scalar(EXPECTED), bool | None):
        raise value.invalid(EXPECTED)
    return Prompts(layers=(Prompt(text=_prompt_text(value, clock), weight=Curve.constant(1.0)),))


def _check_count(value: Value, clock: Clock) -> None:
    count = len(value.node.value)
    if count > MAX_PROMPTS:
        raise InvalidError(value, f"more than {MAX_PROMPTS:,} prompts")
    if clock.known and count * len(clock.frames) > MAX_WEIGHTS:
        raise InvalidError(value, f"{count:,} prompts over {len(clock.frames):,} frames are too many")


def _scenes(value: Value, clock: Clock) -> Prompts:
    """Read scenes that crossfade: the weight of each rises to 1 at its time and falls to 0 at the next one's."""
    entries = {name: entry for name, _, entry in value.pairs(EXPECTED)}
    if not entries.keys() - {"blend"}:
        raise InvalidError(value, "expected at least one scene such as 0s: a calm sea")
    blend = "weights"
    with value.problems.collecting():
        blend = _BLEND.read(entries["blend"], clock) if "blend" in entries else blend
    scenes = by_time(value, clock, lambda at, entry: (*_scene(entry, clock), entry), skipped=("blend",))
    times = list(scenes)
    prompts = []
    for position, (at, (scene, easing, place)) in enumerate(scenes.items()):
        keys = [Keyframe(time=at, value=1.0, easing=easing)]
        if position > 0:
            keys.insert(0, Keyframe(time=times[position - 1], value=0.0))
        if position + 1 < len(times):
            following = times[position + 1]
            keys.append(Keyframe(time=following, value=0.0, easing=scenes[following][1]))
        prompts.append(Prompt(**scene, weight=Curve(keys=tuple(keys))))
        _check_weight(prompts[-1], place, clock)
    return Prompts(layers=tuple(prompts), blend=blend)


def _check_weight(prompt: Prompt, value: Value, clock: Clock) -> None:
    if clock.known and not prompt.weight.sample(clock.frames).any():
        clock.warn(value, "has no effect: its weight is 0 in every frame")


def _scene(value: Value, clock: Clock) -> tuple[dict[str, Any], str]:
    if not value.is_map:
        return {"text": _prompt_text(value, clock)}, "linear"
    readers: dict[str, Reader] = {**_subject(value), "ease": ease, "region": region, "stop": _STOP.read}
    read = fields.parts(value, readers, clock)
    return _about(read), read.get("ease", "linear")


def _layer(value: Value, clock: Clock) -> Prompt:
    if not value.is_map:
        return Prompt(text=_prompt_text(value, clock), weight=Curve.constant(1.0))
    readers: dict[str, Reader] = {**_subject(value), "weight": _WEIGHT.read, "region": region, "stop": _STOP.read}
    read = fields.parts(value, readers, clock)
    return Prompt(**_about(read), weight=read.get("weight", Curve.constant(1.0)))


def _prompt_text(value: Value, clock: Clock) -> str:
    """A text as written; warns if it seems to contain weights, as other tools write them."""
    text = fields.text(value, clock)
    if _WEIGHTS.search(text):
        clock.warn(value, f"weights inside a text are not parsed; write layers: {_LAYERS}")
    return text


def _subject(value: Value) -> dict[str, Reader]:
    """The reader of a prompt's subject, by its key: a picture or a text."""
    return {"image": picture} if "image" in value.entries() else {"text": _prompt_text}


def _about(read: dict[str, Any]) -> dict[str, Any]:
    subject = {"text": read["text"]} if "text" in read else {"text": read["image"].path.name, "image": read["image"]}
    return {**subject, "region": read.get("region"), "stop": read.get("stop")}


def _join(starts: Sequence[float], parts: Sequence[Prompts]) -> tuple[Prompt, ...]:
    """The prompts of all shots; the weights of each are 0 in all other shots."""

    def alone(curve: Curve, number: int) -> Curve:
        nothing = Curve.constant(0.0)
        return joined(starts, [curve if other == number else nothing for other in range(len(starts))])

    return tuple(
        dataclasses.replace(
            prompt,
            weight=alone(prompt.weight, number),
            region=prompt.region and prompt.region.starting_at(starts[number]),
            stop=prompt.stop and alone(prompt.stop, number),
        )
        for number, part in enumerate(parts)
        for prompt in part.layers
    )


SECTION = Section(
    position=50,
    is_merged=False,
    shape=lambda: about(_PROMPTS, "what the video should show: a text, a map of times to scenes, or a list of layers"),
    read=reader_of("prompts", read_prompts, Prompts()),
    join=_join,
    nested={"regions": lambda: REGION_SETTINGS},
)
