"""Warnings: exact and located, never errors, and none for anything that works."""

from pathlib import Path

import pytest

from pipeline.schedule.loader import load_schedule, read_schedule

SCHEDULES = sorted((Path(__file__).parents[3] / "schedules").glob("*.yaml"))


def warned(text: str) -> list[str]:
    schedule = read_schedule("prompts: a sea\n" * ("prompts" not in text) + text + "\n", "a.yaml", "a")
    return [str(problem).removeprefix("a.yaml:") for problem in schedule.warnings]


_CUT = "after it is a comment; quote the text if it is part of it"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("prompts: {1s: sea # 1\n}", [f"1:15: prompts.1s: '# 1' {_CUT}"]),
        (
            "prompts:\n  1s: sea # 1\n  2s: a žluťoučký 🐎 #2",
            [f"2:7: prompts.1s: '# 1' {_CUT}", f"3:7: prompts.2s: '#2' {_CUT}"],
        ),
        ("prompts: sea #blue #green", [f"1:10: prompts: '#blue' {_CUT}"]),
        (
            "prompts: [{text: sea #1\n}, fog #2\n]",
            [f"1:18: prompts[0].text: '#1' {_CUT}", f"2:4: prompts[1]: '#2' {_CUT}"],
        ),
        ("title: take #3", [f"2:8: title: '#3' {_CUT}"]),
        ("shots: [{length: 2s, prompts: sea # 4\n}]", [f"1:31: shots[0].prompts: '# 4' {_CUT}"]),
        ("prompts: sea # the first of 2", []),
        ("prompts: sea    #1", []),
        ("prompts: 'sea' #1", []),
        ("prompts: 'sea #1'", []),
        ("prompts: sea#1", []),
        ("prompts:\n  - sea  # 1\n  # 2\n  - >-\n    fog #1", []),
        ("output: {fps: 12 #1\n}", []),
    ],
)
@pytest.mark.parametrize("length", [0, 25_000])  # a long file is read by a different parser
def test_a_text_truncated_by_a_comment_gives_a_warning(text: str, lines: list[str], length: int) -> None:
    text += "\n# ".ljust(length, "-")
    assert [line.replace("\n", "") for line in warned(text)] == lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "losses: {smooth: {0: 1, 13s: 2, 15s: 3}}",
            [
                "2:25: losses.smooth.13s: is after the end at 12 s: the video ends before it is reached",
                "2:33: losses.smooth.15s: is after the end at 12 s and has no effect",
            ],
        ),
        (
            "losses: {smooth: {15s: 3}}",
            ["2:19: losses.smooth.15s: is after the end at 12 s: its value applies throughout"],
        ),
        ("losses: {smooth: {0: 0.4, end: 1}}", []),
        (
            "prompts: {0s: a, 12.5s: b, 20s: c}",
            [
                "1:18: prompts.12.5s: is after the end at 12 s: the video ends before it is reached",
                "1:28: prompts.20s: is after the end at 12 s and has no effect",
                "1:33: prompts.20s: has no effect: its weight is 0 in every frame",
            ],
        ),
        (
            "prompts: [a, {text: b, weight: 0}, {text: c, weight: 'sin(0*t)'}]",
            [
                "1:14: prompts[1]: has no effect: its weight is 0 in every frame",
                "1:36: prompts[2]: has no effect: its weight is 0 in every frame",
            ],
        ),
        ("prompts: [a, {text: b, weight: 'pulse(3, 0.1)'}]", []),
        ("losses: {prompt: 0}", ["2:9: losses: the prompts have no effect: losses.prompt is 0 in every frame"]),
        ("losses: {prompt: {0: 0, 2s: 1}}", []),
        ("music: {offset: 1s}", ["2:8: music: has no effect without bpm or file"]),
        ("music: {bpm: 100}", []),
        ("let: {a: 1, b: a}", ["2:16: let.b: is defined but never used"]),
        ("let: {a: 1, b: a}\nmotion: {rotate: b}", []),
        (
            "motion: {center: [0, 1], pan_x: 2%}",
            ["2:18: motion.center: has no effect: there are only pans, which do not need a centre"],
        ),
        ("motion: {center: [0, 1], tilt_x: 3, pan_x: 2%}", []),
        (
            "motion: {center: [0, 1], border: wrap}",
            [
                "2:18: motion.center: has no effect: there are only pans, which do not need a centre",
                "2:34: motion.border: has no effect: nothing moves",
            ],
        ),
        (
            "motion: {zoom: {0: 1, 2s: 1, 3s: 3}}\nrefine: {steps: 2}",
            ["3:17: refine.steps: 2 steps are too few for the fast zoom at frame 29; use at least 5"],
        ),
        (
            "motion: {rotate: -72}\nrefine: {steps: {0: 9, 4s: {to: 3, ease: hold}}}",
            ["3:17: refine.steps: 3 steps are too few for the fast rotate at frame 48; use at least 5"],
        ),
        ("motion: {rotate: 90}\nrefine: {steps: 0}", []),
        (
            "motion: {rotate: 90}\nrefine: {steps: 9}\nshots: [{length: 1s}, {length: 1s, refine: {steps: 2}}]",
            ["4:52: shots[1].refine.steps: 2 steps are too few for the fast rotate at frame 12; use at least 5"],
        ),
        (
            "refine: {steps: 2}\nshots: [{length: 1s, motion: {rotate: 90}, refine: {steps: 5}}, {length: 1s}]",
            [],
        ),
        ("motion: {rotate: 50}\nrefine: {steps: 2}", []),
    ],
)
def test_settings_without_effect_give_warnings(text: str, lines: list[str]) -> None:
    assert warned(text) == lines


@pytest.mark.parametrize("path", SCHEDULES, ids=[path.stem for path in SCHEDULES])
def test_the_examples_give_no_warning(path: Path) -> None:
    assert load_schedule(path).warnings == ()


def test_the_variables_of_a_fragment_may_be_unused(tmp_path: Path) -> None:
    (tmp_path / "look.yaml").write_text("let: {a: 1}\nlosses: {smooth: {99s: 1}}\n")
    (tmp_path / "main.yaml").write_text("include: look.yaml\nprompts: a\n")
    (warning,) = load_schedule(tmp_path / "main.yaml").warnings
    assert str(warning).startswith(f"{tmp_path}/look.yaml:2:19: losses.smooth.99s: is after the end")
