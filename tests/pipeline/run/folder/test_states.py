import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from pipeline.run.folder import hashes
from pipeline.run.folder.hashes import chain
from pipeline.run.folder.states import StateFolder
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.timeline import Timeline
from render.errors import CheckpointError
from render.renderer.renderer import Renderer
from render.renderer.state import FrameState
from render.spec import FrameSpec

CPU = torch.device("cpu")
TEXT = "output: {size: [32, 32], fps: 8, length: 12}\nmodels: {latent: pixels, perceptors: [toy]}\nprompts: red"


@pytest.fixture(scope="module")
def specs() -> list[FrameSpec]:
    return list(Timeline(read_schedule(TEXT, "toy.yaml", "toy")))


def state_after(index: int, **changes: Any) -> FrameState:
    generator = torch.Generator().manual_seed(index)
    state = FrameState(
        index=index,
        image=torch.rand((1, 3, 8, 8), generator=generator),
        latent=torch.randn((1, 4, 2, 2), generator=generator),
        similarity=torch.rand(1, generator=generator),
        optimizer_state={
            "step": torch.tensor(17.0),
            "exp_avg": torch.randn((1, 4, 2, 2), generator=generator),
            "exp_avg_sq": torch.rand((1, 4, 2, 2), generator=generator),
        },
    )
    return dataclasses.replace(state, **changes)


def assert_same(one: torch.Tensor | None, other: torch.Tensor | None) -> None:
    assert one is not None
    assert other is not None
    assert (one.dtype, one.shape) == (other.dtype, other.shape)
    assert one.numpy().tobytes() == other.numpy().tobytes()


# the chain


def test_hashes_are_unique_and_reproducible(specs: list[FrameSpec]) -> None:
    hashes = chain(specs, {})
    assert len(set(hashes)) == len(specs)
    assert chain(specs, {}) == hashes


@pytest.mark.parametrize("edited", [0, 1, 6, 11])
@pytest.mark.parametrize("change", [{"num_steps": 99}, {"lr": 0.1000001}, {"prompts": ()}, {"transforms": {"zoom": 2}}])
def test_an_edit_changes_the_hashes_from_its_frame_on(
    specs: list[FrameSpec], edited: int, change: dict[str, Any]
) -> None:
    before = chain(specs, {})
    after = chain([*specs[:edited], dataclasses.replace(specs[edited], **change), *specs[edited + 1 :]], {})
    assert [one == other for one, other in zip(before, after, strict=True)] == [i < edited for i in range(len(specs))]


def test_hashes_after_a_cut_do_not_depend_on_earlier_frames(specs: list[FrameSpec]) -> None:
    cut = [dataclasses.replace(spec, cut=spec.index in (4, 8)) for spec in specs]
    edited = [dataclasses.replace(spec, lr=0.7) if spec.index == 5 else spec for spec in cut]
    same = [one == other for one, other in zip(chain(cut, {}), chain(edited, {}), strict=True)]
    assert same == [index not in (5, 6, 7) for index in range(len(specs))]


def test_a_blended_frames_hash_depends_on_its_target_across_cuts(specs: list[FrameSpec]) -> None:
    led = [
        dataclasses.replace(spec, cut=spec.index in (4, 11), lead=(1, 0.5) if spec.index > 9 else None)
        for spec in specs
    ]
    edited = [dataclasses.replace(spec, lr=0.7) if spec.index == 1 else spec for spec in led]
    same = [one == other for one, other in zip(chain(led, {}), chain(edited, {}), strict=True)]
    assert same == [index not in (1, 2, 3, 10, 11) for index in range(len(specs))]


def test_other_models_change_every_frame(specs: list[FrameSpec]) -> None:
    one = chain(specs, {"latent": {"sha256": {"vqgan.safetensors": "aa"}}})
    other = chain(specs, {"latent": {"sha256": {"vqgan.safetensors": "ab"}}})
    assert not set(one) & set(other)


