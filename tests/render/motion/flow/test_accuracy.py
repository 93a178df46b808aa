"""What is found, against motion that is known exactly, through files, fit, windows and the frame's own motion."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from render.footage import Footage
from render.motion.displacements.flow import Field
from render.motion.flow.flows import Flows
from render.spec.footage import Flow
from tests.footage import frame, written
from tests.known_motion import Floats, Layer, Pair, leaves, moved_about, pair

WIDTH, HEIGHT = 384, 216
MIDDLE = ((WIDTH - 1) / 2, (HEIGHT - 1) / 2)
CPU = torch.device("cpu")


def middle_of(texture: Floats) -> Floats:
    """The matrix that puts the middle of a texture into the middle of the pictures."""
    matrix = np.eye(3)
    matrix[:2, 2] = (WIDTH - texture.shape[1]) / 2, (HEIGHT - texture.shape[0]) / 2
    return matrix


@pytest.fixture(scope="module")
def texture() -> Floats:
    return leaves(480, 280)


def moved(texture: Floats, matrix: Floats) -> Pair:
    place = middle_of(texture)
    return pair([Layer(texture=texture, before=place, after=matrix @ place)], WIDTH, HEIGHT)


def flows(folder: Path) -> Flows:
    return Flows(Footage(CPU), CPU, folder=folder / "cache")


def field(folder: Path, known: Pair, size: tuple[int, int], **settings: Any) -> Field:
    clip = written(folder / "clip.mkv", [known.before, known.after])
    return flows(folder).field(Flow(before=frame(clip, 0, **settings), after=frame(clip, 1, **settings)), size)


def true(vectors: Floats, size: tuple[int, int], crop: tuple[int, int, int, int] = (0, 0, WIDTH, HEIGHT)) -> Tensor:
    """Known vectors of the clip in pixels of a frame that shows a part (left, top, width, height) of it."""
    left, top, width, height = crop
    part = torch.from_numpy(vectors[top : top + height, left : left + width]).movedim(-1, 0)[None]
    scale = torch.tensor([size[0] / width, size[1] / height]).view(1, 2, 1, 1)
    return F.interpolate(part, size=(size[1], size[0]), mode="bilinear", antialias=True) * scale


def errors(found: Tensor, known: Tensor, where: Tensor) -> tuple[float, float]:
    """The mean end-point error and the 95th percentile, in pixels."""
    apart = (found.double() - known).square().sum(dim=1, keepdim=True).sqrt()[where]
    return float(apart.mean()), float(apart.quantile(0.95))


def fixed_point(vectors: Tensor, where: Tensor) -> Floats:
    """The point that does not move under the affine map that fits vectors best."""
    down, across = np.nonzero(where[0, 0].numpy())
    places = np.stack([across, down, np.ones_like(down)], axis=1).astype(np.float64)
    fit = np.linalg.lstsq(places, vectors[0, :, down, across].T.double().numpy(), rcond=None)[0]
    return np.asarray(np.linalg.solve(fit[:2].T, -fit[2]))


def share(flags: np.ndarray, size: tuple[int, int]) -> Tensor:
    values = torch.from_numpy(flags.astype(np.float64))[None, None]
    return F.interpolate(values, size=(size[1], size[0]), mode="bilinear", antialias=True)


MOTIONS = {
    "zoom": moved_about(MIDDLE, zoom=1.03),
    "turn": moved_about(MIDDLE, degrees=2),
    "pan": moved_about(MIDDLE, by=(6, -3)),
    "far": moved_about(MIDDLE, by=(18, 7)),
    "less than a pixel": moved_about(MIDDLE, by=(0.4, 0.25)),
    "still": np.eye(3),
}


@pytest.mark.parametrize("name", MOTIONS)
def test_motion_of_a_picture(name: str, texture: Floats, tmp_path: Path) -> None:
    known, size = moved(texture, MOTIONS[name]), (256, 144)
    found = field(tmp_path, known, size)
    for vectors, truth, seen in (
        (found.backward, known.backward, known.seen),
        (found.forward, known.forward, known.seen_before),
    ):
        mean, most = errors(vectors, true(truth, size), share(seen, size) > 0.99)
        assert mean < 0.05, name
        assert most < 0.15, name
    assert found.seen[share(known.seen, size) > 0.99].mean() > 0.99


@pytest.mark.parametrize(
    ("size", "settings", "crop"),
    [
        ((144, 144), {"fit": "crop"}, (84, 0, 216, 216)),
        ((192, 72), {"fit": "crop"}, (0, 36, 384, 144)),
        ((128, 108), {"fit": "stretch"}, (0, 0, 384, 216)),
        ((192, 108), {"window": (0.25, 0.25, 0.5, 0.5)}, (96, 54, 192, 108)),
        ((96, 96), {"window": (0.5, 0.0, 0.5, 1.0)}, (192, 12, 192, 192)),
    ],
)
def test_fit_and_windows(
    size: tuple[int, int], settings: dict[str, Any], crop: tuple[int, int, int, int], texture: Floats, tmp_path: Path
) -> None:
    """The middle of the turn is where it is in the clip, to a third of a pixel."""
    known = moved(texture, moved_about((150.0, 120.0), degrees=4))
    found = field(tmp_path, known, size, **settings)
    seen = share(known.seen[crop[1] : crop[1] + crop[3], crop[0] : crop[0] + crop[2]], size) > 0.99
    truth = true(known.backward, size, crop)
    mean, most = errors(found.backward, truth, seen)
    assert mean < 0.08
    assert most < 0.25
    assert np.abs(fixed_point(found.backward, seen) - fixed_point(truth, seen)).max() < 0.33


def test_margins_of_a_padded_clip_stand_still(texture: Floats, tmp_path: Path) -> None:
    known = moved(texture, moved_about(MIDDLE, degrees=4))
    found = field(tmp_path, known, (128, 128), fit="pad")  # 128x72 in the middle
    assert not found.backward[:, :, :28].any()
    assert not found.backward[:, :, 100:].any()
    assert (found.seen[:, :, :28] == 1).all()
    mean, _ = errors(found.backward[:, :, 28:100], true(known.backward, (128, 72)), share(known.seen, (128, 72)) > 0.99)
    assert mean < 0.06


def test_two_layers(texture: Floats, tmp_path: Path) -> None:
    """A disc in front of a picture: both are found, and what the disc hides."""
    front = leaves(480, 280, seed=5)
    disc = moved_about(MIDDLE, by=(9, 3), degrees=3)
    layers = [
        Layer(texture=texture, before=middle_of(texture), after=moved_about(MIDDLE, by=(-4, 2)) @ middle_of(texture)),
        Layer(
            texture=front, before=middle_of(front), after=disc @ middle_of(front), middle=(240.0, 140.0), radius=60.0
        ),
    ]
    known, size = pair(layers, WIDTH, HEIGHT), (256, 144)
    found = field(tmp_path, known, size)
    mean, most = errors(found.backward, true(known.backward, size), share(known.seen, size) > 0.99)
    assert mean < 0.12
    assert most < 0.3
    hidden, taken = share(known.seen, size) < 0.01, found.seen < 0.5
    assert hidden.sum() > 500
    assert (taken & hidden).sum() > 0.85 * hidden.sum()  # recall
    near = F.max_pool2d((~(share(known.seen, size) > 0.99)).float(), 5, stride=1, padding=2) > 0
    assert (taken & near).sum() > 0.85 * taken.sum()  # precision, to two pixels


def test_a_cut_hides_everything(texture: Floats, tmp_path: Path) -> None:
    known = pair([Layer(texture=texture, before=middle_of(texture), after=middle_of(texture))], WIDTH, HEIGHT)
    other = leaves(WIDTH, HEIGHT, seed=9)
    clip = written(tmp_path / "clip.mkv", [known.before, other])
    found = flows(tmp_path).field(Flow(before=frame(clip, 0), after=frame(clip, 1)), (128, 72))
    assert not found.seen.any()
    assert not found.seen_before.any()


def test_the_frame_s_own_motion_moves_the_field(texture: Floats, tmp_path: Path) -> None:
    """The clip is shown turned by a quarter and half as large: what moves right in it, moves up in the frame."""
    known = moved(texture, moved_about(MIDDLE, by=(6, 0)))
    clip = written(tmp_path / "clip.mkv", [known.before, known.after])
    quarter = (0.0, 0.5 * 72 / 128, 0.5 - 0.25 * 72 / 128, -0.5 * 128 / 72, 0.0, 0.5 + 0.25 * 128 / 72, 0.0, 0.0, 1.0)
    both = [frame(clip, number, motion=quarter) for number in (0, 1)]
    found = flows(tmp_path).field(Flow(before=both[0], after=both[1]), (128, 72))
    middle = found.forward[0, :, 20:52, 50:78].mean(dim=(1, 2))
    assert middle.tolist() == pytest.approx([0.0, -1.0], abs=0.03)  # 6 of 384 pixels are 2 of 128, halved


def test_frames_far_apart_are_chained(texture: Floats, tmp_path: Path) -> None:
    """Seven frames by 9 pixels each, of a frame of 384: a direct search finds a third of it only."""
    place = middle_of(texture)
    wide = leaves(560, 280, seed=3)
    pictures = [
        pair(
            [Layer(texture=wide, before=moved_about(MIDDLE, by=(9 * k, 0)) @ place, after=place)], WIDTH, HEIGHT
        ).before
        for k in range(8)
    ]
    clip = written(tmp_path / "clip.mkv", pictures)
    found = flows(tmp_path).field(Flow(before=frame(clip, 0), after=frame(clip, 7)), (128, 72))
    seen = found.backward[0, :, 8:-8, 32:-8]
    assert seen[0].mean() == pytest.approx(-21.0, abs=0.05)
    assert seen[1].abs().mean() < 0.05
