"""A worker renders one job after another all night: a finished job must not leave anything in memory."""

import gc
from collections import Counter
from pathlib import Path

import pytest

from pipeline import Session, load_schedule

SEA = """
output: {{size: [32, 32], fps: 8, length: 2, seed: {number}}}
prompts: a sea number {number}
motion: {{zoom: 1.2/s}}
refine: {{steps: 1, first_frame: 1, cutouts: 2}}
"""
JOBS = 10
NOISE = 12 * JOBS  # a prompt's embedding is kept, and weak references come and go; a leaked network has hundreds


def render_jobs(session: Session, folder: Path, numbers: range) -> None:
    for number in numbers:
        file = folder / f"sea{number}.yaml"
        file.write_text(SEA.format(number=number))
        session.render(load_schedule(file), folder / f"out{number}")


def objects() -> Counter[str]:
    gc.collect()
    return Counter(type(one).__name__ for one in gc.get_objects())


@pytest.mark.slow
def test_a_job_leaks_no_objects(tmp_path: Path) -> None:
    session = Session("cpu")
    render_jobs(session, tmp_path, range(3))
    before = objects()
    render_jobs(session, tmp_path, range(3, 3 + JOBS))
    left = objects() - before
    assert left.total() < NOISE, left.most_common(10)
