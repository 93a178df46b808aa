"""States and frames that differ from what was written are detected, reported, and restored to the same bytes."""

import itertools
import os
import random
import struct
import time
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import load_file, save

from pipeline.run.folder.frames import checksum
from tests.faults.conftest import Tally
from tests.faults.harness import FRAMES, Workspace, assert_equal

Damage = Callable[[bytes], bytes]
HALF = 12  # frames in the run that is damaged
STATES = (7, 10, 11)  # the run has a state after each of these frames
PLACES = int(os.environ.get("RENDER_FAULT_PLACES", "20"))


def flip(begin: float, end: float) -> Damage:
    """Flip one bit between two positions, given as fractions of the file, or as byte positions if they exceed 1."""

    def damage(whole: bytes) -> bytes:
        chance = random.Random(len(whole))
        length = len(whole) if end <= 1 else 1
        place = chance.randrange(int(begin * length), int(end * length))
        flipped = bytearray(whole)
        flipped[place] ^= 1 << chance.randrange(8)
        return bytes(flipped)

    return damage


def in_header(whole: bytes) -> bytes:
    """Change one digit of the checksum in the note."""
    (length,) = struct.unpack("<Q", whole[:8])
    place = whole.index(b"checksum", 8, 8 + length) + 14
    return whole[:place] + (b"0" if whole[place : place + 1] != b"0" else b"1") + whole[place + 1 :]


def foreign(whole: bytes) -> bytes:
    return bytes(save({"image": np.zeros((1, 3, 32, 32), np.float32)}))


DAMAGES: dict[str, Damage] = {
    "a bit of its data": flip(0.6, 1.0),
    "its note": in_header,
    "cut in half": lambda whole: whole[: len(whole) // 2],
    "a bit of the header's length": flip(0, 7),
    "a bit of the header": flip(8, 200),
    "cut in the header": lambda whole: whole[:60],
    "its last byte missing": lambda whole: whole[:-1],
    "one byte more": lambda whole: whole + b"\0",
    "emptied": lambda whole: b"",
    "text": lambda whole: b"something of the user's",
    "a header of petabytes": lambda whole: b"\xff" * 7 + b"\0" + whole[8:],
    "foreign safetensors": foreign,
}
FEW = ["a bit of its data"]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in FEW else pytest.mark.slow) for name in DAMAGES]
)
def test_a_damaged_latest_state_falls_back_to_the_previous_one(
    name: str, begun: Workspace, reference: Workspace, tally: Tally
) -> None:
    started, kept = time.monotonic(), begun.stamps()
    begun.state(11).write_bytes(DAMAGES[name](begun.state(11).read_bytes()))
    done = begun.render()
    assert "000011.safetensors: " in done.err
    assert "continuing from an earlier state" in done.err
    assert "resuming: 11 frames reused" in done.out
    assert_equal(begun, reference)
    assert kept.items() <= begun.stamps().items(), "existing frames are not written again"
    tally.add(f"state damaged: {name}", 1, time.monotonic() - started)


@pytest.mark.slow
@pytest.mark.parametrize("index", STATES)
def test_every_state_damaged_in_turn(
    index: int, half: Workspace, reference: Workspace, new_workspace: Callable[[str], Workspace], tally: Tally
) -> None:
    """Each one as the newest state: truncated, and with a bit flipped, at random positions."""
    started, chance = time.monotonic(), random.Random(index)
    workspace = half.copy(new_workspace("all").path / "place")
    whole = {state: workspace.state(state).read_bytes() for state in STATES}
    kept = workspace.stamps()
    for number in range(PLACES):
        for found in (workspace.folder / "state").glob("0*"):
            found.unlink()  # other states would be used instead of the damaged one
        for state in STATES:
            if state <= index:
                workspace.state(state).write_bytes(whole[state])
        position = chance.randrange(len(whole[index]))
        bit = bytes([whole[index][position] ^ 1 << chance.randrange(8)])
        rest = bit + whole[index][position + 1 :] if number % 2 else b""
        workspace.state(index).write_bytes(whole[index][:position] + rest)
        for frame in range(HALF, FRAMES):
            workspace.frame(frame).unlink(missing_ok=True)
        done = workspace.render()
        assert f"{index:06d}.safetensors: damaged" in done.err
        assert "continuing from an earlier state" in done.err
        assert_equal(workspace, reference)
        assert kept.items() <= workspace.stamps().items(), "existing frames are not written again"
    tally.add(f"state {index} cut or flipped at a random place", PLACES, time.monotonic() - started)


def test_all_records_damaged_at_once(done: Workspace, reference: Workspace) -> None:
    """The run's records and its lock file are written again, but no frame is."""
    before = done.stamps()
    for name in ("run.json", "report.json", "schedule.yaml", ".lock", "video.mp4", "contact.png", "poster.png"):
        (done.folder / name).write_bytes(b"\xff\0 nothing that we wrote")
    done.render()
    assert_equal(done, reference)
    assert done.stamps() == before
    assert done.call("verify", "out/toy").code == 0


