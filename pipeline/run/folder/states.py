"""The states that frames start from, one file each."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.storage.atomic import replacing
from render.errors import CheckpointError

if TYPE_CHECKING:
    import torch

    from render.renderer.state import FrameState

KEPT_LATEST = 2
_OPTIMIZER, _AHEAD, _AHEAD_INDEX = "optimizer.", "ahead.", "ahead_index"


@dataclass(frozen=True, kw_only=True)
class StateNote:
    """The metadata in a state file.

    Attributes:
        frame_hash: of the frame after which the state was saved.
        made_on: device, precision and versions that computed it; others may round differently.
        checksum: SHA-256 of the tensors.
    """

    index: int
    frame_hash: str
    made_on: str
    checksum: str

    @property
    def seal(self) -> str:
        """SHA-256 of the note itself, so that a damaged note is not mistaken for that of another schedule."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


class StateFolder:
    """States as safetensors files: 000041.safetensors is the state after frame 41.

    Args:
        every: number of frames in one second; a state per second is kept, so that an edit need not start over.
        first: how many of the first states are also kept: the end of a loop is blended into them.
    """

    def __init__(self, folder: Path, every: int, first: int = 0) -> None:
        self.folder = folder
        self._first = first
        self._every = max(1, every)

    def at(self, folder: Path) -> "StateFolder":
        """The states of the same schedule in another folder."""
        return StateFolder(folder, self._every, self._first)

    def keeps(self, index: int) -> bool:
        """Whether the state after frame `index` is kept for good."""
        return index < self._first or not (index + 1) % self._every

    def save(
        self,
        state: "FrameState",
        frame_hash: str,
        made_on: str,
        since: int = 0,
        turn: Callable[[], None] | None = None,
    ) -> None:
        """Write the state, complete or not at all; then delete states from frame `since` on that need not be kept.

        Args:
            turn: see `pipeline.storage.atomic.replacing`.
        """
        from safetensors.torch import save

        tensors = {name: value.detach().cpu().contiguous() for name, value in _tensors(state).items()}
        note = StateNote(index=state.index, frame_hash=frame_hash, made_on=made_on, checksum=_checksum(tensors))
        metadata = {name: str(value) for name, value in asdict(note).items()} | {"seal": note.seal}
        self.folder.mkdir(parents=True, exist_ok=True)
        with replacing(self.path(state.index), turn=turn) as partial:
            # As bytes: on a full disk, safetensors' own writer raises an error that is not an OSError.
            partial.write_bytes(save(tensors, metadata))
        self._drop(since, state.index)

    def load(self, index: int, device: "torch.device") -> "FrameState":
        """Load the state after frame `index`.

        Raises:
            CheckpointError: the file is missing or damaged.
        """
        tensors, _ = self._read(index)
        tensors = {name: value.to(device) for name, value in tensors.items()}
        try:
            return _state(index, tensors)
        except KeyError as error:
            raise CheckpointError(f"{self.path(index)}: damaged: {error} is missing") from error

    def verify(self, index: int) -> StateNote:
        """Check every byte of a state and return its note.

        Raises:
            CheckpointError: the file is missing, damaged, or not one of ours.
        """
        _, note = self._read(index)
        return note

    def note(self, index: int) -> StateNote | None:
        """The note of the state after frame `index`; reads no tensors. None if the note is missing or damaged."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self.path(index), framework="numpy") as file:
                return _note(file.metadata() or {})
        except (OSError, SafetensorError, ValueError):
            return None

    def kept(self) -> list[int]:
        """The frames after which there is a state, ascending; the files may be stale or damaged."""
        names = (path.stem for path in self.folder.glob("*.safetensors"))
        return sorted(int(name) for name in names if name.isdecimal())

    def path(self, index: int) -> Path:
        return self.folder / f"{index:06d}.safetensors"

    def _read(self, index: int) -> tuple[dict[str, "torch.Tensor"], StateNote]:
        from safetensors import SafetensorError, safe_open
        from safetensors.torch import load

        path = self.path(index)
        try:
            tensors = load(path.read_bytes())
            with safe_open(path, framework="numpy") as file:
                note = _note(file.metadata() or {})
        except OSError as error:
            raise CheckpointError(f"{path}: cannot be read: {error.strerror or error}") from error
        except (SafetensorError, ValueError, KeyError, MemoryError) as error:
            raise CheckpointError(f"{path}: damaged: {error}") from error
        if note is None or note.index != index or note.checksum != _checksum(tensors):
            raise CheckpointError(f"{path}: damaged: its checksum does not match its content")
        return tensors, note

    def _drop(self, since: int, saved: int) -> None:
        """Delete states from frame `since` to the one just saved, but those kept for good and the latest ones."""
        present = [index for index in self.kept() if since <= index <= saved]
        for index in present[:-KEPT_LATEST]:
            if not self.keeps(index):
                self.path(index).unlink(missing_ok=True)


def _tensors(state: "FrameState") -> dict[str, "torch.Tensor"]:
    from render.renderer.state import OPTIONAL

    tensors = {"image": state.image, "similarity": state.similarity}
    tensors |= {name: value for name in OPTIONAL if (value := getattr(state, name)) is not None}
    tensors |= {_OPTIMIZER + name: value for name, value in state.optimizer_state.items()}
    if state.ahead is None:
        return tensors
    ahead = {_AHEAD + name: value for name, value in _tensors(state.ahead).items()}
    return tensors | ahead | {_AHEAD_INDEX: state.similarity.new_tensor(state.ahead.index).long()}


def _state(index: int, tensors: "dict[str, torch.Tensor]") -> "FrameState":
    """The opposite of `_tensors`. Raises `KeyError` if one is missing."""
    from render.renderer.state import OPTIONAL, FrameState

    own = {name: value for name, value in tensors.items() if not name.startswith(_AHEAD)}
    of_key = {name.removeprefix(_AHEAD): value for name, value in tensors.items() if name.startswith(_AHEAD)}
    return FrameState(
        index=index,
        image=own.pop("image"),
        similarity=own.pop("similarity"),
        ahead=_state(int(own.pop(_AHEAD_INDEX)), of_key) if of_key else None,
        **{name: own.pop(name, None) for name in OPTIONAL},
        optimizer_state={name.removeprefix(_OPTIMIZER): value for name, value in own.items()},
    )


def _note(metadata: Mapping[str, str]) -> StateNote | None:
    try:
        fields = {**metadata, "index": int(metadata["index"])}
        seal = fields.pop("seal")
        note = StateNote(**fields)  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError):
        return None
    return note if note.seal == seal else None


def _checksum(tensors: Mapping[str, "torch.Tensor"]) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.numpy().reshape(-1).view("u1").data)  # its own memory, not a copy
    return digest.hexdigest()
