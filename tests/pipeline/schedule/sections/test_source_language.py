"""Generated sections `source:` and `motion: {flow: ...}`: only our own errors, and the same plan twice."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.schedule.loader import load_schedule
from pipeline.schedule.timeline import Timeline
from render.errors import InputError

CALM = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
NUMBERS = st.one_of(
    st.floats(-3, 3).map(lambda number: round(number, 2)),
    st.sampled_from(["sin(t)", "t", "1 if t < 0.5 else -1", "1/t", "sqrt(t - 0.5)"]),
    st.dictionaries(st.sampled_from(["0s", "50%", "end", "3"]), st.floats(0, 2), min_size=1),
)
TIMES = st.one_of(
    st.sampled_from(["0:01", "1:00:00", "end", "end-1s", "50%", "7f", "-1s", "x", "1.5s", "99999999999f"]),
    st.integers(-5, 40),
)
PARTS = {
    "video": st.sampled_from(["clip.mp4", "photo.png", "none.mp4", "../clip.mp4", "", "a.yaml"]),
    "images": st.sampled_from(["p*.png", "*.mp4", "%d.png", "photo.png", "**/x.png", "%99d.png", "*/*.png"]),
    "image": st.sampled_from(["photo.png", "clip.mp4", "."]),
    "from": TIMES,
    "speed": NUMBERS,
    "end": st.sampled_from(["hold", "repeat", "bounce", "stop"]),
    "fps": st.sampled_from([24, "24000/1001", 0, -1, "auto"]),
    "zoom": NUMBERS,
    "center": st.lists(NUMBERS, max_size=3),
    "mix": NUMBERS,
    "fit": st.sampled_from(["crop", "pad", "cover"]),
    "background": st.sampled_from(["red", "#000", "none"]),
    "sound": st.sampled_from([True, 1]),
}
MAPS = st.dictionaries(st.sampled_from([*PARTS]), st.just(None), max_size=5).flatmap(
    lambda keys: st.fixed_dictionaries({key: PARTS[key] for key in keys})
)


@CALM
@given(source=st.one_of(MAPS, st.sampled_from(["none", "clip.mp4", []])), flow=st.one_of(st.none(), MAPS))
def test_a_generated_section_is_read_or_reported(folder: Path, source: object, flow: object) -> None:
    path = folder / "a.yaml"
    schedule = {
        "output": {"size": [64, 48], "fps": 12, "length": "1s"},
        "models": {"latent": "pixels", "perceptors": ["toy"]},
        "prompts": "red",
        "source": source,
        **({} if flow is None else {"motion": {"flow": flow, "zoom": 1.1}}),
    }
    path.write_text(json.dumps(schedule), encoding="utf-8")
    try:
        plan = [spec.to_json() for spec in Timeline(load_schedule(path))]
    except InputError:
        return
    assert [spec.to_json() for spec in Timeline(load_schedule(path))] == plan


@CALM
@given(
    speed=st.floats(-4, 4),
    end=st.sampled_from(["hold", "repeat", "bounce"]),
    first=st.integers(0, 23),
    fps=st.sampled_from([6, 12, 24]),
)
def test_another_frame_rate_shows_the_same_pictures_at_the_same_times(
    folder: Path, speed: float, end: str, first: int, fps: int
) -> None:
    def shown(rate: int) -> dict[float, int | None]:
        path = folder / "a.yaml"
        path.write_text(
            f"output: {{size: [64, 48], fps: {rate}, length: 2s}}\nmodels: {{latent: pixels, perceptors: [toy]}}\n"
            f"prompts: red\nsource: {{video: clip.mp4, from: {first}f, speed: {speed:.3f}, end: {end}}}\n",
            encoding="utf-8",
        )
        timeline = Timeline(load_schedule(path))
        return {spec.index / rate: spec.source.image.number for spec in timeline if spec.source}

    coarse, fine = shown(6), shown(fps)
    assert {time: fine[time] for time in coarse} == coarse


def test_a_speed_without_a_value_between_frames_is_reported(folder: Path) -> None:
    path = folder / "a.yaml"
    path.write_text(
        "output: {size: [64, 48], fps: 12, length: 1s}\nmodels: {latent: pixels, perceptors: [toy]}\nprompts: red\n"
        "source: {video: clip.mp4, speed: 'sqrt(abs(t - 0.54) - 0.01)'}\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="speed"):
        Timeline(load_schedule(path))
