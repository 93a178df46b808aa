"""Reads the clips, numbered pictures and stills that a schedule names; each file is read once, until it changes."""

import functools
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from pipeline.curves.rates import exact
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.paths import resolve
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.files import file
from pipeline.schedule.footage import sequence
from pipeline.schedule.footage.clip import Clip
from pipeline.schedule.footage.still import Still
from render.errors import InputError
from render.models.model import sha256
from render.spec.pictures import ImageFile

KEPT = 256
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif")


def video(value: Value, clock: Clock) -> Clip:
    """Read the facts of a video."""
    path = file(value, clock)
    try:
        return _video(path, fields.written(value), *_stamp(path))
    except InputError as error:
        hint = f"; a picture is source: {{image: {path.name}}}" if path.suffix.lower() in PICTURES else ""
        raise InvalidError(value, f"{error}{hint}") from error


def images(value: Value, fps: Fraction) -> Clip:
    """Read the facts of numbered pictures, of which `fps` are shown per second."""
    written = fields.text(value, _NO_CLOCK)
    name = Path(written).name
    if not sequence.is_pattern(written) or any(mark in str(Path(written).parent) for mark in "*%"):
        raise InvalidError(value, f"'{written}' is no pattern; expected {sequence.EXPECTED}")
    try:
        folder = resolve(str(Path(written).parent), Path(value.problems.file).parent, value.problems.allow_paths)
        if not folder.is_dir():
            raise InputError(f"'{written}': no such folder: {folder}")
        found = sequence.find(folder, name, written)
        files = [_inside(path, value) for path in found.paths]
        return _numbered(written, files, fps, found.remarks)
    except (InputError, ValueError) as error:
        raise InvalidError(value, str(error)) from error
    except (OSError, RuntimeError) as error:  # a loop of links
        raise InvalidError(value, f"'{written}': a file cannot be resolved: {error}") from error


def still(value: Value, clock: Clock) -> Still:
    """Read the facts of a picture file."""
    path = file(value, clock)
    try:
        picture, size = _picture(path, *_stamp(path))
    except InputError as error:
        raise InvalidError(value, str(error)) from error
    return Still(name=fields.written(value), file=picture, size=size)


_NO_CLOCK = Clock(fps=1.0, length=0.0, known=False)  # with `known=False`, warnings are dropped


def _inside(path: Path, value: Value) -> Path:
    """A file of a sequence, which must not lead out of the schedule's folder by a link."""
    base = Path(value.problems.file).parent
    found = path.resolve()
    if not (value.problems.allow_paths or found.is_relative_to(base.resolve())):
        raise ValueError(f"'{path.name}' is a link to a file outside the schedule's folder")
    return found


def _numbered(written: str, paths: Sequence[Path], fps: Fraction, remarks: tuple[str, ...]) -> Clip:
    found = [_picture(path, *_stamp(path)) for path in paths]
    sizes = {size for _, size in found}
    first = found[0][1]
    if len(sizes) > 1:
        remarks = (*remarks, f"the pictures have {len(sizes)} sizes, each is fitted for itself")
    return Clip(
        name=written,
        files=tuple(picture for picture, _ in found),
        numbered=True,
        size=first,
        times=np.arange(len(found)) / float(fps),
        length=len(found) / float(fps),
        fps=fps,
        remarks=remarks,
    )


def _stamp(path: Path) -> tuple[int, int]:
    """What changes with a file."""
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    return status.st_mtime_ns, status.st_size


@functools.lru_cache(maxsize=KEPT)
def _video(path: Path, written: str, modified: int, size: int) -> Clip:
    from render.files.videos.clips import facts  # imports PyAV, only if a clip is named

    found = facts(path)
    count = len(found.times)
    fps = exact(float(found.fps))
    times, length = np.asarray(found.times, dtype=np.float64), float(found.length)
    if found.constant:  # without what the container has rounded
        times, length = np.arange(count) / float(fps), count / float(fps)
    return Clip(
        name=written,
        files=(ImageFile(path=path, sha256=sha256(path)),),
        size=found.size,
        times=times,
        length=length,
        fps=fps,
        constant=found.constant,
        has_sound=found.has_sound,
        sound_from=found.sound_from,
        remarks=found.remarks,
    )


@functools.lru_cache(maxsize=sequence.MAX_FILES)
def _picture(path: Path, modified: int, size: int) -> tuple[ImageFile, tuple[int, int]]:
    from render.files.images import image_size

    shape = image_size(path)
    return ImageFile(path=path, sha256=sha256(path)), shape
