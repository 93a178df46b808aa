"""Makes video, contact sheet, poster and report from finished frames, after a run or at any later time."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.run.delivery import sheet
from pipeline.run.delivery.checks import faults
from pipeline.run.delivery.deliver import deliver
from pipeline.run.delivery.report import RunReport, is_current, write_report
from pipeline.run.folder.finished import num_shown, record_video_checksum
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.frames import FrameRecord
from pipeline.run.folder.lock import only_writer
from pipeline.run.folder.video_plan import VideoPlan
from pipeline.schedule.schedule import Schedule
from pipeline.video import ffmpeg
from render.errors import RunError


def derive(
    folder: RunFolder,
    schedule: Schedule,
    records: Sequence[FrameRecord],
    figures: RunReport,
    digests: Mapping[str, Any],
    binary: str,
    warn: Callable[[str], None],
) -> bool:
    """Make all of them from the first `len(records)` frames, unless they are up to date.

    A video of more frames is never replaced by one of fewer: it then stays as it is. Returns whether the video now
    shows these frames.

    Args:
        records: of the frames, at least one.
        figures: of the run that just ended; empty if nothing was rendered.
        digests: of the models.
        binary: path of the ffmpeg program.
        warn: called with a message if a file differs from what was requested.

    Raises:
        EncodingError: ffmpeg failed; the frames are kept.
    """
    last_hash = records[-1].hash
    plan = VideoPlan.of(schedule)
    made = not figures.frame_seconds and is_current(folder, last_hash, schedule)
    if made and not (len(records) == plan.frames and any(faults(folder.path, plan, binary))):
        return True
    if len(records) < schedule.num_rendered and num_shown(folder) > len(records):
        warn(_stays(folder, len(records)))
        return False
    similarities = [record.similarity for record in records]
    deliver(folder, plan, len(records), binary, warn)
    shown = plan.shown(len(records))
    sheet.contact_sheet(folder.frames, shown, plan.fps, folder.contact_sheet)
    sheet.poster(folder.frames, similarities, folder.poster, shown)
    write_report(folder, schedule, figures, similarities, digests, last_hash)
    return True


def _stays(folder: RunFolder, count: int) -> str:
    """A warning that the existing video, of more than `count` frames, is not replaced."""
    before = num_shown(folder)
    more = f"shows {before} frames" if before < float("inf") else "may show more frames"
    return (
        f"{folder.video}: not replaced, since it {more} and only the first {count} of this schedule are "
        f"rendered; render assemble {folder.path} --partial makes a video of those"
    )


def assemble_again(
    folder: RunFolder, partial: bool, program: str | None, warn: Callable[[str], None] = lambda text: None
) -> tuple[int, Path]:
    """Make the video from the frames in the folder; return the number of frames and the video's path.

    Args:
        partial: if a frame is missing, use the frames before it instead of failing.
        program: path of ffmpeg, see `ffmpeg.find_binary`.

    Raises:
        InputError: this is not the folder of a run.
        RunError: a frame is missing, another run is writing into the folder, or ffmpeg failed.
    """
    binary = ffmpeg.find_binary(program)
    plan = folder.video_plan()
    with only_writer(folder.path):
        records = [folder.frames.record(index) for index in range(plan.frames)]
        whole = records.index(None) if None in records else len(records)
        if whole < len(records) and not partial:
            raise RunError(
                f"{folder.frames.path(whole)}: is missing or damaged; run the schedule again to render it, "
                "or make a video of what is there with --partial"
            )
        if not whole:
            raise RunError(f"{folder.path}: there is no first frame yet")
        deliver(folder, plan, whole, binary, warn)
        last = records[whole - 1]
        assert last is not None
        record_video_checksum(folder, last.hash)
    return whole, folder.video
