"""A section is one file: adding one requires no other change."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from pipeline.schedule import sections
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.reference import filled
from pipeline.schedule.schema import document
from render import catalogue
from render.errors import ScheduleError

GRAIN = '''
"""`grain:` of film over the picture."""

from dataclasses import dataclass

from pipeline.schedule.fields.quantities import number
from pipeline.schedule.fields.readers import section_reader
from pipeline.schedule.fields.shapes import section, setting, settings
from pipeline.schedule.sections import Section, reader_of


@dataclass(frozen=True, kw_only=True)
class Grain:
    strength: float = setting(number(0, 1), 0.25, "how much of it")


SECTION = Section(
    position=75,
    shape=lambda: section("grain", "film grain", settings(Grain)),
    read=reader_of("grain", section_reader(Grain), Grain()),
    settings=lambda: settings(Grain),
)
'''
IN_SHOTS = GRAIN.replace("    read=", "    join=lambda starts, parts: [part.strength for part in parts],\n    read=")


@pytest.fixture
def with_grain(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The catalogue with one more file, as if it were in the folder."""
    (tmp_path / "grain.py").write_text(getattr(request, "param", GRAIN), encoding="utf-8")
    monkeypatch.setattr(sections, "__path__", [*sections.__path__, str(tmp_path)])
    catalogue.names.cache_clear()
    yield
    catalogue.names.cache_clear()
    sys.modules.pop("pipeline.schedule.sections.grain", None)
    vars(sections).pop("grain", None)


def problems(text: str) -> list[str]:
    with pytest.raises(ScheduleError) as caught:
        read_schedule(text, "a.yaml", "a")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.usefixtures("with_grain")
def test_the_loader_reads_a_section_that_is_only_a_file() -> None:
    assert read_schedule("prompts: sea\n", "a.yaml", "a").others["grain"].strength == 0.25
    assert read_schedule("prompts: sea\ngrain: {strength: 0.5}\n", "a.yaml", "a").others["grain"].strength == 0.5


@pytest.mark.usefixtures("with_grain")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("grian: {}", "a.yaml:2:1: grian: unknown key; did you mean 'grain'?"),
        ("grain: {strenth: 1}", "a.yaml:2:9: grain.strenth: unknown key; did you mean 'strength'?"),
        ("grain: {strength: 2}", "a.yaml:2:19: grain.strength: expected a number from 0 to 1, got '2'"),
        ("strength: 1", "a.yaml:2:1: strength: belongs in grain.strength: write grain: {strength: ...}"),
    ],
)
def test_error_messages_know_the_new_section(line: str, expected: str) -> None:
    assert problems(f"prompts: sea\n{line}\n") == [expected]


@pytest.mark.usefixtures("with_grain")
def test_the_schema_knows_the_new_section() -> None:
    schema = document()
    assert schema["definitions"]["grain"]["properties"]["strength"]["default"] == 0.25
    names = list(schema["properties"])
    assert names.index("refine") + 2 == names.index("grain") + 1 == names.index("noise")
    assert "grain.strength" in str(schema["properties"]["variants"])
    jsonschema.validate({"prompts": "sea", "grain": {"strength": 1}}, schema)
    with pytest.raises(jsonschema.ValidationError, match="2 is greater than the maximum"):
        jsonschema.validate({"prompts": "sea", "grain": {"strength": 2}}, schema)


@pytest.mark.usefixtures("with_grain")
def test_the_documentation_knows_the_new_section() -> None:
    made = filled("".join(f"<!-- generated: {name} -->\n<!-- end -->\n" for name in ("schedule", "grain")))
    assert "| `refine` | how strongly guidance works on each frame |\n| `grain` | film grain |\n" in made
    assert "| `strength` | `0.25` | how much of it |" in made


@pytest.mark.usefixtures("with_grain")
@pytest.mark.parametrize("with_grain", [IN_SHOTS], indirect=True)
def test_a_section_with_join_can_be_written_in_a_shot() -> None:
    text = "prompts: sea\ngrain: {strength: 0.5}\nshots: [{length: 1s}, {length: 1s, grain: {strength: 1}}]\n"
    schedule = read_schedule(text, "a.yaml", "a")
    assert schedule.others["grain"] == [0.5, 1]
    assert [shot.sections["grain"].strength for shot in schedule.shots] == [0.5, 1]
    assert "grain" in document()["definitions"]["shot"]["properties"]


def test_without_its_file_the_section_is_unknown() -> None:
    assert "grain" not in sections.declared()
    assert "unknown key" in problems("prompts: sea\ngrain: {}\n")[0]


def test_every_module_is_a_section_or_a_part_of_one() -> None:
    parts = set(catalogue.names(sections)) - sections.declared().keys()
    assert parts == {
        *(
            "models_perceptors",
            "motion_flow",
            "motion_shake",
            "music_signals",
            "output_stereo",
            "output_video",
            "output_source",
            "shots_lengths",
            "start_image",
        )
    }


def test_positions_are_unique() -> None:
    positions = [section.position for section in sections.declared().values()]
    assert len(set(positions)) == len(positions)


def test_sections_that_affect_the_clock_are_read_first_and_in_order() -> None:
    order = list(sections.in_reading_order())
    assert order[:5] == ["music", "output", "loop", "markers", "let"]
    assert order.index("output") < order.index("shots") < order.index("models") < order.index("start")


def test_importing_all_sections_imports_no_torch() -> None:
    code = "import sys; from pipeline.schedule.sections import declared; declared(); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
