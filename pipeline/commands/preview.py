"""`render preview`: show only the motion, within seconds, or render a single moment."""

from pathlib import Path

import click

from pipeline.commands import options
from pipeline.terminal import show


@click.command()
@options.schedule_file
@click.option(
    "--image", metavar="FILE", type=click.Path(path_type=Path), help="Move this picture instead of a test picture."
)
@click.option(
    "--at", "moment", metavar="TIME", help="Render the frames around this time instead, such as 4s, 50% or @drop."
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Where to write it [NAME-preview.mp4; with --at NAME-at.png].",
)
@options.overrides
@options.allow_paths
@options.device
@options.offline
@options.ffmpeg_program
def preview(
    file: Path,
    image: Path | None,
    moment: str | None,
    output: Path | None,
    overrides: tuple[tuple[str, str], ...],
    allow_paths: bool,
    device: str,
    offline: bool,
    ffmpeg_program: str | None,
) -> None:
    """Show the motion of a schedule in seconds: every frame, on a test picture, without models.

    \b
    render preview schedules/sunset.yaml
    render preview schedules/sunset.yaml --image photo.jpg -o motion.mp4
    render preview schedules/sunset.yaml --at 4s       what does it look like there?

    The test picture repeats itself at every doubling of its size, so a zoom can go on forever; a cut resets
    it. What motion.border brings in from outside fades within a second or two, since no model paints over it.
    --at loads the models: it renders the frame before that time from noise, then two more frames of the
    schedule, and shows the three side by side.
    """
    from pipeline.schedule.loader import load_schedule
    from pipeline.storage.naming import stem_of
    from pipeline.video import ffmpeg

    schedule = load_schedule(file, overrides=overrides, allow_paths=allow_paths)
    if moment is not None:
        from pipeline.views.moment import write_moment

        target = output or Path(f"{stem_of(file)}-at.png")
        write_moment(schedule, moment, target, device, offline)
        show(str(target))
        return
    from pipeline.views.preview import write_preview
    from pipeline.views.room import stand_in

    target = output or Path(f"{stem_of(file)}-preview.mp4")
    count = write_preview(schedule, image, target, ffmpeg.find_binary(ffmpeg_program))
    show(f"{target}: {count} frames")
    if note := stand_in(schedule):
        show(note)
