"""`/api/studio`: what has been opened."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from starlette.requests import Request

from pipeline.studio.server.endpoint import Endpoint
from pipeline.studio.server.studio import Studio


@dataclass(frozen=True, kw_only=True)
class About:
    """The studio itself.

    Attributes:
        folder: the opened folder's name.
        first: the path of the schedule to show first; "" for none.
        version: of the program.
    """

    folder: str
    first: str
    version: str


def endpoints(studio: Studio) -> list[Endpoint]:
    async def about(request: Request, body: None) -> Any:
        return About(folder=studio.folder.root.name, first=studio.first, version=version("vqgan-clip-render"))

    return [
        Endpoint(method="GET", path="/api/studio", summary="What has been opened.", handle=about, answers=About),
    ]
