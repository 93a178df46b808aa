"""Times and lengths: every form, sums of them, beats and bars, markers; every mistake located."""

from pathlib import Path

import pytest

from pipeline.schedule.loader import read_schedule
from pipeline.schedule.schedule import Schedule
from render.errors import ScheduleError

MUSIC = (
    "music: {bpm: 120, beats_per_bar: 3, offset: 0.25s}\nmarkers: {drop: 8s, verse: 2 bars, later: '@verse+1 beat'}\n"
)


def read(text: str) -> Schedule:
    return read_schedule("prompts: a sea\n" + text + "\n", "a.yaml", "a")


def reported(text: str) -> list[str]:
    with pytest.raises(ScheduleError) as caught:
        read(text)
    return [line.removeprefix("a.yaml:") for line in str(caught.value).splitlines()]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        *(("24", 3), ("1m20s", 80), ("1m", 60), ("1.5m 2s", 92), ("500ms", 0.5), ("2s500ms", 2.5), ("1 m 1 s", 61)),
        *(("0 beats", 0.25), ("1 beat", 0.75), ("8 beats", 4.25), ("2.5beats", 1.5), ("1 bar", 1.75), ("4 bars", 6.25)),
        *(
            ("50%", 5),
            ("+50%", 5),
            ("end", 10),
            ("end-2s", 8),
            ("end - 1 beat", 9.5),
            ("end+1s", 11),
            ("50%+1 bar", 6.5),
        ),
        *(("@drop", 8), ("@drop+1 bar", 9.5), ("@drop-500ms", 7.5), ("@verse", 3.25), ("@later", 3.75)),
        *(("1m-50s", 10), ("@drop+1s-2 beats", 8), ("1 bar+1 beat", 2.25)),
    ],
)
def test_every_form_of_a_time(written: str, seconds: float) -> None:
    """At 8 fps, 10 s long; 120 beats per minute, three per bar, the first at 0.25 s."""
    quoted = written if written.isdecimal() else f'"{written}"'
    schedule = read(MUSIC + f"output: {{fps: 8, length: 10s}}\nrefine: {{steps: {{{quoted}: 3}}}}")
    assert schedule.refine.steps.keys[0].time == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("32 bars", 48), ("8 beats", 4), ("1m20s", 80), ("2 bars + 1s", 4), ("1m - 10s", 50), ("16", 2), ("1 bar", 1.5)],
)
def test_every_form_of_a_length(written: str, seconds: float) -> None:
    """The offset of the first beat does not count in a length."""
    assert read(MUSIC + f"output: {{fps: 8, length: {written}}}").output.length == pytest.approx(seconds)


def test_music_and_markers_are_kept() -> None:
    schedule = read(MUSIC)
    assert (schedule.music.bpm, schedule.music.beats_per_bar, schedule.music.offset) == (120, 3, 0.25)
    assert schedule.markers == pytest.approx({"drop": 8, "verse": 3.25, "later": 3.75})
    assert (read("").music.beat, read("").markers) == (None, {})


def test_markers_may_be_in_any_order_and_depend_on_the_length() -> None:
    markers = read("markers: {c: '@b+1s', b: '@a+1s', a: end-4s}\noutput: {length: 20s}").markers
    assert markers == pytest.approx({"a": 16, "b": 17, "c": 18})


def test_scenes_accept_every_form_of_time() -> None:
    schedule = read_schedule(MUSIC + 'prompts: {0: a, "@verse": b, 4 bars: c, end-1s: d}\n', "a.yaml", "a")
    assert [prompt.weight.keys[-2].time for prompt in schedule.prompts[1:3]] == pytest.approx([3.25, 6.25])


