"""Names of folders and files: a single component below the intended folder, whatever a schedule is called."""

import itertools
from pathlib import Path

import pytest

from pipeline.run.session.requests import requests_of
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.origin import Origin
from pipeline.storage.naming import LONGEST, base_of, run_name, safe, stem_of

HOSTILE = [
    *("", ".", "..", "...", "../x", "a/b", "/etc", "a\\b", "C:x", "con", "CON.txt", "nul", "two\nlines", "\x1b[2J"),
    *(".hidden", " ", "x" * 300, "🌊" * 100, "a\0b", "\u202egpj", "lpt1", "tail ", "a?b", "a-b", "a*b"),
]


@pytest.mark.parametrize("name", ["sunset", "a b", "-y", "%d", "$(touch made)", "夕陽", "🌊", "[a]", "v1.2", "a=b,c"])
def test_a_safe_name_is_unchanged(name: str) -> None:
    assert safe(name) == name


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: repr(name[:12]))
def test_a_safe_name_never_leads_out_of_its_folder(name: str, tmp_path: Path) -> None:
    made = safe(name)
    assert Path(made).name == made
    assert made not in ("", ".", "..")
    assert not made.startswith(".")
    assert made.isprintable()
    assert len(made.encode()) <= LONGEST
    (tmp_path / made).mkdir()
    assert [path.name for path in tmp_path.iterdir()] == [made]
    assert safe(name) == made, "the same every time"
    assert safe(made) == made, "and stays so"


def test_different_names_stay_different() -> None:
    made = {safe(name) for name in HOSTILE}
    assert len(made) == len(HOSTILE)


@pytest.mark.parametrize("file", ["...yaml", "..yaml", ".yaml", "con.yaml", "a\nb.yaml", "....yaml"])
def test_a_schedule_is_rendered_below_the_folder_for_runs(file: str) -> None:
    out = Path("out")
    for name in (run_name(Path(file)), run_name(Path(file), True), stem_of(Path(file))):
        assert (out / name).resolve().parent == out.resolve()
        assert not name.startswith(".")


def test_a_trial_is_named_after_what_it_changes() -> None:
    file = Path("keep.yaml")
    assert run_name(file) == "keep"
    assert run_name(file, True) == "keep-draft"
    assert run_name(file, False, [("output.seed", "9")]) == "keep-output.seed=9"
    both = [("output.seed", "9"), ("refine.steps", "20")]
    assert run_name(file, True, both) == "keep-draft-output.seed=9,refine.steps=20"


def test_different_trials_have_different_folders_and_short_names() -> None:
    values = ["9", "1.2/s", "1.2-s", "a" * 41, "a" * 42, "a\nb", "..", "/etc/passwd"]
    paths = ["output.seed", "motion.zoom.5s.to", "motion.rotate.5s.to", "prompts[0].text"]
    trials: list[tuple[tuple[str, str], ...]] = [((path, value),) for path, value in itertools.product(paths, values)]
    trials += [(("a", "1"), ("b", "2")), (("a", "1,b=2"),), tuple((f"refine.{n}", "x" * 30) for n in range(20))]
    names = [run_name(Path("keep.yaml"), False, trial) for trial in trials]
    assert len({*names}) == len(names)
    assert max(len(name.encode()) for name in names) <= LONGEST


def test_the_base_folder_of_a_trial() -> None:
    file, trial = Path("a/keep.yaml"), (("output.seed", "9"),)
    folder = Path("out") / run_name(file, False, trial)
    assert base_of(folder, file, False, trial) == Path("out/keep")
    of_variant = (*trial, ("refine.steps", "4"))
    assert base_of(folder / "steps-4", file, False, of_variant) == Path("out/keep/steps-4")
    assert base_of(Path("out/keep"), file, False, ()) is None
    assert base_of(Path("elsewhere"), file, False, trial) is None


def test_every_variant_has_its_own_folder_whatever_its_name(tmp_path: Path) -> None:
    text = "output: {length: 3s}\nprompts: a\nvariants: {title: [a sea, '1', ../../x, b c]}\n"
    names = [variant.name for variant in read_schedule(text, "a.yaml", "a").variants]
    assert len(set(names)) == 4, "the value 1, and the first of those that have no short name"
    file = tmp_path / "a.yaml"
    file.write_text(text)
    jobs = requests_of(file, Origin(file=str(file)), tmp_path / "out" / "a")
    assert {job.folder.parent for job in jobs} == {tmp_path / "out" / "a"}
    assert len({job.folder for job in jobs}) == 4
