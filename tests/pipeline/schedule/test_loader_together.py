"""All problems of a schedule are reported at once: none hides another, and none is invented."""

import pytest

from pipeline.schedule.loader import read_schedule
from render.errors import ScheduleError

RATE = "expected a number, a rate such as 1.05/s"
TIME = "expected a time such as 24 (a frame), 1.5s, 8 beats, 50%, end or @marker"
EASE = "expected the name of an easing such as in_out_sine, see easings.net"
WEIGHT = "expected a number from -100 to 100"
PROMPT = "expected a text, a map of times to texts, or a list of {text, weight} or {image, weight}"
TWICE = "this key appears twice; remove one of them"


def reported(text: str) -> list[str]:
    with pytest.raises(ScheduleError) as caught:
        read_schedule(text, "a.yaml", "a")
    return str(caught.value).splitlines()


def test_all_problems_are_reported_at_once_in_order() -> None:
    lines = reported(
        "version: 3\nprompts: {}\noutput: {fps: x, lenght: 5s, size: [250, q]}\n"
        "losses: {anchor: y}\nmotion: {zoom: fast, rotate: 3%, border: z}\nrefine: {lr: -1}\nmodels: {latent: q}\n"
    )
    places = ["1:10", "2:10", "3:15", "3:18", "3:42", "4:18", "5:16", "5:30", "5:42", "6:14", "7:18"]
    assert [line.split(":", 1)[1].split(": ")[0] for line in lines] == places


def test_at_most_20_problems_are_reported() -> None:
    lines = reported("prompts: a\nlosses: {" + ", ".join(f"x{number}: 1" for number in range(33)) + "}\n")
    assert len(lines) == 21
    assert lines[-1] == "... and 13 more"


def test_a_wrong_value_of_an_alias_is_reported_where_it_is_written() -> None:
    assert reported("prompts: a\nmotion:\n  zoom: &x fast\nlosses: {smooth: *x}\n") == [
        "a.yaml:3:9: losses.smooth: expected a number from -1000 to 1000 or a map of times, got 'fast'",
        f"a.yaml:3:9: motion.zoom: {RATE} or a map of times, got 'fast'",
    ]


CURVES = [
    (
        "motion: {zoom: {0: fast, 5s: slow}}",
        [f"2:20: motion.zoom.0: {RATE}, got 'fast'", f"2:30: motion.zoom.5s: {RATE}, got 'slow'"],
    ),
    (
        "motion: {zoom: {soon: 1, 0: 1, 0s: 2, 1s: {too: 2}, 2s: {to: 2, ease: foo}, 8 beats: 1, 5s: slow}}",
        [
            f"2:17: motion.zoom.soon: {TIME}, got 'soon'",
            "2:32: motion.zoom.0s: another entry is also at 0 s; remove one of them",
            "2:44: motion.zoom.1s.too: unknown key; did you mean 'to'?",
            f"2:71: motion.zoom.2s.ease: unknown easing 'foo'; {EASE}",
            "2:77: motion.zoom.8 beats: beats and bars need music: {bpm: 120}",
            f"2:93: motion.zoom.5s: {RATE}, got 'slow'",
        ],
    ),
    (
        "motion: {zoom: {0: fast}, rotate: {0: 1, 0: 2, 3s: 5%}}",
        [
            f"2:20: motion.zoom.0: {RATE}, got 'fast'",
            f"2:42: motion.rotate.0: {TWICE}",
            "2:52: motion.rotate.3s: expected a number, a rate such as 3/s, got '5%'",
        ],
    ),
]
PROMPTS = [
    (
        "{0s: , 5s: {text: b, ease: x}, soon: c}",
        [
            "1:14: prompts.0s: expected a text, got nothing",
            f"1:37: prompts.5s.ease: unknown easing 'x'; {EASE}",
            f"1:41: prompts.soon: {TIME}, got 'soon'",
        ],
    ),
    (
        "{blend: slurp, soon: a, 1s: [b]}",
        [
            "1:18: prompts.blend: unknown value 'slurp'; did you mean 'slerp'?",
            f"1:25: prompts.soon: {TIME}, got 'soon'",
            "1:38: prompts.1s: expected a text, got a list",
        ],
    ),
    (
        "[{text: }, {txt: b}, a, {weight: 1}, true, {text: a, weight: {0: x, 3s: y}}]",
        [
            "1:17: prompts[0].text: expected a text, got nothing",
            "1:22: prompts[1].txt: unknown key; did you mean 'text'?",
            "1:34: prompts[3]: 'text' is missing; expected {text, weight, region, stop}",
            "1:47: prompts[4]: expected a text, got 'true'",
            f"1:75: prompts[5].weight.0: {WEIGHT}, got 'x'",
            f"1:82: prompts[5].weight.3s: {WEIGHT}, got 'y'",
        ],
    ),
]
AFTER_A_DUPLICATE = [
    (
        "title: a\ntitle: b\nprompts: a\nmotion: {zoom: fast}\n",
        [f"2:1: title: {TWICE}", f"4:16: motion.zoom: {RATE} or a map of times, got 'fast'"],
    ),
    (
        "prompts: a\noutput: {fps: 10, fps: 12, seed: x}\n",
        [
            f"2:19: output.fps: {TWICE}",
            "2:34: output.seed: expected a whole number from 0 to 9223372036854775807, got 'x'",
        ],
    ),
    (
        "prompts: {0s: a, 0s: b, soon: c}\n",
        [f"1:18: prompts.0s: {TWICE}", f"1:25: prompts.soon: {TIME}, got 'soon'"],
    ),
    (
        "prompts: [{text: a, text: b, weight: x}]\n",
        [f"1:21: prompts[0].text: {TWICE}", f"1:38: prompts[0].weight: {WEIGHT} or a map of times, got 'x'"],
    ),
    (
        "prompts: a\nmotion: {zoom: {1s: {to: 2, to: 3, ease: foo}}}\n",
        [f"2:29: motion.zoom.1s.to: {TWICE}", f"2:42: motion.zoom.1s.ease: unknown easing 'foo'; {EASE}"],
    ),
    (
        "? [1]\n: a\nprompts: true\n",
        [
            "1:3: expected a plain key, got a list",
            f"3:10: prompts: {PROMPT}, got 'true'",
        ],
    ),
]