def test_another_format_changes_every_frame(specs: list[FrameSpec], monkeypatch: pytest.MonkeyPatch) -> None:
    before = chain(specs, {})
    monkeypatch.setattr(hashes, "FORMAT", hashes.FORMAT + 1)
    assert not set(before) & set(chain(specs, {}))


def test_a_longer_schedule_begins_with_the_same_hashes(specs: list[FrameSpec]) -> None:
    assert chain(specs, {})[:5] == chain(specs[:5], {})


# saving and loading


@pytest.mark.parametrize("latent", [True, False])
@pytest.mark.parametrize("optimizer", [True, False])
def test_a_state_is_read_back_bit_for_bit(tmp_path: Path, latent: bool, optimizer: bool) -> None:
    state = state_after(5)
    if not latent:
        state.latent = None
    if not optimizer:
        state.optimizer_state = {}
    folder = StateFolder(tmp_path / "state", every=8)
    folder.save(state, "hash", "here")
    loaded = folder.load(5, CPU)
    assert loaded.index == 5
    assert_same(loaded.image, state.image)
    assert_same(loaded.similarity, state.similarity)
    if latent:
        assert_same(loaded.latent, state.latent)
    else:
        assert loaded.latent is None
    assert loaded.optimizer_state.keys() == state.optimizer_state.keys()
    for name, value in state.optimizer_state.items():
        assert_same(loaded.optimizer_state[name], value)


def test_a_canvas_is_read_back_bit_for_bit_and_leaves_no_trace_where_there_is_none(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path, every=1)
    canvas = torch.rand(1, 4, 18, 18)
    folder.save(state_after(0, canvas=canvas), "hash", "here")
    folder.save(state_after(1), "hash", "here")
    assert_same(folder.load(0, CPU).canvas, canvas)
    assert folder.load(1, CPU).canvas is None
    with safe_open(folder.path(1), framework="pt") as file:
        assert "canvas" not in file.keys()  # noqa: SIM118


def test_similarity_without_prompts_is_read_back_as_nan(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path, every=8)
    folder.save(state_after(0, similarity=torch.tensor([torch.nan])), "hash", "here")
    assert folder.load(0, CPU).similarity.isnan().all()


def test_a_renderers_state_is_saved_whole(tmp_path: Path, renderer: Renderer, specs: list[FrameSpec]) -> None:
    """The next frame after a loaded state is the same, to the last bit."""
    state = renderer.step(renderer.step(None, specs[0]), specs[1])
    assert float(state.optimizer_state["step"]) == specs[0].num_steps + specs[1].num_steps
    folder = StateFolder(tmp_path, every=8)
    folder.save(state, "hash", "here")
    straight, loaded = renderer.step(state, specs[2]), renderer.step(folder.load(1, CPU), specs[2])
    assert_same(loaded.image, straight.image)
    assert_same(loaded.latent, straight.latent)
    for name, value in straight.optimizer_state.items():
        assert_same(loaded.optimizer_state[name], value)


def test_state_that_is_a_view_is_saved(tmp_path: Path) -> None:
    """safetensors refuses tensors that are not contiguous or share memory."""
    image = torch.rand(1, 8, 8, 3).movedim(-1, 1)
    folder = StateFolder(tmp_path, every=8)
    folder.save(state_after(0, image=image, latent=image), "hash", "here")
    assert torch.equal(folder.load(0, CPU).image, image)


# what is kept


