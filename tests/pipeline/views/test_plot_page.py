"""The page is one file that requests nothing and shows what the timeline computes."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.curves.curve import Curve
from pipeline.schedule.footage.source import Source
from pipeline.schedule.footage.still import Still
from pipeline.schedule.loader import load_schedule, read_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.sections.motion_shake import path_curves
from pipeline.views.plot_page import plot_page
from render import catalogue
from render.motion import transforms

SCHEDULES = sorted((Path(__file__).parents[3] / "schedules").glob("*.yaml"))
EVIL = "</script><script>alert(1)</script> \" ' &amp; <!-- ${x} {{data}} \u2028 夕"


class Page(HTMLParser):
    """The tags of a page, with the attributes of each and the text of the scripts, the title and the heading."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open = tag
        self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[self._open][-1] += data

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.texts["script"][0])
        return found


def schedule(text: str) -> Schedule:
    return read_schedule(text, "page.yaml", "page")


def curve_of(found: Schedule, name: str) -> Curve:
    """The schedule's curve that a name in the page stands for."""
    if name.startswith("center"):
        return found.motion.center["xy".index(name[-1])]
    if name.startswith("noise"):
        noise = found.noise
        return noise.variation.amount if noise.variation and name.endswith(" variation") else noise.amount
    if name.startswith("shake "):
        shake, part = found.motion.shake, name.removeprefix("shake ")
        assert shake is not None
        return path_curves(shake, None).get(part) or getattr(shake, part)
    if name in ("mix", "source zoom"):
        source: Source = found.shots[0].sections["source"]
        return source.shows.zoom if isinstance(source.shows, Still) and name != "mix" else source.mix
    if name == "flow amount":
        assert found.motion.flow is not None
        return found.motion.flow.amount
    if name.endswith(" loss"):
        return found.losses[name.removesuffix(" loss")]
    if name.startswith("stop: "):
        (stop,) = [prompt.stop for prompt in found.prompts if prompt.stop and not prompt.stop.is_constant]
        return stop
    for perceptor in found.models.perceptors:
        if perceptor.over_time and perceptor.model.name == name:
            return perceptor.over_time
    if name in ("colour amount", "contrast", "dither"):
        curve: Curve = getattr(found.others["colour"], name.removeprefix("colour "))
        return curve
    return found.motion.rates[name] if name in catalogue.names(transforms) else getattr(found.refine, name)


@pytest.mark.parametrize("path", SCHEDULES, ids=lambda path: str(path.stem))
def test_the_page_holds_every_value_of_every_frame(path: Path) -> None:
    found = load_schedule(path)
    data = Page(plot_page(found)).data
    times = np.arange(found.output.num_frames) / found.output.fps
    assert data["frames"] == found.output.num_frames
    assert {*found.motion.rates, "steps", "lr"} <= {curve["name"] for curve in data["curves"]}
    for curve in data["curves"]:
        values = np.broadcast_to(curve["values"], times.shape)
        np.testing.assert_allclose(values, curve_of(found, curve["name"]).sample(times), rtol=1e-6)
        np.testing.assert_allclose(
            curve["heights"], curve_of(found, curve["name"]).sample(curve["keys"]), rtol=1e-6, atol=1e-6
        )
    total = sum(np.broadcast_to(prompt["weights"], times.shape) for prompt in data["prompts"])
    expected = np.sum([prompt.weight.sample(times) for prompt in found.prompts], axis=0)
    np.testing.assert_allclose(total, expected, rtol=1e-6, atol=1e-6)


def test_a_constant_is_one_number() -> None:
    data = Page(plot_page(schedule("prompts: red\nmotion: {zoom: 1.1/s, rotate: {0s: 0, 1s: 1}}"))).data
    values = {curve["name"]: curve["values"] for curve in data["curves"]}
    assert values["zoom"] == 1.1
    assert len(values["rotate"]) == data["frames"]


def test_the_page_has_beats_markers_and_shots() -> None:
    text = "music: {bpm: 90, beats_per_bar: 3, offset: 0.5s}\nmarkers: {drop: 1s}\n"
    text += "shots:\n- {length: 2s, prompts: a}\n- {length: 2s, start: carry, prompts: b}"
    data = Page(plot_page(schedule(text))).data
    assert data["beat"] == {"bpm": 90, "beats_per_bar": 3, "offset": 0.5}
    assert [event["label"] for event in data["events"]] == ["drop", "shot 2 (carry)"]


def test_no_text_can_escape_its_script() -> None:
    evil, plain = (Page(plot_page(schedule(json.dumps({"title": text, "prompts": text})))) for text in (EVIL, "red"))
    assert evil.tags == plain.tags
    assert evil.data["prompts"][0]["text"] == EVIL
    assert evil.texts["script"][1] == plain.texts["script"][1]
    assert evil.texts["title"] == evil.texts["h1"] == [" ".join(EVIL.split())]


def test_a_picture_is_named_by_its_file(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "sea.png")
    (tmp_path / "a.yaml").write_text("prompts: [{image: sea.png}]")
    assert Page(plot_page(load_schedule(tmp_path / "a.yaml"))).data["prompts"][0]["text"] == "image: sea.png"


def test_the_page_makes_no_request() -> None:
    page = plot_page(schedule("prompts: red"))
    attributes = [name for _, found in Page(page).tags for name in found]
    assert not {"src", "href", "srcset", "action"} & set(attributes)
    policy = next(found["content"] for _, found in Page(page).tags if "http-equiv" in found)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
    for word in ("http:", "https:", "url(http", "@import", "fetch(", "innerHTML"):
        assert word not in page


def test_the_page_is_deterministic() -> None:
    assert plot_page(schedule("prompts: red")) == plot_page(schedule("prompts: red"))


def test_the_page_supports_light_and_dark_mode() -> None:
    assert "prefers-color-scheme: dark" in plot_page(schedule("prompts: red"))
