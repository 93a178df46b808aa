"""The JSON Schema of the language: up to date, as strict as a schema can be, never stricter than `render check`."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from pipeline.commands.schema import schema
from pipeline.schedule.document.document import Value, compose
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.schema import document
from render.errors import InputError, ScheduleError

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "schedules" / "schema.json"
EXAMPLES = sorted((ROOT / "schedules").rglob("*.yaml"))
DOCUMENT = document()
VALIDATOR = jsonschema.Draft7Validator(DOCUMENT)


def as_json(value: Value) -> Any:
    """What editors see, with scalars as the project reads them."""
    if value.is_map:
        return {name: as_json(entry) for name, _, entry in value.pairs("a map")}
    return [as_json(item) for item in value.items("a list")] if value.is_list else value.scalar("a scalar")


def complaints(text: str) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(as_json(compose(text, "a.yaml")))]


def blocks() -> list[str]:
    """The YAML blocks of docs/schedule.md; a block that shows one key several times becomes several schedules."""
    found = []
    for block in re.findall(
        r"```yaml\n(.*?)```", (ROOT / "docs" / "schedule.md").read_text(encoding="utf-8"), re.DOTALL
    ):
        entries = re.split(r"^(?=\w)", block, flags=re.MULTILINE)[1:]
        keys = [entry.partition(":")[0] for entry in entries]
        found += [block] if len(set(keys)) == len(keys) else entries
    return [block if not block.startswith("zoom") else f"motion: {{{block.split('#')[0]}}}" for block in found]


def test_the_file_is_current() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == DOCUMENT, "render schema -o schedules/schema.json"


def test_it_is_a_schema() -> None:
    jsonschema.Draft7Validator.check_schema(DOCUMENT)


def test_it_knows_the_sections_that_are_read() -> None:
    with pytest.raises(ScheduleError, match="unknown key") as caught:
        read_schedule("prompts: a\nxyz: 5\n", "a.yaml", "a")
    said = str(caught.value).partition("expected one of: ")[2]
    assert said.split(", ") == sorted(DOCUMENT["properties"])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_names_the_schema_and_fits_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert named
    assert (path.parent / named[1]).resolve() == SCHEMA
    assert complaints(text) == []


@pytest.mark.parametrize("text", blocks(), ids=lambda text: text[:30])
def test_the_documentation_fits_it(text: str) -> None:
    assert complaints(text) == []


def test_the_documentation_is_read() -> None:
    assert len(blocks()) > 10


RIGHT = [
    *("version: 1", "title: 1984", "output: {fps: 23.976, length: 240}", "output: {length: 1m 2.5 s + 300 ms}"),
    *("music: {bpm: 120, offset: 0.25s}\noutput: {length: 32 bars}\nmotion: {rotate: {8 beats: 90 deg/beat}}",),
    *("models: {latent: random:coco, perceptors: [{model: toy, weight: 2}, random:ViT-B-32]}",),
    *("models: {quantize: false, precision: fp32}", "motion: {zoom: {24: 1.05, +5s: 1, 100%-1 s: 1e-1, end-.5s: 1}}"),
    *("motion: {pan_x: 0, pan_y: -.5 %/frame, shear_x: 1e-3/s}", "motion: {rotate: 0%/s, tilt_x: 3 deg}"),
    *('markers: {drop: 24, out: "@drop+1m2s"}\nmotion: {rotate: {"@drop - 1s": 1, "@ out": 2}}',),
    *("motion: {rotate: 1/t if t > 1 else -2.5*(t**2)}", 'motion: {rotate: "where(not t < 4, 1e3, floor(t))"}'),
    *(
        "let: {k: 2, s: 3}\nrefine: {steps: k, lr: 0.1/s}",
        "motion: {zoom: '1.05'}",
        "losses: {prompt: {0: -1, end: 2}}",
    ),
    *(
        'motion: {zoom: {0: 1, 1s: {to: 2, ease: "bezier(.2, 0, .8, -1.5)"}}}',
        "motion: {center: [{0: 0, end: 50%}, t]}",
    ),
    *("variants: {motion.zoom.5s.to: [1, 2], 'prompts': [b, {0s: c}], losses.smooth: [0.1, t/100]}",),
]
WRONG = [  # what to add to `prompts: a`, and where the schema reports the error
    *(("promts: a", "$"), ("width: 5", "$"), ("version: 2", "$.version"), ("title: [a]", "$.title")),
    *(("loop: {blnd: 1s}", "$.loop"), ("loop: round", "$.loop"), ("output: {video: h266}", "$.output.video")),
    *(("music: {file: 1, signals: {a: loud}}", "$.music.signals.a"), ("music: {bpm: slow}", "$.music.bpm")),
    *(("output: 5", "$.output"), ("output: {Fps: 1}", "$.output"), ("output: {fps: 0}", "$.output.fps")),
    *(("output: {length: 50%}", "$.output.length"), ("output: {length: 0}", "$.output.length")),
    *(("output: {size: [256]}", "$.output.size"), ("output: {size: [256, big]}", "$.output.size[1]")),
    *(("output: {seed: 1.5}", "$.output.seed"), ("music: {bpm: fast}", "$.music.bpm")),
    *(("models: {latent: embeded}", "$.models.latent"), ("models: {perceptors: toy}", "$.models.perceptors")),
    *(("models: {perceptors: [toy, x]}", "$.models.perceptors[1]"), ("models: {quantize: on}", "$.models.quantize")),
    *(("models: {latent: {config: a.yaml}}", "$.models.latent"), ("models: {precision: f16}", "$.models.precision")),
    *(("motion:", "$.motion"), ("motion: {zom: 1}", "$.motion"), ("motion: {border: mirror}", "$.motion.border")),
    *(("motion: {zoom: [1]}", "$.motion.zoom"), ("motion: {zoom: 5%/s}", "$.motion.zoom")),
    *(("motion: {zoom: 0}", "$.motion.zoom"), ("motion: {pan_x: 0.02}", "$.motion.pan_x")),
    *(("motion: {zoom: very fast}", "$.motion.zoom"), ("motion: {rotate: 5px}", "$.motion.rotate")),
    *(("motion: {zoom: {soon: 1}}", "$.motion.zoom"), ("motion: {zoom: {1.5: 1}}", "$.motion.zoom")),
    *(("motion: {zoom: {}}", "$.motion.zoom"), ("motion: {zoom: {0: 1, 3s: {ease: hold}}}", "$.motion.zoom")),
    *(
        ("motion: {zoom: {3s: {to: 2, ease: in_out_sin}}}", "$.motion.zoom"),
        ("motion: {center: 0.5}", "$.motion.center"),
    ),
    *(("refine: {carry: yes}", "$.refine.carry"), ("refine: {steps: -1}", "$.refine.steps")),
    *(("losses: {smoth: 1}", "$.losses"), ("losses: {prompt: 1e4}", "$.losses.prompt")),
    *(("shots: [{start: carry}]", "$.shots[0]"), ("shots: [{length: 1s, start: jump}]", "$.shots[0].start")),
    *(("markers: {a b: 2s}", "$.markers"), ("markers: {a: soon}", "$.markers.a"), ("let: {a: true}", "$.let.a")),
    *(("include: []", "$.include"), ("variants: {include: [a]}", "$.variants")),
    *(
        ("variants: {refine.carry: [1, 2]}", "$.variants['refine.carry'][0]"),
        ("variants: {title: a}", "$.variants.title"),
    ),
]
WRONG_PROMPTS = ["", "true", "[]", "{}", "{a sea: 1}", "{0s: }", "{0s: {ease: hold}}", "{0s: a, blend: slurp}"]
WRONG_PROMPTS += ["[{text: a, weigth: 1}]", "[{text: a, image: b.png}]", "{0s: {text: a, ease: }}", "[{weight: 1}]"]


@pytest.mark.parametrize("text", RIGHT)
def test_every_schedule_that_is_read_fits_the_schema(text: str) -> None:
    read_schedule(f"prompts: a\n{text}\n" if "prompts" not in text.split(":")[0] else text, "a.yaml", "a")
    assert complaints(text) == []


@pytest.mark.parametrize(("text", "place"), WRONG)
def test_mistakes_are_marked_by_the_schema(text: str, place: str) -> None:
    with pytest.raises(ScheduleError):
        read_schedule(f"prompts: a\n{text}\n", "a.yaml", "a")
    assert {complaint.partition(": ")[0] for complaint in complaints(text)} >= {place}


@pytest.mark.parametrize("prompts", WRONG_PROMPTS)
def test_wrong_prompts_are_marked(prompts: str) -> None:
    with pytest.raises(ScheduleError):
        read_schedule(f"prompts: {prompts}\n", "a.yaml", "a")
    assert complaints(f"prompts: {prompts}\n")


def maps(part: Any) -> Iterator[dict[str, Any]]:
    """Every map of the schema."""
    if isinstance(part, dict):
        yield part
    for below in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from maps(below)


def test_every_key_of_a_section_is_described() -> None:
    sections = [DOCUMENT, *(shape for shape in DOCUMENT["definitions"].values() if "properties" in shape)]
    assert len(sections) > 5
    for section in sections:
        for name, shape in section["properties"].items():
            described = DOCUMENT["definitions"].get(name, {}) if list(shape) == ["$ref"] else shape
            assert described.get("description"), name


def test_patterns_are_those_of_every_language() -> None:
    patterns = {part["pattern"] for part in maps(DOCUMENT) if isinstance(part.get("pattern"), str)}
    assert len(patterns) > 5
    for pattern in patterns:
        assert not re.search(r"\(\?[P<#a-z]|\\[AZGzh]|\[\[|[+*?}][+]", pattern)


@pytest.mark.parametrize("text", ["1 " * 500, "a" * 1000, "(" * 1000, "1" * 999 + "!", "a+" * 499 + "%", "1m" * 500])
def test_a_long_text_does_not_make_a_pattern_backtrack(text: str) -> None:
    """A pattern that backtracks through every possibility would never return."""
    assert complaints(f"motion: {{zoom: '{text}', rotate: {{'{text[:180]}': 1}}}}\n")


def test_the_command_prints_and_writes_it(tmp_path: Path) -> None:
    printed = CliRunner().invoke(schema, [])
    assert printed.exit_code == 0
    assert json.loads(printed.stdout) == DOCUMENT
    written = CliRunner().invoke(schema, ["-o", str(tmp_path / "schema.json")])
    assert (tmp_path / "schema.json").read_text(encoding="utf-8") == printed.stdout
    assert written.stdout == f"{tmp_path / 'schema.json'}\n"


def test_an_output_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    failed = CliRunner().invoke(schema, ["-o", str(tmp_path / "nowhere" / "schema.json")])
    assert isinstance(failed.exception, InputError)
    assert "cannot be written: No such file" in str(failed.exception)
