"""Malicious checkpoints: each is refused at once with one sentence; nothing is executed, and no file is created."""

import argparse
import collections
import io
import json
import os
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from render.files.checkpoints import read_state_dict

Make = Callable[[Path], None]

MARK = Path("made-by-the-checkpoint")


class _Folder:
    """Creates a folder when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(MARK),)


class _Evaluated:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, (f"__import__('os').mkdir({str(MARK)!r})",)


class _Shell:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"mkdir {MARK}",)


class _Echo(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def _saved(content: object, *, zipped: bool = True) -> Make:
    return lambda path: torch.save(content, path, _use_new_zipfile_serialization=zipped)


def _bytes(content: bytes) -> Make:
    def make(path: Path) -> None:
        path.write_bytes(content)

    return make


def _archive(pickled: bytes, compression: int = zipfile.ZIP_STORED) -> Make:
    """A zip in torch's layout that contains the given pickle."""

    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", compression) as archive:
            for name, content in (("data.pkl", pickled), ("version", b"3\n"), ("byteorder", b"little")):
                archive.writestr(f"archive/{name}", content)

    return make


def _script(path: Path) -> None:
    torch.jit.script(_Echo()).save(str(path))  # type: ignore[no-untyped-call]


def _torn(path: Path) -> None:
    torch.save({"a": torch.zeros(100)}, path)
    path.write_bytes(path.read_bytes()[:-500])


