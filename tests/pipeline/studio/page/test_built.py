"""The built page is what its sources give, brings its licences, and needs nothing from elsewhere."""

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[4] / "pipeline" / "studio" / "page"
SOURCE, BUILT = PAGE / "source", PAGE / "built"


def sources() -> list[str]:
    found = [path for path in SOURCE.rglob("*") if path.is_file() and "node_modules" not in path.parts]
    return sorted(path.relative_to(SOURCE).as_posix() for path in found)


def test_it_was_built_from_these_sources() -> None:
    digest = hashlib.sha256()
    for name in sources():
        digest.update(name.encode() + b"\0" + (SOURCE / name).read_bytes() + b"\0")
    assert (BUILT / "sources.sha256").read_text().strip() == digest.hexdigest(), "npm run build in page/source"


def test_a_build_gives_these_files(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None or not (SOURCE / "node_modules" / "esbuild").is_dir():
        pytest.skip("needs node, and npm ci in page/source")
    subprocess.run([node, "build.mjs", str(tmp_path / "built")], cwd=SOURCE, check=True, timeout=100)
    made = {path.name: path.read_bytes() for path in (tmp_path / "built").iterdir()}
    assert made == {path.name: path.read_bytes() for path in BUILT.iterdir()}


def test_every_bundled_package_has_its_licence() -> None:
    locked = json.loads((SOURCE / "package-lock.json").read_text())["packages"]
    licences = (BUILT / "licences.txt").read_text()
    for name, entry in locked.items():
        if name and not entry.get("dev") and not name.endswith("/streamparser"):  # types alone
            assert f"{name.removeprefix('node_modules/')} {entry['version']} (MIT)" in licences


def test_the_lock_names_no_host() -> None:
    assert '"resolved"' not in (SOURCE / "package-lock.json").read_text()


def test_the_page_has_no_inline_script_or_style_and_loads_from_nowhere_else() -> None:
    text = (BUILT / "index.html").read_text()
    assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*src=)", text)
    assert not re.search(r"(src|href)=\"(?!/)", text)
    assert not re.search(r"url\(|@import", (BUILT / "page.css").read_text())
