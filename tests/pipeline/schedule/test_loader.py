"""Everything in a schedule is loaded: every field, every unit, every short form."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.curves.curve import Curve, Keyframe
from pipeline.schedule.document.sources import MAX_BYTES
from pipeline.schedule.loader import load_schedule, read_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.sections.losses import DEFAULT_LOSSES
from pipeline.schedule.sections.models import Models
from pipeline.schedule.sections.motion import Motion
from pipeline.schedule.sections.output import Output
from pipeline.schedule.sections.refine import Refine
from pipeline.schedule.timeline import Timeline
from render.errors import InputError

SCHEDULES = sorted((Path(__file__).parents[3] / "schedules").glob("*.yaml"))


def read(text: str) -> Schedule:
    return read_schedule("prompts: a sea\n" * ("prompts:" not in text) + text, "a.yaml", "a")


def keys(curve: Curve) -> list[tuple[float, float, str]]:
    return [(key.time, key.value, key.easing) for key in curve.keys]


def rate(name: str, written: str, fps: float = 12) -> Curve:
    return read(f"output: {{fps: {fps}, length: 20s}}\nmotion: {{{name}: {written}}}\n").motion.rates[name]


def test_a_prompt_alone_is_a_schedule() -> None:
    schedule = read("prompts: a sea\n")
    assert (schedule.output, schedule.models) == (Output(), Models())
    assert (schedule.motion, schedule.refine) == (Motion(), Refine())
    assert {name: keys(curve) for name, curve in schedule.losses.items()} == {
        name: [(0, weight, "linear")] for name, weight in DEFAULT_LOSSES.items()
    }
    assert (schedule.title, schedule.shots[0].blend, schedule.text) == ("a", "weights", "prompts: a sea\n")
    assert [(prompt.text, keys(prompt.weight)) for prompt in schedule.prompts] == [("a sea", [(0, 1, "linear")])]


def test_the_defaults_that_the_readme_promises() -> None:
    assert (Output().size, Output().fps, Output().length, Output().seed) == ((256, 144), 12, 12, 0)
    assert (Motion().border, [keys(curve) for curve in Motion().center]) == ("reflect", [[(0, 0.5, "linear")]] * 2)
    assert (Models().latent.name, [perceptor.model.name for perceptor in Models().perceptors]) == (
        "embedded",
        ["embedded"],
    )
    assert Models().quantize is None


def test_empty_sections_change_nothing() -> None:
    empty = read("output: {}\nmodels: {}\nmotion: {}\nrefine: {}\nlosses: {}\n")
    assert (empty.output, empty.models, empty.motion, empty.refine) == (Output(), Models(), Motion(), Refine())


def test_every_field_of_output_models_and_refine() -> None:
    schedule = read(
        "version: 1\ntitle: 2001\n"
        "output: {size: [512, 288], fps: 12.5, length: 8s, seed: 7}\n"
        "models: {latent: pixels, perceptors: [toy, embedded], quantize: true}\n"
        "refine: {steps: {0: 4, 2s: 8}, first_frame: 90, lr: 5e-2, cutouts: {end: 16}, carry: false}\n"
    )
    assert schedule.title == "2001"
    assert schedule.output == Output(size=(512, 288), fps=12.5, length=8, seed=7)
    assert (schedule.models.latent.name, [perceptor.model.name for perceptor in schedule.models.perceptors]) == (
        "pixels",
        ["toy", "embedded"],
    )
    assert schedule.models.quantize is True
    assert (keys(schedule.refine.steps), schedule.refine.first_frame) == ([(0, 4, "linear"), (2, 8, "linear")], 90)
    assert (keys(schedule.refine.lr), keys(schedule.refine.cutouts)) == ([(0, 0.05, "linear")], [(8, 16, "linear")])
    assert schedule.refine.carry is False


def test_every_field_of_motion_and_losses() -> None:
    schedule = read(
        "motion:\n  zoom: 1.1/s\n  rotate: -3/s\n  pan_x: 2%/s\n  pan_y: -1%/s\n"
        "  center: [25%, {0: 0.5, 6s: {to: 1, ease: out_expo}}]\n  border: wrap\n"
        "losses: {prompt: 2, smooth: 0, anchor: {0: 1, end: 3}, saturation: -0.5}\n"
    )
    assert {name: keys(curve)[0][1] for name, curve in schedule.motion.rates.items()} == pytest.approx(
        {"zoom": 1.1, "rotate": -3, "pan_x": 0.02, "pan_y": -0.01}
    )
    assert keys(schedule.motion.center[0]) == [(0, 0.25, "linear")]
    assert keys(schedule.motion.center[1]) == [(0, 0.5, "linear"), (6, 1, "out_expo")]
    assert schedule.motion.border == "wrap"
    assert {name: keys(curve)[-1][1] for name, curve in schedule.losses.items()} == {
        "prompt": 2,
        "smooth": 0,
        "anchor": 3,
        "saturation": -0.5,
        "guide": 1,
    }


def test_a_loss_that_is_not_named_keeps_its_default() -> None:
    assert keys(read("losses: {anchor: 1}\n").losses["prompt"])[0][1] == DEFAULT_LOSSES["prompt"]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        *(("0", 0), ("24", 3), ("1s", 1), ("1.5s", 1.5), (".5s", 0.5), ("2.s", 2), ("1.5 s", 1.5), ('"1.5s"', 1.5)),
        *(("0%", 0), ("50%", 5), ("12.5%", 1.25), ("50 %", 5), ("end", 10), ("99s", 99), ("100%", 10)),
    ],
)
def test_times(written: str, seconds: float) -> None:
    """24 at 8 fps is 3 s; half of 10 s is 5 s."""
    schedule = read(f"output: {{fps: 8, length: 10s}}\nrefine: {{steps: {{{written}: 3}}}}\n")
    assert schedule.refine.steps.keys[0].time == pytest.approx(seconds)


@pytest.mark.parametrize(("written", "frames"), [("12s", 96), ("12", 12), ("0.5s", 4), ("1.05s", 8), (".05 s", 0)])
def test_a_length_is_seconds_or_frames(written: str, frames: int) -> None:
    text = f"output: {{length: {written}, fps: 8}}\n"  # fps applies although it is written after the length
    if frames:
        assert read(text).output.num_frames == len(Timeline(read(text))) == frames
    else:
        with pytest.raises(InputError, match="from 1 to 1,000,000 frames"):
            read(text)


@pytest.mark.parametrize(
    ("name", "written", "per_second"),
    [
        *(("zoom", "1.05/s", 1.05), ("zoom", "1.05", 1.05), ("zoom", "1.01/frame", 1.01**12), ("zoom", "1", 1)),
        *(("zoom", "0.9 / s", 0.9), ("zoom", "'1.05/s'", 1.05), ("zoom", "11e-1/s", 1.1), ("zoom", "+1.05", 1.05)),
        *(("rotate", "3/s", 3), ("rotate", "-3", -3), ("rotate", "0.5/frame", 6), ("rotate", "0", 0)),
        *(("pan_x", "2%/s", 0.02), ("pan_x", "-2%", -0.02), ("pan_y", "0.5%/frame", 0.06), ("pan_y", "0", 0)),
        *(("pan_x", "2 % / s", 0.02), ("pan_x", "1e1%/s", 0.1)),
    ],
)
def test_rates_are_per_second(name: str, written: str, per_second: float) -> None:
    assert rate(name, written).keys[0].value == pytest.approx(per_second, rel=1e-14)


@pytest.mark.parametrize(
    ("name", "written", "fps"),
    [
        *(("zoom", "10/frame", 12), ("zoom", "0.1/frame", 12), ("zoom", "1e12/s", 12), ("zoom", "1e200/s", 240)),
        *(("zoom", "9/s", 1), ("rotate", "-1e6/frame", 12), ("pan_x", "1e6%/frame", 30)),
    ],
)
def test_rates_up_to_a_factor_of_10_per_frame_are_read(name: str, written: str, fps: float) -> None:
    """Extreme, but the rates refused in test_loader_errors.py are only slightly more extreme."""
    assert np.isfinite(rate(name, written, fps).keys[0].value)


def test_a_map_of_times_is_in_order_of_time_whatever_the_file() -> None:
    curve = rate("zoom", "{end: 1.3, 50%: {to: 1.1/frame, ease: smooth}, 0: 1/s, 36: {to: 1.2}}")
    assert keys(curve) == [
        (0, 1, "linear"),
        (3, 1.2, "linear"),
        (10, pytest.approx(1.1**12), "smooth"),
        (20, 1.3, "linear"),
    ]


@pytest.mark.parametrize(
    "written",
    [
        '{0: 0, 4s: {to: 1, ease: "bezier(0.25, 0.1, 0.25, 1)"}}',
        "\n    0: 0\n    4s:\n      to: 1\n      ease: bezier(0.25, 0.1, 0.25, 1)",  # neither flow style nor quotes
    ],
)
def test_a_bezier_is_an_easing_by_value(written: str) -> None:
    curve = read(f"motion:\n  rotate: {written}\n").motion.rates["rotate"]
    assert curve.sample([2.0]) == pytest.approx([0.8024], abs=5e-5)  # CSS's ease


def test_scenes_crossfade_from_key_to_key() -> None:
    schedule = read("prompts:\n  10s: c\n  0s: a\n  5s: {text: b, ease: in_out_sine}\n  blend: slerp\n")
    assert schedule.shots[0].blend == "slerp"
    assert {prompt.text: keys(prompt.weight) for prompt in schedule.prompts} == {
        "a": [(0, 1, "linear"), (5, 0, "in_out_sine")],
        "b": [(0, 0, "linear"), (5, 1, "in_out_sine"), (10, 0, "linear")],
        "c": [(5, 0, "linear"), (10, 1, "linear")],
    }


def test_layers_have_a_weight_each() -> None:
    schedule = read('prompts:\n  - {text: "oil: 16:9 | x", weight: {0: 0.3, end: -0.8}}\n  - a sea\n  - {text: b}\n')
    assert [(prompt.text, keys(prompt.weight)) for prompt in schedule.prompts] == [
        ("oil: 16:9 | x", [(0, 0.3, "linear"), (12, -0.8, "linear")]),
        ("a sea", [(0, 1, "linear")]),
        ("b", [(0, 1, "linear")]),
    ]


@pytest.mark.parametrize("written", ["1984", "1e-3", "1:30", "on", "'true'", "007", "a #1 hit: no", "日の出"])
def test_a_prompt_is_used_as_written(written: str) -> None:
    quoted = f'"{written}"' if ": " in written else written
    assert read(f"prompts: {{0s: {quoted}}}\n").prompts[0].text == written.strip("'")


def test_aliases_and_anchors() -> None:
    schedule = read("motion:\n  zoom: &slow {0: 1, 5s: {to: 1.2, ease: smooth}}\n  rotate: *slow\n")
    assert schedule.motion.rates["rotate"] == schedule.motion.rates["zoom"]


@pytest.mark.parametrize("size", [(512, 288), (256, 144), (16, 16), (24, 1024)])
def test_a_draft_is_half_the_size_and_a_third_of_the_steps(size: tuple[int, int]) -> None:
    text = f"output: {{size: [{size[0]}, {size[1]}], length: 6s}}\nmotion: {{zoom: 1.1}}\n"
    full = read(text + "refine: {steps: {0: 12, 2s: 2, 4s: 0}, first_frame: 100}\n")
    draft = full.draft()
    for side, half in zip(size, draft.output.size, strict=True):
        assert half % 8 == 0
        assert abs(half - side / 2) <= 4
    assert keys(draft.refine.steps) == [(0, 4, "linear"), (2, 1, "linear"), (4, 0, "linear")]
    assert draft.refine.first_frame == 34
    assert (draft.motion, draft.prompts, draft.output.fps) == (full.motion, full.prompts, full.output.fps)


def test_integers_in_a_file_become_floats() -> None:
    """An array of ints would truncate the values between two keys."""
    schedule = read("refine: {steps: {0: 1, 4s: 2}}\nlosses: {smooth: {0: 0, 4s: 1}}\n")
    assert schedule.losses["smooth"].sample([1.0]) == pytest.approx([0.25])
    assert all(isinstance(key.value, float) and isinstance(key, Keyframe) for key in schedule.refine.steps.keys)


@pytest.mark.parametrize("path", SCHEDULES, ids=[path.stem for path in SCHEDULES])
def test_the_examples_load_and_describe_themselves(path: Path) -> None:
    schedule = load_schedule(path)
    assert schedule.title
    assert all(spec.to_json() for spec in Timeline(schedule))
    assert schedule.text.startswith("# ")


def test_the_main_example_is_the_one_of_the_readme() -> None:
    assert "sunset" in [path.stem for path in SCHEDULES]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_a_file_may_start_with_a_byte_order_mark(tmp_path: Path, newline: bytes) -> None:
    path = tmp_path / "night sky.yaml"
    path.write_bytes(b"\xef\xbb\xbf# caf\xc3\xa9" + newline + b"prompts: a sea" + newline)
    schedule = load_schedule(path)
    assert (schedule.title, schedule.prompts[0].text) == ("night sky", "a sea")
    assert schedule.text.startswith("# café")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"prompts: caf\xe9\n", r": not UTF-8 text \(byte 12\)$"),
        ("prompts: a sea\n".encode("utf-16"), r": not UTF-8 text \(byte 0\)$"),
        (b"#" * (MAX_BYTES + 1), ": more than 1,000,000 bytes; is this a schedule"),
    ],
)
def test_files_that_are_not_text_are_reported(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.yaml" + message):
        load_schedule(path)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.yaml: cannot be read: No such file or directory$"):
        load_schedule(tmp_path / "gone.yaml")
    with pytest.raises(InputError, match=r": is a folder; expected a file, or .*\*\.yaml for all files in it$"):
        load_schedule(tmp_path)
