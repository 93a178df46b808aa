"""Random edits of all example schedules, against the same edit made on the tree of YAML nodes, dumped and loaded.

The oracle shares nothing with the code that edits texts: it finds the node by its path, sets what stands there in a
form of its own (seconds, per second), and has PyYAML write the whole file.
"""

import functools
import json
import math
import random
import re
from pathlib import Path
from typing import Any

import yaml

from pipeline.schedule.loader import read_schedule
from pipeline.schedule.timeline import Timeline
from render.errors import InputError
from tests.pipeline.studio.text.asking import applied, edits, timeline

SCHEDULES = Path(__file__).parents[4] / "schedules"
FILES = sorted(SCHEDULES.glob("*.yaml"))
NUM_EDITS = 200
EASINGS = ["linear", "hold", "smooth", "in_out_sine", "bezier(0.3, 0, 0.7, 1)"]
_PART = re.compile(r"([^.\[\]]+)|\[([0-9]+)\]")


def node_at(root: Any, path: str) -> tuple[yaml.Node, Any]:
    """The container of a path, and the pair or item there; [n] of a map is its nth time."""
    above, found = root, (None, root)
    for name, number in _PART.findall(path):
        above = found[1] if isinstance(found, tuple) else found
        if name:
            found = next(pair for pair in above.value if pair[0].value == name)
        elif isinstance(above, yaml.SequenceNode):
            found = above.value[int(number)]
        else:
            found = [pair for pair in above.value if pair[0].value != "blend"][int(number)]
    return above, found


