"""A format is one file in the catalogue: a synthetic one is listed, recognised and suggested; the docs list all."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.commands.importing import import_
from pipeline.importers import formats
from pipeline.schedule.loader import load_schedule
from render import catalogue
from render.errors import InputError, UnknownNameError

DOCS = Path(__file__).parents[3] / "docs" / "importing.md"
ENTRY = '''
"""Synthetic settings: swirl_rate and swirl_text."""

from pipeline.importers.imported import Imported
from pipeline.importers.notations.source import Source
from pipeline.importers.prompts import Scene
from pipeline.importers.settings import Settings

TOOL = "Swirl"
NEEDS = "swirl_rate and swirl_text"


def recognises(source: Source) -> bool:
    return source.settings.keys() >= {"swirl_rate", "swirl_text"}


def convert(source: Source) -> Imported:
    settings = Settings(source, TOOL)
    return Imported(
        tool=TOOL,
        size=(64, 64),
        fps=settings.number("swirl_rate", 12),
        frames=3,
        seed=0,
        prompts=(Scene(frame=0, text=settings.text("swirl_text")),),
        notes=tuple(settings.not_converted({})),
    )
'''


@pytest.fixture
def swirl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for settings, with the file of the format `swirl` added to the catalogue."""
    added = tmp_path / "formats"
    added.mkdir()
    (added / "swirl.py").write_text(ENTRY)
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(added)])
    catalogue.names.cache_clear()
    yield tmp_path
    catalogue.names.cache_clear()
    sys.modules.pop("pipeline.importers.formats.swirl", None)
    if hasattr(formats, "swirl"):
        del formats.swirl


def test_a_new_file_is_a_format_that_is_recognised(swirl: Path) -> None:
    assert "swirl" in catalogue.names(formats)
    settings, target = swirl / "a.json", swirl / "a.yaml"
    settings.write_text('{"swirl_rate": 24, "swirl_text": "a lake", "swirl_depth": 3}')
    done = CliRunner().invoke(import_, [str(settings), "-o", str(target)])
    assert (done.exit_code, done.stdout) == (0, f"{target}\n"), done.exception
    assert done.stderr == "- settings without a counterpart here: swirl_depth\n"
    schedule = load_schedule(target)
    assert (schedule.output.fps, schedule.prompts[0].text) == (24, "a lake")


def test_a_new_format_is_listed_if_none_matches_and_suggested_if_misspelt(swirl: Path) -> None:
    settings = swirl / "a.json"
    settings.write_text('{"swirl_text": "a lake"}')
    done = CliRunner().invoke(import_, [str(settings), "-o", str(swirl / "a.yaml")])
    assert isinstance(done.exception, InputError)
    assert "swirl needs swirl_rate and swirl_text" in str(done.exception)
    done = CliRunner().invoke(import_, [str(settings), "-o", str(swirl / "a.yaml"), "--from", "swril"])
    assert isinstance(done.exception, UnknownNameError)
    assert "did you mean 'swirl'?" in str(done.exception)


def test_the_documented_formats_are_those_of_the_catalogue() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(rows) == list(catalogue.names(formats))


@pytest.mark.parametrize("name", catalogue.names(formats))
def test_every_format_keeps_the_contract(name: str) -> None:
    entry = catalogue.load(formats, name)
    assert entry.TOOL
    assert entry.NEEDS
    assert callable(entry.recognises)
    assert callable(entry.convert)
