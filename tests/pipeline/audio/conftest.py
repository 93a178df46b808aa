"""Tracks whose beats are known, and a cache of the tests' own."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[3] / "schedules" / "music" / "synthesise.py"


@pytest.fixture(scope="session")
def synthesise() -> ModuleType:
    """The script that writes the example's track."""
    spec = importlib.util.spec_from_file_location("synthesise", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["synthesise"] = module  # its dataclass looks itself up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("RENDER_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def song(synthesise: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight bars at 120 beats per minute, the first beat at 0.5 s: 16.5 s."""
    path = tmp_path_factory.mktemp("music") / "song.flac"
    synthesise.write(str(path), synthesise.compose([(8, 120.0)], silence=0.5).samples)
    return path


@pytest.fixture
def write(song: Path, tmp_path: Path) -> Callable[..., Path]:
    """A schedule beside the song: its text to its path."""

    def written(text: str, **files: Any) -> Path:
        (tmp_path / "song.flac").write_bytes(song.read_bytes())
        for name, content in files.items():
            (tmp_path / name.replace("_", ".")).write_bytes(content)
        path = tmp_path / "a.yaml"
        path.write_text(f"prompts: red\nmodels: {{latent: pixels, perceptors: [toy]}}\n{text}\n", encoding="utf-8")
        return path

    return written
