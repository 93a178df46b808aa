"""Prompts with their weights."""

from dataclasses import dataclass

from render.spec.pictures import ImageFile
from render.spec.regions import Region


@dataclass(frozen=True, kw_only=True)
class PromptWeight:
    """A text prompt, or a picture prompt named by its text, and its weight; a negative weight pushes away.

    Attributes:
        region: the part of the picture that it applies to; None for all of it.
        stop: the cosine similarity, in [-1, 1], at which it lets go of what it is compared with; None for never.
    """

    text: str
    weight: float
    image: ImageFile | None = None
    region: Region | None = None
    stop: float | None = None
