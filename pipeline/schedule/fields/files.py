"""Reads the paths of files that a schedule names: they must exist, lie inside its folder, and have the right type."""

from collections.abc import Callable
from pathlib import Path, PurePath

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.paths import resolve
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.storage.did_you_mean import did_you_mean
from render.errors import InputError
from render.models.model import sha256
from render.spec.pictures import ImageFile


def file(value: Value, clock: Clock) -> Path:
    """A file; its path is relative to the schedule's folder and stays inside it, unless `--allow-paths` is given."""
    written = fields.text(value, clock)
    try:
        path = resolve(written, Path(value.problems.file).parent, value.problems.allow_paths)
    except ValueError as error:
        raise InvalidError(value, str(error)) from error
    if not path.is_file():
        raise InvalidError(value, f"'{written}': no such file: {path}{_instead(value, written, path)}")
    return path


def _instead(value: Value, written: str, path: Path) -> str:
    """The end of a message that there is no such file: a similar one, as a schedule writes it, or what a `*` needs."""
    if "*" in PurePath(written).name and "[" not in value.path:
        return f"; for a video of every file that matches, write variants: {{{value.path}: {written}}}"
    return did_you_mean(path, written)


def picture(value: Value, clock: Clock) -> ImageFile:
    """A picture file; only its header is read."""
    from render.files.images import require_image

    return _checked(value, clock, require_image)


def video(value: Value, clock: Clock) -> ImageFile:
    """A video file; only its header is read."""
    from render.files.videos import require_video  # imports PyAV, only if a video is named

    return _checked(value, clock, require_video)


def _checked(value: Value, clock: Clock, require: Callable[[Path], None]) -> ImageFile:
    """A file that passes a check, which raises `InputError`, and the hash of its bytes."""
    path = file(value, clock)
    try:
        require(path)
    except InputError as error:
        raise InvalidError(value, str(error)) from error
    return ImageFile(path=path, sha256=sha256(path))
