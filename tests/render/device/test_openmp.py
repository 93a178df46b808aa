"""How threads wait affects how long a frame takes and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from render.device.openmp import SETTINGS, WAIT_POLICY, sleep_at_barriers

ROOT = Path(__file__).parents[3]

# Refines two frames with two threads, and prints the hash of the frames and the wait policy that was set.
FRAMES = """
import hashlib, os, sys
from pathlib import Path
from pipeline import load_schedule, render
schedule = load_schedule(sys.argv[1])
assert "torch" not in sys.modules
render(schedule, sys.argv[2])
print(hashlib.sha256(b"".join(path.read_bytes() for path in sorted(Path(sys.argv[2], "frames").iterdir()))).hexdigest())
print(os.environ.get("OMP_WAIT_POLICY"))
"""
SAY = 'print(os.environ.get("OMP_WAIT_POLICY"), "torch" in sys.modules)'
STARTS = {  # entry points of each process; their work is replaced by printing how threads wait
    "the command": f"import pipeline.cli as cli; cli.main = lambda **named: {SAY}; cli.entry()",
    "a worker": f"import pipeline.batch.workers.process as home; home._serve = lambda *given: {SAY};"
    "home.run_worker(None, None)",
    "a task of Ray": f"import pipeline.batch.workers.on_ray as home; home.Session = lambda *given: sys.exit({SAY});"
    "from pipeline.batch.workers.options import BatchOptions; home.render_task(0, [], BatchOptions(), None)",
    "a program": f"from pipeline import Session; Session(); {SAY}",
}
EMBEDDED = """
output: {size: [64, 48], fps: 8, length: 2, seed: 5}
prompts: a calm blue sea
motion: {zoom: 1.2/s}
refine: {steps: 2, first_frame: 4, cutouts: 3}
"""


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("unset")
def test_threads_sleep_unless_the_environment_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    sleep_at_barriers()
    assert WAIT_POLICY not in os.environ
    monkeypatch.delenv("GOMP_SPINCOUNT")
    monkeypatch.setenv(WAIT_POLICY, "active")
    sleep_at_barriers()
    assert os.environ[WAIT_POLICY] == "active"
    monkeypatch.delenv(WAIT_POLICY)
    sleep_at_barriers()
    assert os.environ[WAIT_POLICY] == "passive"
    monkeypatch.delenv(WAIT_POLICY)


@pytest.mark.parametrize(("settings", "said"), [({}, "passive"), ({"KMP_BLOCKTIME": "0"}, "None")])
@pytest.mark.parametrize("start", STARTS)
def test_the_policy_is_set_in_every_process_before_torch_reads_it(
    start: str, settings: dict[str, str], said: str
) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in SETTINGS}
    done = subprocess.run(
        [sys.executable, "-c", f"import os, sys\n{STARTS[start]}"],
        env={**environment, "PYTHONPATH": str(ROOT), **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == [said, "False"], done.stderr


def frames(tmp_path: Path, name: str, **settings: str) -> tuple[str, str]:
    (tmp_path / "sea.yaml").write_text(EMBEDDED)
    environment = {key: value for key, value in os.environ.items() if key not in SETTINGS}
    done = subprocess.run(
        [sys.executable, "-c", FRAMES, str(tmp_path / "sea.yaml"), str(tmp_path / name)],
        env={**environment, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2", **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    bits, policy = done.stdout.split()
    return bits, policy


def test_frames_are_the_same_to_the_bit_however_threads_wait(tmp_path: Path) -> None:
    asleep = frames(tmp_path, "asleep")
    short = frames(tmp_path, "short", GOMP_SPINCOUNT="1000")
    assert (asleep[1], short[1]) == ("passive", "None")
    assert asleep[0] == short[0]
