"""Runs as users start them: the installed command, its folder, and what must hold for it at any moment."""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.watch import Moment, Watch
from tests.waiting import PATIENCE

FRAMES = 24
TOY = f"""
output: {{size: [32, 32], fps: 8, length: {FRAMES}, seed: 5}}
models: {{latent: pixels, perceptors: [toy]}}
prompts: {{0: red, 12: blue, 23: green}}
motion: {{zoom: 1.2/s, rotate: 5/s}}
refine: {{steps: 5, first_frame: 5, cutouts: 4}}
"""
EMBEDDED = f"""
output: {{size: [64, 64], fps: 8, length: {FRAMES}, seed: 5}}
prompts: {{0: a calm blue sea, 12: a golden sunset}}
motion: {{zoom: 1.2/s, rotate: 5/s}}
refine: {{steps: 2, first_frame: 3, cutouts: 2}}
"""
RUN_AGAIN = "run the same command again to continue"


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a process ended and what it printed."""

    code: int
    out: str
    err: str
    seconds: float = 0.0

    @property
    def message(self) -> str:
        """The single line that reports a failure."""
        assert len(self.err.splitlines()) == 1, self.err
        return self.err.strip()


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """A folder with schedules in which `render` is called; toy.yaml is rendered to out/toy."""

    command: str
    path: Path

    @property
    def folder(self) -> Path:
        return self.path / "out" / "toy"

    def write(self, text: str = TOY, name: str = "toy.yaml") -> "Workspace":
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text, encoding="utf-8")
        return self

    def start(self, *arguments: object, **settings: Any) -> subprocess.Popen[str]:
        """`settings` are environment variables, and `preexec_fn`."""
        before = settings.pop("preexec_fn", None)
        return subprocess.Popen(
            [self.command, *map(str, arguments)],
            cwd=self.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, **settings},
            preexec_fn=before,
        )

    def call(self, *arguments: object, **settings: Any) -> Ended:
        return ended(self.start(*arguments, **settings))

    def render(self, *arguments: object, **settings: Any) -> Ended:
        """Render toy.yaml to the end, which must succeed."""
        done = self.call("toy.yaml", "--out", "out", *arguments, **settings)
        assert done.code == 0, done.err
        return done

    def copy(self, path: Path) -> "Workspace":
        """Make an independent copy, modification times included; its run belongs to the copy's own toy.yaml."""
        shutil.copytree(self.path, path)
        workspace = Workspace(command=self.command, path=path)
        for record in workspace.folder.rglob("run.json"):  # including the records in its history
            record.write_text(record.read_text().replace(str(self.path), str(path)))
        return workspace

    def strike(self, moment: Moment, number: int, *arguments: object, **settings: Any) -> Ended | None:
        """Start rendering toy.yaml and send signal `number` at the moment; None if the run ended before that."""
        watch = Watch(self.folder)
        process = self.start("toy.yaml", "--out", "out", *arguments, **settings)
        try:
            reached = watch.reach(moment, process)
            if reached:
                process.send_signal(number)
            done = ended(process)
        finally:
            watch.close()
        if not reached:
            assert done.code == 0, done.err
        return done if reached and done.code else None

    def pictures(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted((self.folder / "frames").glob("[0-9]*.png"))}

    def stamps(self) -> dict[str, tuple[int, int]]:
        """Which file each frame is, and when it was written."""
        files = ((path.name, path.stat()) for path in (self.folder / "frames").glob("[0-9]*.png"))
        return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in files}

    def video(self) -> bytes:
        return (self.folder / "video.mp4").read_bytes()

    def state(self, index: int) -> Path:
        return self.folder / "state" / f"{index:06d}.safetensors"

    def frame(self, index: int) -> Path:
        return self.folder / "frames" / f"{index:06d}.png"

    def half_written(self) -> list[str]:
        return [path.name for path in self.folder.rglob(".*") if path.name != ".lock"]


def ended(process: subprocess.Popen[str]) -> Ended:
    """Wait for a process to end, and assert that it printed no traceback."""
    begun = time.monotonic()
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    assert "Traceback" not in err, err
    return Ended(code=process.returncode, out=out, err=err, seconds=time.monotonic() - begun)


def assert_equal(workspace: Workspace, reference: Workspace) -> None:
    """Frames and video equal those of the undisturbed run, and no temporary files are left."""
    mine, wanted = workspace.pictures(), reference.pictures()
    assert mine.keys() == wanted.keys()
    assert [name for name in wanted if mine[name] != wanted[name]] == []
    assert workspace.video() == reference.video()
    assert workspace.half_written() == []


def assert_nothing_broken(workspace: Workspace, reference: Workspace) -> None:
    """Everything that exists at any given moment is complete and correct."""
    assert workspace.pictures().items() <= reference.pictures().items()
    assert not (workspace.folder / "video.mp4").exists() or workspace.video() == reference.video()


def programs(path: Path) -> list[str]:
    """The command lines of running processes that name `path`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes()
        except OSError:  # it has ended
            continue
        if os.fsencode(path) in line:
            found.append(line.replace(b"\0", b" ").decode(errors="replace"))
    return found