@pytest.mark.parametrize(
    ("name", "written", "per_second"),
    [
        *(("rotate", "90deg/beat", 180), ("rotate", "3deg/s", 3), ("rotate", "2 deg", 2), ("rotate", "1deg/frame", 8)),
        *(
            ("rotate", "5/beat", 10),
            ("zoom", "1.1/beat", 1.21),
            ("pan_x", "2%/beat", 0.04),
            ("zoom", "1.1/frame", 1.1**8),
        ),
    ],
)
def test_units_of_rates(name: str, written: str, per_second: float) -> None:
    curve = read(MUSIC + f"output: {{fps: 8}}\nmotion: {{{name}: {written}}}").motion.rates[name]
    assert curve.keys[0].value == pytest.approx(per_second)


TIME = "expected a time such as 24 (a frame), 1.5s, 8 beats, 50%, end or @marker"
NO_MUSIC = "beats and bars need music: {bpm: 120}"
FOLDER = Path.cwd()  # the schedule's folder, because its name includes none
WRONG = [
    ("losses: {smooth: {8 beats: 1}}", [f"2:19: losses.smooth.8 beats: {NO_MUSIC}"]),
    ("output: {length: 4 bars}", [f"2:18: output.length: {NO_MUSIC}"]),
    ("motion: {rotate: 9/beat}", ["2:18: motion.rotate: a rate per beat needs music: {bpm: 120}"]),
    (
        'losses: {smooth: {"@drop": 1}}',
        ["2:19: losses.smooth.@drop: unknown marker 'drop'; expected markers: {drop: 8s}"],
    ),
    (
        'markers: {drop: 8s}\nlosses: {smooth: {"@drp+1s": 1}}',
        ["3:19: losses.smooth.@drp+1s: unknown marker 'drp'; did you mean 'drop'?"],
    ),
    (
        "losses: {smooth: {end-20s: 1, 0-1s: 2, end+: 3, 1s--2s: 4, -: 5, 5m3: 1}}",
        [
            "2:19: losses.smooth.end-20s: is 8 s before the start",
            *(
                f"2:{column}: losses.smooth.{name}: {TIME}, got '{name}'"
                for column, name in [(31, "0-1s"), (40, "end+"), (49, "1s--2s"), (60, "-"), (66, "5m3")]
            ),
        ],
    ),
    (
        'markers: {y: "@z", z: "@y", a b: 1s, q: end-20s, r: "@nope", s: [1], u: "@y"}',
        [
            "2:14: markers.y: refers to itself: y -> z -> y",
            "2:29: markers.a b: expected a name of letters, digits and _ for a marker, got 'a b'",
            "2:41: markers.q: is 8 s before the start",
            "2:53: markers.r: unknown marker 'nope'; expected markers: {nope: 8s}",
            f"2:65: markers.s: {TIME}, got a list",
        ],
    ),
    (
        "music: {bpm: auto, file: x, signals: {}, offset: late, beats_per_bar: 0}",
        [
            f"2:26: music.file: 'x': no such file: {FOLDER}/x",
            "2:50: music.offset: expected a duration such as 0.25s, got 'late'",
            "2:71: music.beats_per_bar: expected a whole number from 1 to 64, got '0'",
        ],
    ),
    (
        "music: {bpm: 0}\noutput: {length: 4 bars}\nlosses: {smooth: {2 bars: 1}}",
        ["2:14: music.bpm: expected a number from 1 to 1000, got '0'"],
    ),
    ("music: {bmp: 120}", ["2:9: music.bmp: unknown key; did you mean 'bpm'?"]),
    (
        "motion: {zoom: 90deg/s}",
        ["2:16: motion.zoom: expected a number, a rate such as 1.05/s or a map of times, got '90deg/s'"],
    ),
    ("motion: {pan_x: 3deg/s}", ["2:17: motion.pan_x: expected a share such as 2%/s or a map of times, got '3deg/s'"]),
]


@pytest.mark.parametrize(("text", "lines"), WRONG)
def test_a_wrong_time_is_reported_at_its_place(text: str, lines: list[str]) -> None:
    assert reported(text) == lines
