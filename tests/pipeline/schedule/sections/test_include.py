"""include: the schedule's own entries override fragments, which are in its folder; no cycles, no endless nesting."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.schedule.loader import load_schedule, read_schedule
from pipeline.schedule.sections.include import MAX_FILES
from render.errors import InputError

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Returns a function that writes files by name and returns the path of main.yaml."""

    def files(**texts: str) -> Path:
        for name, text in texts.items():
            path = tmp_path / "show" / f"{name.replace('__', '/')}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / "show" / "main.yaml"

    return files


def reported(path: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_schedule(path)
    return [line.replace(f"{path.parent}/", "") for line in str(caught.value).splitlines()]


def test_the_schedules_own_entries_take_precedence_in_every_section(write: Write) -> None:
    schedule = load_schedule(
        write(
            main="include: look.yaml\nprompts: a sea\noutput: {fps: 8}\nmotion: {zoom: {1s: 1.2}}\n",
            look="prompts: never\noutput: {fps: 30, seed: 5}\nmotion: {zoom: {0: 2, 3s: 3}, rotate: 3}\ntitle: Look\n",
        )
    )
    assert [prompt.text for prompt in schedule.prompts] == ["a sea"]
    assert (schedule.output.fps, schedule.output.seed, schedule.title) == (8, 5, "Look")
    assert [key.value for key in schedule.motion.rates["zoom"].keys] == [1.2]
    assert schedule.motion.rates["rotate"].sample([0]) == 3


def test_a_file_takes_precedence_over_earlier_files_and_its_own_includes(write: Write) -> None:
    path = write(
        main="include: [a.yaml, sub/b.yaml]\nprompts: x\n",
        a="refine: {steps: 1, lr: 0.1, cutouts: 1}\n",
        sub__b="include: c.yaml\nrefine: {steps: 2, lr: 0.2}\n",
        c="refine: {steps: 3, lr: 0.3, first_frame: 33}\n",
    )
    refine = load_schedule(path).refine
    assert [curve.sample([0])[0] for curve in (refine.steps, refine.lr, refine.cutouts)] == [2, 0.2, 1]
    assert refine.first_frame == 33


def test_the_written_out_schedule_reads_the_same(write: Write) -> None:
    path = write(
        main="include: look.yaml\nprompts: {0s: a, 2s: &b 'on'}\n", look='let: {a: "2*t"}\nlosses: {smooth: a}\n'
    )
    schedule = load_schedule(path)
    again = read_schedule(schedule.text, "b.yaml", "main")
    assert again.prompts == schedule.prompts
    assert again.losses["smooth"].sample([3]) == 6


def test_a_problem_names_its_own_file(write: Write) -> None:
    path = write(main="include: look.yaml\nprompts: a\nlosses: {smoth: 1}\n", look="\n\nrefine: {steps: x}\n")
    assert sorted(reported(path)) == [
        "look.yaml:3:17: refine.steps: expected a number from 0 to 10000 or a map of times, got 'x'",
        "main.yaml:3:10: losses.smoth: unknown key; did you mean 'smooth'?",
    ]


@pytest.mark.parametrize(
    ("include", "line"),
    [
        ("gone.yaml", "main.yaml:1:10: include: gone.yaml: cannot be read: No such file or directory"),
        ("/etc/passwd", "'/etc/passwd' must be relative to the schedule's folder; change it or pass --allow-paths"),
        ("../x.yaml", "'../x.yaml' is outside the schedule's folder; move the file there or pass --allow-paths"),
        ("main.yaml", "main.yaml:1:10: include: 'main.yaml' includes itself"),
        ("round.yaml", "round.yaml:1:10: include: 'main.yaml' includes itself"),
        ("[round2.yaml, look.yaml]", "round2.yaml:1:10: include: 'round2.yaml' includes itself"),
        ("list.yaml", "main.yaml:1:10: include: expected a map of sections in 'list.yaml'"),
        ("wrong.yaml", "wrong.yaml:1:6: not YAML: "),
        (
            "{a: b}",
            "main.yaml:1:10: include: expected the path of a YAML file beside this one such as look.yaml, or a list",
        ),
        (
            "[]",
            "main.yaml:1:10: include: expected the path of a YAML file beside this one such as look.yaml, or a list",
        ),
        ("[look.yaml, 3.yaml]", "main.yaml:1:22: include[1]: 3.yaml: cannot be read: No such file or directory"),
    ],
)
def test_files_that_cannot_be_included_are_reported(write: Write, include: str, line: str) -> None:
    path = write(
        main=f"include: {include}\nprompts: a\n",
        round="include: main.yaml\n",
        round2="include: round2.yaml\n",
        list="- a\n",
        wrong="let: }\n",
        look="title: a\n",
    )
    (found,) = reported(path)
    assert line in found


def test_the_command_line_may_allow_a_path_outside(write: Write) -> None:
    path = write(main="include: ../outside.yaml\nprompts: a\n")
    (path.parent.parent / "outside.yaml").write_text("title: out\n")
    assert load_schedule(path, allow_paths=True).title == "out"


def test_a_bomb_of_includes_is_refused(write: Write) -> None:
    texts = {f"f{i}": f"include: [f{i + 1}.yaml, f{i + 1}.yaml]\n" for i in range(20)}
    lines = reported(write(main="include: f0.yaml\nprompts: a\n", f20="title: a\n", **texts))
    assert lines[0].endswith(f"more than {MAX_FILES} files are included")


def test_an_unknown_key_in_a_fragment_is_reported(write: Write) -> None:
    path = write(main="include: look.yaml\nprompts: a\n", look="? [1]\n: 2\nmotion: {? {a: 1} : 2}\n")
    assert reported(path)[0].startswith("look.yaml:1:3: expected a plain key")
