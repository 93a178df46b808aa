"""Malicious signals, tracks and videos, and huge files: checked by their first bytes, in little memory."""

import struct
from pathlib import Path
from typing import Any

import pytest

from pipeline.audio.csv_midi import read_csv, read_midi
from pipeline.video import formats
from pipeline.video.containers.embedded_text import container_of
from render.errors import InputError, WeightsError
from render.models.model import Model
from tests.hostile.conftest import MEGABYTES, SECONDS, Outcome


def _midi(division: bytes, events: bytes) -> bytes:
    return b"MThd\0\0\0\6\0\0\0\1" + division + b"MTrk" + struct.pack(">I", len(events)) + events


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (_midi(b"\0\0", b"\0\x90\x24\x40\x10\xff\x2f\0"), "byte 12.*division is 0"),
        (_midi(b"\xe7\x28", b"\0\x90\x24\x40\x10\xff\x2f\0"), "byte 12.*division"),
        (_midi(b"\0\x60", b"\0\xff\x59\2\x7f\x7f\0\xff\x2f\0"), "cannot be read as MIDI"),
        (_midi(b"\0\x60", b"\0\x90\x24\x40" + b"\1\x24\x40" * 650_000), "byte .*more notes than an hour"),
    ],
)
def test_broken_midi_is_reported_with_its_byte(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.mid").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_midi(tmp_path / "a.mid")


@pytest.mark.parametrize(
    ("content", "message"),
    [("0,1\n1," + "2" * 140_000, "line 2"), ("\n" * 19_000_000, "at most 400,000 lines"), ("0,0\n1,\0", "line 2")],
)
def test_broken_csv_is_reported_with_its_line(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(InputError, match=message):
        read_csv(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("line", "name", "begin", "message"),
    [
        ("prompts: {0s: {image: %s}}", "a.jpg", b"", "at most 400,000,000"),
        ("prompts: [{text: a, region: %s}]", "a.png", b"", "at most 400,000,000"),
        ("prompts: [{text: a, region: %s}]", "a.mp4", b"\0\0\0\x18ftypmp42", "at most 2,000,000,000 bytes"),
        ("prompts: a\nkeep: {region: {box: [0, 0, 1, 1]}, image: %s}", "a.png", b"", "at most 400,000,000"),
        ("prompts: sea\ncolour: {match: %s}", "a.jpg", b"", "at most 400,000,000"),
        ("prompts: sea\ncolour: {palette: {image: %s}, lock: true}", "a.jpg", b"", "at most 400,000,000"),
        ("prompts: sea\nmusic: {file: %s, bpm: 120}", "a.ogg", b"OggS", "has 21,474,836,480 bytes"),
        ("prompts: sea\nmusic: {signals: {a: {csv: %s}}}", "a.csv", b"0,1\n", "more than 20,000,000 bytes"),
        ("prompts: sea\nmusic: {signals: {a: {midi: %s}}}", "a.mid", _midi(b"\0\x60", b""), "contains no note"),
        (
            "prompts: sea\nmodels: {perceptors: [{model: %s, checkpoint: a.json}]}",
            "a.json",
            b"{",
            "a.json: more than 100,000 bytes",
        ),
    ],
)
def test_sparse_files_are_checked_before_they_are_hashed(
    tmp_path: Path, render: Any, line: str, name: str, begin: bytes, message: str
) -> None:
    with (tmp_path / name).open("wb") as file:
        file.write(begin)
        file.truncate(20 << 30)
    (tmp_path / "s.yaml").write_text(f"output: {{length: 1s}}\n{line % name}\n")
    outcome = render("check", tmp_path / "s.yaml")
    assert outcome.code == 2, outcome.output
    assert message in outcome.output
    assert_cheap(outcome)


def test_a_large_file_that_is_not_a_track_is_not_hashed(tmp_path: Path, render: Any) -> None:
    with (tmp_path / "a.ogg").open("wb") as file:
        file.write(b"OggS" + bytes(30))
        file.truncate(799_000_000)
    (tmp_path / "s.yaml").write_text("output: {length: 1s}\nprompts: sea\nmusic: {file: a.ogg, bpm: 120}\n")
    outcome = render("check", tmp_path / "s.yaml")
    assert "cannot be decoded as audio" in outcome.output
    assert_cheap(outcome)


@pytest.mark.parametrize(
    ("begin", "message"),
    [(b"", "begins like neither"), (b"PK\3\4", "damaged"), (b"words, no weights", "begins like neither")],
)
def test_a_sparse_checkpoint_is_checked_before_it_is_hashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begin: bytes, message: str
) -> None:
    with (tmp_path / "a.ckpt").open("wb") as file:
        file.write(begin)
        file.truncate(20 << 30)
    monkeypatch.setattr("render.models.model.sha256", lambda path: pytest.fail("hashed"))
    with pytest.raises(WeightsError, match=message):
        Model(name="x", entry="vqgan", checkpoint=tmp_path / "a.ckpt").files().digests()


@pytest.mark.parametrize(
    ("signal", "content"),
    [
        ("{midi: a.x}", _midi(b"\0\x60", b"\0\x90\x24\x40" + b"\1\x24\x40" * 650_000)),
        ("{midi: a.x}", b"MThd\0\0\0\6\0\1\x7f\xff\0\x60" + b"MTrk\0\0\0\0" * 32_767),
        ("{csv: a.x}", b"\n" * 19_000_000),
        ("{csv: a.x}", b"0,1\n1," + b"2" * 19_000_000),
        ("{csv: a.x}", b'0,1\n1,"' + b"\n" * 19_000_000),
    ],
)
def test_checking_signals_is_cheap(tmp_path: Path, render: Any, signal: str, content: bytes) -> None:
    (tmp_path / "a.x").write_bytes(content)
    (tmp_path / "s.yaml").write_text(f"output: {{length: 1s}}\nprompts: sea\nmusic: {{signals: {{a: {signal}}}}}\n")
    outcome = render("check", tmp_path / "s.yaml")
    assert outcome.code == 2
    assert "a.x" in outcome.output
    assert_cheap(outcome)


def assert_cheap(outcome: Outcome) -> None:
    assert outcome.seconds <= SECONDS
    assert outcome.megabytes <= MEGABYTES


def test_a_playlist_is_not_a_video(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n")
    with pytest.raises(InputError, match="not a video that `render` makes"):
        container_of(tmp_path / "a.mp4", formats.containers())