def scalar(text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", text)


def easy(pair: tuple[yaml.Node, yaml.Node], easing: str, kind: str) -> tuple[yaml.Node, yaml.Node]:
    key, value = pair
    if isinstance(value, yaml.ScalarNode):
        value = yaml.MappingNode("tag:yaml.org,2002:map", [(scalar(kind), value)])
    value.value = [each for each in value.value if each[0].value != "ease"] + [(scalar("ease"), scalar(easing))]
    return key, value


def as_value(curve: dict[str, Any], value: float) -> yaml.Node:
    """A value in the form that is plainest for its curve."""
    per = (
        "/s"
        if "per second" in curve["unit"] and curve["path"].startswith("motion.") and "shake" not in curve["path"]
        else ""
    )
    share = per and curve["unit"].startswith("share")
    text = f"{value * 100:.10g}%{per}" if share else f"{value:.12g}{per}"
    tag = "tag:yaml.org,2002:str" if per else "tag:yaml.org,2002:float"
    return yaml.ScalarNode(tag, text if per or "." in text or "e" in text else text + ".0")


def set_value(pair: tuple[yaml.Node, yaml.Node], new: yaml.Node) -> tuple[yaml.Node, yaml.Node]:
    key, value = pair
    if isinstance(value, yaml.MappingNode):
        value.value = [(name, new if name.value == "to" else old) for name, old in value.value]
        return key, value
    return key, new


def put(above: yaml.Node, old: Any, new: Any) -> None:
    above.value = [new if each is old else each for each in above.value]


def specs(text: str, file: Path) -> list[Any]:
    schedule = read_schedule(text, str(file), file.stem)
    found = Timeline(schedule)
    frames = sorted({0, 1, *(round(part * (len(found) - 1) / 4) for part in range(5))})
    return [
        schedule.output.num_frames,
        dict(schedule.markers),
        [json.loads(found.at(frame).to_json()) for frame in frames],
    ]


def same(one: Any, other: Any, close: float) -> bool:
    """Whether two values are the same, numbers up to `close`."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name], close) for name in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(same(*both, close) for both in zip(one, other, strict=True))
    if isinstance(one, float):
        return math.isclose(one, other, rel_tol=close, abs_tol=close)
    return bool(one == other)


@functools.cache
def shown(path: Path) -> Any:
    return timeline(path.read_text(encoding="utf-8"), SCHEDULES, path.name)


class Chooser:
    """Makes random edits of one schedule, each with the same edit of its tree of nodes."""

    def __init__(self, path: Path, chance: random.Random) -> None:
        self.file, self.chance = path, chance
        self.text = path.read_text(encoding="utf-8")
        self.shown = shown(path)
        self.root = yaml.compose(self.text, yaml.SafeLoader)

    def edit(self) -> Any:
        """An edit and the spans it may touch, None for a structural one; None if nothing can be edited so."""
        if self.shown["markers"] and self.chance.random() < 0.5:
            return self.marker()
        kind = self.chance.choice([self.move, self.value, self.easing, self.add, self.remove, self.edge])
        return kind()

    def start_of(self, path: str) -> Any:
        found = re.match(r"shots\[(\d+)\]", path)
        return self.shown["shots"][int(found[1])]["start"] if found else 0.0

    def keys(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        return [(curve, key) for curve in self.shown["curves"] for key in curve["keys"] if key["editable"]]

    def free_time(self, start: float, end: float, taken: list[float]) -> float | None:
        bars = [time for time in self.shown["beats"] if start <= time <= end]
        halves = [number / 2 for number in range(math.ceil(start * 2), math.floor(end * 2) + 1)]
        free = [time for time in bars or halves if all(abs(time - other) > 1e-6 for other in taken)]
        return self.chance.choice(free) if free else None

    def times_of(self, name: str) -> tuple[str, list[float]]:
        path = name.rpartition("[")[0]
        found = [key["time"] for _, key in self.keys_everywhere() if key["id"].rpartition("[")[0] == path]
        found += [
            edge["time"]
            for prompt in self.shown["prompts"]
            for edge in prompt["edges"]
            if edge["id"].startswith(path + "[")
        ]
        return path, found

    def keys_everywhere(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        return [(curve, key) for curve in self.shown["curves"] for key in curve["keys"]]

    def shot_end(self, name: str) -> Any:
        found = re.match(r"shots\[(\d+)\]", name)
        return self.shown["shots"][int(found[1])]["end"] if found else self.shown["seconds"]

    def move(self) -> Any:
        keys = [(curve, key) for curve, key in self.keys() if key["time_editable"]]
        if not keys:
            return None
        _, key = self.chance.choice(keys)
        _, taken = self.times_of(key["id"])
        at = self.free_time(self.start_of(key["id"]), self.shot_end(key["id"]), taken)
        if at is None:
            return None
        above, pair = node_at(self.root, key["id"])
        put(above, pair, (scalar(f"{at - self.start_of(key['id'])!r}s"), pair[1]))
        return {"op": "move", "id": key["id"], "time": at}, self.unless_passing(key, at, taken, [key["time_span"]])

    def unless_passing(self, key: dict[str, Any], at: float, taken: list[float], spans: list[Any]) -> Any:
        low, high = sorted((key["time"], at))
        return None if any(low < other < high for other in taken) else spans

    def value(self) -> Any:
        if not self.keys():
            return None
        curve, key = self.chance.choice(self.keys())
        value = round(key["value"] + key["step"] * self.chance.choice([-2, -1, 1, 3, 7]), 6)
        value = min(
            max(value, -1e9 if curve["low"] is None else curve["low"]), 1e9 if curve["high"] is None else curve["high"]
        )
        above, pair = node_at(self.root, key["id"])
        if isinstance(pair, tuple):
            put(above, pair, set_value(pair, as_value(curve, value)))
        else:
            put(above, pair, as_value(curve, value))
        return {"op": "move", "id": key["id"], "value": value}, [key["value_span"]]

    def easing(self) -> Any:
        keys = [key for _, key in self.keys() if key["time_editable"]]
        if not keys:
            return None
        key, easing = self.chance.choice(keys), self.chance.choice(EASINGS)
        above, pair = node_at(self.root, key["id"])
        put(above, pair, easy(pair, easing, "to"))
        return {"op": "easing", "id": key["id"], "easing": easing}, None

    def add(self) -> Any:
        curves = [curve for curve in self.shown["curves"] if curve["addable"] and not self.shown["shots"]]
        if not curves:
            return None
        curve = self.chance.choice(curves)
        taken = [0.0, *(key["time"] for key in curve["keys"])]
        at = self.free_time(0.0, self.shown["seconds"], taken)
        numbers = [key for key in curve["keys"] if key["editable"]]
        if at is None or not numbers:
            return None
        value = round(numbers[0]["value"] + numbers[0]["step"] * self.chance.choice([1, 3]), 6)
        if curve["high"] is not None and value > curve["high"]:
            return None
        easing = self.chance.choice(EASINGS)
        above, pair = node_at(self.root, curve["path"])
        new = easy((scalar(f"{at!r}s"), as_value(curve, value)), easing, "to")
        node = pair[1] if isinstance(pair, tuple) else pair
        if isinstance(node, yaml.MappingNode):
            node.value = [*node.value, new]
        else:
            over_time = yaml.MappingNode("tag:yaml.org,2002:map", [(scalar("0s"), node), new])
            put(above, pair, (pair[0], over_time) if isinstance(pair, tuple) else over_time)
        return {"op": "add", "path": curve["path"], "time": at, "value": value, "easing": easing}, None

    def remove(self) -> Any:
        keys = [key for _, key in self.keys() if key["time_editable"] and len(self.times_of(key["id"])[1]) > 1]
        if not keys:
            return None
        key = self.chance.choice(keys)
        above, pair = node_at(self.root, key["id"])
        above.value = [each for each in above.value if each is not pair]
        return {"op": "remove", "id": key["id"]}, None

    def edge(self) -> Any:
        edges = [
            edge
            for band in (*self.shown["prompts"], *self.shown["shots"])
            for edge in band["edges"]
            if edge["editable"]
        ]
        if not edges:
            return None
        edge = self.chance.choice(edges)
        above, pair = node_at(self.root, edge["id"])
        if edge["id"].endswith(".length"):
            at: float | None = self.start_of(edge["id"]) + self.chance.choice([1.0, 1.5, 2.5])
            put(above, pair, (pair[0], scalar(f"{at - self.start_of(edge['id'])!r}s")))
            return {"op": "edge", "id": edge["id"], "time": at}, [edge["span"]]
        _, taken = self.times_of(edge["id"])
        at = self.free_time(self.start_of(edge["id"]), self.shot_end(edge["id"]), taken)
        if at is None:
            return None
        put(above, pair, (scalar(f"{at - self.start_of(edge['id'])!r}s"), pair[1]))
        return {"op": "edge", "id": edge["id"], "time": at}, self.unless_passing(edge, at, taken, [edge["span"]])

    def marker(self) -> Any:
        markers = [marker for marker in self.shown["markers"] if marker["editable"]]
        at = self.free_time(0.5, self.shown["seconds"] - 1, [])
        if not markers or at is None:
            return None
        marker = self.chance.choice(markers)
        above, pair = node_at(self.root, f"markers.{marker['name']}")
        put(above, pair, (pair[0], scalar(f"{at!r}s")))
        return {"op": "marker", "name": marker["name"], "time": at}, [marker["span"]]


def test_random_edits_give_the_schedule_that_an_edit_by_hand_gives() -> None:
    chance = random.Random(21)
    done = 0
    tried = {"move": 0, "add": 0, "remove": 0, "easing": 0, "edge": 0, "marker": 0}
    for number in range(NUM_EDITS * 6):
        file = FILES[number % len(FILES)]
        chooser = Chooser(file, chance)
        made = chooser.edit()
        if made is None:
            continue
        edit, spans = made
        by_hand = yaml.serialize(chooser.root, Dumper=yaml.SafeDumper, allow_unicode=True)
        try:
            wanted = specs(by_hand, file)
        except InputError:
            continue  # the edit is one that the language forbids, such as a negative zoom
        answer = edits(chooser.text, SCHEDULES, [edit], file.name)
        context = f"{file.name}: {edit}\n{answer['text']}\n{by_hand}"
        # Beats that were found are at no round times, and no rate per frame is exactly a round one per second.
        close = 1e-3 if "bpm: auto" in chooser.text else 1e-4 if "/frame" in chooser.text else 1e-7
        assert same(specs(answer["text"], file), wanted, close), context
        assert applied(answer["text"], answer["inverse"]) == chooser.text, context
        assert applied(chooser.text, answer["changes"]) == answer["text"], context
        if spans is not None:
            allowed = [(span["from"], span["to"]) for span in spans]
            assert [(change["from"], change["to"]) for change in answer["changes"]] in (allowed, []), context
        tried[edit["op"]] += 1
        done += 1
        if done == NUM_EDITS:
            break
    assert done == NUM_EDITS
    assert min(tried.values()) >= 1, tried
