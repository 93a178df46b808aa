"""Whether a run is finished: what report.json says of its video, and whether that still holds."""

import json
from collections.abc import Mapping
from typing import Any

from pipeline.run.folder.folder import RunFolder
from pipeline.storage.atomic import write_text
from render.models.model import sha256

OUTDATED = "outdated"


def vouch_for_video(folder: RunFolder, last_hash: str) -> None:
    """Let the report stand for the video as it is now, if it is of the frames that the report is of."""
    report = read_report(folder)
    if report.get("last_frame_hash") == last_hash:
        report.pop(OUTDATED, None)
        write_report_file(folder, report | {"video_sha256": sha256(folder.video)})


def disown(folder: RunFolder, *, of_others: bool) -> None:
    """Note that the video is to be made again; until then the report says what the one that is there shows.

    Args:
        of_others: whether frames are about to be overwritten by others; else they are mended or rendered again.
    """
    if report := read_report(folder):
        report |= {"video_sha256": None, OUTDATED: True}
        write_report_file(folder, report | {"last_frame_hash": None} if of_others else report)


def is_whole(folder: RunFolder) -> bool:
    """Whether the folder's run is finished: its video shows all of its frames, and they are those of the report."""
    report = read_report(folder)
    count = report.get("frames")
    vouched = bool(report.get("last_frame_hash")) and count == report.get("frames_in_schedule")
    return vouched and folder.video.is_file()


def num_shown(folder: RunFolder) -> float:
    """Of how many frames the video is made; infinitely many where that is not known, 0 where there is none."""
    if not folder.video.is_file():
        return 0
    count = read_report(folder).get("frames")
    return count if isinstance(count, int) else float("inf")


def is_as_made(folder: RunFolder) -> bool:
    """Whether the video is the one in the report; so it is where there is no report."""
    wanted = read_report(folder).get("video_sha256")
    return wanted is None or (folder.video.is_file() and sha256(folder.video) == wanted)


def write_report_file(folder: RunFolder, report: Mapping[str, Any]) -> None:
    write_text(folder.report, json.dumps(report, indent=1, ensure_ascii=False) + "\n")


def read_report(folder: RunFolder) -> dict[str, Any]:
    try:
        report = json.loads(folder.report.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return report if isinstance(report, dict) else {}
