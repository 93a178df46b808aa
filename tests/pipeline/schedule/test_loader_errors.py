"""Every mistake in a schedule is reported with its location, what was expected, and the nearest valid name."""

from pathlib import Path

import pytest

from pipeline.schedule.loader import read_schedule
from pipeline.schedule.sections.models import Models
from render.errors import ScheduleError
from render.models import registry
from render.models.model import Model

RATE = "expected a number, a rate such as 1.05/s"
LENGTH = "expected a length such as 12s, 32 bars, or a number of frames, from 1 to 1,000,000 frames"
TIME = "expected a time such as 24 (a frame), 1.5s, 8 beats, 50%, end or @marker"
NO_MUSIC = "beats and bars need music: {bpm: 120}"
NO_MARKER = "unknown marker 'drop'; expected markers: {drop: 8s}"
EASE = "expected the name of an easing such as in_out_sine, see easings.net"
BEZIER = 'expected "bezier(x1, y1, x2, y2)" in quotes, x1 and x2 from 0 to 1'
TORN = "unknown key; put quotes around bezier(...)"
ABOVE = "must be greater than 0 (1 = no change)"
LATENT = "expected the name of a latent model, or {config: model.yaml, checkpoint: last.ckpt}"
PROMPT = "expected a text, a map of times to texts, or a list of {text, weight} or {image, weight}"


def brief(text: str) -> str:
    return text[:50]


def reported(text: str, file: str = "a.yaml") -> list[str]:
    with pytest.raises(ScheduleError) as caught:
        read_schedule(text, file, "a")
    return str(caught.value).splitlines()


def test_the_message_of_the_issue() -> None:
    text = (
        "# A sunset.\nversion: 1\noutput:\n  size: [256, 144]\n  fps: 12\n  length: 12s\n  seed: 7\n"
        "prompts:\n  0s: a calm sea\n  5s: a golden sunset\nmotion:\n  zoom: fast\n"
    )
    assert reported(text, "sunset.yaml") == [
        "sunset.yaml:12:9: motion.zoom: expected a number, a rate such as 1.05/s or a map of times, got 'fast'"
    ]


