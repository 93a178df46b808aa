"""Shows a test picture as a camera sees it that moves in a room: laid on the ground and the sky, or on a surface.

What a model would estimate in the frames is a ground here, since there are no frames yet.
"""

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render.guidance.masks import Masks
from render.motion.depth.eye import Eye
from render.motion.displacements import Fields
from render.motion.displacements.camera import to_pixels
from render.motion.displacements.depth import Placed, displacement
from render.motion.displacements.homography import motion_matrix
from render.motion.transforms import Matrix
from render.spec import FrameMotion, FrameSpec
from render.spec.camera import UNMOVED, FlatMove, RoomMove, View

_CPU = torch.device("cpu")
_TILE = 8.0  # heights of the camera that a tile of the picture measures on the ground
_HAZE = 0.1  # nearness at which half of the ground is seen through haze
_LOWEST = 0.02  # height of the camera above the ground; with a model, it may go lower


def stand_in(schedule: Schedule) -> str:
    """What is shown in the place of a model's estimates; "" if there are none."""
    names = ", ".join(model.name for model in schedule.models.depths)
    return f"a ground stands in for the depth that {names} will estimate in the frames" if names else ""


class Room:
    """The room that a timeline's camera moves in, from the last cut on."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._fields = Fields(grey=Masks(_CPU).grey)
        self._move: RoomMove | None = None
        self._matrix: Matrix = np.eye(3)  # by which the picture has moved besides

    def shown(self, picture: Tensor, spec: FrameSpec) -> Tensor | None:
        """The picture (1, 3, H, W) in [0, 1] as the camera sees it; None if it is not in a room."""
        move = spec.camera
        if spec.index in self._timeline.cuts or isinstance(move, FlatMove):
            self._move, self._matrix = self._begun(spec.index), np.eye(3)
        if isinstance(move, RoomMove):
            self._move = move
            if move.depth.kind != "model":
                self._matrix = to_pixels(np.reshape(move.motion, (3, 3)), spec.size) if move.motion else np.eye(3)
        if self._move is None:
            return None
        self._matrix = motion_matrix(spec.transforms, spec.size, spec.center) @ self._matrix
        points = _seen_through(self._matrix, spec.size)
        if self._move.depth.kind in ("ground", "model"):
            return _on_ground(picture, points, Eye(view=self._move.after, size=spec.size, horizon=self._horizon))
        whole = RoomMove(
            depth=self._move.depth,
            before=View(pose=UNMOVED, fov=self._move.depth.fov),
            after=self._move.after,
        )
        found = displacement(FrameMotion(transforms={}, center=(0.5, 0.5), camera=whole), spec.size, 1, self._fields)
        assert isinstance(found, Placed)
        return _sampled(picture, found.at(points))

    def _begun(self, index: int) -> RoomMove | None:
        """What is seen in a frame that nothing has moved: where the next frame moves from."""
        following = self._timeline.at(index + 1).camera if index + 1 < len(self._timeline) else None
        return replace(following, after=following.before) if isinstance(following, RoomMove) else None

    @property
    def _horizon(self) -> float:
        return 0.5 if self._move is None else self._move.depth.horizon


def _seen_through(matrix: Matrix, size: tuple[int, int]) -> Tensor:
    """Where every pixel is before a matrix moves it: (1, H, W, 2)."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    moved = np.stack([x, y, np.ones_like(x)], axis=-1) @ np.linalg.inv(matrix).T
    return torch.from_numpy(moved[..., :2] / moved[..., 2:])[None]


def _on_ground(picture: Tensor, points: Tensor, eye: Eye) -> Tensor:
    """Tiles of the picture on the ground, up to a hazy horizon, and one on the sky."""
    height, width = picture.shape[-2:]
    rays = eye.directions(points) @ torch.from_numpy(eye.turn)
    across, down, ahead = rays.unbind(-1)
    nearness = down.clamp_min(1e-6) / max(_LOWEST, 1.0 - float(eye.place[1]))
    floor = torch.stack([eye.place[0] + across / nearness, -eye.place[2] - ahead / nearness], dim=-1)
    flat = torch.hypot(across, ahead)
    sky = torch.stack([torch.atan2(across, ahead) * width / 2, torch.atan2(down, flat) * width / 2], dim=-1)
    middle = points.new_tensor([(width - 1) / 2, (height - 1) / 2])
    ground = _sampled(picture, floor * height / _TILE + middle)
    haze = (_HAZE / (nearness + _HAZE)).unsqueeze(1).to(picture.dtype)
    ground = torch.lerp(ground, picture.mean(dim=(2, 3), keepdim=True).expand_as(picture), haze)
    above = _sampled(picture, sky + middle) * 0.5 + 0.5
    return torch.where((down > 0).unsqueeze(1), ground, above)


def _sampled(picture: Tensor, points: Tensor) -> Tensor:
    """The picture at points (1, H, W, 2) in pixels, mirrored beyond its edges."""
    height, width = picture.shape[-2:]
    far = points.clamp(-1e6, 1e6) / points.new_tensor([width - 1, height - 1]) * 2 - 1
    return F.grid_sample(picture, far.to(picture.dtype), padding_mode="reflection", align_corners=True)
