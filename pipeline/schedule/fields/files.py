"""Files that a schedule names: they exist, lie inside its folder, and are of the right type."""

from pathlib import Path

from pipeline.schedule.document.document import InvalidError, Value
from pipeline.schedule.document.paths import resolve
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.storage.missing import did_you_mean
from render.errors import InputError
from render.models.model import sha256
from render.spec import ImageFile


def file(value: Value, clock: Clock) -> Path:
    """A file, written relative to the schedule's folder and inside it unless that is lifted."""
    written = fields.text(value, clock)
    try:
        path = resolve(written, Path(value.problems.file).parent, value.problems.allow_paths)
    except ValueError as error:
        raise InvalidError(value, str(error)) from error
    if not path.is_file():
        raise InvalidError(value, f"'{written}': no such file; it is looked for at {path}{did_you_mean(path)}")
    return path


def picture(value: Value, clock: Clock) -> ImageFile:
    """A picture; only its header is read."""
    from render.files.images import require_image

    path = file(value, clock)
    try:
        require_image(path)
    except InputError as error:
        raise InvalidError(value, str(error)) from error
    return ImageFile(path=path, sha256=sha256(path))
