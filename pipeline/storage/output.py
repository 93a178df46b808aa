"""Decide where results are written: to a local folder, and to a bucket that mirrors it, if one is given."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.storage.store import Store, is_url
from render.errors import InputError
from render.models.downloads import cache_folder

BATCH_RECORD = "batch.json"


@dataclass(frozen=True, kw_only=True)
class OutputFolder:
    """Where one command writes.

    Attributes:
        folder: the local folder; runs are always rendered here.
        inputs: the folder to which schedules from buckets are downloaded.
        remote: the URL of the bucket that mirrors `folder`; None if there is none.
    """

    folder: Path
    inputs: Path
    remote: str | None

    def remote_of(self, folder: Path) -> str | None:
        """Return the URL of a run's folder in the bucket; None without a bucket."""
        if self.remote is None:
            return None
        return f"{self.remote.rstrip('/')}/{folder.relative_to(self.folder).as_posix()}"

    def publish(self) -> None:
        """Upload batch.json to the bucket. Raises `StorageError`."""
        if self.remote is not None and (record := self.folder / BATCH_RECORD).is_file():
            Store(self.remote).put(BATCH_RECORD, record.read_bytes())


def output_folder(out: str, sync: str | None, work: Path | None) -> OutputFolder:
    """Combine `--out`, `--sync` and `--work`.

    Raises:
        InputError: a URL is not that of a bucket, or there are two.
    """
    base = work or cache_folder() / "work"
    if not is_url(out):
        if sync is not None:
            Store(sync)
        return OutputFolder(folder=Path(out), inputs=base, remote=sync)
    if sync is not None:
        raise InputError(f"--sync {sync}: --out is already a bucket; give only one of the two")
    return OutputFolder(folder=base / Store(out).relative_path, inputs=base, remote=out)
