"""A schedule can read its own folder and nothing else, unless the command line allows more."""

import os
import re
from pathlib import Path

import pytest

from pipeline.schedule.document.paths import resolve


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A schedule's folder with pictures, and a secret next to the folder."""
    folder = tmp_path / "schedule"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.png").write_bytes(b"a")
    (folder / "sub" / "b.png").write_bytes(b"b")
    (tmp_path / "secret.png").write_bytes(b"secret")
    (folder / "to_a.png").symlink_to("a.png")
    (folder / "out.png").symlink_to("../secret.png")
    (folder / "up").symlink_to("..")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe")
    (folder / "zero").symlink_to("/dev/zero")
    return folder


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(("a.png", "a.png"), ("./sub/b.png", "sub/b.png"), ("sub/../a.png", "a.png"), ("to_a.png", "a.png")),
        *(
            ("../schedule/a.png", "a.png"),
            ("missing.png", "missing.png"),
            ("sub", "sub"),
            (" -o ü%d.png", " -o ü%d.png"),
        ),
    ],
)
@pytest.mark.parametrize("allow", [False, True])
def test_files_in_the_folder_are_found(folder: Path, written: str, meant: str, allow: bool) -> None:
    assert resolve(written, folder, allow) == folder.resolve() / meant


def test_the_folder_itself_may_be_reached_by_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert resolve("a.png", tmp_path / "link", allow=False) == folder.resolve() / "a.png"


def test_a_relative_folder_starts_from_the_current_directory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert resolve("a.png", Path(), allow=False) == folder.resolve() / "a.png"


@pytest.mark.parametrize(
    "written",
    ["../secret.png", "sub/../../secret.png", "out.png", "up/secret.png", "..", "../schedule2/a.png", "../missing.png"],
)
def test_paths_out_of_the_folder_are_refused_unless_allowed(folder: Path, written: str) -> None:
    message = f"'{written}' is outside the schedule's folder; move the file there or pass --allow-paths"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        resolve(written, folder, allow=False)
    assert resolve(written, folder, allow=True) == (folder / written).resolve()


def test_a_folder_whose_name_starts_alike_is_outside(folder: Path) -> None:
    (folder.parent / "schedule-b").mkdir()
    with pytest.raises(ValueError, match="is outside"):
        resolve("../schedule-b/a.png", folder, allow=False)


@pytest.mark.parametrize(
    "written", ["/etc/passwd", "/dev/zero", "//etc/passwd", "~/a.png", "~root/a.png", "~nobody-here"]
)
def test_absolute_paths_and_homes_are_refused(folder: Path, written: str) -> None:
    with pytest.raises(
        ValueError, match=r"must be relative to the schedule's folder; change it or pass --allow-paths$"
    ):
        resolve(written, folder, allow=False)


def test_an_absolute_path_and_a_home_may_be_allowed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder.parent))
    secret = (folder.parent / "secret.png").resolve()
    assert resolve(str(secret), folder, allow=True) == secret
    assert resolve("~/secret.png", folder, allow=True) == secret


@pytest.mark.parametrize("written", ["", "   ", "a\0b.png", "a\nb.png", "\x1b[2J.png"])
@pytest.mark.parametrize("allow", [False, True])
def test_texts_that_are_not_paths_are_refused_and_escaped(folder: Path, written: str, allow: bool) -> None:
    with pytest.raises(ValueError, match=r"^expected the path of a file, got '") as caught:
        resolve(written, folder, allow)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("written", "why"),
    [("pipe", "is a pipe or a device"), ("loop", "cannot be resolved"), ("x" * 5000, "cannot be resolved")],
)
@pytest.mark.parametrize("allow", [False, True])
def test_pipes_loops_and_endless_names_are_refused(folder: Path, written: str, why: str, allow: bool) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        resolve(written, folder, allow)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(("written", "allow", "why"), [("zero", False, "outside"), ("/dev/zero", True, "a device")])
def test_devices_are_refused_even_if_allowed(folder: Path, written: str, allow: bool, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        resolve(written, folder, allow)
