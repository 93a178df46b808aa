"""One server for all tests, and a client of it."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from tests.pipeline.studio.server import LONG, TOY, Server, serving


@pytest.fixture(scope="session")
def server(command: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Schedules, a picture, and things beside and inside the folder that nobody may see."""
    base = tmp_path_factory.mktemp("studio")
    folder = base / "opened"
    (folder / "below").mkdir(parents=True)
    (folder / "toy.yaml").write_text(TOY)
    (folder / "long.yaml").write_text(LONG)
    (folder / "below" / "deep.yaml").write_text(TOY)
    (folder / ".hidden.yaml").write_text("a secret")
    (folder / ".git").mkdir()
    (folder / ".git" / "config.yaml").write_text("a secret")
    (base / "outside.yaml").write_text("a secret")
    (folder / "link.yaml").symlink_to(base / "outside.yaml")
    (folder / "folder").symlink_to(base)
    (folder / "alias.yaml").symlink_to(folder / "toy.yaml")
    Image.new("RGB", (8, 6), "red").save(folder / "picture.png")
    (folder / "page.html").write_text("<script>alert(1)</script>")
    with serving(command, folder) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx2.Client]:
    with server.client() as found:
        yield found


@pytest.fixture
def folder(server: Server) -> Path:
    return server.folder
