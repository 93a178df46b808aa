"""The timeline's time axis, geometry, snapping and playing, which need no browser: run by Node's own test runner."""

import shutil
import subprocess
from pathlib import Path

import pytest

TESTS = Path(__file__).parent / "timeline"
ESBUILD = Path(__file__).parents[4] / "pipeline/studio/page/source/node_modules/.bin/esbuild"


def test_the_modules_of_the_timeline(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None or not ESBUILD.exists():
        pytest.skip("needs node, and npm ci in page/source")
    sources = [str(path) for path in sorted(TESTS.glob("*.test.ts"))]
    options = ["--bundle", "--platform=node", "--format=esm", f"--outdir={tmp_path}", "--out-extension:.js=.mjs"]
    subprocess.run([str(ESBUILD), *sources, *options], check=True, timeout=60)
    ran = subprocess.run([node, "--test", str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout
