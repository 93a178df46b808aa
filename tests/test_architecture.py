"""The shape of the code: which way imports point, where foreign code may stand, what stays without torch.

The rules are checked on the source (nothing is imported), and every check is shown a violation, too.
"""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("render", "pipeline")
HOMES = {  # foreign package: the modules that may import it
    "taming": ("render.latents.vqgan", "render.training"),
    "open_clip": (
        "render.guidance.perceptors.clip",
        "render.kernels.vit",
        "render.models.registry.generate",
        "render.training",
    ),
    "httpx2": ("render.models.transfer", "render.models.hub"),
    "huggingface_hub": ("render.models.hub",),
    "ray": ("pipeline.batch.workers.on_ray",),
    "obstore": ("pipeline.storage.store",),
    "ffmpeg": ("pipeline.video.ffmpeg",),
    "imageio_ffmpeg": ("pipeline.video.ffmpeg",),
    "librosa": ("pipeline.audio",),
}


@dataclass(frozen=True)
class Import:
    """One imported module: by whom, where, and whether it happens as soon as the importer is imported."""

    importer: str
    imported: str
    line: int
    at_once: bool

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def modules(root: Path) -> dict[str, Path]:
    """Module name to file of both packages; a package's name stands for its __init__.py."""
    found = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(root: Path) -> list[Import]:
    known = modules(root)
    return [
        Import(importer=name, imported=imported, line=node.lineno, at_once=at_once)
        for name, path in known.items()
        for node, at_once in _statements(ast.parse(path.read_text(encoding="utf-8")), at_once=True)
        for imported in _targets(node, name, path.name == "__init__.py", known)
    ]


def _statements(tree: ast.AST, at_once: bool) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Every import, and whether it runs with the module: not in a function, nor for the type checker only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, at_once
        elif isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for part in node.body:
                yield from _statements(ast.Module([part], []), at_once=False)
            for part in node.orelse:
                yield from _statements(ast.Module([part], []), at_once)
        else:
            inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _statements(node, at_once and not inside)


