"""Tells whether a run is finished: what report.json says about its video, and whether that still holds."""

import json
from collections.abc import Mapping
from typing import Any

from pipeline.run.folder.folder import RunFolder
from pipeline.storage.atomic import write_text
from render.models.model import sha256

OUTDATED = "outdated"


def record_video_checksum(folder: RunFolder, last_hash: str) -> None:
    """Record the checksum of the current video in the report, if the report is about these frames."""
    report = read_report(folder)
    if report.get("last_frame_hash") == last_hash:
        report.pop(OUTDATED, None)
        write_report_file(folder, report | {"video_sha256": sha256(folder.video)})


def mark_video_outdated(folder: RunFolder, *, frames_change: bool) -> None:
    """Mark the video as outdated; until it is made again, the report still describes the old one.

    Args:
        frames_change: whether different frames will overwrite these; otherwise they are repaired or re-rendered.
    """
    if report := read_report(folder):
        report |= {"video_sha256": None, OUTDATED: True}
        write_report_file(folder, report | {"last_frame_hash": None} if frames_change else report)


def is_finished(folder: RunFolder) -> bool:
    """Whether the folder's run is finished: its video shows all of its frames, and the report is about them."""
    report = read_report(folder)
    count = report.get("frames")
    vouched = bool(report.get("last_frame_hash")) and count == report.get("frames_in_schedule")
    return vouched and folder.video.is_file()


def num_shown(folder: RunFolder) -> float:
    """How many frames the video was made of; infinity if that is unknown, 0 if there is no video."""
    if not folder.video.is_file():
        return 0
    count = read_report(folder).get("frames")
    return count if isinstance(count, int) else float("inf")


def video_matches_report(folder: RunFolder) -> bool:
    """Whether the video is the one in the report; also true if the report has no checksum."""
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
