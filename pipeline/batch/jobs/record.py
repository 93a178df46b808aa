"""Write and read batch.json: the state of every job of a batch, for people and programs."""

import json
import os
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.batch.jobs.job import JobState
from pipeline.storage.atomic import named_partial, replacing
from pipeline.storage.output import BATCH_RECORD

OLD = 60.0  # seconds


def write_record(out: Path, states: Sequence[JobState], seconds: float) -> None:
    """Write batch.json atomically; called whenever the state of a job changes. Raises OSError."""
    out.mkdir(parents=True, exist_ok=True)
    record = {
        "seconds": round(seconds, 1),
        "states": dict(Counter(state.status for state in states)),
        "jobs": [_job(state) for state in states],
    }
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    with replacing(out / BATCH_RECORD, writer=str(os.getpid())) as partial:  # two batches may write at the same time
        partial.write_text(text, encoding="utf-8", errors="backslashreplace")  # a name need not be UTF-8


def remove_old_partials(out: Path) -> None:
    """Remove half-written files of killed batches; a recent one may belong to a running batch."""
    with suppress(OSError):
        for partial in out.glob(f"{named_partial(out / BATCH_RECORD).stem}*"):
            if time.time() - partial.stat().st_mtime > OLD:
                partial.unlink()


def read_record(out: Path) -> dict[str, Any]:
    """Read the folder's batch.json. Raises OSError."""
    record: dict[str, Any] = json.loads((out / BATCH_RECORD).read_text(encoding="utf-8"))
    return record


def _job(state: JobState) -> dict[str, Any]:
    origin = state.job.origin if state.job else None
    return {
        "name": state.name,
        "file": str(state.file),
        "variant": origin.variant if origin else "",
        "folder": str(state.job.folder) if state.job else None,
        "log": str(state.job.log) if state.job else None,
        "state": state.status,
        "waiting_for": state.waiting_for,
        "message": state.message,
        "frames": state.frames,
        "done": state.done,
        "rendered": state.rendered,
        "seconds": round(state.seconds, 3),
        "steps_per_second": state.steps_per_second,
        "deaths": state.deaths,
        "device": state.device,
        "memory": state.memory,
    }
