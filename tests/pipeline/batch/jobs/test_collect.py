"""The schedules of a batch, their order, and their problems."""

from pathlib import Path

import pytest

from pipeline.batch.jobs.collect import collect, expand
from pipeline.batch.workers.devices import worker_options
from pipeline.batch.workers.options import BatchOptions
from pipeline.schedule.origin import Origin
from pipeline.schedule.origin_loader import load_origin
from render.errors import InputError
from tests.pipeline.batch.conftest import toy


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a.yaml", "b.yml", "notes.txt", "deep/c.yaml", "deep/er/d.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(toy(1))
    return tmp_path


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (["a.yaml"], ["a.yaml"]),
        (["."], ["a.yaml", "b.yml"]),
        (["deep", "a.yaml", "deep/c.yaml"], ["deep/c.yaml", "a.yaml"]),
        (["*.y*ml"], ["a.yaml", "b.yml"]),
        (["**/*.yaml"], ["a.yaml", "deep/c.yaml", "deep/er/d.yaml"]),
        (["b.yml", "*.y*ml"], ["b.yml", "a.yaml"]),
    ],
)
def test_files_folders_globs(here: Path, written: list[str], found: list[str]) -> None:
    assert [str(path) for path in expand(written, [])] == found


def test_schedules_in_subfolders_are_mentioned(here: Path, caplog: pytest.LogCaptureFixture) -> None:
    (here / "deep" / "er" / "run.json").touch()  # a run's folder, which contains its schedule
    expand([".", "deep"], [])
    assert caplog.messages == [".: schedules in its subfolders are left out (1); './**/*.yaml' includes them"]


def test_a_list_file(here: Path) -> None:
    (here / "deep" / "list.txt").write_text("# tonight\n\nc.yaml\n  er \n../*.yml\n")
    assert [path.resolve() for path in expand([], [Path("deep/list.txt")])] == [
        here / name for name in ("deep/c.yaml", "deep/er/d.yaml", "b.yml")
    ]


@pytest.mark.parametrize("written", [[], ["*.nothing"], ["empty"]])
def test_no_schedule_at_all(here: Path, written: list[str]) -> None:
    (here / "empty").mkdir()
    with pytest.raises(InputError, match="schedule"):
        expand(written, [])


def test_variants_are_jobs_and_invalid_schedules_are_broken(here: Path) -> None:
    (here / "a.yaml").write_text(toy(1) + "variants: {output.seed: [1, 2]}\n")
    files = [Path(name) for name in ("a.yaml", "missing.yaml", "deep/c.yaml", "deep/er/c.yaml")]
    states = collect(files, Path("out"), Origin(file="", draft=True))
    assert [(state.name, state.status) for state in states] == [
        ("a-draft/seed-1", "waiting"),
        ("a-draft/seed-2", "waiting"),
        ("missing-draft", "broken"),
        ("c-draft", "waiting"),
        ("c-draft", "broken"),
    ]
    assert "missing.yaml: cannot be read" in states[2].message
    assert "another schedule of this name" in states[4].message
    job = states[0].job
    assert job is not None
    assert job.folder == Path("out/a-draft/seed-1")
    assert load_origin(job.origin).output.seed == 1


def test_longer_costs_more(here: Path) -> None:
    (here / "b.yml").write_text(toy(1, frames=60))
    short, long = collect([Path("a.yaml"), Path("b.yml")], Path("out"), Origin(file=""))
    assert short.job is not None
    assert long.job is not None
    assert short.job.cost == (4 + 5 * 2 + 6) * 32 * 24
    assert long.job.cost == (4 + 59 * 2 + 60) * 32 * 24


def test_processors_are_divided_among_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(8)))
    assert [options.threads for options in worker_options("cpu", 1, 9, BatchOptions())] == [None]
    assert [options.threads for options in worker_options("cpu", 4, 3, BatchOptions())] == [2, 2, 2]
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert [options.threads for options in worker_options("cpu", 2, 9, BatchOptions())] == [None, None]