# The text after `prompts: a sea` on line 1, and the message after `a.yaml:`.
FPS = "expected frames per second from 0.1 to 240, such as 24 or 24000/1001, auto or source"
SECTIONS = [
    ("promts: x", "2:1: promts: unknown key; did you mean 'prompts'?"),
    ("Motion: {}", "2:1: Motion: unknown key; did you mean 'motion'?"),
    (
        "xyz: 5",
        "2:1: xyz: unknown key; expected one of: camera, colour, depth, guides, include, keep, let, loop, losses, "
        "markers, models, motion, music, noise, output, prompts, refine, shots, source, start, title, variants, "
        "version",
    ),
    (
        "defaults: {motion: {zoom: 1.04}}",
        "2:1: defaults: is not a key: sections at the top apply to every shot; use include: to share them "
        "between files",
    ),
    ("prompts: b", "2:1: prompts: this key appears twice; remove one of them"),
    ("version: 2", "2:10: version: expected version 1, the only one, got '2'"),
    ("version: true", "2:10: version: expected version 1, the only one, got 'true'"),
    ("version:", "2:9: version: expected version 1, the only one, got nothing"),
    ("title: [a]", "2:8: title: expected a text, got a list"),
    ('title: "\\uD800"', "2:8: title: contains half a character (a lone surrogate), which is not valid text"),
    ("title: true", "2:8: title: expected a text, got 'true'"),
    ("output: 5", "2:9: output: expected a map with fps, length, size, seed, video, stereo, eyes, screen, got '5'"),
    ("output: {size: 256}", "2:16: output.size: expected a width and a height in pixels such as [256, 144], got '256'"),
    ("output: {size: [256, big]}", "2:22: output.size[1]: expected a whole number from 16 to 8192, got 'big'"),
    (
        "output: {size: [250, 99]}",
        "2:16: output.size: expected multiples of 8 for the latent model 'embedded', such as [248, 96], got [250, 99]",
    ),
    ("output: {fps: 0}", f"2:15: output.fps: {FPS}, got '0'"),
    ("output: {fps: 1:30}", f"2:15: output.fps: {FPS}, got '1:30'"),
    ("output: {length: 50%}", f"2:18: output.length: {LENGTH}, got '50%'"),
    ("output: {length: end}", f"2:18: output.length: {LENGTH}, got 'end'"),
    ("output: {length: 0}", f"2:18: output.length: {LENGTH}, got '0'"),
    ("output: {length: fast}", f"2:18: output.length: {LENGTH}, got 'fast'"),
    ("output: {length: 1000001}", f"2:18: output.length: {LENGTH}, got '1000001'"),
    (f"output: {{length: {'9' * 400}s}}", f"2:18: output.length: {LENGTH}, got '{'9' * 37}...'"),
    ("output: {Fps: 10}", "2:10: output.Fps: unknown key; did you mean 'fps'?"),
    ("output: {seed: 1.5}", "2:16: output.seed: expected a whole number from 0 to 9223372036854775807, got '1.5'"),
    ("models: {latent: embeded}", "2:18: models.latent: unknown latent model 'embeded'; did you mean 'embedded'?"),
    (
        "models: {perceptors: toy}",
        "2:22: models.perceptors: expected a list of perceptors such as [embedded], got 'toy'",
    ),
    (
        "models: {latent: }",
        f"2:17: models.latent: {LATENT}, got nothing",
    ),
    ("models: {latent: [a]}", f"2:18: models.latent: {LATENT}, got a list"),
    ("models: {perceptors: []}", "2:22: models.perceptors: expected at least one perceptor, got an empty list"),
    (
        "models: {perceptors: [toy, x]}",
        "2:28: models.perceptors[1]: unknown perceptor 'x'; `render models --all` lists them",
    ),
    ("models: {quantize: on}", "2:20: models.quantize: expected true or false, got 'on'"),
    ("refine: {steps: many}", "2:17: refine.steps: expected a number from 0 to 10000 or a map of times, got 'many'"),
    ("refine: {first_frame: {0: 9}}", "2:23: refine.first_frame: expected a whole number from 0 to 100000, got a map"),
    ("refine: {carry: yes}", "2:17: refine.carry: expected true or false, got 'yes'"),
    ("losses: {smoth: 1}", "2:10: losses.smoth: unknown key; did you mean 'smooth'?"),
    ("losses: {prompt: 1e4}", "2:18: losses.prompt: expected a number from -1000 to 1000 or a map of times, got '1e4'"),
]
MOTION = [
    ("zoom: [1]", f"2:16: motion.zoom: {RATE} or a map of times, got a list"),
    ("zoom: 5%/s", f"2:16: motion.zoom: {RATE} or a map of times, got '5%/s'"),
    ("zoom: 1.05/min", f"2:16: motion.zoom: {RATE} or a map of times, got '1.05/min'"),
    ("zoom: {0: 1, 3s: fast}", f"2:27: motion.zoom.3s: {RATE}, got 'fast'"),
    ("zoom: {0: 1, 3s: {to: fast}}", f"2:32: motion.zoom.3s.to: {RATE}, got 'fast'"),
    ("zoom: {0: 1, 3s: {ease: hold}}", "2:27: motion.zoom.3s: 'to' is missing; expected {to, ease}"),
    ("zoom: {0: 1, 3s: {to: 2, easing: x}}", "2:35: motion.zoom.3s.easing: unknown key; did you mean 'ease'?"),
    (
        "zoom: {0: 1, 3s: {to: 2, ease: in_out_sin}}",
        "2:41: motion.zoom.3s.ease: unknown easing 'in_out_sin'; did you mean 'in_out_sine'?",
    ),
    ("zoom: {3s: {to: 2, ease: foo}}", f"2:35: motion.zoom.3s.ease: unknown easing 'foo'; {EASE}"),
    (
        "zoom: {3s: {to: 2, ease: easeInOutSine}}",
        "2:35: motion.zoom.3s.ease: unknown easing 'easeInOutSine'; did you mean 'in_out_sine'?",
    ),
    ("zoom: {3s: {to: 2, ease: }}", f"2:34: motion.zoom.3s.ease: {EASE}, got nothing"),
    (
        "zoom: {3s: {to: 2, ease: 'bezier(2,0,1,1)'}}",
        f"2:35: motion.zoom.3s.ease: unknown easing 'bezier(2,0,1,1)'; {BEZIER}",
    ),
    ("zoom: {3s: {to: 2, ease: bezier(0,0,1,1)}}", f"2:44: motion.zoom.3s.0: {TORN}"),
    ("zoom: {3s: {ease: bezier(.2, 0, .8, 1), to: 2}}", f"2:39: motion.zoom.3s.0: {TORN}"),
    ("zoom: {3s: {to: 2, bezier: 3}}", "2:29: motion.zoom.3s.bezier: unknown key; expected one of: ease, to"),
    ("zoom: {soon: 1}", f"2:17: motion.zoom.soon: {TIME}, got 'soon'"),
    ("zoom: {-1s: 1}", f"2:17: motion.zoom.-1s: {TIME}, got '-1s'"),
    ("zoom: {1.5: 1}", f"2:17: motion.zoom.1.5: {TIME}, got '1.5'"),
    ('zoom: {"@drop": 2}', f"2:17: motion.zoom.@drop: {NO_MARKER}"),
    ("zoom: {8 beats: 2}", f"2:17: motion.zoom.8 beats: {NO_MUSIC}"),
    ("zoom: {1.5 bar: 2}", f"2:17: motion.zoom.1.5 bar: {NO_MUSIC}"),
    ("zoom: {8 bears: 2}", f"2:17: motion.zoom.8 bears: {TIME}, got '8 bears'"),
    ('zoom: {"@": 2}', f"2:17: motion.zoom.@: {TIME}, got '@'"),
    ("zoom: {0: 1, 0s: 2}", "2:23: motion.zoom.0s: another entry is also at 0 s; remove one of them"),
    ("zoom: 0", f"2:16: motion.zoom: {ABOVE}, got '0'"),
    ("zoom: -1.1/frame", f"2:16: motion.zoom: {ABOVE}, got '-1.1/frame'"),
    ("zoom: {0: 1, 3s: {to: 0/s}}", f"2:32: motion.zoom.3s.to: {ABOVE}, got '0/s'"),
    (
        "zoom: {0: 2, 1s: {to: 0.01, ease: out_back}}",
        "2:16: motion.zoom: falls to -0.189 at 0.58 s and must stay above 0; out_back overshoots",
    ),
    (
        "zoom: {0: 2, 3s: {to: 0.01, ease: out_back}}",
        "2:16: motion.zoom: falls to -0.189 at 1.74 s and must stay above 0; out_back overshoots",
    ),
    (
        "zoom: {0: 2, 1.001s: 2, 1.002s: {to: 0.01, ease: out_back}}",  # all of it happens between two frames
        "2:16: motion.zoom: falls to -0.189 at 1.00 s and must stay above 0; out_back overshoots",
    ),
    ("rotate: 3%/s", "2:18: motion.rotate: expected a number, a rate such as 3/s or a map of times, got '3%/s'"),
    ("pan_x: 0.02", "2:17: motion.pan_x: expected a share such as 2%/s or a map of times, got '0.02'"),
    ("zom: 1", "2:10: motion.zom: unknown key; did you mean 'zoom'?"),
    (
        "center: 0.5",
        "2:18: motion.center: expected two shares of the width and height such as [0.5, 0.5], got '0.5'",
    ),
    (
        "center: [0.5, left]",
        "2:24: motion.center[1]: expected a share such as 0.5 or 50% or a map of times, got 'left'",
    ),
    ("border: ", "2:17: motion.border: expected one of reflect, wrap, edge, black, paint, got nothing"),
    (
        "border: mirror",
        "2:18: motion.border: unknown value 'mirror'; expected one of: black, edge, paint, reflect, wrap",
    ),
]
PROMPTS = [
    ("{a sea: 1}", f"1:11: prompts.a sea: {TIME}, got 'a sea'"),
    ("{0s: a, 0: b}", "1:18: prompts.0: another entry is also at 0 s; remove one of them"),
    ("{50%: a, 6s: b}", "1:19: prompts.6s: another entry is also at 6 s; remove one of them"),
    ("{0s: }", "1:14: prompts.0s: expected a text, got nothing"),
    ("{0s: {ease: hold}}", "1:15: prompts.0s: 'text' is missing; expected {text, ease, region, stop}"),
    ("{0s: a, blend: slurp}", "1:25: prompts.blend: unknown value 'slurp'; did you mean 'slerp'?"),
    ("{blend: slerp}", "1:10: prompts: expected at least one scene such as 0s: a calm sea"),
    ("{}", "1:10: prompts: expected at least one scene such as 0s: a calm sea"),
    ("[]", f"1:10: prompts: {PROMPT}, got an empty list"),
    ("", f"1:9: prompts: {PROMPT}, got nothing"),
    ('{"@drop": a, 0s: b}', f"1:11: prompts.@drop: {NO_MARKER}"),
    ("{0s: a, 8 beats: b}", f"1:18: prompts.8 beats: {NO_MUSIC}"),
    ("{0s: {text: a, ease: }}", f"1:30: prompts.0s.ease: {EASE}, got nothing"),
    ("{0s: {text: a, ease: bezier(0,0,1,1)}}", f"1:40: prompts.0s.0: {TORN}"),
    ("[{text: a, weigth: 1}]", "1:21: prompts[0].weigth: unknown key; did you mean 'weight'?"),
    (
        "[a, {text: b, weight: heavy}]",
        "1:32: prompts[1].weight: expected a number from -100 to 100 or a map of times, got 'heavy'",
    ),
]


