"""The import graph of render/ and pipeline/, read from the source, and the arrows between rooms that are allowed.

A room is a folder, or a module at the top of a package. `python -m tests.architecture` updates table and
picture of rooms in docs/architecture.md.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("render", "pipeline")
SUFFIXES = {"py", "md", "yaml", "yml", "json", "html", "mp4", "png"}
DOCS = ROOT / "docs" / "architecture.md"
MARKS = {
    name: (f"<!-- {name}: python -m tests.architecture -->\n", f"<!-- end of {name} -->\n")
    for name in ("rooms", "picture")
}


# Each room and the rooms that it may import, from the ground up: a room may only name rooms above its own line.
# Imports inside functions and for the type checker count, too. pipeline/ may import every room of render/ but training.
ROOMS: Mapping[str, str] = {
    "render.errors": "",
    "render.catalogue": "errors",
    "render.spec": "",
    "render.rng": "",
    "render.files": "errors",
    "render.files.videos": "errors files",
    "render.models": "errors files",
    "render.models.registry": "errors models",
    "render.kernels.triton_norm": "",
    "render.kernels": "kernels.triton_norm",
    "render.latents": "errors files models kernels",
    "render.device": "errors kernels latents",
    "render.motion.transforms": "",
    "render.motion.depth": "errors spec kernels device",
    "render.motion.depth.estimators": "errors files models motion.depth",
    "render.motion.displacements": "errors catalogue spec kernels motion.transforms motion.depth device",
    "render.motion": "errors catalogue spec kernels latents motion.depth motion.displacements device",
    "render.motion.canvas": "kernels latents motion motion.displacements",
    "render.motion.flow.estimators": "errors files models device",
    "render.guidance.perceptors": "errors files models kernels",
    "render.guidance.regions": "spec",
    "render.guidance": (
        "errors catalogue spec rng files files.videos models kernels guidance.perceptors guidance.regions device"
    ),
    "render.motion.flow": (
        "errors catalogue spec files files.videos models kernels device guidance motion.displacements "
        "motion.flow.estimators"
    ),
    "render.guidance.colour": "spec kernels guidance device",
    "render.guidance.losses": "kernels guidance guidance.colour",
    "render.footage": "errors spec files files.videos kernels motion guidance device",
    "render.priors": "models spec latents guidance guidance.perceptors",
    "render.priors.bank": "errors spec files models latents guidance guidance.perceptors priors",
    "render.priors.transformer": (
        "errors spec rng files models kernels latents guidance guidance.perceptors priors priors.bank"
    ),
    "render.sources": "errors spec latents guidance guidance.perceptors priors",
    "render.refinement": "errors catalogue spec rng kernels latents device guidance guidance.colour "
    "guidance.perceptors guidance.losses",
    "render.renderer": "errors catalogue spec rng latents device motion motion.depth motion.depth.estimators "
    "motion.displacements "
    "motion.canvas guidance guidance.colour guidance.perceptors priors sources refinement",
    "render.renderer.loading": (
        "catalogue spec files models latents device motion.depth.estimators motion.displacements motion.flow guidance "
        "guidance.perceptors "
        "footage priors priors.transformer renderer"
    ),
    "render.training": (
        "spec models models.registry latents device motion.depth motion.depth.estimators guidance.perceptors "
        "priors.bank priors.transformer sources refinement renderer renderer.loading"
    ),
    "pipeline.terminal": "",
    "pipeline.curves": "",
    "pipeline.storage": "",
    "pipeline.audio": "curves storage",
    "pipeline.video.containers": "storage",
    "pipeline.video": "curves storage audio video.containers",
    "pipeline.video.formats": "video video.containers",
    "pipeline.schedule.document": "storage",
    "pipeline.schedule.fields": "curves storage schedule.document",
    "pipeline.schedule.footage": "curves audio schedule.document schedule.fields",
    "pipeline.schedule.sections": (
        "curves audio video video.formats schedule.document schedule.fields schedule.footage"
    ),
    "pipeline.schedule.over_time": "curves audio schedule.footage schedule.sections",
    "pipeline.schedule": (
        "curves video video.formats schedule.document schedule.fields schedule.footage schedule.over_time "
        "schedule.sections"
    ),
    "pipeline.importers.values": "curves",
    "pipeline.importers.notations": "storage schedule.document",
    "pipeline.importers": "curves audio schedule.document importers.values importers.notations",
    "pipeline.importers.motion": "curves schedule.over_time importers importers.values",
    "pipeline.importers.scripts": "importers importers.values importers.notations importers.motion",
    "pipeline.importers.diffusion_tools": "curves schedule.over_time importers importers.values importers.motion",
    "pipeline.importers.formats": "curves importers importers.values importers.notations importers.scripts "
    "importers.diffusion_tools importers.motion",
    "pipeline.run.folder": "storage audio video video.formats schedule schedule.over_time schedule.sections",
    "pipeline.run.delivery": (
        "curves storage video video.containers video.formats schedule schedule.over_time schedule.sections run.folder"
    ),
    "pipeline.run": "storage video schedule terminal run.folder run.delivery",
    "pipeline.run.session": "storage schedule run run.folder",
    "pipeline.views": "curves storage video video.formats schedule schedule.document schedule.fields schedule.sections "
    "run.folder run.delivery",
    "pipeline.views.plot": "curves schedule schedule.footage schedule.sections views",
    "pipeline.studio.text": "curves schedule schedule.document schedule.fields schedule.sections",
    "pipeline.studio.text.editing": "curves schedule.document schedule.fields studio.text",
    "pipeline.batch.jobs": "storage schedule schedule.document schedule.sections run.session",
    "pipeline.batch.workers": "schedule schedule.sections run run.session batch.jobs",
    "pipeline.batch": "storage terminal run run.folder run.session batch.jobs batch.workers",
    "pipeline.studio.folder": "storage audio schedule schedule.document run.folder studio.text",
    "pipeline.studio.processes": "storage schedule run run.folder run.session views studio.folder",
    "pipeline.studio.jobs": "storage run studio.folder studio.processes",
    "pipeline.studio.server": "studio.text studio.folder studio.processes studio.jobs",
    "pipeline.studio.routes": (
        "storage schedule studio.text studio.text.editing studio.folder studio.processes studio.jobs studio.server"
    ),
    "pipeline.studio": "studio.server studio.routes",
    "pipeline.api": "schedule run run.session",
    "pipeline": "schedule run run.session api",
    "pipeline.commands": "storage audio video video.containers video.formats schedule schedule.over_time "
    "schedule.sections run run.folder run.delivery run.session views views.plot importers importers.formats "
    "importers.notations batch batch.jobs batch.workers studio studio.folder studio.processes studio.server "
    "terminal",
    "pipeline.cli": "storage run commands terminal",
}
CATALOGUES = (  # one file per entry, so they may grow
    "pipeline/commands",
    "pipeline/importers/formats",
    "pipeline/schedule/sections",
    "pipeline/video/formats",
    "render/guidance/losses",
    "render/guidance/perceptors",
    "render/guidance/regions",
    "render/latents",
    "render/motion/depth/estimators",
    "render/motion/displacements",
    "render/motion/flow/estimators",
    "render/motion/transforms",
    "render/priors",
    "render/sources",
    "render/training/scenes/motifs",
)


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


def room_of(module: str, known: Mapping[str, Path]) -> str:
    """The folder of a module; itself where it is a folder, or lies at the top of its package. Training is one room."""
    if module.startswith("render.training"):
        return "render.training"
    above = module.rpartition(".")[0]
    is_folder = module in known and known[module].name == "__init__.py"
    return module if is_folder or above in PACKAGES or not above else above


def arrows(root: Path) -> dict[tuple[str, str], Import]:
    """One import for each pair of rooms, (importing, imported), of which the one imports the other."""
    known = modules(root)
    found: dict[tuple[str, str], Import] = {}
    for each in imports(root):
        if each.imported in known:
            pair = room_of(each.importer, known), room_of(each.imported, known)
            if pair[0] != pair[1]:
                found.setdefault(pair, each)
    return found


def allowed(room: str, rooms: Mapping[str, str] = ROOMS) -> set[str]:
    """The rooms of its own package that a room may import, by their full names."""
    package = room.partition(".")[0]
    return {f"{package}.{name}" for name in rooms[room].split()}


def table(root: Path) -> str:
    """Every room with what it is and the rooms that it imports, from the ground up, in Markdown."""
    known, found = modules(root), arrows(root)
    lines = ["| room | what it is | imports |", "|---|---|---|"]
    for room in ROOMS:
        package = room.partition(".")[0]
        doc = ast.get_docstring(ast.parse(known[room].read_text(encoding="utf-8"))) or ""
        words = " ".join(doc.partition("\n\n")[0].split())
        used = [other for other in ROOMS if (room, other) in found and other.partition(".")[0] == package]
        shown = ", ".join(name.removeprefix(f"{package}.") for name in used)
        lines.append(f"| `{room.replace('.', '/')}` | {words} | {shown} |")
    return "\n".join(lines) + "\n"


def picture(root: Path) -> str:
    """The rooms at the top of both packages in Mermaid, with the arrows that do not follow from others."""
    graph: dict[str, set[str]] = {_top(room): set() for room in ROOMS if "." in room}
    for room, other in arrows(root):
        if _top(room) != _top(other) and {_top(room), _top(other)} <= graph.keys():
            graph[_top(room)].add(_top(other))
    lines = ["```mermaid", "flowchart TD"]
    for package in reversed(PACKAGES):
        lines.append(f"  subgraph {package}[{package}/]")
        for room in (room for room in reversed(graph) if room.startswith(f"{package}.")):
            own = {other for other in graph[room] if other.startswith(f"{package}.")}
            direct = own - {further for other in own for further in _reached(graph, other)}
            lines.append(f"    {_node(room)}[{room.removeprefix(f'{package}.')}]")
            lines += [f"    {_node(room)} --> {_node(other)}" for other in sorted(direct)]
        lines.append("  end")
    return "\n".join([*lines, "  pipeline --> render", "```"]) + "\n"


def _node(room: str) -> str:
    return room.replace(".", "_")


def _top(room: str) -> str:
    return ".".join(room.split(".")[:2])


def _reached(graph: Mapping[str, set[str]], start: str) -> set[str]:
    """Every room that `start` imports, itself or by way of others."""
    return graph[start] | {further for other in graph[start] for further in _reached(graph, other)}


def documented(text: str, root: Path) -> str:
    """The document with table and picture as they are now. Raises `ValueError` where a mark is missing."""
    for name, drawn in (("rooms", table(root)), ("picture", picture(root))):
        begin, end = MARKS[name]
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(f"no {begin.strip()} ... {end.strip()}")
        text = f"{before}{begin}\n{drawn}\n{end}{after}"
    return text


def mentioned(text: str) -> list[str]:
    """The dotted names in backticks of a text: modules, functions, classes, methods."""
    names = re.findall(r"`([A-Za-z_]\w*(?:\.\w+)+)(?:\(\))?`", text)
    return [name for name in names if name.rpartition(".")[2] not in SUFFIXES]


def is_defined(name: str, root: Path) -> bool:
    """Whether a dotted name is a module or defined in one; `pipeline.` and `render.` may be left out."""
    known = modules(root)
    for full in (name, *(f"{package}.{name}" for package in PACKAGES)):
        parts = full.split(".")
        for count in range(len(parts), 0, -1):
            module = ".".join(parts[:count])
            if module in known:
                tree = ast.parse(known[module].read_text(encoding="utf-8"))
                if _holds(tree, parts[count:]):
                    return True
                break
    return False


def _holds(tree: ast.AST, names: list[str]) -> bool:
    if not names:
        return True
    for node in ast.iter_child_nodes(tree):
        defined = isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == names[0]
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        assigned = any(isinstance(target, ast.Name) and target.id == names[0] for target in targets)
        if (defined and _holds(node, names[1:])) or (assigned and len(names) == 1):
            return True
    return False


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


if __name__ == "__main__":
    DOCS.write_text(documented(DOCS.read_text(encoding="utf-8"), ROOT), encoding="utf-8")
