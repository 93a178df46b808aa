"""Footage that a camera in a room films: its pictures and its motion are those that the camera sees."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from render.motion.composed import Motions
from render.motion.displacements import Fields, pixels
from render.motion.displacements.flow import Field
from render.motion.shown import trusted
from render.motion.warp import warp
from render.renderer.frame_models import filmed
from render.spec import FrameMotion, FrameSpec
from render.spec.camera import UNMOVED, Depth, RoomMove, View
from render.spec.footage import Flow, SourceFrame, SourceImage
from render.spec.pictures import ImageFile

CPU = torch.device("cpu")
SIZE = WIDTH, HEIGHT = 96, 64
FILE = ImageFile(path=Path("clip.mp4"), sha256="")
GROUND = Depth(kind="ground")
CARD = Depth(kind="picture", file=FILE, near=1.0, far=4.0)


def view(right: float, ahead: float) -> View:
    pose = list(UNMOVED)
    pose[3], pose[11] = -right, -ahead
    return View(pose=tuple(pose), fov=60.0)


def grey(size: tuple[int, int], file: ImageFile, seconds: float | None) -> Tensor:
    """A card before a wall."""
    near = torch.zeros(size[1], size[0])
    near[20:44, 40:60] = 1.0
    return near


def shown(image: SourceImage, size: tuple[int, int]) -> Tensor:
    """Waves that move to the right by two pixels a frame."""
    x, y = torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing="xy")
    x = x - 2 * (image.number or 0)
    return (0.5 + 0.3 * torch.stack([torch.sin(x / 7 + y / 9), torch.cos(x / 6), torch.sin(y / 8)])).unsqueeze(0)


def field(flow: Flow, size: tuple[int, int]) -> Field:
    """Its motion, to the right."""
    assert flow.before.camera is None
    moved = torch.zeros(1, 2, size[1], size[0])
    moved[:, 0] = 2.0 * ((flow.after.number or 0) - (flow.before.number or 0))
    seen = torch.ones(1, 1, size[1], size[0])
    return Field(backward=-moved, forward=moved, seen=seen, seen_before=seen)


FIELDS = Fields(flow=field, grey=grey)


def seen_in(depth: Depth, index: int, step: tuple[float, float]) -> tuple[SourceImage, RoomMove]:
    """What a source shows in a frame, and the camera's motion to it; every frame it moves by a step."""
    before, after = (view(number * step[0], number * step[1]) for number in (index - 1, index))
    whole = RoomMove(depth=depth, before=view(0, 0), after=after)
    return SourceImage(file=FILE, number=index, camera=whole if index else None), RoomMove(
        depth=depth, before=before, after=after
    )


@pytest.mark.parametrize(("depth", "step"), [(GROUND, (0.02, 0.05)), (CARD, (0.02, 0.01))])
def test_the_last_result_moves_as_the_camera_sees_the_clip_move(depth: Depth, step: tuple[float, float]) -> None:
    """What a frame shows, moved by the motion of the next, is what the next frame of the clip shows from there."""
    displace = Motions(fields=FIELDS)
    show = filmed(shown, displace)
    (last, _), (now, move) = seen_in(depth, 5, step), seen_in(depth, 6, step)
    before, after = (show(image, SIZE) for image in (last, now))
    flow = Flow(before=last, after=replace(now, camera=last.camera))
    motion = displace(before, [FrameMotion(transforms={}, center=(0.5, 0.5), flow=flow, camera=move)])

    apart = (warp(before, motion, "reflect") - after).abs().amax(dim=1, keepdim=True)
    known = trusted(motion, before) > 0.99
    points = pixels(HEIGHT, WIDTH, 1, CPU)
    whole = displace(after, [FrameMotion(transforms={}, center=(0.5, 0.5), camera=now.camera)])
    filled = whole.visible(points)
    if filled is not None:  # what the first frame did not show is made up
        known &= -torch.nn.functional.max_pool2d(-filled, 9, 1, 4) > 0.99
    inner = torch.zeros_like(known)
    inner[..., 8:-8, 12:-12] = True
    assert motion.at(points).isfinite().all()
    assert float((known & inner).float().mean()) > 0.4
    assert float((apart[known & inner] > 0.05).float().mean()) < 0.03
    assert float((before - after).abs().amax(dim=1, keepdim=True)[known & inner].mean()) > 0.04


def test_without_flow_what_the_camera_films_stands_still() -> None:
    (image, _) = seen_in(GROUND, 4, (0.0, 0.1))
    still = Flow(before=image, after=image)
    motion = Motions(fields=FIELDS)(
        torch.zeros(1, 3, HEIGHT, WIDTH), [FrameMotion(transforms={}, center=(0.5, 0.5), flow=still)]
    )
    points = pixels(HEIGHT, WIDTH, 1, CPU)
    assert float((motion.at(points) - points).abs().max()) < 1e-6
    assert float((motion.inverse().at(points) - points).abs().max()) < 1e-6


def test_a_spec_without_such_a_camera_is_written_as_before(spec: FrameSpec) -> None:
    plain = replace(spec, source=SourceFrame(image=SourceImage(file=FILE, number=3)))
    assert "camera" not in plain.to_json()
