"""What a run was started with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What a run was started with; stored in its folder for later commands.

    Attributes:
        file: absolute path of the schedule.
        overrides: the changes by `--set` and the variant, as (path, value).
        variant: the name of the variant; empty if the schedule has no variants.
        draft: whether it was rendered as a draft.
        allow_paths: whether the schedule may name files outside its folder.
        models: digests of the models, see `LocatedModels.digests`.
    """

    file: str
    overrides: tuple[tuple[str, str], ...] = ()
    variant: str = ""
    draft: bool = False
    allow_paths: bool = False
    models: Mapping[str, Any] = field(default_factory=dict)
