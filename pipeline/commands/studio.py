"""`render studio` and `render serve`: the studio in a browser, and its API alone for other programs."""

import os
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from pipeline.commands import options
from pipeline.terminal import show
from render.errors import InputError

TOKEN = "RENDER_STUDIO_TOKEN"
_SHORTEST = 16  # characters of a token
_LONGEST = 1_000
_LETTERS = frozenset(string.ascii_letters + string.digits + "-_")
_NEEDED = ("starlette", "uvicorn")
_Command = Callable[..., None]


@dataclass(frozen=True, kw_only=True)
class Serving:
    """The arguments and options that both commands have."""

    place: Path
    port: int | None
    host: str
    out: Path
    token_file: Path | None
    device: str
    offline: bool


def _shared(command: _Command) -> _Command:
    """Add the arguments and options of `Serving`."""
    path: Any = click.Path(path_type=Path)
    port = click.IntRange(0, 65535)
    for each in (
        options.offline,
        options.device,
        click.option(
            "--token-file",
            metavar="FILE",
            type=path,
            help=f"A file that holds the token [${TOKEN}, else a new one is made].",
        ),
        click.option("--out", metavar="DIR", type=path, default="outputs", help="The folder of the runs [outputs]."),
        click.option("--host", metavar="HOST", default="127.0.0.1", help="The address to listen on [127.0.0.1]."),
        click.option("--port", metavar="N", type=port, help="The port [8420, or the next free one]."),
        click.argument("place", default=".", type=path, metavar="[FILE or FOLDER]"),
    ):
        command = each(command)
    return command


@click.command()
@_shared
@click.option("--no-open", is_flag=True, help="Do not open the browser.")
def studio(no_open: bool, **shared: Any) -> None:
    """Open a schedule, or a folder of schedules, in the browser.

    \b
    render studio schedules/sunset.yaml
    render studio schedules --port 9000 --no-open

    The page shows the text of the schedule and its curves on a time axis, previews and renders it. The files stay
    what they are: every change is a change of their text. Only this machine can reach the page, and only with the
    token in its address. Ctrl-C ends the studio; renders that are running stop, and go on where they were when
    they are started again.
    """
    _serve(Serving(**shared), has_page=True, opens=not no_open)


@click.command()
@_shared
def serve(**shared: Any) -> None:
    """Serve the studio's API without its page, for other programs.

    \b
    render serve schedules --port 9000 --token-file token.txt
    curl -H "Authorization: Bearer $(cat token.txt)" http://127.0.0.1:9000/api/schedules

    /api/openapi.json describes it; docs/studio.md has examples. The token comes from the file, from
    RENDER_STUDIO_TOKEN, or is made and printed.
    """
    _serve(Serving(**shared), has_page=False, opens=False)


def _serve(serving: Serving, *, has_page: bool, opens: bool) -> None:
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise InputError(f"the studio needs {' and '.join(missing)}; pip install '.[studio]'")
    from pipeline.studio.folder.opened import OpenedFolder
    from pipeline.studio.launch import Address, listen, run
    from pipeline.studio.processes.messages import Machine
    from pipeline.studio.server.access import Access, is_loopback
    from pipeline.studio.server.studio import Studio

    folder, first = _opened(serving.place)
    given = _token(serving.token_file)
    with listen(serving.host, serving.port) as listening:
        address = Address(host=serving.host, port=listening.getsockname()[1])
        studio = Studio(
            folder=OpenedFolder(root=folder),
            outputs=serving.out.absolute(),
            access=Access.of(given or secrets.token_urlsafe(32), serving.host, address.port),
            first=first,
            has_page=has_page,
            machine=Machine(device=serving.device, offline=serving.offline),
        )
        if not is_loopback(serving.host):
            show(f"warning: --host {serving.host}: other machines can reach this, without encryption", err=True)
        entrance = f"{address}/?token={studio.access.token}"
        show(entrance if has_page else f"{address}/api{'' if given else f'  token: {studio.access.token}'}")
        run(studio, listening, entrance if opens else "")


def _opened(place: Path) -> tuple[Path, str]:
    """The folder to open, and the name of the schedule in it to show first."""
    if place.is_dir():
        return place.resolve(), ""
    if place.is_file():
        return place.parent.resolve(), place.name
    raise InputError(f"{place}: there is no such file or folder")


def _token(file: Path | None) -> str:
    """The token in the file, or in the environment; "" without one."""
    from render.files.bounded import TooLargeError, read_bounded

    source, token = f"${TOKEN}", os.environ.pop(TOKEN, "")  # not for the processes that we start
    if file is not None:
        source = str(file)
        try:
            token = read_bounded(file, _LONGEST).decode("ascii").strip()
        except (OSError, UnicodeDecodeError, TooLargeError) as error:
            raise InputError(f"{file}: no token can be read from it: {error}") from error
    elif not token:
        return ""
    if len(token) < _SHORTEST or not _LETTERS.issuperset(token):
        raise InputError(
            f"{source}: expected {_SHORTEST} or more letters and digits, such as `openssl rand -hex 32` prints"
        )
    return token
