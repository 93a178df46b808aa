"""What a schedule asks of found motion: amount, smoothness, regions, stills, and that nothing is found twice."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from render.errors import RunError
from render.footage import Footage
from render.guidance.masks import Masks
from render.motion.displacements import Fields, pixels
from render.motion.displacements.flow import Field, displacement
from render.motion.flow.estimators.dis import DenseInverseSearch
from render.motion.flow.flows import Flows
from render.spec import FrameMotion
from render.spec.footage import Flow, SourceImage
from render.spec.pictures import ImageFile
from render.spec.regions import Region
from tests.footage import drawn, frame, written
from tests.known_motion import Floats, leaves

CPU = torch.device("cpu")
SIZE = (96, 64)


class Counting:
    """Dense inverse search; `calls` are counted."""

    def __init__(self) -> None:
        self._search = DenseInverseSearch()
        self.identity = self._search.identity
        self.calls = 0

    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        self.calls += 1
        return self._search(first, second)


@pytest.fixture(scope="module")
def picture() -> Floats:
    return leaves(240, 160)


@pytest.fixture
def clip(picture: Floats, tmp_path: Path) -> ImageFile:
    """Of 192x128 pixels, whose picture moves by 4 pixels to the left in each frame, 2 of a frame of 96."""
    return written(tmp_path / "clip.mkv", [picture[8:136, 4 * k : 192 + 4 * k] for k in range(5)])


def made(folder: Path, **settings: Any) -> Flows:
    return Flows(Footage(CPU), CPU, folder=folder / "cache", **settings)


def flow(file: ImageFile, before: int = 0, after: int = 1, **settings: Any) -> Flow:
    return Flow(before=frame(file, before), after=frame(file, after), **settings)


def inner(vectors: Tensor) -> Tensor:
    return vectors[..., 8:-8, 12:-12]


def equal(one: Field, other: Field) -> bool:
    return all(
        torch.equal(getattr(one, name), getattr(other, name)) for name in ("backward", "forward", "seen", "seen_before")
    )


def test_it_moves_a_frame(clip: ImageFile, tmp_path: Path) -> None:
    motion = FrameMotion(transforms={}, center=(0.5, 0.5), flow=flow(clip))
    part = displacement(motion, SIZE, 1, Fields(flow=made(tmp_path).field))
    assert part is not None
    moved = part.at(pixels(64, 96, 1, CPU)) - pixels(64, 96, 1, CPU)
    assert inner(moved.movedim(-1, 1))[0, 0].mean() == pytest.approx(2.0, abs=0.02)


def test_amount_scales_vectors_and_leaves_what_is_seen(clip: ImageFile, tmp_path: Path) -> None:
    flows = made(tmp_path)
    once, half, reversed_ = (flows.field(flow(clip, amount=amount), SIZE) for amount in (1.0, 0.5, -1.0))
    assert torch.allclose(half.backward, 0.5 * once.backward, atol=1e-5)
    assert torch.allclose(reversed_.forward, -once.forward, atol=1e-5)
    assert torch.equal(half.seen, once.seen)


def test_smooth_averages_where_it_is_seen(clip: ImageFile, tmp_path: Path) -> None:
    flows = made(tmp_path)
    rough, smooth = flows.field(flow(clip), SIZE), flows.field(flow(clip, smooth=0.1), SIZE)
    assert inner(smooth.backward).std(dim=(2, 3)).max() < 0.5 * inner(rough.backward).std(dim=(2, 3)).max()
    assert smooth.backward[0, 0].mean() == pytest.approx(2.0, abs=0.02)  # also at the edge where the clip leaves
    assert torch.equal(smooth.seen, rough.seen)


def test_outside_of_a_region_nothing_moves(clip: ImageFile, tmp_path: Path) -> None:
    masks = Masks(CPU)
    flows = made(tmp_path, draw=lambda region, size: masks.draw(region, size, None))
    left = Region(kind="box", numbers=(0.0, 0.0, 0.5, 1.0))
    whole, part = flows.field(flow(clip), SIZE), flows.field(flow(clip, region=left), SIZE)
    assert torch.equal(part.backward[..., :47], whole.backward[..., :47])
    assert not part.backward[..., 49:].any()
    assert not part.forward[..., 49:].any()
    assert (part.seen[..., 49:] == 1).all()


def test_a_region_needs_something_that_draws_it(clip: ImageFile, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="draws it"):
        made(tmp_path).field(flow(clip, region=Region(kind="box", numbers=(0.0, 0.0, 0.5, 1.0))), SIZE)


def test_a_held_frame_stands_still_without_a_search(clip: ImageFile, tmp_path: Path) -> None:
    counting = Counting()
    held = made(tmp_path, estimate=counting).field(flow(clip, 3, 3), SIZE)
    assert not held.backward.any()
    assert not held.forward.any()
    assert (held.seen == 1).all()
    assert counting.calls == 0


def test_the_window_of_a_still_moves_it_exactly(picture: Floats, tmp_path: Path) -> None:
    """From the left half to one that is a quarter of the picture's height smaller, around its own top left corner."""
    counting = Counting()
    file = drawn(tmp_path / "still.png", picture)
    before: SourceImage = frame(file, window=(0.0, 0.0, 0.5, 0.5))
    after: SourceImage = frame(file, window=(0.0, 0.0, 0.4, 0.4))
    found = made(tmp_path, estimate=counting).field(Flow(before=before, after=after), SIZE)
    x = torch.arange(96) + 0.5
    assert torch.allclose(found.backward[0, 0, 20], x * 0.8 - x, atol=1e-4)
    assert torch.allclose(found.forward[0, 0, 20], x / 0.8 - x, atol=1e-4)
    assert counting.calls == 0


