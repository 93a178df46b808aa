from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline import Session, load_schedule
from pipeline.run.delivery.derive import assemble_again
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.frames import FrameRecord, checksum
from pipeline.run.folder.hashes import chain
from pipeline.run.verify import Verification
from pipeline.schedule.origin_loader import load_origin
from pipeline.schedule.timeline import Timeline
from render.errors import RunError

Made = Callable[..., RunFolder]


def damaged(folder: RunFolder) -> list[str]:
    return list(Verification(folder).damaged())


def rerendered(folder: RunFolder, count: int = 99) -> list[str]:
    return list(Verification(folder).rerender(count, 0, "cpu", True))


def test_an_intact_run_has_no_problems(made: Made) -> None:
    verification = Verification(made())
    assert list(verification.damaged()) == []
    assert list(verification.rerender(99, 0, "cpu", True)) == []
    summary = verification.summary(0)
    assert "12 frames and 3 states checked, 3 frames rendered again on CPU" in summary  # frames 0, 8 and 11
    assert summary.endswith("; no problems found")


def test_it_says_if_frames_were_made_on_another_machine(made: Made) -> None:
    verification = Verification(made())
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        different = list(verification.rerender(99, 0, "cpu", True))
    finally:
        torch.set_num_threads(threads)
    here, elsewhere = verification.summary(0).split(" (2 of them made on ")  # frames 8 and 11; 0 has no state
    assert f" with {threads + 1} threads in " in here
    assert f" with {threads} threads in " in elsewhere
    assert all(line.endswith("the picture is different") for line in different)


def test_missing_truncated_and_overwritten_frames_are_reported_with_the_repair(made: Made) -> None:
    folder = made()
    folder.frames.path(2).unlink()
    folder.frames.path(3).write_bytes(folder.frames.path(3).read_bytes()[:-1])
    record = folder.frames.record(5)
    assert record is not None
    folder.frames.write(5, np.zeros((24, 32, 3), np.uint8), record)
    wrong = damaged(folder)
    assert [line.split("; ")[1] for line in wrong] == [f"render it again with --frames {i}:{i + 1}" for i in (2, 3, 5)]
    assert "000002.png: is missing" in wrong[0]
    assert "000003.png: damaged" in wrong[1]
    assert "000005.png: damaged: its checksum does not match its pixels" in wrong[2]
    assert Verification(folder).summary(3).endswith("; 3 problems found")


def test_adjacent_missing_frames_are_one_line(made: Made) -> None:
    folder = made()
    for index in (0, 4, 5, 6, 11):
        folder.frames.path(index).unlink()
    verification = Verification(folder)
    side_by_side, *alone = verification.damaged()
    assert side_by_side == f"{folder.frames.folder}: frames 4 to 6 are missing; render them again with --frames 4:7"
    assert [line.split(": ")[0] for line in alone] == [str(folder.frames.path(index)) for index in (0, 11)]
    assert verification.summary(3).endswith("; 5 problems found")


def test_a_changed_video_is_reported(made: Made) -> None:
    folder = made()
    folder.video.write_bytes(folder.video.read_bytes()[:-1])
    (wrong,) = damaged(folder)
    assert wrong == f"{folder.video}: is not the video that the run made; render assemble {folder.path} makes it again"
    assemble_again(folder, False, None)
    assert damaged(folder) == []


def test_frames_of_an_edited_schedule_are_reported(made: Made, toy_file: Path) -> None:
    folder = made()
    toy_file.write_text(toy_file.read_text().replace("11: blue", "11: green"))
    wrong = damaged(folder)
    assert [Path(line.split(": ")[0]).name for line in wrong] == [
        *(f"{index:06d}.png" for index in range(8, 12)),
        *("000010.safetensors", "000011.safetensors"),
    ]
    assert all(line.endswith("belongs to another schedule or to other models") for line in wrong)


@pytest.mark.parametrize("place", [3, 60, -3])
def test_a_flipped_bit_of_a_state_is_reported(made: Made, place: int) -> None:
    folder = made()
    path = folder.path / "state" / "000010.safetensors"
    whole = bytearray(path.read_bytes())
    whole[place] ^= 1
    path.write_bytes(whole)
    (wrong,) = damaged(folder)
    assert "000010.safetensors: damaged" in wrong
    assert wrong.endswith("delete it; rendering resumes from an earlier one")


def test_a_forged_frame_is_found_by_rendering_it_again(made: Made) -> None:
    """Its record matches its pixels and the chain, but the state before it gives another picture."""
    folder = made()
    schedule = load_origin(folder.origin())
    black = np.zeros((24, 32, 3), np.uint8)
    hashes = chain(Timeline(schedule), folder.origin().models or {})
    folder.frames.write(8, black, FrameRecord(hash=hashes[8], similarity=0.5, pixels=checksum(black)))
    assert damaged(folder) == []
    (wrong,) = rerendered(folder)
    assert "000008.png: rendered again on " in wrong
    assert wrong.endswith("the picture is different")


def test_damaged_frames_are_not_rendered_again(made: Made) -> None:
    """The damage was reported before; the state after frame 7, and frame 11, cannot be compared with anything."""
    folder = made()
    (folder.path / "state" / "000007.safetensors").write_bytes(b"torn")
    folder.frames.path(11).write_bytes(b"torn")
    verification = Verification(folder)
    assert list(verification.rerender(99, 0, "cpu", True)) == []
    assert "1 frame rendered again" in verification.summary(0)


def test_unfinished_run_can_be_rendered_again(made: Made) -> None:
    """No frame follows its newest state yet."""
    verification = Verification(made(frames=(None, 5)))
    assert list(verification.rerender(99, 0, "cpu", True)) == []
    assert "2 frames rendered again" in verification.summary(0)  # frame 0, and frame 4 from the state of frame 3


def test_other_models_cannot_be_compared(made: Made) -> None:
    folder = made()
    record = folder.path / "run.json"
    record.write_text(record.read_text().replace('"name": "toy"', '"name": "another"'))
    with pytest.raises(RunError, match="the models are not those"):
        rerendered(folder)


def test_seed_chooses_the_frames(made: Made) -> None:
    verification = Verification(made())
    assert list(verification.rerender(1, 3, "cpu", True)) == []
    assert "1 frame rendered again" in verification.summary(0)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_on_a_gpu_frames_are_the_same_to_the_bit(tmp_path: Path) -> None:
    path = tmp_path / "gpu.yaml"
    path.write_text(
        "output: {size: [128, 96], fps: 4, length: 12, seed: 3}\n"
        "prompts: a calm blue sea\n"
        "motion: {zoom: 1.2/s, rotate: 5/s}\n"
        "refine: {steps: 3, first_frame: 12}\n"
    )
    schedule = load_schedule(path)
    Session(device="cuda").render(schedule, tmp_path / "out")
    verification = Verification(RunFolder(tmp_path / "out"))
    assert list(verification.rerender(99, 0, "cuda", True)) == []
    assert "of them made on" not in verification.summary(0)