def _tar(path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        for name in ("storages", "tensors", "pickle"):
            content = b"\x80\x02cposix\nmkdir\nX\x04\x00\x00\x00made\x85R."
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def _tensor_of_many(path: Path) -> None:
    """Four numbers that claim to be 2**40."""
    plain = io.BytesIO()
    torch.save({"a": torch.zeros(4)}, plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            shape, large = b"K\x04\x85", b"\x8a\x06" + struct.pack("<Q", 1 << 40)[:6] + b"\x85"
            target.writestr(name, content.replace(shape, large, 1) if name.endswith("data.pkl") else content)


def _safetensors(tensors: dict[str, tuple[list[int], list[int]]]) -> Make:
    """A safetensors file of 24 bytes whose header gives arbitrary shapes and offsets."""
    entries = {name: {"dtype": "F32", "shape": shape, "data_offsets": at} for name, (shape, at) in tensors.items()}
    header = json.dumps(entries).encode()
    return _bytes(struct.pack("<Q", len(header)) + header + bytes(24))


# Pushes and pops None endlessly.
_IDLE = b"\x80\x02" + b"N0" * (20 << 20) + b"}."
_SELF = b"\x80\x02}q\x00X\x0a\x00\x00\x00state_dicth\x00s."
_BYTES = b"\x80\x02c__builtin__\nbytearray\n\x8a\x05" + struct.pack("<Q", 100 << 30)[:5] + b"\x85R."
# Each tuple contains the one before it, once or twice; the last one is the key of a dict.
_TWICE = b"\x80\x02}" + b"N\x85q\x00" + b"0h\x00h\x00\x86q\x00" * 60 + b"Ns."
_TREE = (
    b"\x80\x02}" + b"(" + b"N" * 200 + b"tq\x00" + b"0(" + b"h\x00" * 200 + b"tq\x00" + b"0(" + b"h\x00" * 200 + b"tNs."
)
_DEEP = b"\x80\x02}" + b"N" + b"\x85" * 400_000 + b"Ns."
# Multiples of 2**61 - 1 all have the hash 0, so building a dict of them takes quadratic time.
_COLLIDING = b"\x80\x02}(" + b"".join(
    b"\x8a\x0a" + (number * ((1 << 61) - 1)).to_bytes(10, "little") + b"N" for number in range(1, 200_000)
)


def _text(content: bytes) -> bytes:
    return b"X" + struct.pack("<I", len(content)) + content


def _number(value: int) -> bytes:
    return b"\x8a\x08" + value.to_bytes(8, "little", signed=True)


_ENCODE = b"c_codecs\nencode\n"
_DOUBLES = (
    b"\x80\x02" + _ENCODE + _text(b"a" * 1000) + _text(b"latin1") + b"\x86Rq\x00"
    + (_ENCODE + b"h\x00" + _text(b"hex") + b"\x86Rq\x00") * 40 + b"."
)  # fmt: skip
_SQUARE = b"\x80\x02" + _ENCODE + _text(("\u4e00\u5e00" * 200_000).encode()) + _text(b"punycode") + b"\x86R."
_LONG_LATIN = (
    b"\x80\x02" + _text(b"a" * (20 << 20)) + b"q\x00" + (_ENCODE + b"h\x00" + _text(b"latin1") + b"\x86R") * 3000
)
# Each list contains the one before it twice: printing the last one takes a trillion steps.
_LISTS = b"\x80\x02]q\x00" + b"](h\x00h\x00eq\x00" * 60
_PERSISTENT = b"(" + _text(b"storage") + b"ctorch\nFloatStorage\nh\x00" + _text(b"cpu") + b"K\x01tQ."
# All have the hash 0.
_COMPLEX = b"\x80\x02cbuiltins\ncomplex\nq\x00}(" + b"".join(
    b"h\x00" + _number(-1_000_003 * i) + _number(i) + b"\x86RN" for i in range(1, 60_000)
)
_NUMBERS = b"".join(b"J" + struct.pack("<i", number) for number in range(100_000))
_MANY_SETS = b"\x80\x02](" + _NUMBERS + b"eq\x00" + b"c__builtin__\nset\nh\x00\x85R" * 50_000 + b"."
_TUPLE_SET = b"\x80\x02c__builtin__\nset\n](" + b"".join(_number(i) + b"\x85" for i in range(99_999)) + b"e\x85R."
_ENTRIES = b"\x80\x02}(" + b"".join(_text(b"%d" % i) + b"N" for i in range(100_000)) + b"uq\x00"
_STATES = _ENTRIES + b"ccollections\nOrderedDict\n)R" + b"h\x00b" * 100_000 + b"."
_PAIRS = b"\x80\x02ccollections\nOrderedDict\n](" + b"](K\x01\x85K\x02e" * 50_000 + b"e\x85R."
_STARRED = b"\x80\x02" + _text(b"a" * (20 << 20)) + b"q\x00" + b"cnumpy\nx\nh\x00R" * 1_000 + b"."

HOSTILE: dict[str, tuple[str, Make]] = {
    "a folder.ckpt": ("wants to execute code", _saved({"state_dict": {"a": torch.zeros(2), "b": _Folder()}})),
    "an eval.pt": ("wants to execute code", _saved({"a": torch.zeros(2), "hyper_parameters": [_Evaluated()]})),
    "a shell in a callback.ckpt": (
        "wants to execute code",
        _saved({"state_dict": {"a": torch.zeros(2)}, "callbacks": {"checkpoint": {"best": _Shell()}}}),
    ),
    "a folder in the old format.pt": ("wants to execute code", _saved({"a": _Folder()}, zipped=False)),
    "a bare pickle.pt": ("refused|not a checkpoint", _bytes(b"cposix\nmkdir\n(S'made-by-the-checkpoint'\ntR.")),
    "the tar format.pt": ("executing", _tar),
    "torchscript.pt": ("contains code", _script),
    "a zip bomb.pt": ("compressed", _archive(_IDLE, zipfile.ZIP_DEFLATED)),
    "an endless pickle.pt": ("over 32 MB", _archive(_IDLE)),
    "an endless old pickle.pt": ("500,000 pickle opcodes", _bytes(_IDLE)),
    "a bytearray of 100 GB.pt": ("a bytearray", _archive(_BYTES)),
    "a dict that contains itself.pt": ("no state dict", _archive(_SELF)),
    "a key that takes a trillion steps.pt": ("tuples", _archive(_TWICE)),
    "a key of eight million.pt": ("repeat their contents", _archive(_TREE)),
    "a key that takes a trillion steps, old.pt": ("tuples", _bytes(_TWICE)),
    "a key of endless depth.pt": ("more than 20 deep", _archive(_DEEP)),
    "keys of one hash.pt": ("over 60 bits", _archive(_COLLIDING + b"u.")),
    "keys of tuples.pt": (
        "1,000 tuples as keys",
        _archive(b"\x80\x02}(" + b"".join(b"M" + struct.pack("<H", i) + b"\x85N" for i in range(9999)) + b"u."),
    ),
    "a storage without a file.pt": (
        "a storage of any size",
        _archive(b"\x80\x02ctorch.storage\nUntypedStorage\n" + _number(1 << 33) + b"\x85R."),
    ),
    "a text that doubles.pt": ("other than latin1", _archive(_DOUBLES)),
    "an encoding in quadratic time.pt": ("other than latin1", _archive(_SQUARE)),
    "a text encoded endlessly.pt": ("iterate over its contents", _archive(_LONG_LATIN + b".")),
    "lists printed as a function.pt": ("something other than a name", _archive(_LISTS + b"h\x00)R.")),
    "lists printed as a class.pt": ("something other than a name", _archive(_LISTS + b"h\x00)\x81.")),
    "lists printed as the result of a call.pt": (
        "something other than a name",
        _archive(_LISTS + b"ccollections\nOrderedDict\n)RK\x01h\x00s)R."),
    ),
    "lists printed as a file's name.pt": ("something other than text", _archive(_LISTS + _PERSISTENT)),
    "complex keys of one hash.pt": ("iterate over its contents|1,000 tuples", _archive(_COMPLEX + b"u.")),
    "sizes as keys.pt": (
        "1,000 tuples as keys",
        _archive(
            b"\x80\x02ctorch\nSize\nq\x00}("
            + b"".join(b"h\x00" + _number(i) + b"\x85\x85RN" for i in range(9999))
            + b"u."
        ),
    ),
    "one list made a set endlessly.pt": ("iterate over its contents", _archive(_MANY_SETS)),
    "a set of tuples.pt": ("1,000 tuples as keys", _archive(_TUPLE_SET)),
    "a dict of pairs.pt": ("1,000 tuples as keys", _archive(_PAIRS)),
    "a set of tuples, item by item.pt": (
        "1,000 tuples as keys",
        _archive(b"\x80\x04\x8f(" + b"".join(_number(i) + b"\x85" for i in range(9999)) + b"\x90."),
    ),
    "one state set endlessly.pt": ("iterate over its contents", _archive(_STATES)),
    "a text as arguments.pt": ("something other than a name", _archive(_STARRED)),
    "a tensor larger than its storage.pt": ("not a checkpoint", _tensor_of_many),
    "a truncated zip.pt": ("not a checkpoint", _torn),
    "a text.pt": ("not a checkpoint", _bytes(b"just words, and no weights at all\n" * 9)),
    "nothing.pt": ("not a checkpoint", _bytes(b"")),
    "nothing.safetensors": ("not a checkpoint", _bytes(b"")),
    "a header of 8 EB.safetensors": ("its header would be", _bytes(struct.pack("<Q", 8 << 60) + b"{}")),
    "a header past the end.safetensors": ("not a checkpoint", _bytes(struct.pack("<Q", 1_000_000) + b"{}")),
    "tensors that overlap.safetensors": ("not a checkpoint", _safetensors({"a": ([4], [0, 16]), "b": ([4], [8, 24])})),
    "a tensor past the end.safetensors": ("not a checkpoint", _safetensors({"a": ([1 << 40], [0, 1 << 42])})),
    "a shape too large.safetensors": ("not a checkpoint", _safetensors({"a": ([1 << 62, 1 << 62], [0, 24])})),
    "no json.safetensors": ("not a checkpoint", _bytes(struct.pack("<Q", 9) + b"{{{{{{{{{" + bytes(24))),
    "deep json.safetensors": ("not a checkpoint", _bytes(struct.pack("<Q", 1_000_000) + b"[" * 1_000_000)),
    "a pickle by another name.safetensors": ("not a checkpoint", _saved({"a": _Folder()})),
    "a pipe.pt": ("a pipe or a device", lambda path: os.mkfifo(path)),
    "a device.safetensors": ("a pipe or a device", lambda path: path.symlink_to("/dev/zero")),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # torch.jit is deprecated
@pytest.mark.parametrize("name", HOSTILE)
def test_a_malicious_checkpoint_is_refused_at_once_and_creates_nothing(
    name: str, tmp_path: Path, checkpoint_refused: Callable[[Path, str], None]
) -> None:
    message, make = HOSTILE[name]
    make(tmp_path / name)
    checkpoint_refused(tmp_path / name, message)


def test_the_attacks_work_with_an_unsafe_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without this, the test above would also pass for a pickle that does nothing."""
    monkeypatch.chdir(tmp_path)
    for content in (_Folder(), _Evaluated(), _Shell()):
        torch.save(content, tmp_path / "a.pt")
        torch.load(tmp_path / "a.pt", weights_only=False)
        MARK.rmdir()


def test_harmless_settings_of_many_types_are_accepted(tmp_path: Path) -> None:
    settings = {"set": {1, 2, 3}, "count": collections.Counter("abc"), "number": 1 + 2j, "bytes": b"\xff\0"}
    best = [np.float32(number) for number in range(100)]
    module = torch.nn.Sequential(*(torch.nn.Linear(2, 2) for _ in range(300)))
    content = {"state_dict": module.state_dict(), "hyper_parameters": argparse.Namespace(**settings), "best": best}
    torch.save(content, tmp_path / "a.pt")
    assert len(read_state_dict(tmp_path / "a.pt")) == 600