@pytest.mark.parametrize(("text", "expected"), SECTIONS, ids=brief)
def test_a_wrong_section(text: str, expected: str) -> None:
    assert reported(f"prompts: a sea\n{text}\n") == [f"a.yaml:{expected}"]


@pytest.mark.parametrize(("text", "expected"), MOTION, ids=brief)
def test_a_wrong_motion(text: str, expected: str) -> None:
    assert reported(f"prompts: a sea\nmotion: {{{text}}}\n") == [f"a.yaml:{expected}"]


@pytest.mark.parametrize(("text", "expected"), PROMPTS, ids=brief)
def test_wrong_prompts(text: str, expected: str) -> None:
    assert reported(f"prompts: {text}\n") == [f"a.yaml:{expected}"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("hello\n", ["a.yaml:1:1: expected a map with prompts, motion, ..., got 'hello'"]),
        ("- a\n", ["a.yaml:1:1: expected a map with prompts, motion, ..., got a list"]),
        (
            "# sea\nprompt: x\n",
            [
                "a.yaml:2:1: prompt: unknown key; did you mean 'prompts'?",
                f"a.yaml:2:1: prompts: is missing; {PROMPT}",
            ],
        ),
    ],
)
def test_no_schedule_at_all(text: str, lines: list[str]) -> None:
    assert sorted(reported(text)) == lines


