"""The timeline and the player, used with mouse and keyboard; every edit is a change of the text and nothing else."""

import re
from typing import Any

import pytest

from tests.pipeline.studio.page.conftest import SUNSET
from tests.waiting import wait_for

LIST = "Keys, prompts and markers over time"
ROTATE = "rotate: {0s: 0, 6s: {to: 1/s"


@pytest.fixture
def timeline(page: Any) -> Any:
    found = page.get_by_role("listbox", name=LIST)
    found.get_by_role("option", name=re.compile("^rotate key at 6")).wait_for(state="attached")
    return found


def typed(page: Any) -> str:
    return "\n".join(page.get_by_label("Schedule as YAML").locator(".cm-line").all_text_contents())


def walk_to(page: Any, timeline: Any, name: str) -> Any:
    """With the keyboard alone, from thing to thing, to the one of that name."""
    timeline.focus()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    wanted = timeline.get_by_role("option", name=name)
    for _ in range(timeline.get_by_role("option").count()):
        if wanted.get_attribute("aria-selected") == "true":
            return wanted
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not come to {name!r}")


def place(option: Any) -> tuple[float, float]:
    """Where the thing that the keyboard is at is drawn."""
    box = option.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Any, start: tuple[float, float], across: float, down: float) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + across / 2, start[1] + down / 2, steps=3)
    page.mouse.move(start[0] + across, start[1] + down, steps=3)
    page.mouse.up()


def wait_for_text(page: Any, before: str) -> str:
    """The text once it is another one."""
    wait_for(lambda: typed(page) != before)
    return typed(page)


def rotate_key(text: str, before: str) -> tuple[float, float]:
    """Time and value of the second key of `rotate`; everything else must be as it was."""
    found = re.search(r"rotate: \{0s: 0, ([\d.]+)s: \{to: (-?[\d.]+)/s", text)
    assert found is not None, text
    assert text.replace(found[0], ROTATE) == before
    return float(found[1]), float(found[2])


def test_a_key_that_is_dragged_changes_its_numbers_and_nothing_else(page: Any, timeline: Any) -> None:
    written = typed(page)
    assert written == SUNSET.read_text()
    start = place(walk_to(page, timeline, "rotate key at 6.0 s, 1, smooth"))
    drag(page, start, 120, 0)
    text = wait_for_text(page, written)
    time, value = rotate_key(text, written)
    assert 6.5 < time < 9
    assert value == 1
    assert abs(time * 12 - round(time * 12)) < 0.01, "it snaps to frames"
    timeline.get_by_role("option", name=re.compile(rf"^rotate key at {time:.1f}")).wait_for(state="attached")
    page.keyboard.press("Control+z")
    assert wait_for_text(page, text) == written
    page.keyboard.press("Control+y")
    assert wait_for_text(page, written) == text
    page.keyboard.press("Control+z")
    page.get_by_text("Saved", exact=True).wait_for()


def test_a_key_that_is_dragged_down_gets_another_value(page: Any, timeline: Any) -> None:
    written = typed(page)
    drag(page, place(walk_to(page, timeline, "rotate key at 6.0 s, 1, smooth")), 0, 20)
    time, value = rotate_key(wait_for_text(page, written), written)
    assert time == 6
    assert -1 <= value < 1


def test_arrow_keys_move_a_key_by_frames_in_one_step_of_undo(page: Any, timeline: Any) -> None:
    written = typed(page)
    walk_to(page, timeline, "rotate key at 6.0 s, 1, smooth")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    text = wait_for_text(page, written)
    time, value = rotate_key(text, written)
    assert abs(time - 6.25) < 2e-3
    assert value == 1
    page.keyboard.press("Control+z")
    assert wait_for_text(page, text) == written


def test_an_edge_of_a_prompt_is_dragged(page: Any, timeline: Any) -> None:
    written = typed(page)
    option = walk_to(page, timeline, 'start of prompt "a golden sunset over the sea" at 5.0 s')
    drag(page, place(option), -90, 0)
    text = wait_for_text(page, written)
    changed = [line for line in text.splitlines() if line not in written.splitlines()]
    assert len(changed) == 1
    assert re.fullmatch(r"  [34](\.\d+)?s: \{text: a golden sunset over the sea, ease: in_out_sine\}", changed[0])


def test_keys_are_added_eased_copied_and_removed(page: Any, timeline: Any) -> None:
    written = typed(page)
    keys = timeline.get_by_role("option", name=re.compile("^rotate key"))
    x, y = place(walk_to(page, timeline, "rotate key at 6.0 s, 1, smooth"))
    page.mouse.dblclick(x + 100, y + 10)
    added = wait_for_text(page, written)
    keys.nth(3).wait_for(state="attached")
    walk_to(page, timeline, "rotate key at 6.0 s, 1, smooth")
    page.keyboard.press("e")
    page.get_by_role("menuitemradio", name="out bounce", exact=True).click()
    assert "6s: {to: 1/s, ease: out_bounce}" in wait_for_text(page, added)
    page.keyboard.press("Control+c")
    for _ in range(4):
        page.keyboard.press(".")
    page.keyboard.press("Control+v")
    keys.nth(4).wait_for(state="attached")
    walk_to(page, timeline, "rotate key at 6.0 s, 1, out bounce")
    page.keyboard.press("Delete")
    keys.nth(4).wait_for(state="detached")
    assert "6s:" not in typed(page)


def test_the_selection_and_the_cursor_of_the_text_go_together(page: Any, timeline: Any) -> None:
    walk_to(page, timeline, "zoom key at 0.0 s, 1.05, linear")
    assert page.get_by_text("Line 12, column").is_visible()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.classList.contains('cm-content')")
    page.get_by_label("Schedule as YAML").get_by_text("-1/s").click()
    page.locator("[role=option][aria-selected=true]").get_by_text("rotate key at 12.0 s, -1, smooth").wait_for()


def test_the_preview_plays_and_steps_by_frames(page: Any, timeline: Any) -> None:
    picture = page.locator("canvas[aria-label^='Motion preview'][data-frame='0']")
    picture.wait_for()
    timeline.focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Pause", exact=True).wait_for()
    wait_for(lambda: int(page.locator("canvas[data-frame]").get_attribute("data-frame") or 0) > 6)
    page.keyboard.press("Space")
    page.get_by_role("button", name="Play", exact=True).wait_for()
    shown = re.search(r"frame (\d+)", page.locator(".tl-clock").text_content())
    assert shown is not None
    now = int(shown[1])
    assert now > 6
    page.keyboard.press(",")
    page.locator(f"canvas[data-frame='{now - 1}']").wait_for()
    page.keyboard.press("Home")
    page.locator("canvas[data-frame='0']").wait_for()