def _targets(node: ast.Import | ast.ImportFrom, name: str, is_package: bool, known: dict[str, Path]) -> Iterator[str]:
    """What the statement imports: `from a import b` is a.b where that is a module of ours, else a."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    base = node.module or ""
    if node.level:
        above = name.split(".") if is_package else name.split(".")[:-1]
        above = above[: len(above) - node.level + 1]
        base = ".".join([*above, *([node.module] if node.module else [])])
    yield from sorted({f"{base}.{a.name}" if f"{base}.{a.name}" in known else base for a in node.names})


def is_below(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def wrong_way(root: Path) -> list[str]:
    """Imports from the image side to the time side."""
    return [str(i) for i in imports(root) if is_below(i.importer, ("render",)) and is_below(i.imported, ("pipeline",))]


def cycle(root: Path) -> list[str]:
    """The modules of one import cycle, or none."""
    known = modules(root)
    graph: dict[str, set[str]] = {name: set() for name in known}
    for found in imports(root):
        if found.at_once and found.imported in known:
            graph[found.importer].add(found.imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return []


def strangers(root: Path) -> list[str]:
    """Foreign code that is imported outside its home."""
    return [
        str(i)
        for i in imports(root)
        if (home := HOMES.get(i.imported.split(".")[0])) and not is_below(i.importer, home)
    ]


def printing(root: Path) -> list[str]:
    return [
        f"{name}:{node.lineno}"
        for name, path in modules(root).items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]


def drawers(root: Path) -> list[str]:
    """Files and folders called utils: a name that says nothing."""
    return [name for name in modules(root) if {"utils", "util", "helpers", "misc"} & set(name.split("."))]


CHECKS = {check.__name__: check for check in (wrong_way, cycle, strangers, printing, drawers)}


@pytest.mark.parametrize("check", CHECKS)
def test_the_house_is_in_order(check: str) -> None:
    assert CHECKS[check](ROOT) == []


def test_the_graph_is_read() -> None:
    """The checks would be content with an empty graph: some arrows that must be there."""
    arrows = {(found.importer, found.imported, found.at_once) for found in imports(ROOT)}
    assert arrows >= {
        ("pipeline.schedule.timeline", "render.spec", True),
        ("pipeline.schedule.sections.motion", "render.catalogue", True),  # from render import catalogue, ...
        ("pipeline.schedule.timeline", "numpy", True),
        ("render.guidance.losses", "render.guidance.prompts", False),  # for the type checker
        ("pipeline.run.session.session", "render.renderer.renderer", False),  # inside a function
        ("render.latents.vqgan", "taming.modules.vqvae.quantize", True),
    }


VIOLATIONS = [
    ("wrong_way", {"render/a.py": "from pipeline import b"}, ["render.a:1 imports pipeline.b"]),
    ("wrong_way", {"render/a.py": "import pipeline.b as b"}, ["render.a:1 imports pipeline.b"]),
    ("wrong_way", {"render/c/a.py": "from ...pipeline import b"}, ["render.c.a:1 imports pipeline.b"]),
    ("wrong_way", {"render/a.py": "def f():\n  from pipeline.b import x"}, ["render.a:2 imports pipeline.b"]),
    (
        "wrong_way",
        {"render/a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n  import pipeline"},
        ["render.a:3 imports pipeline"],
    ),
    ("wrong_way", {"pipeline/a.py": "import render.c"}, []),
    ("cycle", {"render/a.py": "from render import c", "render/c/__init__.py": "from render.a import x"}, 3),
    ("cycle", {"pipeline/a.py": "from . import b", "pipeline/b.py": "try:\n  from .a import x\nexcept E:\n  0"}, 3),
    ("cycle", {"pipeline/a.py": "import pipeline.b", "pipeline/b.py": "class A:\n  import pipeline.a"}, 3),
    ("cycle", {"pipeline/a.py": "import pipeline.b", "pipeline/b.py": "def f():\n  import pipeline.a"}, []),
    (
        "cycle",
        {
            "pipeline/a.py": "import pipeline.b",
            "pipeline/b.py": "import typing\nif typing.TYPE_CHECKING:\n  from . import a",
        },
        [],
    ),
    ("strangers", {"render/a.py": "from taming.modules import x"}, ["render.a:1 imports taming.modules"]),
    ("strangers", {"pipeline/a.py": "def f():\n  import open_clip"}, ["pipeline.a:2 imports open_clip"]),
    ("strangers", {"pipeline/a.py": "import numpy, ffmpeg"}, ["pipeline.a:1 imports ffmpeg"]),
    ("strangers", {"pipeline/video/ffmpeg.py": "import ffmpeg, imageio_ffmpeg"}, []),
    ("strangers", {"pipeline/a.py": "from pipeline import ffmpeg", "pipeline/video/ffmpeg.py": ""}, []),
    ("strangers", {"render/training/a.py": "import taming, open_clip"}, []),
    ("printing", {"render/a.py": "def f():\n  print('x')"}, ["render.a:2"]),
    ("printing", {"render/a.py": "console.print('x')  # print()"}, []),
    ("drawers", {"render/utils.py": ""}, ["render.utils"]),
    ("drawers", {"pipeline/misc/__init__.py": ""}, ["pipeline.misc"]),
]


@pytest.mark.parametrize(("check", "files", "expected"), VIOLATIONS)
def test_a_violation_is_noticed(tmp_path: Path, check: str, files: dict[str, str], expected: list[str] | int) -> None:
    for name in ("render/__init__.py", "render/c/__init__.py", "pipeline/__init__.py", "pipeline/b.py"):
        files = {name: "", **files}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = CHECKS[check](tmp_path)
    assert (len(found) if isinstance(expected, int) else found) == expected


# Runs the command, then says what was imported.
PROBE = """
import json, sys
sys.argv[0] = "render"
from pipeline.cli import entry
try:
    entry()
except SystemExit as end:
    code = end.code
heavy = [name for name in {heavy} if name in sys.modules]
print("\\n" + json.dumps([code, heavy]))
"""


def heavy_imports(
    *arguments: str,
    heavy: tuple[str, ...] = (
        "torch",
        "kornia",
        "open_clip",
        "taming",
        "matplotlib",
        "httpx2",
        "huggingface_hub",
        "av",
        "librosa",
    ),
) -> list[str]:
    """What of `heavy` the command `render` imports with these arguments, in a process of its own."""
    command = [sys.executable, "-c", PROBE.format(heavy=heavy), *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    code, found = json.loads(done.stdout.splitlines()[-1])
    assert code == 0, done.stderr
    assert len(done.stdout) > 40  # it did its work
    names: list[str] = found
    return names


@pytest.mark.parametrize(
    "arguments", [("check", "schedules/sunset.yaml"), ("plan", "schedules/sunset.yaml"), ("models",), ("--help",)]
)
def test_light_commands_never_import_torch(arguments: tuple[str, ...]) -> None:
    assert heavy_imports(*arguments) == []


def test_an_import_would_be_noticed() -> None:
    assert heavy_imports("models", heavy=("yaml", "torch", "click")) == ["yaml", "click"]
