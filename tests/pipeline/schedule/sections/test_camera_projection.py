"""A camera with the projection of Deforum's 3D mode, against published numbers; messages, shots, frames of a spec."""

import json

import numpy as np
import pytest
import torch

from pipeline.curves.array import Array
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.timeline import Timeline
from render.errors import InputError, ScheduleError
from render.motion.composed import Motions
from render.motion.displacements.camera import plane_matrix
from render.spec import FrameSpec

SIZE = (256, 128)
CORNERS = np.array([[x, y] for x in (0.0, 255.0) for y in (0.0, 127.0)])
MIDDLE = np.array([[127.5, 63.5]])


def timeline(camera: str, rest: str = "") -> Timeline:
    output = f"output: {{size: [256, 128], fps: 10{'' if rest else ', length: 6'}}}\n"
    return Timeline(read_schedule(f"{output}prompts: red\ncamera: {camera}\n{rest}", "a.yaml", "a"))


def before(spec: FrameSpec, points: Array) -> Array:
    image = torch.zeros(1, 3, SIZE[1], SIZE[0])
    found: Array = Motions()(image, [spec.motion]).at(torch.from_numpy(points)[None, None])[0, 0].numpy()
    return found


@pytest.mark.parametrize(("ahead", "fov", "zoom"), [(0.6, 70, 1.00432), (10, 70, 1.08127), (20, 70, 1.18861)])
def test_a_dolly_zooms_by_the_factor_that_deforum_has(ahead: float, fov: float, zoom: float) -> None:
    spec = timeline(f"{{dolly: {ahead / 200}/frame, fov: {fov}, projection: deforum}}").at(3)
    wide = (before(spec, CORNERS) - MIDDLE)[:, 0]
    edge = 255 / 256  # the wall reaches to the edge of the picture, its points to the middles of pixels
    assert 1 / (1 - (1 - wide / (CORNERS - MIDDLE)[:, 0]) * edge) == pytest.approx([zoom] * 4, abs=2e-5)


def test_a_drive_to_the_right_and_a_pan_shift_the_middle_to_the_left() -> None:
    shift = before(timeline("{truck: 0.05/frame, fov: 70, projection: deforum}").at(3), MIDDLE) - MIDDLE
    assert shift[0] == pytest.approx([9.14, 0], abs=5e-3)  # translation_x 10
    turn = before(timeline("{pan: 1/frame, fov: 70, projection: deforum}").at(3), MIDDLE) - MIDDLE
    assert turn[0] == pytest.approx([0.0125 * 256, 0], abs=0.01)


def test_an_angle_of_view_moves_nothing_by_itself_and_aspect_moves_less_across() -> None:
    still = timeline("{dolly: 0, pan: {0: 0, 3: 1}, fov: {0: 20, 5: 90}, projection: deforum}")
    assert still.at(0).camera is None
    assert timeline("{fov: {0: 20, 5: 90}, projection: deforum}").at(3).camera is None
    plain, wide = (
        before(timeline(f"{{pan: 1/frame, projection: deforum{more}}}").at(3), MIDDLE) - MIDDLE
        for more in ("", ", aspect: {0: 2, 5: 2}")
    )
    assert wide[0, 0] == pytest.approx(plain[0, 0] / 2)


def test_regions_follow_the_plane_that_agrees_in_the_corners() -> None:
    spec = timeline("{dolly: 0.05/frame, pan: 2/frame, roll: 3/frame, projection: deforum}").at(3)
    moved = np.c_[before(spec, CORNERS), np.ones(4)] @ plane_matrix(spec.motion, SIZE).T
    np.testing.assert_allclose(moved[:, :2] / moved[:, 2:], CORNERS, atol=1e-6)


def test_each_shot_has_its_projection() -> None:
    shots = "shots:\n- {length: 3}\n- {length: 3, start: carry, camera: {dolly: 0.5, projection: deforum}}\n"
    asked = timeline("{dolly: 0.5}", rest=shots)
    gains = [getattr(asked.at(index).camera, "gain", None) is not None for index in range(6)]
    assert gains == [False, False, False, True, True, True]


def test_a_frame_of_another_camera_has_no_word_of_it() -> None:
    assert "gain" not in timeline("{dolly: 0.5, pan: 3}").at(3).to_json()
    assert json.loads(timeline("{dolly: 0.5, projection: deforum}").at(3).to_json())["camera"]["gain"]


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(ScheduleError, match=r"unknown value 'deforem'; did you mean 'deforum'\?"):
        timeline("{dolly: 0.5, projection: deforem}")
    with pytest.raises(InputError, match="it moves so far that the picture is turned over"):
        timeline("{dolly: 0.5/frame, fov: 20, projection: deforum}").at(1)
    for camera, warning in {
        "{dolly: 0.1, aspect: 2}": "aspect: has no effect: projection is perspective",
        "{dolly: 0.1, projection: deforum}\ndepth: ground": "camera.projection deforum has no effect with it",
    }.items():
        checked = read_schedule(f"prompts: red\ncamera: {camera}\n", "a.yaml", "a")
        assert any(warning in line for line in map(str, checked.warnings)), camera