TOO_FAST = [
    *(("zoom: 10.1/frame", 12), ("zoom: 0.099/frame", 12), ("zoom: 1.01e12/s", 12), ("zoom: 0.99e-12/s", 12)),
    *(("zoom: 10.1/s", 1), ("zoom: 1e300/s", 0.1), ("zoom: 1e400/s", 12), ("zoom: {0: 1, 3s: {to: 11/frame}}", 12)),
    *(("rotate: 1e308/s", 12), ("rotate: 1000001/frame", 12), ("rotate: 1.3e7/s", 12), ("pan_x: -1e308%/s", 12)),
]


@pytest.mark.parametrize(("motion", "fps"), TOO_FAST)
def test_a_rate_beyond_a_factor_of_10_per_frame_is_refused(motion: str, fps: float) -> None:
    (line,) = reported(f"prompts: a\noutput: {{fps: {fps}}}\nmotion: {{{motion}}}\n")
    written = motion.rstrip("}").split(": ")[-1]
    column = len("motion: {") + motion.rindex(written) + 1
    path = "zoom.3s.to" if "3s" in motion else motion.split(":")[0]
    assert line.startswith(f"a.yaml:3:{column}: motion.{path}: is more than ")
    assert line.endswith(f"in one frame, got '{written}'")


def test_a_default_size_that_does_not_fit_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "big.yaml"
    config.write_text("model: {params: {embed_dim: 1, n_embed: 1, ddconfig: {ch_mult: [1, 1, 1, 1, 1, 1]}}}\n")
    big = Model(name="big", entry="vqgan", architecture=config)
    monkeypatch.setattr(registry, "find_latent", lambda name: big)
    assert Models(latent=big).size_unit == 32
    expected = "expected multiples of 32 for the latent model 'big', such as [256, 128], got [256, 144]"
    assert reported("prompts: a\nmodels: {latent: big}\n") == [f"a.yaml:2:18: models.latent: {expected}"]
    assert reported("output: {fps: 8}\nprompts: a\nmodels: {latent: big}\n") == [f"a.yaml:1:9: output.size: {expected}"]
