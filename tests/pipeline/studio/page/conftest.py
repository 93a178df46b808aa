"""The page in a real browser, before a real server."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import browser
from tests.pipeline.studio.server import TOKEN, Server, serving

SUNSET = Path(__file__).parents[4] / "schedules" / "sunset.yaml"
TITLE = "<img src=x onerror=alert(1)>"
FILM = f"""\
title: {TITLE}
output: {{size: [64, 36], fps: 8, length: 2s, seed: 1}}
models: {{latent: pixels, perceptors: [toy]}}
prompts: {{0s: red, 2s: blue}}
motion: {{zoom: {{0s: 1, 1s: 1.2}}}}
refine: {{steps: 2, first_frame: 4, cutouts: 2}}
"""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    with browser.chromium("--disable-gpu") as started:
        yield started


@pytest.fixture(scope="session")
def studio(command: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("page")
    shutil.copy(SUNSET, folder)
    (folder / "film.yaml").write_text(FILM)
    (folder / "windows.yaml").write_bytes(FILM.replace("\n", "\r\n").encode())
    with serving(command, folder, "--no-open", name="studio") as running:
        yield running


@pytest.fixture
def page(chromium: Any, studio: Server) -> Iterator[Any]:
    """The page with sunset.yaml open; at the end, the browser must have had nothing to complain about."""
    complaints: list[str] = []
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(60_000)
    found = context.new_page()
    found.on("console", lambda said: complaints.extend([said.text] if said.type in ("error", "warning") else []))
    found.on("pageerror", lambda error: complaints.append(str(error)))
    found.goto(f"{studio.url}/?token={TOKEN}")
    found.get_by_text("frames at").wait_for()  # the first schedule of the folder
    open_schedule(found, "sunset.yaml")
    yield found
    context.close()
    assert complaints == []


def open_schedule(page: Any, name: str) -> None:
    """Open a schedule as with the keyboard, and wait until it has been checked."""
    page.keyboard.press("Control+o")
    page.get_by_role("searchbox").wait_for()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    page.get_by_role("button", name=name).wait_for()
    page.get_by_text("frames at").wait_for()
