"""The section `colour:`: what reaches the frames, and what is wrong with it."""

import re
from pathlib import Path

import matplotlib as mpl
import pytest
from PIL import Image

from pipeline.schedule.loader import load_schedule, read_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render.errors import ScheduleError
from render.spec.colour import Colour, PaletteOf
from render.spec.pictures import ImageFile

HEAD = "output: {size: [64, 64], fps: 10, length: 2s}\nprompts: sea\n"


def schedule(text: str) -> Schedule:
    return read_schedule(HEAD + text, "a.yaml", "a")


def colours(text: str) -> list[Colour | None]:
    return [spec.colour for spec in Timeline(schedule(text))]


def test_without_the_section_frames_say_nothing_about_colours() -> None:
    for spec in Timeline(schedule("")):
        assert spec.colour is None
        assert "colour" not in spec.to_json()


def test_the_amount_is_sampled_and_the_first_frame_counts_even_at_0() -> None:
    found = colours("colour: {match: first, amount: {0: 0, 10: 1}}")
    assert found[0] == Colour(match="first", amount=0.0)
    assert found[5] == Colour(match="first", amount=0.5)
    assert colours("colour: {match: previous, amount: {0: 0, 10: 1}}")[0] is None


def test_an_easing_that_overshoots_stays_within_0_and_1() -> None:
    found = colours("colour: {match: first, amount: {0: 0, end: {to: 1, ease: out_back}}}")
    assert max(colour.amount for colour in found if colour) == 1.0


def test_numbers_can_be_expressions() -> None:
    found = colours("colour: {contrast: 0.1+0.1*t/2}")
    assert found[10] is not None
    assert found[10].contrast == pytest.approx(0.15)
    assert colours("colour: {match: first, contrast: ~}")[0] == Colour(match="first")


def test_a_palette_is_handed_on_where_it_is_used() -> None:
    palette = 'palette: [tomato, "#123456", "#fd0"]'
    expected = ("#ff6347", "#123456", "#ffdd00")
    assert colours(f"colour: {{{palette}, lock: true, dither: 0.5}}")[0] == Colour(
        palette=expected, lock=True, dither=0.5, amount=0.0
    )
    found = colours(f"colour: {{{palette}}}\nlosses: {{palette: {{0: 0, 10: 0, 11: 1}}}}")
    assert found[0] is None
    assert found[12] == Colour(palette=expected, amount=0.0)


def test_every_name_of_css_is_known() -> None:
    for name, value in mpl.colors.CSS4_COLORS.items():
        (found,) = {colour.palette for colour in colours(f"colour: {{palette: [{name}], lock: true}}") if colour}
        assert found == (str(value).lower(),)


def test_shots_have_their_own_colours_on_their_own_clocks() -> None:
    text = (
        "output: {size: [64, 64], fps: 10}\nprompts: sea\ncolour: {match: first, amount: {0: 0, 1s: 1}}\n"
        "shots: [{length: 1s}, {length: 1s, start: carry}, {length: 1s, colour: {match: previous, amount: 0.2}}]"
    )
    found = [spec.colour for spec in Timeline(read_schedule(text, "a.yaml", "a"))]
    assert [found[index].amount for index in (5, 15, 25)] == pytest.approx([0.5, 0.5, 0.2])  # type: ignore[union-attr]
    assert [found[index].match for index in (5, 15, 25)] == ["first", "first", "previous"]  # type: ignore[union-attr]


def test_pictures_are_found_beside_the_schedule(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4), "gold").save(tmp_path / "gold.png")
    path = tmp_path / "a.yaml"
    path.write_text(HEAD + "colour: {match: gold.png, palette: {image: gold.png, count: 3}, lock: true}\n")
    colour = Timeline(load_schedule(path)).at(0).colour
    assert colour is not None
    assert isinstance(colour.match, ImageFile)
    assert colour.palette == PaletteOf(image=colour.match, count=3)
    assert str(tmp_path) not in Timeline(load_schedule(path)).at(0).to_json()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "colour: {palette: [tomatoe]}",
            r"a.yaml:3:20: colour.palette\[0\]: unknown colour 'tomatoe'; did you mean 'tom",
        ),
        ('colour: {palette: ["#12345"]}', "three or six hexadecimal digits"),
        ("colour:\n  palette:\n    - #123456\n", "in quotes, because # begins a comment"),
        ("colour: {palette: []}", "from 1 to 32 colours"),
        ("colour: {match: frist}", "unknown match 'frist'; did you mean 'first'"),
        ("colour: {match: no.png}", "no such file"),
        ("colour: {match: palette}", "needs a palette"),
        ("colour: {lock: true}", "needs a palette"),
        ("losses: {palette: 0.2}", "3:19: losses.palette: needs a palette"),
        ("colour: {match: palette, palette: [red, blue], method: histogram}", "too few colours"),
        ("colour: {match: first, amount: 2}", "from 0 to 1"),
        ("colour: {contrast: 3}", "from 0 to 0.5"),
        ("colour: {mach: first}", "did you mean 'match'"),
        ("color: {match: first}", "did you mean 'colour'"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ScheduleError, match=message):
        schedule(text)


def test_one_mistake_is_reported_once() -> None:
    with pytest.raises(ScheduleError) as raised:
        schedule("colour: {match: palette, palette: [tomatoe], lock: true}")
    assert len(raised.value.problems) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour: {palette: [red, blue]}", "colour.palette: has no effect"),
        ("colour: {amount: 0.5}", "colour.amount: has no effect"),
        ("colour: {dither: 0.5, match: first}", "colour.dither: has no effect"),
    ],
)
def test_what_does_nothing_is_warned_of(text: str, message: str) -> None:
    assert any(re.search(message, str(warning)) for warning in schedule(text).warnings)