def test_a_second_render_finds_nothing_anew(clip: ImageFile, tmp_path: Path) -> None:
    """Other amounts, motions of the frame, fits and sizes share what was found; it is the same to the bit."""
    first, second = Counting(), Counting()
    flows = made(tmp_path, estimate=first)
    fields = [flows.field(flow(clip, k, k + 1), SIZE) for k in range(4)]
    assert first.calls == 8  # both ways
    again = made(tmp_path, estimate=second)
    assert all(equal(field, again.field(flow(clip, k, k + 1), SIZE)) for k, field in enumerate(fields))
    zoomed = [frame(clip, k, motion=(1.2, 0.0, -0.1, 0.0, 1.2, -0.1, 0.0, 0.0, 1.0), fit="pad") for k in (0, 1)]
    again.field(Flow(before=zoomed[0], after=zoomed[1], amount=2.0, smooth=0.02), (128, 128))
    again.field(flow(clip, 1, 0), SIZE)  # a clip that bounces
    assert second.calls == 0
    assert again.pairs.count == 0


def test_back_is_the_motion_there_turned_round(clip: ImageFile, tmp_path: Path) -> None:
    flows = made(tmp_path)
    there, back = flows.field(flow(clip, 0, 1), SIZE), flows.field(flow(clip, 1, 0), SIZE)
    assert torch.equal(there.backward, back.forward)
    assert torch.equal(there.seen, back.seen_before)


def test_numbered_pictures_are_a_clip(picture: Floats, tmp_path: Path) -> None:
    files = [drawn(tmp_path / f"{k}.png", picture[8:136, 4 * k : 192 + 4 * k]) for k in range(2)]
    found = made(tmp_path).field(Flow(before=frame(files[0]), after=frame(files[1])), SIZE)
    assert inner(found.backward)[0, 0].mean() == pytest.approx(2.0, abs=0.02)


def test_several_threads_give_the_same(picture: Floats, tmp_path: Path) -> None:
    import cv2

    pictures = [torch.from_numpy(part).float().movedim(-1, 0)[None] for part in (picture[:, :-6], picture[:, 6:])]
    search = DenseInverseSearch()
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(4)
        several = search(*pictures)
        assert cv2.getNumThreads() == 4
        cv2.setNumThreads(1)
        assert torch.equal(several, search(*pictures))
    finally:
        cv2.setNumThreads(threads)


def test_a_picture_that_has_shrunk_to_nothing_is_hidden(clip: ImageFile, tmp_path: Path) -> None:
    gone = [frame(clip, k, motion=(0.0,) * 9) for k in (0, 1)]
    found = made(tmp_path).field(Flow(before=gone[0], after=gone[1]), SIZE)
    assert not found.seen.any()
    assert not found.backward.any()
    assert np.isfinite(found.forward.numpy()).all()
