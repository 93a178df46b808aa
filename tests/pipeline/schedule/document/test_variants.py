"""variants: every combination is a separate run, and every value is checked where it is written."""

from pathlib import Path

import pytest

from pipeline.run.folder.folder import RunFolder
from pipeline.run.session.requests import requests_of
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.origin import Origin
from pipeline.schedule.schedule import Schedule
from render.errors import ScheduleError

TEXT = """\
output: {length: 3s}
variants:
  output.seed: [1, 2]
  prompts: [a sea, "red: #1", [{text: fog, weight: -1}]]
motion: {zoom: 1.1}
"""


def read(text: str = TEXT, *overrides: tuple[str, str]) -> Schedule:
    return read_schedule(text, "a.yaml", "a", overrides)


def reported(text: str) -> list[str]:
    with pytest.raises(ScheduleError) as caught:
        read(text)
    return [line.removeprefix("a.yaml:") for line in str(caught.value).splitlines()]


def test_a_schedule_with_variants_is_its_first_one() -> None:
    schedule = read()
    assert (schedule.output.seed, schedule.output.length, schedule.prompts[0].text) == (1, 3, "a sea")
    assert read("prompts: a\n").variants == ()


def test_every_combination_is_found_again_by_its_overrides() -> None:
    found = {
        variant.name: (again.output.seed, again.prompts[0].text)
        for variant in read().variants
        for again in (read(TEXT, *variant.overrides),)
    }
    assert found == {
        "seed-1_prompts-a-sea": (1, "a sea"),
        "seed-1_prompts-red-1": (1, "red: #1"),
        "seed-1_prompts-3": (1, "fog"),
        "seed-2_prompts-a-sea": (2, "a sea"),
        "seed-2_prompts-red-1": (2, "red: #1"),
        "seed-2_prompts-3": (2, "fog"),
    }


def test_what_is_written_out_is_one_of_them() -> None:
    schedule = read(TEXT, *read().variants[5].overrides)
    again = read_schedule(schedule.text, "b.yaml", "b")
    assert (again.output.seed, again.prompts, again.variants) == (2, schedule.prompts, ())


def test_equal_last_path_components_are_distinguished() -> None:
    text = "prompts: a\nvariants: {motion.zoom.0: [1, 1.1], motion.rotate.0: [3/s, 4/s]}\nmotion: {zoom: {4s: 1}}\n"
    names = [variant.name for variant in read(text).variants]
    assert names[:2] == ["motion.zoom.0-1_motion.rotate.0-3-s", "motion.zoom.0-1_motion.rotate.0-4-s"]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ("[a calm sea, a stormy sea]", ["a-calm-sea", "a-stormy-sea"]),
        ("['../up', '.hidden', 'con/aux']", ["up", "hidden", "con-aux"]),
        ("[a sea, a/sea, fog]", ["1", "2", "fog"]),
        ("[Fog, fog, sea]", ["1", "2", "sea"]),
        ("['?', a text of more than twenty-four characters, ok]", ["1", "2", "ok"]),
        ("[{0s: a, 1s: b}, [a, b], sea]", ["1", "2", "sea"]),
        ("['moře — večer', 海]", ["moře-večer", "海"]),
        ("['?', '1']", ["1", "1_2"]),
    ],
)
def test_a_short_value_is_in_the_name(values: str, names: list[str]) -> None:
    assert [variant.name for variant in read(f"variants: {{prompts: {values}}}").variants] == [
        f"prompts-{name}" for name in names
    ]


def test_a_variant_rendered_under_another_name_continues_there(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("variants: {prompts: [a sea, fog, rain]}\n")
    out = tmp_path / "out"
    before = requests_of(file, Origin(file=str(file)), out)
    assert [job.folder.name for job in before] == ["prompts-a-sea", "prompts-fog", "prompts-rain"]
    for job, name in zip(before, ("prompts-1", "prompts-fog", "mine"), strict=True):
        folder = RunFolder(out / name)
        assert job.schedule.origin is not None
        folder.path.mkdir(parents=True)
        folder.write_origin(job.schedule, job.schedule.origin)
    (out / "no run").mkdir()
    file.write_text(f"variants: {{prompts: [{'s' * 30}, rain, fog, a sea]}}\n")
    after = [job.folder.name for job in requests_of(file, Origin(file=str(file)), out)]
    assert after == ["prompts-1_1", "mine", "prompts-fog", "prompts-1"]


WRONG = [
    (
        "prompts: a\nvariants: {output.seed: [1, x], refine.stepz: [1]}",
        [
            "2:29: output.seed: expected a whole number from 0 to 9223372036854775807, got 'x'",
            "2:48: refine.stepz: unknown key; did you mean 'steps'?",
        ],
    ),
    (
        "prompts: a\nvariants: 3",
        ["2:11: variants: expected a map of paths to lists of values such as output.seed: [1, 2, 3], got '3'"],
    ),
    (
        "prompts: a\nvariants: {output.seed: 3}",
        ["2:25: variants.output.seed: expected a list of values such as [1, 2, 3], got '3'"],
    ),
    (
        "prompts: a\nvariants: {output.seed: []}",
        ["2:25: variants.output.seed: expected a list of values such as [1, 2, 3], got an empty list"],
    ),
    (
        "prompts: a\nvariants: {output.seed: [1, 2, 1]}",
        ["2:32: variants.output.seed[2]: this value appears twice; remove one of them"],
    ),
    ("prompts: a\nvariants: {include: [a, b]}", ["2:12: variants.include: cannot vary"]),
    (
        "prompts: a\nvariants: {prompts.x: [1, 2]}",
        ["2:24: variants.prompts.x[0]: variants.prompts.x: there is no map at 'x'"],
    ),
    (
        "prompts: a\nvariants: {output.seed: [" + ", ".join(map(str, range(101))) + "]}",
        ["2:11: variants: expected at most 1,000 variants of 100 values, got 101"],
    ),
]


@pytest.mark.parametrize(("text", "lines"), WRONG)
def test_a_wrong_variant_is_reported_at_its_place(text: str, lines: list[str]) -> None:
    assert reported(text) == lines
