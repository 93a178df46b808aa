"""A camera: its path at every frame rate, what a flat picture shows of it, shots, loops and messages."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.spatial.transform import Rotation

from pipeline.schedule.loader import read_schedule
from pipeline.schedule.timeline import Timeline
from render.errors import InputError, ScheduleError
from render.motion.displacements.camera import flat_matrix
from render.motion.transforms import Matrix
from render.spec.camera import FlatMove

SIZE = (128, 72)
FOV = 50.0


def timeline(camera: str, fps: float = 12, length: str = "2s", rest: str = "") -> Timeline:
    output = f"output: {{size: [128, 72], fps: {fps}, length: {length}}}\n"
    return Timeline(read_schedule(f"{output}prompts: red\ncamera: {camera}\n{rest}", "a.yaml", "a"))


def matrix(asked: Timeline, index: int) -> Matrix:
    move = asked.at(index).camera
    assert move is None or isinstance(move, FlatMove)
    return np.eye(3) if move is None else flat_matrix(move, SIZE)


def until(asked: Timeline, end: int, begin: int = 1) -> Matrix:
    total = np.eye(3)
    for index in range(begin, end):
        total = matrix(asked, index) @ total
    return total


def lens(fov: float) -> Matrix:
    focal = SIZE[0] / 2 / np.tan(np.radians(fov) / 2)
    return np.array([[focal, 0, (SIZE[0] - 1) / 2], [0, focal, (SIZE[1] - 1) / 2], [0, 0, 1]])


def seen(camera: Matrix, before: float = FOV, after: float = FOV) -> Matrix:
    found: Matrix = lens(after) @ camera @ np.linalg.inv(lens(before))
    return found


def pixels_apart(a: Matrix, b: Matrix) -> float:
    corners = np.array([[x, y, 1.0] for x in (0, SIZE[0] - 1) for y in (0, SIZE[1] - 1)]).T
    first, second = (found[:2] / found[2] for found in (a @ corners, b @ corners))
    return float(np.abs(first - second).max())


@pytest.mark.parametrize(
    ("camera", "axis", "degrees"),
    [("{pan: 12/s}", (0, -1, 0), 12), ("{tilt: 12/s}", (-1, 0, 0), 12), ("{roll: 90/s}", (0, 0, -1), 90)],
)
def test_a_turn_is_the_homography_of_its_rotation(
    camera: str, axis: tuple[float, float, float], degrees: float
) -> None:
    turned = Rotation.from_rotvec(np.radians(degrees) * np.array(axis)).as_matrix()
    assert pixels_apart(until(timeline(camera), 13), seen(turned)) < 1e-6


def test_the_directions_are_those_of_film() -> None:
    middle = np.array([63.5, 35.5, 1.0])
    for camera, expected in {
        "{pan: 6/s}": (-1, 0),
        "{tilt: 6/s}": (0, 1),
        "{truck: 0.1/s}": (-1, 0),
        "{pedestal: 0.1/s}": (0, 1),
    }.items():
        x, y, scale = until(timeline(camera), 13) @ middle
        assert np.sign(np.round([x / scale - middle[0], y / scale - middle[1]], 6)).tolist() == list(expected), camera
    assert until(timeline("{roll: 6/s}"), 13)[1, 0] < 0  # counter-clockwise: what is on the right moves up


def test_a_drive_to_a_wall_is_a_zoom_and_a_drive_past_it_a_pan() -> None:
    zoom = until(timeline("{dolly: 0.3/s}"), 13)
    assert zoom[0, 0] / zoom[2, 2] == pytest.approx(np.exp(0.3), abs=1e-9)
    moved = np.eye(3)
    moved[:2, 2] = -0.3, -0.2
    assert pixels_apart(until(timeline("{truck: 0.3/s, pedestal: -0.2/s}"), 13), seen(moved)) < 1e-6


def test_all_constant_rates_at_once_are_one_exponential() -> None:
    camera = "{dolly: 0.3/s, truck: -0.2/s, pedestal: 0.1/s, pan: 9/s, tilt: -4/s, roll: 20/s}"
    pan, tilt, roll = np.radians([9, -4, 20])
    velocity = -np.array([[0, -roll, pan - 0.2], [roll, 0, -tilt - 0.1], [-pan, tilt, 0.3]])
    for fps in (12, 24, 25):
        assert pixels_apart(until(timeline(camera, fps), fps + 1), seen(expm(velocity))) < 1e-6


@pytest.mark.parametrize(
    "camera",
    [
        "{dolly: 0.3/s, pan: 4*sin(t/3), roll: 2/s, fov: 40}",
        "{dolly: {0s: 0, 1.3s: {to: 0.8/s, ease: in_out_sine}}, tilt: 20*cos(3*t), pan: 30*sin(2*t), roll: 40*t}",
        "{path: {dolly: {0s: 0, 2s: {to: 0.5, ease: in_out_sine}}, pan: 20*sin(2*t), tilt: 9*t, roll: 30*t}}",
    ],
)
def test_another_frame_rate_has_the_same_path(camera: str) -> None:
    slow, fast = until(timeline(camera, 12), 24), until(timeline(camera, 24), 47)
    assert pixels_apart(slow, fast) < 1e-6
    odd = until(timeline(camera, 25, rest="models: {}\n"), 48)
    dense = until(timeline(camera, 50), 95)
    assert pixels_apart(odd, dense) < 1e-4


def test_a_path_agrees_with_an_integrator_of_differential_equations() -> None:
    def pose(time: float) -> tuple[Matrix, Matrix]:
        turn = Rotation.from_euler("YXZ", [20 * time, 9 * np.sin(2 * time), 30 * time], degrees=True).as_matrix()
        return turn, np.array([0.3 * np.sin(time), 0, 0.5 * time**2])

    def velocity(time: float, near: float = 1e-5) -> Matrix:
        (turn, _), (before, here), (after, there) = (pose(time + step) for step in (0, -near, near))
        found = -turn.T @ (after - before) / (2 * near)
        found[:, 2] -= turn.T @ (there - here) / (2 * near)
        return found

    solved = solve_ivp(
        lambda time, flat: (velocity(time) @ flat.reshape(3, 3)).ravel(),
        (0, 1),
        np.eye(3).ravel(),
        rtol=1e-10,
        atol=1e-11,
    )
    path = "{path: {dolly: 0.5*t*t, truck: 0.3*sin(t), pan: 20*t, tilt: 9*sin(2*t), roll: 30*t}}"
    for fps in (8, 24):
        found = until(timeline(path, fps), fps + 1)
        assert pixels_apart(found, seen(solved.y[:, -1].reshape(3, 3))) < 1e-6


def test_a_path_that_jumps_by_half_a_turn_turns_the_picture_over() -> None:
    found = until(timeline("{path: {roll: {0s: 0, 0.5s: {to: 180, ease: hold}}}}"), 13)
    assert pixels_apart(found, seen(np.diag([-1.0, -1.0, 1.0]))) < 1e-6
    with pytest.raises(ScheduleError, match="shows what was behind it from frame 5 to frame 6"):
        timeline("{path: {pan: {0s: 0, 0.5s: {to: 180, ease: hold}}}}")


def test_changing_rates_agree_with_an_integrator_of_differential_equations() -> None:
    def velocity(time: float) -> Matrix:
        pan, roll = np.radians([30 * np.sin(2 * time), 40 * time])
        return -np.array([[0, -roll, pan], [roll, 0, 0], [-pan, 0, 0.5 * time]])

    solved = solve_ivp(
        lambda time, flat: (velocity(time) @ flat.reshape(3, 3)).ravel(),
        (0, 1),
        np.eye(3).ravel(),
        rtol=1e-11,
        atol=1e-12,
    )
    found = until(timeline("{dolly: 0.5*t, pan: 30*sin(2*t), roll: 40*t}"), 13)
    assert pixels_apart(found, seen(solved.y[:, -1].reshape(3, 3))) < 1e-5


def test_a_path_and_its_rates_are_the_same_motion() -> None:
    path = until(timeline("{path: {dolly: 0.2*t, pan: 7*t}}"), 13)
    # Driving along the first direction while panning is a truck, too, as the camera sees it.
    rates = until(timeline("{dolly: 0.2*cos(7*t*pi/180), truck: -0.2*sin(7*t*pi/180), pan: 7}"), 13)
    assert pixels_apart(path, rates) < 1e-6


def test_a_wider_angle_shows_more_and_a_dolly_zoom_keeps_the_wall() -> None:
    wide = until(timeline("{fov: {0s: 50, 1s: 70}}"), 13)
    assert pixels_apart(wide, seen(np.eye(3), 50, 70)) < 1e-6
    fov = np.degrees(2 * np.arctan(np.tan(np.radians(25)) * np.exp(0.4)))
    kept = until(timeline(f"{{dolly: 0.4/s, fov: {{0s: 50, 1s: {fov}}}}}"), 13)
    assert pixels_apart(kept, np.eye(3)) < 1e-6


def test_a_rate_per_beat_follows_the_tempo() -> None:
    beats = until(timeline("{pan: 6deg/beat}", rest="music: {bpm: 120}\n"), 13)
    assert pixels_apart(beats, until(timeline("{pan: 12deg/s}"), 13)) < 1e-9


def test_each_shot_has_its_camera_and_a_cut_none() -> None:
    shots = "shots:\n- {length: 1s}\n- {length: 1s, camera: {roll: 0, dolly: 0.2}}\n- {length: 1s, start: carry}\n"
    output = "output: {size: [128, 72], fps: 12}\nprompts: red\ncamera: {roll: 12/s}\n"
    made = Timeline(read_schedule(output + shots, "a.yaml", "a"))
    assert [index for index in range(36) if made.at(index).camera is None] == [0, 12]
    assert matrix(made, 11)[1, 0] < 0
    assert matrix(made, 13)[1, 0] == pytest.approx(0)
    assert matrix(made, 24)[0, 0] / matrix(made, 24)[2, 2] > 1.0
    assert matrix(made, 25)[1, 0] < 0


def test_a_carried_path_goes_on_from_where_the_picture_is() -> None:
    shots = "shots:\n- {length: 1s}\n- {length: 1s, start: carry}\n"
    output = "output: {size: [128, 72], fps: 12}\nprompts: red\ncamera: {path: {pan: 6*t}}\n"
    made = Timeline(read_schedule(output + shots, "a.yaml", "a"))
    for index in (5, 12, 13):
        assert pixels_apart(matrix(made, index), matrix(made, 1)) < 1e-6


def test_a_loop_moves_on_past_its_end() -> None:
    asked = timeline("{roll: 12/s}", rest="loop: {blend: 0.5s}\n")
    assert all(pixels_apart(matrix(asked, index), matrix(asked, 1)) < 1e-6 for index in (24, 25, 29))


def test_cadence_carries_the_camera_of_the_frames_between() -> None:
    asked = timeline("{roll: 12/s}", rest="refine: {cadence: 3}\n")
    assert [motion.camera is not None for motion in asked.at(3).motions] == [True, True, True]


def test_regions_that_move_follow_the_camera() -> None:
    text = (
        "output: {size: [128, 72], fps: 12, length: 1s}\n"
        "prompts: [{text: red, region: {circle: [0.5, 0.5, 0.2], moves: true}}]\ncamera: {roll: 12/s, dolly: 0.2}\n"
    )
    asked = Timeline(read_schedule(text, "a.yaml", "a"))
    region = asked.at(11).prompts[0].region
    assert region is not None
    moved = flat_matrix(FlatMove(matrix=region.motion), SIZE)
    assert pixels_apart(moved, until(asked, 12)) < 1e-6


def test_a_schedule_without_a_camera_has_no_word_of_it_in_its_frames() -> None:
    assert "camera" not in timeline("{}", rest="motion: {zoom: 1.1}\nrefine: {cadence: 2}\n").at(2).to_json()


@pytest.mark.parametrize(
    ("camera", "message"),
    [
        ("{fov: 0}", "3:15: camera.fov: expected a number from 1 to 170"),
        ("{fov: 180}", "3:15: camera.fov: expected a number from 1 to 170"),
        ("{doly: 1}", "3:10: camera.doly: unknown key; did you mean 'dolly'"),
        ("{pan: 3%/s}", "3:15: camera.pan: expected a number, a rate such as 4/s"),
        ("{pan: 3/beat}", "a rate per beat needs music"),
        ("{path: {pan: 3}, roll: 3}", "path and the rate of roll are alternative ways"),
        ("{path: {fov: 3}}", "camera.path.fov: unknown key"),
        ("{path: 3}", "expected a map such as"),
        ("{pan: 1/t}", "is infinite (such as 1/0) at frame 0"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(camera: str, message: str) -> None:
    with pytest.raises(ScheduleError) as error:
        timeline(camera)
    assert message in str(error.value)


def test_a_camera_that_turns_round_within_a_frame_is_an_error() -> None:
    with pytest.raises(InputError, match="shows what was behind it from frame 0 to frame 1"):
        timeline("{pan: 900/s}")
    for dolly in ("40", "-40", "1e6", "-1e6"):
        with pytest.raises(InputError, match="more than a factor of 10 from frame 0"):
            timeline(f"{{dolly: {dolly}/s}}")


def test_a_camera_that_does_not_move_is_a_warning() -> None:
    text = "prompts: red\ncamera: {fov: 40}\n"
    assert "the camera does not move" in str(read_schedule(text, "a.yaml", "a").warnings[0])
