"""`python -m bench.timeline`: how soon the studio's timeline answers a hand, measured in headless Chromium.

The schedule has 500 keys, 60 prompts and 18,000 frames. What is measured is the time from the browser's own stamp of a
movement of the pointer to the end of the picture that shows it.
"""

import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

START = "from pipeline.cli import entry; entry()"
TOKEN = "a-token-of-the-bench-0123456789"
CURVES = (("zoom", 120, 1.0, 1.2, "/s"), ("rotate", 110, -6, 6, "/s"), ("pan_x", 100, -3, 3, "%/s"))
OTHERS = (("pan_y", 90, -3, 3, "%/s"), ("lr", 80, 0.05, 0.3, ""))
EASINGS = ("linear", "smooth", "in_out_sine", "hold", "out_expo")
FINE = 2  # pixels from one movement to the next


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--size", type=(int, int), default=(1920, 1080), show_default=True, help="Of the window.")
@click.option("--density", type=float, default=1, show_default=True, help="Pixels of the screen per CSS pixel.")
@click.option("--moves", type=click.IntRange(10), default=200, show_default=True)
def main(size: tuple[int, int], density: float, moves: int) -> None:
    """Drag a key among 500 and print how long its picture took."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "many.yaml").write_text(schedule(), encoding="utf-8")
        command = [sys.executable, "-c", START, "studio", folder, "--port", "0", "--no-open"]
        token = Path(folder) / "token"
        token.write_text(TOKEN)
        server = subprocess.Popen(
            [*command, "--token-file", str(token)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert server.stdout is not None
            took = sorted(drag(server.stdout.readline().strip(), size, density, moves))
        finally:
            server.terminate()
            server.wait()
    middle, high = took[len(took) // 2], took[int(len(took) * 0.95)]
    click.echo(f"{len(took)} pictures: median {middle:.1f} ms, 95 % within {high:.1f} ms, longest {took[-1]:.1f} ms")


def schedule() -> str:
    """Ten minutes at 30 fps: 60 prompts, and 500 keys on five curves."""
    chance = random.Random(3)
    prompts = [f"  {10 * n}s: {{text: a picture of place number {n}, ease: in_out_sine}}" for n in range(60)]
    lines = ["output: {size: [256, 144], fps: 30, length: 600s, seed: 1}", "prompts:", *prompts, "motion:"]
    lines += [curve(chance, *about) for about in (*CURVES, OTHERS[0])]
    return "\n".join([*lines, "refine:", curve(chance, *OTHERS[1])]) + "\n"


def curve(chance: random.Random, name: str, keys: int, low: float, high: float, unit: str) -> str:
    entries = (
        f"{600 * n / keys + chance.random():.2f}s: "
        f"{{to: {chance.uniform(low, high):.3f}{unit}, ease: {chance.choice(EASINGS)}}}"
        for n in range(keys)
    )
    return f"  {name}: {{{', '.join(entries)}}}"


def drag(address: str, size: tuple[int, int], density: float, moves: int) -> list[float]:
    """Milliseconds of every picture while a key is dragged to and fro."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        viewport: Any = {"width": size[0], "height": size[1]}
        page: Any = browser.new_context(viewport=viewport, device_scale_factor=density).new_page()
        page.goto(address)
        page.get_by_role("option", name="rotate key").first.wait_for(state="attached", timeout=60_000)
        timeline = page.get_by_role("listbox", name="Keys, prompts and markers over time")
        timeline.focus()
        page.keyboard.press("ArrowDown")
        while not (page.locator("[role=option][aria-selected=true]").text_content() or "").startswith("rotate"):
            page.keyboard.press("Tab")
        box = page.locator("[role=option][aria-selected=true]").bounding_box()
        page.evaluate(
            """() => {
              window.took = [];
              const answers = (list) => list.getEntriesByName("timeline-answer");
              const heard = (list) => answers(list).forEach((one) => took.push(one.duration));
              new PerformanceObserver(heard).observe({ entryTypes: ["measure"] });
            }"""
        )
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        for n in range(moves):
            page.mouse.move(x + FINE * n, y + n % 20)
        page.wait_for_timeout(200)
        took: list[float] = page.evaluate("took")
        page.keyboard.press("Escape")
        browser.close()
    return took


if __name__ == "__main__":
    sys.exit(main())