def placed(lines: list[str]) -> list[str]:
    return [f"a.yaml:{line}" for line in lines]


@pytest.mark.parametrize(("text", "lines"), CURVES, ids=[text for text, _ in CURVES])
def test_all_problems_of_curves_are_reported(text: str, lines: list[str]) -> None:
    assert reported(f"prompts: a sea\n{text}\n") == placed(lines)


@pytest.mark.parametrize(("text", "lines"), PROMPTS, ids=[text for text, _ in PROMPTS])
def test_all_problems_of_scenes_and_layers_are_reported(text: str, lines: list[str]) -> None:
    assert reported(f"prompts: {text}\n") == placed(lines)


@pytest.mark.parametrize(("text", "lines"), AFTER_A_DUPLICATE, ids=[text for text, _ in AFTER_A_DUPLICATE])
def test_after_a_duplicate_key_the_rest_is_read(text: str, lines: list[str]) -> None:
    assert reported(text) == placed(lines)


def test_a_missing_prompt_hides_no_wrong_version() -> None:
    assert reported("version: 2\n") == [
        f"a.yaml:1:1: prompts: is missing; {PROMPT}",
        "a.yaml:1:10: version: expected version 1, the only one, got '2'",
    ]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("motion: {zoom: {1s: {to: x, ease: foo}}}", ["2:26", "2:35"]),
        ("losses: {}\nprompts: [{text: , weight: x}]", ["2:17", "2:28"]),
        ("motion: {zoom: {1s: {to: x, eas: hold}}}", ["2:26", "2:29"]),
        ("motion: {zoom: {0: fast, 0s: 2}}", ["2:20", "2:26"]),
        ("motion: {center: [left, up]}", ["2:19", "2:25"]),
        ("output: {size: [a, b]}", ["2:17", "2:20"]),
        ("models: {perceptors: [x, y]}", ["2:23", "2:26"]),
        ("output: {length: fast}\nlosses: {smooth: {50%: 1, 6s: 2}}", ["2:18"]),
        ("output: {fps: fast}\nlosses: {smooth: {24: 1, 2s: 2}}", ["2:15"]),
        ("output: {size: [250, 144]}\nmodels: {perceptors: x}", ["2:16", "3:22"]),
        ("output: {fps: fast, size: [250, 144]}", ["2:15", "2:27"]),
    ],
)
def test_no_problem_hides_or_makes_another(text: str, places: list[str]) -> None:
    lines = reported(text if "prompts" in text else f"prompts: a\n{text}\n")
    assert [line.split(":", 1)[1].split(": ")[0] for line in lines] == places


@pytest.mark.parametrize("written", ['"a\\nb"', '"\\e[31mred"', '"\\b"'])
@pytest.mark.parametrize("text", ["losses: {%s: 1}", "losses: {smooth: %s}"])
def test_a_problem_is_one_line_of_plain_text(written: str, text: str) -> None:
    (line,) = reported("prompts: a\n" + text % written + "\n")
    assert line.isprintable()
