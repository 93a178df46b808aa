"""What a run needs to go on: chained frame hashes, and the states that frames start from.

A frame's hash covers its spec, the models and the previous frame's hash, so a frame is done if and
only if its file carries the hash that the schedule asks for. Editing second 40 leaves the hashes
before it as they are.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.atomic import replacing
from render.errors import CheckpointError
from render.spec import FrameSpec

if TYPE_CHECKING:
    import torch

    from render.renderer import FrameState

FORMAT = 1  # raise it when the same spec gives another picture
KEPT_LATEST = 2
_OPTIMIZER = "optimizer."


def chain(specs: Iterable[FrameSpec], models: Mapping[str, Any]) -> list[str]:
    """The chained hash of every frame: SHA-256 of (previous hash, spec), starting from the models."""
    head = json.dumps({"format": FORMAT, "models": models}, sort_keys=True)
    previous = hashlib.sha256(head.encode()).hexdigest()
    hashes = []
    for spec in specs:
        previous = hashlib.sha256(f"{previous}\n{spec.to_json()}".encode()).hexdigest()
        hashes.append(previous)
    return hashes


class StateFolder:
    """States as safetensors files, 000041.safetensors for the state after frame 41.

    Args:
        every: frames of one second; a state per second is kept, so that an edit need not start over.
    """

    def __init__(self, folder: Path, every: int) -> None:
        self.folder = folder
        self._every = max(1, every)

    def save(self, state: "FrameState", frame_hash: str) -> None:
        """Write the state whole or not at all, then drop those that are kept no longer."""
        from safetensors.torch import save_file

        tensors = {"image": state.image, "similarity": state.similarity}
        if state.latent is not None:
            tensors["latent"] = state.latent
        tensors.update({_OPTIMIZER + name: value for name, value in state.optimizer_state.items()})
        self.folder.mkdir(parents=True, exist_ok=True)
        with replacing(self._path(state.index)) as partial:
            save_file(
                {name: value.detach().cpu().contiguous() for name, value in tensors.items()},
                partial,
                metadata={"frame_hash": frame_hash, "index": str(state.index)},
            )
        self._drop(before=state.index - KEPT_LATEST + 1)

    def load(self, index: int, device: "torch.device") -> "FrameState":
        """Read the state after frame `index`.

        Raises:
            CheckpointError: the file is damaged.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        from render.renderer import FrameState

        try:
            tensors = load_file(self._path(index), device=str(device))
            return FrameState(
                index=index,
                image=tensors.pop("image"),
                latent=tensors.pop("latent", None),
                similarity=tensors.pop("similarity"),
                optimizer_state={
                    # Adam counts its steps on the CPU whatever the device
                    name.removeprefix(_OPTIMIZER): value.cpu() if name.endswith(".step") else value
                    for name, value in tensors.items()
                },
            )
        except (OSError, SafetensorError, KeyError) as error:
            raise CheckpointError(
                f"{self._path(index)}: damaged ({error}); delete it and run again, earlier states are used"
            ) from error

    def usable(self, hashes: list[str]) -> list[int]:
        """Indices of the states whose hash is the one that the schedule asks for, ascending."""
        return [index for index in self._kept() if index < len(hashes) and self._hash(index) == hashes[index]]

    def _hash(self, index: int) -> str | None:
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self._path(index), framework="numpy") as file:
                return (file.metadata() or {}).get("frame_hash")
        except (OSError, SafetensorError):
            return None

    def _kept(self) -> list[int]:
        names = (path.stem for path in self.folder.glob("*.safetensors"))
        return sorted(int(name) for name in names if name.isdecimal())

    def _drop(self, before: int) -> None:
        for index in self._kept():
            if index < before and (index + 1) % self._every:
                self._path(index).unlink(missing_ok=True)

    def _path(self, index: int) -> Path:
        return self.folder / f"{index:06d}.safetensors"
