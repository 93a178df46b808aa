"""Chained frame hashes: a frame is done if and only if its file carries the hash that the schedule requires.

A frame's hash covers its spec, the models and the previous frame's hash, so editing second 40 does not change the
hashes before it. A cut starts from noise, so the chain restarts there: frames after it do not depend on those before.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from render.spec import FrameSpec

FORMAT = 4  # increase it when the same spec gives a different picture


def chain(specs: Iterable[FrameSpec], models: Mapping[str, Any]) -> list[str]:
    """The chained hash of every frame: SHA-256 of (previous hash, spec). The chain starts from the models at every cut.

    A frame that is blended toward another one also depends on that one, and on the first frame, which the distance is
    measured from.
    """
    head = json.dumps({"format": FORMAT, "models": models}, sort_keys=True)
    nothing = hashlib.sha256(head.encode()).hexdigest()
    hashes: list[str] = []
    for spec in specs:
        before = [hashes[-1] if hashes and (spec.lead or not spec.cut) else nothing]
        if spec.lead is not None:
            before += [hashes[0], hashes[spec.lead[0]]]
        hashes.append(hashlib.sha256("\n".join([*before, spec.to_json()]).encode()).hexdigest())
    return hashes
