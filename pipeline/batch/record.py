"""batch.json: how every job of a batch stands, for people in the morning and for programs at any time."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.atomic import write_text
from pipeline.batch.entry import Entry

NAME = "batch.json"


def write_record(out: Path, entries: Sequence[Entry], seconds: float) -> None:
    """Write it whole or not at all; written anew whenever the state of a job changes."""
    out.mkdir(parents=True, exist_ok=True)
    record = {
        "seconds": round(seconds, 1),
        "states": dict(Counter(entry.state for entry in entries)),
        "jobs": [_job(entry) for entry in entries],
    }
    write_text(out / NAME, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def read_record(out: Path) -> dict[str, Any]:
    """What batch.json of the folder says. Raises OSError."""
    record: dict[str, Any] = json.loads((out / NAME).read_text(encoding="utf-8"))
    return record


def _job(entry: Entry) -> dict[str, Any]:
    origin = entry.work.origin if entry.work else None
    return {
        "name": entry.name,
        "file": str(entry.file),
        "variant": origin.variant if origin else "",
        "folder": str(entry.work.folder) if entry.work else None,
        "log": str(entry.work.log) if entry.work else None,
        "state": entry.state,
        "message": entry.message,
        "frames": entry.frames,
        "done": entry.done,
        "rendered": entry.rendered,
        "seconds": round(entry.seconds, 3),
        "steps_per_second": entry.steps_per_second,
        "deaths": entry.deaths,
        "device": entry.device,
        "memory": entry.memory,
    }
