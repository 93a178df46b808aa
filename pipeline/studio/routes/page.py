"""The page: its files, as they were built, and the door that turns the token in its address into a cookie."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from pipeline.studio.folder.opened import OpenedFolder
from pipeline.studio.folder.refused import RefusedError
from pipeline.studio.server.answers import failure
from pipeline.studio.server.guard import DOOR, NONCE
from pipeline.studio.server.studio import Studio

BUILT = Path(__file__).parents[1] / "page" / "built"
INDEX = "index.html"
PLACEHOLDER = "__NONCE__"  # in the page, for styles that its scripts make: <meta name="nonce" content="__NONCE__">
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".map": "application/json",
}
_LOCKED = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Studio</title>
<p>Open the address that <code>render studio</code> has printed: it holds the token for this page.</p></html>
"""
_ONWARDS = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Studio</title>
<meta http-equiv="refresh" content="0; url=/"></html>
"""


def routes(studio: Studio) -> list[BaseRoute]:
    files = OpenedFolder(root=BUILT.resolve())

    async def door(request: Request) -> Response:
        if (token := request.query_params.get("token")) is not None:
            return _entered(studio, token, request)
        if not studio.access.is_allowed(request.headers):
            return HTMLResponse(_LOCKED, 401)
        return _index(request)

    async def file(request: Request) -> Response:
        try:
            found = files.file(request.path_params["path"], frozenset(TYPES))
        except RefusedError as error:
            return failure(404, str(error))
        return FileResponse(found, media_type=TYPES[found.suffix.lower()])

    return [Route(DOOR, door, methods=["GET"]), Route("/{path:path}", file, methods=["GET"])]


def _entered(studio: Studio, token: str, request: Request) -> Response:
    if not studio.access.opens(token):
        return HTMLResponse(_LOCKED, 401)
    # Browsers withhold a strict cookie as long as they are on the way from another site, such as a file with a link.
    is_on_the_way = request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
    found = HTMLResponse(_ONWARDS) if is_on_the_way else RedirectResponse(DOOR, 303)
    found.set_cookie(studio.access.cookie, studio.access.session, path="/", httponly=True, samesite="strict")
    return found


def _index(request: Request) -> Response:
    try:
        text = (BUILT / INDEX).read_text(encoding="utf-8")
    except OSError:
        return failure(404, "this installation has no page; the API is at /api")
    return HTMLResponse(text.replace(PLACEHOLDER, request.scope["state"][NONCE]))
