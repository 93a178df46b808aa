"""Resolves paths that a schedule names: inside its own folder, unless the command line allows others.

A schedule may come from a stranger, so the files it names deserve no more trust than its content.
"""

from pathlib import Path

from render.errors import printable

ALLOW = "--allow-paths"


def resolve(written: str, base: Path, allow: bool) -> Path:
    """The file that `written` refers to, with symlinks followed; it is not opened and need not exist.

    Args:
        base: the schedule's folder, which relative paths start from.
        allow: whether `--allow-paths` was given, which permits absolute paths, `~`, and everything outside `base`.

    Raises:
        ValueError: it is not a path, or leads outside `base`, or to something that is neither a file nor a folder.
    """
    if not written.strip() or not written.isprintable():
        raise ValueError(f"expected the path of a file, got {_shown(written)}")
    home = written.startswith("~")
    if not allow and (home or Path(written).is_absolute()):
        raise ValueError(f"{_shown(written)} must be relative to the schedule's folder; change it or pass {ALLOW}")
    try:
        path = (base / (Path(written).expanduser() if home else written)).resolve()
        if not (allow or path.is_relative_to(base.resolve())):
            raise ValueError(f"{_shown(written)} is outside the schedule's folder; move the file there or pass {ALLOW}")
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise ValueError(f"{_shown(written)} is a pipe or a device; expected a file")
    except (OSError, RuntimeError) as error:  # a name too long, a loop of links, or an unknown user after ~
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise ValueError(f"{_shown(written)} cannot be resolved: {why}") from error
    return path


def _shown(written: str) -> str:
    text = written if len(written) <= 100 else written[:97] + "..."
    return f"'{printable(text)}'"
