"""`render studio` and `render serve`: the studio in a browser, and its API alone for other programs."""

import os
import secrets
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import click

from pipeline.terminal import show
from render.errors import InputError

TOKEN = "RENDER_STUDIO_TOKEN"
_SHORTEST = 16  # characters of a token
_LONGEST = 1_000
_NEEDED = ("starlette", "uvicorn", "h11", "anyio")
F = TypeVar("F", bound=Callable[..., None])


def _shared(command: F) -> F:
    """The arguments and options that both commands have."""
    place = click.argument("place", metavar="[FILE or FOLDER]", default=".", type=click.Path(path_type=Path))
    options = (
        click.option(
            "--port", metavar="N", type=click.IntRange(0, 65535), help="The port [8420, or the next free one]."
        ),
        click.option("--host", metavar="HOST", default="127.0.0.1", help="The address to listen on [127.0.0.1]."),
        click.option(
            "--out",
            metavar="DIR",
            type=click.Path(path_type=Path),
            default=Path("outputs"),
            help="Folder of runs [outputs].",
        ),
        click.option(
            "--token-file",
            metavar="FILE",
            type=click.Path(path_type=Path),
            help=f"A file that holds the token [${TOKEN}, else a new one is made].",
        ),
    )
    for each in (*reversed(options), place):
        command = each(command)
    return command


@click.command()
@_shared
@click.option("--no-open", is_flag=True, help="Do not open the browser.")
def studio(place: Path, port: int | None, host: str, out: Path, token_file: Path | None, no_open: bool) -> None:
    """Open a schedule, or a folder of schedules, in the browser.

    \b
    render studio schedules/sunset.yaml
    render studio schedules --port 9000 --no-open

    The page shows the text of the schedule and its curves on a time axis, previews and renders it. The files stay
    what they are: every change is a change of their text. Only this machine can reach the page, and only with the
    token in its address. Ctrl-C ends the studio; renders that are running stop after their frame, and go on when
    they are started again.
    """
    _serve(place, port, host, out, token_file, has_page=True, opens=not no_open)


@click.command()
@_shared
def serve(place: Path, port: int | None, host: str, out: Path, token_file: Path | None) -> None:
    """Serve the studio's API without its page, for other programs.

    \b
    render serve schedules --port 9000 --token-file token.txt
    curl -H "Authorization: Bearer $(cat token.txt)" http://127.0.0.1:9000/api/schedules

    /api/openapi.json describes it; docs/studio.md has examples. The token comes from the file, from
    RENDER_STUDIO_TOKEN, or is made and printed.
    """
    _serve(place, port, host, out, token_file, has_page=False, opens=False)


def _serve(
    place: Path, port: int | None, host: str, out: Path, token_file: Path | None, *, has_page: bool, opens: bool
) -> None:
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise InputError(f"the studio needs {' and '.join(missing)}: pip install 'vqgan-clip-render[studio]'")
    from pipeline.studio.folder.opened import OpenedFolder
    from pipeline.studio.server.access import Access, is_loopback
    from pipeline.studio.launch import Address, listen, serve
    from pipeline.studio.server.studio import Studio

    folder, first = _opened(place)
    token = _token(token_file)
    with listen(host, port) as listening:
        address = Address(host=host, port=listening.getsockname()[1])
        access = Access.of(token or secrets.token_urlsafe(32), host, address.port)
        if not is_loopback(host):
            show(
                f"warning: other machines can reach this server, over a connection without encryption (--host {host})",
                err=True,
            )
        made = Studio(
            folder=OpenedFolder(root=folder), outputs=out.absolute(), access=access, first=first, has_page=has_page
        )
        entrance = f"{address}/?token={access.token}"
        show(entrance if has_page else f"{address}{'' if token else f'  token: {access.token}'}")
        serve(made, listening, entrance if opens else "")


def _opened(place: Path) -> tuple[Path, str]:
    """The folder to open, and the name of the schedule in it to show first."""
    if place.is_dir():
        return place.resolve(), ""
    if place.is_file():
        return place.parent.resolve(), place.name
    raise InputError(f"{place}: there is no such file or folder")


def _token(file: Path | None) -> str:
    """The token of the file, or of the environment; "" without one."""
    from render.files.bounded import TooLargeError, read_bounded

    source, token = f"${TOKEN}", os.environ.pop(TOKEN, "")  # not for the processes that we start
    if file is not None:
        source = str(file)
        try:
            token = read_bounded(file, _LONGEST).decode("ascii").strip()
        except (OSError, UnicodeDecodeError, TooLargeError) as error:
            raise InputError(f"{file}: no token can be read from it: {error}") from error
    if (token or file) and (len(token) < _SHORTEST or not set(token) <= _letters()):
        raise InputError(
            f"{source}: expected at least {_SHORTEST} letters, digits, - or _, such as `openssl rand -hex 32` prints"
        )
    return token


def _letters() -> set[str]:
    import string

    return {*string.ascii_letters, *string.digits, "-", "_"}