def test_latest_two_and_one_per_second_are_kept(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state", every=8)
    for index in range(21):
        folder.save(state_after(index), "hash", "here")
    assert folder.kept() == [7, 15, 19, 20]


def test_rendering_an_early_range_again_keeps_later_states(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state", every=8)
    for index in [*range(21), 3]:
        folder.save(state_after(index), "hash", "here")
    assert folder.kept() == [3, 7, 15, 19, 20]


def test_less_than_a_frame_per_second_keeps_every_state(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state", every=0)
    for index in range(4):
        folder.save(state_after(index), "hash", "here")
    assert folder.kept() == [0, 1, 2, 3]


# the metadata of a file, and whether it is complete


def test_the_note_describes_the_saved_state(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path, every=1)
    folder.save(state_after(3), "ab", "cpu in float32")
    note = folder.note(3)
    assert note is not None
    assert (note.index, note.frame_hash, note.made_on) == (3, "ab", "cpu in float32")
    assert folder.verify(3) == note


def test_a_missing_folder_has_no_states(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state", every=8)
    assert folder.kept() == []
    assert folder.note(0) is None


def refused(folder: StateFolder, index: int) -> str:
    """The message about a state that cannot be used."""
    for use in (folder.verify, lambda index: folder.load(index, CPU)):
        with pytest.raises(CheckpointError) as caught:
            use(index)
    return str(caught.value)


@pytest.fixture
def saved(tmp_path: Path) -> tuple[StateFolder, Path]:
    """A folder with the state after frame 2, and that state's file."""
    folder = StateFolder(tmp_path, every=8)
    folder.save(state_after(2), "a", "here")
    return folder, tmp_path / "000002.safetensors"


def test_a_truncated_state_is_refused(saved: tuple[StateFolder, Path]) -> None:
    folder, path = saved
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        assert "damaged" in refused(folder, 2), f"after {length} of {len(whole)} bytes"
    path.write_bytes(whole)
    assert folder.verify(2).frame_hash == "a"


def test_every_flipped_bit_is_detected_or_harmless(saved: tuple[StateFolder, Path]) -> None:
    """Header length, header, note and tensors: whatever is accepted is what was saved."""
    folder, path = saved
    whole, note = path.read_bytes(), folder.verify(2)
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << place % 8
        path.write_bytes(flipped)
        found = folder.note(2)
        assert found is None or found == note, f"byte {place}: a damaged note was accepted"
        try:
            folder.verify(2)
        except CheckpointError:
            continue
        loaded, wanted = folder.load(2, CPU), state_after(2)
        assert_same(loaded.image, wanted.image)
        assert_same(loaded.latent, wanted.latent)
        assert loaded.optimizer_state.keys() == wanted.optimizer_state.keys()


def test_state_of_another_frame_under_its_name_is_refused(saved: tuple[StateFolder, Path]) -> None:
    folder, path = saved
    folder.save(state_after(1), "b", "here")
    path.write_bytes((path.parent / "000001.safetensors").read_bytes())
    assert "000002.safetensors: damaged" in refused(folder, 2)


def test_foreign_safetensors_file_is_refused(saved: tuple[StateFolder, Path]) -> None:
    folder, path = saved
    save_file({"image": torch.zeros(1)}, path, metadata={"format": "pt"})
    assert folder.note(2) is None
    assert "000002.safetensors: damaged" in refused(folder, 2)


@pytest.mark.parametrize("content", [b"", b"not a state", b"\xff" * 100])
def test_an_invalid_state_is_refused_by_name(saved: tuple[StateFolder, Path], content: bytes) -> None:
    folder, path = saved
    path.write_bytes(content)
    assert folder.note(2) is None
    assert "000002.safetensors: damaged" in refused(folder, 2)


def test_a_folder_instead_of_a_state_is_refused(tmp_path: Path) -> None:
    (tmp_path / "000002.safetensors").mkdir()
    folder = StateFolder(tmp_path, every=8)
    assert folder.note(2) is None
    assert "cannot be read" in refused(folder, 2)


def test_a_missing_state_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refused(StateFolder(tmp_path, every=8), 2)


def test_foreign_files_are_not_states_and_never_deleted(tmp_path: Path) -> None:
    names = ["notes.safetensors", "000002.txt", ".000003.safetensors"]
    for name in names:
        (tmp_path / name).write_text("something of the user's")
    folder = StateFolder(tmp_path, every=100)
    for index in range(4):
        folder.save(state_after(index), "a", "here")
    assert folder.kept() == [2, 3]
    assert all((tmp_path / name).is_file() for name in names)
