"""Listens on a port and serves until Ctrl-C."""

import errno
import html
import os
import socket
import tempfile
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from pipeline.studio.app import application
from pipeline.studio.server.protocol import PatientProtocol
from pipeline.studio.server.studio import Studio
from render.errors import InputError

DEFAULT_PORT = 8420
_TRIES = 50  # ports from the default one on
MOST_CONNECTIONS = 512
_GONE_AFTER = 30_000  # milliseconds in which a client must acknowledge what was sent
_ON = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Studio</title>
<meta http-equiv="refresh" content="0; url={address}"></html>
"""


def listen(host: str, port: int | None) -> socket.socket:
    """A socket that listens on a port; without one, on the first free one from 8420 on.

    Raises:
        InputError: the port is in use, or there is no such host.
    """
    wanted = range(DEFAULT_PORT, DEFAULT_PORT + _TRIES) if port is None else [port]
    for number in wanted:
        try:
            return _bound(host, number)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise InputError(f"--host {host} --port {number}: {error.strerror or error}") from error
    if port is None:
        raise InputError(f"the ports {DEFAULT_PORT} to {DEFAULT_PORT + _TRIES - 1} are in use; choose one with --port")
    raise InputError(f"--port {port}: is in use by another program; choose another, or leave it out for a free one")


def _bound(host: str, port: int) -> socket.socket:
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name != "nt":  # a port that has just been left is free; on Windows one that is in use would be, too
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # connections inherit it: clients that vanish are dropped
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _GONE_AFTER)
        found.bind((host, port))
        found.listen(128)
    except OSError:
        found.close()
        raise
    return found


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        shown = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://[{shown}]:{self.port}" if ":" in shown else f"http://{shown}:{self.port}"


def run(studio: Studio, listening: socket.socket, opened: str = "") -> None:
    """Serve until SIGINT or SIGTERM; then KeyboardInterrupt or the handler of SIGTERM takes over.

    Args:
        opened: an address to show in the browser; "" for none.
    """
    config = uvicorn.Config(
        application(studio),
        http=PatientProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=32_768,
    )
    with _shown(opened):
        _Server(config, studio).run(sockets=[listening])


class _Server(uvicorn.Server):
    """uvicorn's server, which would wait for the streams of events to end by themselves."""

    def __init__(self, config: uvicorn.Config, studio: Studio) -> None:
        super().__init__(config)
        self._studio = studio

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._studio.workshop.bus.close()
        await super().shutdown(sockets)


@contextmanager
def _shown(address: str) -> Iterator[None]:
    """Show an address in the browser, by way of a file: everyone on the machine can read a program's arguments."""
    with tempfile.TemporaryDirectory(prefix="render-studio-", ignore_cleanup_errors=True) as folder:
        file = Path(folder, "open.html")
        if address and (browser := _browser()) is not None:
            file.write_text(_ON.format(address=html.escape(address)), encoding="utf-8")  # in a folder of mode 0700
            threading.Thread(target=browser.open, args=(file.as_uri(),), daemon=True).start()
        yield


def _browser() -> webbrowser.BaseBrowser | None:
    """The browser with a window, if there is one; one in the terminal would take that over."""
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return None
    return None if type(found) is webbrowser.GenericBrowser else found
