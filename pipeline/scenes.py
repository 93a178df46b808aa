"""Prompts over time: a text, scenes that crossfade, or layers with weights of their own."""

from pipeline import fields
from pipeline.curves import Curve, Keyframe
from pipeline.document import InvalidError, Value
from pipeline.fields import Clock
from pipeline.keyframes import by_time, curve, ease
from pipeline.quantities import number
from pipeline.schedule import Prompt
from render.spec import BLENDS

EXPECTED = "a text, a map of times to texts, or a list of {text, weight}"


def read_prompts(value: Value, clock: Clock) -> tuple[tuple[Prompt, ...], str]:
    """A text, a map of times to scenes, or a list of layers; and how they blend."""
    if value.is_map:
        return _scenes(value, clock)
    if value.is_list:
        layers = []
        for item in value.items(EXPECTED):
            with value.problems.collecting():
                layers.append(_layer(item, clock))
        if not value.node.value:
            raise value.invalid(EXPECTED)
        return tuple(layers), "weights"
    if isinstance(value.scalar(EXPECTED), bool | None):
        raise value.invalid(EXPECTED)
    return (Prompt(text=fields.text(value, clock), weight=Curve.constant(1.0)),), "weights"


def _scenes(value: Value, clock: Clock) -> tuple[tuple[Prompt, ...], str]:
    """Scenes crossfade: each one's weight rises to 1 at its time and falls to 0 at the next one's."""
    entries = {name: entry for name, _, entry in value.pairs(EXPECTED)}
    if not entries.keys() - {"blend"}:
        raise InvalidError(value, "expected at least one scene such as 0s: a calm sea")
    blend = "weights"
    with value.problems.collecting():
        blend = fields.choice(BLENDS)(entries["blend"], clock) if "blend" in entries else blend
    scenes = by_time(value, clock, lambda at, entry: _scene(entry, clock), besides=("blend",))
    times = list(scenes)
    prompts = []
    for position, (at, (text, easing)) in enumerate(scenes.items()):
        keys = [Keyframe(time=at, value=1.0, easing=easing)]
        if position > 0:
            keys.insert(0, Keyframe(time=times[position - 1], value=0.0))
        if position + 1 < len(times):
            following = times[position + 1]
            keys.append(Keyframe(time=following, value=0.0, easing=scenes[following][1]))
        prompts.append(Prompt(text=text, weight=Curve(keys=tuple(keys))))
    return tuple(prompts), blend


def _scene(value: Value, clock: Clock) -> tuple[str, str]:
    if not value.is_map:
        return fields.text(value, clock), "linear"
    read = fields.parts(value, {"text": fields.text, "ease": ease}, clock)
    return read["text"], read.get("ease", "linear")


def _layer(value: Value, clock: Clock) -> Prompt:
    if not value.is_map:
        return Prompt(text=fields.text(value, clock), weight=Curve.constant(1.0))
    read = fields.parts(value, {"text": fields.text, "weight": curve(number(-100, 100))}, clock)
    return Prompt(text=read["text"], weight=read.get("weight", Curve.constant(1.0)))
