"""The studio's page, used as people use it: with keyboard and mouse, in headless Chromium if it is installed."""

import re
from typing import Any

import pytest

from tests.pipeline.studio.page.conftest import FILM, SUNSET, TITLE, open_schedule
from tests.pipeline.studio.server import Server

TEXT = "Schedule as YAML"


def typed(page: Any) -> str:
    """The text in the editor."""
    lines = page.get_by_label(TEXT).locator(".cm-line").all_text_contents()
    return "\n".join(lines)


def go_to(page: Any, line: str) -> None:
    """Put the cursor at the end of a line."""
    page.locator(".cm-line", has_text=line).click()
    page.keyboard.press("End")


def test_a_problem_is_seen_where_it_is_and_undone(page: Any) -> None:
    written = SUNSET.read_text()
    line = written.splitlines().index("  zoom: 1.05/s") + 1
    go_to(page, "zoom: 1.05/s")
    page.keyboard.type("x")
    problem = page.get_by_role("list", name="Problems").get_by_role("button")
    problem.wait_for()
    assert problem.text_content().startswith(f"{line}:9")
    assert page.locator(".cm-lintRange-error").text_content() == "1.05/sx"
    assert page.get_by_role("button", name="1 problem", exact=True).is_visible()
    page.keyboard.press("Control+z")
    page.get_by_text("No problems").wait_for()
    assert typed(page) == written
    assert page.get_by_text("Saved", exact=True).is_visible()


def test_what_can_be_written_is_offered(page: Any) -> None:
    go_to(page, "zoom: 1.05/s")
    page.keyboard.press("Enter")
    page.keyboard.type("shear")
    offered = page.get_by_role("listbox", name="Completions").get_by_role("option")
    offered.first.wait_for()
    assert [each.split("default")[0] for each in offered.all_text_contents()] == ["shear_x", "shear_y"]
    page.keyboard.press("Escape")
    page.locator(".cm-line", has_text="refine:").get_by_text("lr", exact=True).hover()
    page.locator(".cm-explained").get_by_text("learning rate").wait_for()


def test_a_draft_is_rendered_to_its_end_and_its_video_plays(page: Any) -> None:
    open_schedule(page, "film.yaml")
    page.get_by_role("group", name="Render").get_by_role("button", name="Draft").click()
    done = page.get_by_role("tabpanel", name="Renders")
    done.get_by_role("img", name=re.compile("^Frame 15$")).wait_for()
    done.get_by_role("region", name="Jobs").get_by_text("finished").wait_for()
    page.get_by_role("tab", name="Gallery").click()
    page.get_by_role("list", name="Renders").get_by_role("button", name=TITLE).click()
    played = page.get_by_label("The video").evaluate(
        """async (video) => {
          video.muted = true;
          await video.play();
          while (video.currentTime < 0.5) await new Promise((go) => setTimeout(go, 20));
          return [video.duration, video.videoWidth > 0];
        }"""
    )
    assert played == [2, True]
    page.get_by_label("The schedule that made it").get_by_text("# Rendered as a draft").wait_for()
    assert page.locator("img[src=x]").count() == 0


def test_pasted_lines_end_as_those_of_the_file(page: Any, studio: Server) -> None:
    file = studio.folder / "windows.yaml"
    open_schedule(page, "windows.yaml")
    page.get_by_label(TEXT).evaluate(
        """(text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", "# one\\r\\n# two\\r\\n");
          text.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }"""
    )
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved", exact=True).wait_for()
    assert file.read_bytes() == ("# one\n# two\n" + FILM).replace("\n", "\r\n").encode()


@pytest.mark.slow
def test_a_look_is_pinned(page: Any) -> None:
    open_schedule(page, "film.yaml")
    page.keyboard.press("Control+Enter")
    picture = page.get_by_role("tabpanel", name="Looks").get_by_role("img", name="The film at 0:00.00")
    picture.wait_for()
    assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 0


def test_a_file_that_changed_on_disk_too_is_shown_beside_the_text(page: Any, studio: Server) -> None:
    file = studio.folder / "film.yaml"
    open_schedule(page, "film.yaml")
    go_to(page, "seed: 1}")
    page.keyboard.type(" # mine")
    file.write_text(FILM.replace(TITLE, "theirs"))
    page.get_by_role("button", name="Changed on disk too").click()
    both = page.get_by_role("dialog")
    assert "theirs" in both.get_by_label("On disk").text_content()
    assert "# mine" in both.get_by_label("In the page").text_content()
    both.get_by_role("button", name="Keep mine and save it").click()
    page.get_by_text("Saved", exact=True).wait_for()
    assert file.read_text() == FILM.replace("seed: 1}", "seed: 1} # mine")
    file.write_text(FILM)  # a text without changes follows the file
    page.get_by_label(TEXT).get_by_text("# mine").wait_for(state="detached")


def test_names_are_text_and_never_markup(page: Any, studio: Server) -> None:
    (studio.folder / f"{TITLE}.yaml").write_text(FILM)
    page.keyboard.press("Control+o")
    page.get_by_role("dialog").get_by_text(TITLE).wait_for()
    assert page.locator("img[src=x]").count() == 0


def test_the_keyboard_reaches_every_pane(page: Any) -> None:
    page.keyboard.press("F6")
    page.keyboard.press("Alt+3")
    assert page.get_by_role("tab", name="Renders").get_attribute("aria-selected") == "true"
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("tab", name="Gallery").get_attribute("aria-selected") == "true"
    page.keyboard.press("F6")
    assert page.evaluate("document.querySelector('#timeline').contains(document.activeElement)")
    page.keyboard.press("F1")
    page.get_by_role("dialog", name="Keyboard").wait_for()
