"""The shape of the code: which way imports point, where foreign code may stand, what stays without torch.

The rules are checked on the source (nothing is imported), and every check is shown a violation, too.
"""

import ast
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.architecture import (
    CATALOGUES,
    DOCS,
    PACKAGES,
    ROOMS,
    ROOT,
    allowed,
    arrows,
    documented,
    imports,
    is_defined,
    mentioned,
    modules,
)

MOST_ENTRIES = 15
MOST_ROOMS = 17  # at the top of a package
MOST_LINES = 250
HOMES = {  # foreign package: the modules that may import it
    "taming": ("render.latents.vqgan", "render.training"),
    "open_clip": (
        "render.guidance.clipseg",
        "render.guidance.perceptors.clip",
        "render.kernels.vit",
        "render.models.registry.generate",
        "render.training",
    ),
    "httpx2": ("render.models.transfer", "render.models.hub"),
    "huggingface_hub": ("render.models.hub",),
    "ray": ("pipeline.batch.workers.on_ray",),
    "obstore": ("pipeline.storage.store",),
    "ffmpeg": ("pipeline.video.ffmpeg", "pipeline.video.filtering"),
    "imageio_ffmpeg": ("pipeline.video.ffmpeg",),
    "librosa": ("pipeline.audio",),
    "starlette": ("pipeline.studio",),
    "uvicorn": ("pipeline.studio",),
    "triton": ("render.kernels",),
}


def is_below(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def wrong_way(root: Path) -> list[str]:
    """Imports from the image side to the time side."""
    return [str(i) for i in imports(root) if is_below(i.importer, ("render",)) and is_below(i.imported, ("pipeline",))]


def cycle(root: Path) -> list[str]:
    """The modules of one import cycle, or none; imports in functions and for the type checker count."""
    known = modules(root)
    graph: dict[str, set[str]] = {name: set() for name in known}
    for found in imports(root):
        if found.imported in known and found.imported != found.importer:
            graph[found.importer].add(found.imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return []


def forbidden(root: Path, rooms: Mapping[str, str] = ROOMS) -> list[str]:
    """Imports from one room to another that the table does not allow, and rooms that it does not name."""
    return [
        str(found)
        for (room, other), found in arrows(root).items()
        if room not in rooms
        or other == "render.training"
        or (room.partition(".")[0] == other.partition(".")[0] and other not in allowed(room, rooms))
    ]


def crowded(root: Path) -> list[str]:
    """Folders with more than 15 modules and folders of ours, catalogues excepted; a package may have one more."""
    found: Counter[Path] = Counter()
    for path in modules(root).values():
        entry = path.parent if path.name == "__init__.py" else path
        found[entry.parent] += 1
    names = {folder.relative_to(root).as_posix(): count for folder, count in found.items()}
    most = {name: MOST_ROOMS if name in PACKAGES else MOST_ENTRIES for name in names}
    return [f"{name}: {count}" for name, count in names.items() if count > most[name] and name not in CATALOGUES]


def long_files(root: Path) -> list[str]:
    counts = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules(root).items()}
    return [f"{name}: {count}" for name, count in counts.items() if count > MOST_LINES]


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


CHECKS = {
    check.__name__: check for check in (wrong_way, forbidden, cycle, crowded, long_files, strangers, printing, drawers)
}


@pytest.mark.parametrize("check", CHECKS)
def test_every_rule_holds(check: str) -> None:
    assert CHECKS[check](ROOT) == []


def test_the_table_of_rooms_has_no_cycle_and_no_unused_import() -> None:
    found = arrows(ROOT)
    above: set[str] = set()
    for room in ROOMS:
        assert allowed(room) <= above, f"{room} may import what stands below it"
        assert all((room, other) in found for other in allowed(room)), f"{room} imports less than it may"
        above.add(room)


def test_table_and_picture_of_the_documentation_are_current() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert documented(text, ROOT) == text, "run `python -m tests.architecture`"


def test_every_name_in_the_documentation_exists() -> None:
    names = mentioned(DOCS.read_text(encoding="utf-8"))
    assert len(names) > 40
    assert [name for name in names if not is_defined(name, ROOT)] == []


def test_every_path_in_the_documentation_exists() -> None:
    paths = re.findall(r"`((?:render|pipeline|tests|docs|schedules|bench)/[\w./]*)`", DOCS.read_text(encoding="utf-8"))
    assert len(paths) > 40
    named = [ROOT / path.removesuffix("NAME.py").rstrip("/") for path in paths]
    assert [path for path in named if not path.exists() and not path.with_suffix(".py").exists()] == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("run.run.Run.events", True),
        ("pipeline.run.run", True),
        ("spec.BORDERS", True),
        ("spec.FrameSpec.seed", True),
        ("run.run.Run.nothing", False),
        ("run.nothing", False),
        ("cli.entry.inside", False),
    ],
)
def test_a_name_that_does_not_exist_is_found(name: str, expected: bool) -> None:
    assert is_defined(name, ROOT) == expected


def test_the_import_graph_contains_known_arrows() -> None:
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
    ("cycle", {"pipeline/a.py": "import pipeline.b", "pipeline/b.py": "def f():\n  import pipeline.a"}, 3),
    (
        "cycle",
        {
            "pipeline/a.py": "import pipeline.b",
            "pipeline/b.py": "import typing\nif typing.TYPE_CHECKING:\n  from . import a",
        },
        3,
    ),
    ("forbidden", {"pipeline/curves/a.py": "from pipeline.storage import b", "pipeline/storage/b.py": ""}, 1),
    ("forbidden", {"pipeline/curves/a.py": "def f():\n  import pipeline.audio.b", "pipeline/audio/b.py": ""}, 1),
    (
        "forbidden",
        {
            "pipeline/curves/a.py": "import typing\nif typing.TYPE_CHECKING:\n  import pipeline.audio.b",
            "pipeline/audio/b.py": "",
        },
        1,
    ),
    ("forbidden", {"pipeline/audio/b.py": "from pipeline.curves import a", "pipeline/curves/a.py": ""}, []),
    ("forbidden", {"pipeline/attic/b.py": "from pipeline.curves import a", "pipeline/curves/a.py": ""}, 1),
    (
        "forbidden",
        {"render/errors.py": "import render.rng", "render/rng.py": ""},
        ["render.errors:1 imports render.rng"],
    ),
    ("forbidden", {"render/motion/a.py": "import render.training.b", "render/training/b.py": ""}, 1),
    ("forbidden", {"pipeline/curves/a.py": "import render.training.b", "render/training/b.py": ""}, 1),
    ("crowded", {f"pipeline/run/a{number}.py": "" for number in range(16)}, ["pipeline/run: 16"]),
    ("crowded", {f"pipeline/run/a{number}.py": "" for number in range(15)}, []),
    ("crowded", {f"pipeline/run/a{number}/__init__.py": "" for number in range(16)}, ["pipeline/run: 16"]),
    ("crowded", {f"render/latents/a{number}.py": "" for number in range(16)}, []),
    ("long_files", {"render/a.py": "0\n" * 251}, ["render.a: 251"]),
    ("long_files", {"render/a.py": "0\n" * 250}, []),
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
def test_a_violation_is_found(tmp_path: Path, check: str, files: dict[str, str], expected: list[str] | int) -> None:
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


def test_a_heavy_import_is_found() -> None:
    assert heavy_imports("models", heavy=("yaml", "torch", "click")) == ["yaml", "click"]
