"""The studio's answers while one types and drags: a schedule of 500 keys over ten minutes, 18,000 frames.

`python -m bench.studio` prints the processor time of one process, which other programs on the machine hardly affect:
the median and the slowest of some rounds, each with another text, so that nothing read before is used again.
"""

import gc
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from statistics import median

import click

from bench.machine import this_machine
from pipeline.studio.text.check import problems
from pipeline.studio.text.editing.edits import edited
from pipeline.studio.text.schema_help import completions
from pipeline.studio.text.timeline import timeline
from pipeline.studio.text.view import as_json

SECONDS, FPS = 600, 30
PROMPTS, KEYS = 60, 88  # prompts, and keys of each of five curves
FOLDER, FILE = Path(), "bench.yaml"
_RATES = {"zoom": "1.0{}/s", "rotate": "{}/s", "pan_x": "{}%/s", "pan_y": "{}%/s"}


def schedule() -> str:
    """A schedule of 500 keys: scenes, four motions and a learning rate."""
    chance = random.Random(0)
    lines = [f"output: {{size: [256, 144], fps: {FPS}, length: {SECONDS}s, seed: 7}}", "prompts:"]
    lines += [f"  {number * SECONDS // PROMPTS}s: a sea, number {number}" for number in range(PROMPTS)]
    lines.append("motion:")
    times = [f"{number * SECONDS / KEYS:.2f}s" for number in range(KEYS)]
    for name, form in _RATES.items():
        lines.append(f"  {name}:")
        lines += [f"    {at}: {{to: {form.format(chance.randint(1, 9))}, ease: in_out_sine}}" for at in times]
    lines += ["refine:", "  lr:", *(f"    {at}: {chance.random() / 10:.3f}" for at in times)]
    return "\n".join(lines) + "\n"


def answers() -> dict[str, Callable[[str], object]]:
    """What is measured, by name."""
    drag = {"op": "move", "id": "motion.zoom[40]", "time": 301.5, "value": 1.07}
    return {
        "check": lambda text: problems(text, FILE, FOLDER),
        "check, three wrong values": lambda text: problems(text.replace("in_out_sine", "in_ot_sine", 3), FILE, FOLDER),
        "check, not YAML": lambda text: problems(text.replace("refine:", "refine", 1), FILE, FOLDER),
        "timeline, as JSON": lambda text: json.dumps(as_json(timeline(text, FILE, FOLDER))),
        "check, then timeline of the same text": lambda text: (
            problems(text, FILE, FOLDER),
            json.dumps(as_json(timeline(text, FILE, FOLDER))),
        ),
        "drag of a key": lambda text: edited(text, FILE, FOLDER, [drag]),
        "completion": lambda text: completions(text, len(text) - 20),
    }


def texts(rounds: int) -> Iterator[str]:
    """The schedule, each time with another remark at its end."""
    written = schedule()
    return (f"{written}# {number}\n" for number in range(rounds + 1))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", type=click.IntRange(1), default=15, show_default=True)
def main(rounds: int) -> None:
    """Measure what the studio answers about a long schedule."""
    click.echo(" · ".join(str(value) for value in asdict(this_machine()).values()))
    gc.collect()
    gc.freeze()  # torch, which only describes the machine here, has many objects to walk through
    click.echo("\n| answer | median, ms | slowest, ms |\n|---|---|---|")
    for name, answer in answers().items():
        taken = []
        for text in texts(rounds):
            begun = time.process_time()
            answer(f"{text}# {name}\n")
            taken.append(1000 * (time.process_time() - begun))
        click.echo(f"| {name} | {median(taken[1:]):.0f} | {max(taken[1:]):.0f} |")


if __name__ == "__main__":
    main()
