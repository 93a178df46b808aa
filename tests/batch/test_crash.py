"""A worker that meets what nobody thought of says so, and another takes its place."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.batch.batch import Batch, Rules
from pipeline.batch.collect import collect
from pipeline.batch.crew import Crew
from pipeline.batch.display import LineDisplay
from pipeline.batch.group import Terms
from pipeline.batch.places import places
from pipeline.folder import Origin
from tests.batch.conftest import Desk, toy


@pytest.mark.slow
def test_an_exception_that_is_no_error_of_ours(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk.path)
    files = [desk.write("odd", toy(1, frames=2)), desk.write("even", toy(2, frames=2))]
    odd, even = entries = collect(files, Path("out"), Origin(file=""))
    assert odd.work is not None
    unreadable = replace(odd.work.origin, overrides=((1, 2),))  # type: ignore[arg-type]
    odd.work = replace(odd.work, origin=unreadable)
    crew = Crew(places("cpu", 1, 2, Terms(offline=True)))
    assert Batch(entries, crew, Rules(tries=2), LineDisplay(), Path("out")).run() == 1
    assert (odd.state, odd.deaths, even.state) == ("failed", 2, "finished")
    assert "AttributeError" in odd.message
    assert odd.message.endswith("2 times at frame 0; its log: out/odd/batch.log")
    log = (desk.path / "out" / "odd" / "batch.log").read_text()
    assert log.count("Traceback") == 2
    assert len(desk.workers("odd")) == 2
