"""`render start`: show the pictures that a schedule can start from."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.commands import options
from pipeline.terminal import show
from render.errors import InputError

if TYPE_CHECKING:  # `render --help` must not wait for numpy
    from pipeline.schedule.sections.models import Models
    from pipeline.views.start import Beginning
    from render.renderer.renderer import Renderer


@click.command()
@options.schedule_file
@click.option(
    "-n", "--candidates", "count", metavar="N", type=int, help="How many pictures [the schedule's, at least 16]."
)
@click.option("--at", "moment", metavar="TIME", help="For the shot at this time, such as 4s or @drop [the first].")
@click.option("--seed", metavar="N", type=int, help="As if this were the schedule's output.seed.")
@click.option(
    "-o",
    "--output",
    metavar="FILE.png",
    type=click.Path(path_type=Path),
    help="Where to write them [outputs/NAME/start.png].",
)
@options.overrides
@options.allow_paths
@options.device
@options.offline
def start(
    file: Path,
    count: int | None,
    moment: str | None,
    seed: int | None,
    output: Path | None,
    overrides: tuple[tuple[str, str], ...],
    allow_paths: bool,
    device: str,
    offline: bool,
) -> None:
    """Show the pictures that the first frame can start from, numbered and with their scores.

    \b
    render start schedules/sunset.yaml
    render start schedules/sunset.yaml -n 32 --seed 3
    render start film.yaml --at 12s            for the shot at that time
    start: {prior: bank, candidates: 16, pick: 5}    in the schedule takes picture 5 of 16

    The last line printed is the one for your schedule; change its pick. A number stands for its picture as long
    as candidates, seed, prompts and size stay as they are. Of a schedule that starts from noise it shows what
    {prior: bank} proposes; where it starts from a picture file, it shows that.
    """
    from pipeline.schedule.loader import load_schedule
    from pipeline.storage.naming import run_name
    from pipeline.views.start import beginning, first_spec, write_candidates, write_picture
    from render.spec.pictures import PictureStart

    if output is not None and output.suffix.lower() != ".png":
        raise InputError(f"-o {output}: expected a name that ends in .png")
    if seed is not None:
        overrides = (*overrides, ("output.seed", str(seed)))
    schedule = load_schedule(file, overrides=overrides, allow_paths=allow_paths)
    target = output or Path("outputs") / run_name(file, overrides=overrides) / "start.png"
    spec = first_spec(schedule, moment)
    if isinstance(spec.start, PictureStart):
        renderer = _load(schedule.models, device, offline, target)
        show(f"{target}: {write_picture(renderer, spec, target)}")
        return
    begun = beginning(schedule, moment, count)
    if begun.from_noise:
        where = f"{file}: {begun.shot}" if begun.shot else str(file)
        show(f"{where} starts from noise; shown is what {{prior: bank}} proposes", err=True)
    renderer = _load(begun.models, device, offline, target)
    number = write_candidates(renderer, begun.spec, target)
    show(f"{target}: {number} pictures, the best first; the line for {_place(begun, seed)}:")
    show(f"{begun.line(min(begun.pick, number))}    # pick: 1 to {number}")


def _load(models: "Models", device: str, offline: bool, target: Path) -> "Renderer":
    """Load the models, and make the folder of `target` in outputs/ if that is where it is."""
    from pipeline.run.progress import choose_reporter

    reporter = choose_reporter(as_json=False)
    try:
        renderer = models.locate(offline=offline, progress=reporter.downloaded).load(device)
    finally:
        reporter.close()
    if target.parts[0] == "outputs":
        target.parent.mkdir(parents=True, exist_ok=True)
    return renderer


def _place(begun: "Beginning", seed: int | None) -> str:
    """Where the line belongs, and what else it needs."""
    place = begun.shot or "the schedule"
    return place if seed is None else f"{place}, which needs output.seed: {seed}"
