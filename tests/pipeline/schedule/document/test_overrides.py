"""--set: any value by its path; a wrong one is reported with its own location."""

import pytest

from pipeline.schedule.loader import read_schedule
from pipeline.schedule.schedule import Schedule
from render.errors import InputError

TEXT = """\
prompts:
  - {text: a sea, weight: 1}
  - {text: fog, weight: -0.2}
motion: {zoom: &slow {0: 1.01, 1.5s: {to: 1.2, ease: smooth}}, rotate: *slow}
refine: {steps: 5}
"""


def read(*overrides: tuple[str, str]) -> Schedule:
    return read_schedule(TEXT, "a.yaml", "a", overrides)


def reported(*overrides: tuple[str, str]) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(*overrides)
    return str(caught.value).splitlines()


def test_a_value_is_replaced() -> None:
    assert read(("refine.steps", "20")).refine.steps.sample([0]) == 20
    assert read(("refine.steps", "{0: 3, 4s: 7}")).refine.steps.sample([2]) == 5
    assert read(("refine.steps", "20"), ("refine.steps", "30")).refine.steps.sample([0]) == 30


def test_a_missing_section_is_created() -> None:
    schedule = read(("output.fps", "8"), ("output.seed", "3"), ("losses.smooth", "t"), ("let.a", "3"))
    assert (schedule.output.fps, schedule.output.seed) == (8, 3)
    assert schedule.losses["smooth"].sample([2]) == 2


def test_items_of_lists_and_keys_with_dots() -> None:
    schedule = read(("prompts[1].weight", "-0.5"), ("motion.zoom.1.5s.to", "1.3"), ("prompts[0]", "a forest"))
    assert [prompt.text for prompt in schedule.prompts] == ["a forest", "fog"]
    assert schedule.prompts[1].weight.sample([0]) == -0.5
    assert schedule.motion.rates["zoom"].sample([1.5]) == 1.3


def test_an_override_changes_only_one_use_of_an_alias() -> None:
    schedule = read(("motion.zoom.0", "1.1"))
    assert schedule.motion.rates["zoom"].sample([0]) == 1.1
    assert schedule.motion.rates["rotate"].sample([0]) == 1.01


@pytest.mark.parametrize(
    ("override", "line"),
    [
        (("refine.stepz", "20"), "--set refine.stepz:1:1: refine.stepz: unknown key; did you mean 'steps'?"),
        (
            ("refine.steps", "many"),
            "--set refine.steps:1:1: refine.steps: expected a number from 0 to 10000 or a map of times, got 'many'",
        ),
        (("refine.steps", "3*tt"), "--set refine.steps:1:3: refine.steps: unknown name 'tt'; did you mean 't'?"),
        (("refine.steps.x", "3"), "--set refine.steps.x: there is no map at 'x'"),
        (("prompts[7].text", "3"), "--set prompts[7].text: there is a list of fewer items at '[7].text'"),
        (("prompts.text", "3"), "--set prompts.text: there is a list of fewer items at 'text'"),
        (("", "3"), "--set: expected a path and a value such as refine.steps=20, got '=3'"),
        ((".", "3"), "--set .: there is no map at '.'"),
        (("title", ""), "--set title:1:1: title: expected a text, got nothing"),
    ],
)
def test_a_wrong_override_is_reported_with_its_place(override: tuple[str, str], line: str) -> None:
    assert reported(override) == [line]


def test_problems_of_the_file_keep_their_place() -> None:
    with pytest.raises(InputError) as caught:
        read_schedule("prompts: a\nlosses: {smooth: x}\n", "a.yaml", "a", [("refine.lr", "y")])
    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == ["--set refine.lr:1:1", "a.yaml:2:18"]


def test_a_value_that_is_not_yaml_is_reported() -> None:
    assert reported(("refine.steps", "{")) == [
        "--set refine.steps:1:2: not YAML: expected the node content, but found '<stream end>'"
    ]


def test_the_source_is_the_whole_schedule_and_reads_the_same() -> None:
    schedule = read(("refine.steps", "20"), ("prompts[0].text", '"16:9 # on"'), ("title", "'12'"))
    again = read_schedule(schedule.text, "b.yaml", "b")
    assert schedule.text.startswith("# With all that it includes, varies and sets written out.\n")
    assert (again.title, again.prompts, again.motion, again.refine) == (
        *(schedule.title, schedule.prompts, schedule.motion, schedule.refine),
    )
    assert read().text == TEXT


def test_a_misplaced_key_is_reported_in_the_notation_of_the_command_line() -> None:
    assert reported(("seed", "8")) == ["--set seed:1:1: seed: belongs in output.seed: write --set output.seed=..."]