@pytest.mark.slow
def test_every_state_damaged_in_every_way(
    half: Workspace, reference: Workspace, tmp_path_factory: pytest.TempPathFactory, tally: Tally
) -> None:
    """All at once: the newest intact state is used, and if there is none, the run starts at the first frame."""
    started = time.monotonic()
    ways = itertools.cycle(DAMAGES)
    tried = 0
    for sound, warnings in (((), 3), ((7,), 2), ((10,), 1), ((7, 10), 1)):
        workspace = half.copy(tmp_path_factory.mktemp("damaged") / "place")
        for index in {7, 10, 11} - set(sound):
            workspace.state(index).write_bytes(DAMAGES[next(ways)](workspace.state(index).read_bytes()))
            tried += 1
        done = workspace.render()
        assert done.err.count("continuing from an earlier state") == warnings
        assert_equal(workspace, reference)
    tally.add("states damaged together", tried, time.monotonic() - started)


@pytest.mark.slow
def test_a_state_of_another_frame_is_not_used(begun: Workspace, reference: Workspace) -> None:
    begun.state(11).write_bytes(begun.state(10).read_bytes())
    done = begun.render()
    assert "000011.safetensors: damaged" in done.err
    assert_equal(begun, reference)


def test_damaged_frames_are_rendered_again(begun: Workspace, reference: Workspace) -> None:
    """Truncated, emptied, or replaced by another picture or text, all at once; rendering resumes at the first one."""
    whole = begun.frame(8).read_bytes()
    begun.frame(8).write_bytes(whole[: len(whole) // 2])
    begun.frame(9).write_bytes(b"")
    begun.frame(10).write_text("not a picture")
    Image.new("RGB", (32, 32), "red").save(begun.frame(11))
    kept = {name: stamp for name, stamp in begun.stamps().items() if name < "000008"}
    done = begun.render()
    assert "resuming: 10 frames reused" in done.out
    assert "of another schedule" not in done.out
    assert [line.split("frames/")[1] for line in done.err.splitlines()] == [
        f"{index:06d}.png: is damaged or was not written by render; treated as missing" for index in range(8, 12)
    ]
    assert_equal(begun, reference)
    assert kept.items() <= begun.stamps().items()


def test_verify_finds_a_flipped_bit_of_a_frame_and_rendering_repairs_it(done: Workspace, reference: Workspace) -> None:
    whole = bytearray(done.frame(9).read_bytes())
    whole[whole.index(b"IDAT") + 200] ^= 4
    done.frame(9).write_bytes(whole)
    result = done.call("verify", "out/toy")
    assert result.code == 1
    assert "000009.png: damaged" in result.message
    assert result.message.endswith("render it again with --frames 9:10")
    assert "1 problem found" in result.out
    done.render("--frames", "9:10")
    assert_equal(done, reference)
    result = done.call("verify", "out/toy")
    assert (result.code, result.err) == (0, "")
    assert f"{FRAMES} frames" in result.out


@pytest.mark.slow
def test_a_repaired_frame_reaches_the_video_even_if_the_run_fails_in_between(
    done: Workspace, reference: Workspace
) -> None:
    """The frame's hash is the same as before, so the report must mark the video as outdated."""
    black = Image.fromarray(np.zeros((32, 32, 3), np.uint8))
    with Image.open(done.frame(9)) as frame:
        notes = frame.info | {"pixels_sha256": checksum(np.asarray(black))}
    paint(done, 9, black, notes)
    (done.folder / "video.mp4").unlink()
    done.call("assemble", "out/toy")
    assert done.video() != reference.video()
    result = done.call("toy.yaml", "--out", "out", "--frames", "9:10", "--ffmpeg", "false")
    assert result.code == 1
    done.render()
    assert_equal(done, reference)


def paint(
    workspace: Workspace, index: int, picture: Image.Image, notes: Mapping[str | tuple[int, int], object]
) -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for name, value in notes.items():
        info.add_text(str(name), str(value))
    picture.save(workspace.frame(index), pnginfo=info)


def tampered(path: str) -> bytes:
    """The state with a different picture, under a checksum and a seal that match it."""
    import torch

    from pipeline.run.folder.states import StateNote, _checksum

    tensors = {name: torch.from_numpy(value) for name, value in load_file(path).items()}
    tensors["latent"] = tensors["latent"].flip(-1).contiguous()
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    note = StateNote(
        index=int(metadata["index"]),
        frame_hash=metadata["frame_hash"],
        made_on=metadata["made_on"],
        checksum=_checksum(tensors),
    )
    return bytes(
        save(
            {name: value.numpy() for name, value in tensors.items()},
            {**metadata, "checksum": note.checksum, "seal": note.seal},
        )
    )


@pytest.mark.slow
def test_rerendering_passes_for_an_intact_run_and_fails_for_a_forged_state(begun: Workspace) -> None:
    """Frames 0, 8 and 11 follow a kept state or have none before them; no frame follows the last state yet."""
    honest = begun.call("verify", "out/toy", "--rerender", "9")
    assert honest.code == 1, "frames 12 to 23 are missing"
    assert honest.err.splitlines() == [
        "out/toy/frames: frames 12 to 23 are missing; render them again with --frames 12:24"
    ]
    assert "3 frames rendered again" in honest.out
    begun.state(10).write_bytes(tampered(str(begun.state(10))))
    forged = begun.call("verify", "out/toy", "--rerender", "9")
    assert "000011.png: rendered again" in forged.err
    assert "the picture is different" in forged.err
