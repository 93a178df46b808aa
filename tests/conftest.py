"""Shared by all tests: ffmpeg settings in the environment are removed, and the installed command is found."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # several workers with a thread per core each would only wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # as the command sets it, before a GPU is used


@pytest.fixture(scope="session", autouse=True)
def no_ffmpeg_of_the_environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RENDER_FFMPEG", raising=False)
        yield


@pytest.fixture(autouse=True)
def ctrl_c_as_before() -> Iterator[None]:
    """`cli.entry` ends by ignoring Ctrl-C, and processes that a later test starts would ignore it as well."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def command() -> str:
    """The installed `render`: the one that belongs to this Python, otherwise the one on PATH."""
    beside = Path(sys.executable).with_name("render")
    found = str(beside) if beside.is_file() else shutil.which("render")
    assert found is not None, "the project is not installed: pip install -e .[dev]"
    return found
