import math

import numpy as np
import pytest

from render import catalogue
from render.motion import transforms
from render.motion.displacements.homography import motion_matrix
from render.motion.transforms import Transform

SIZE = (64, 40)
NAMES = catalogue.names(transforms)


def transform(name: str) -> Transform:
    found = catalogue.load(transforms, name).TRANSFORM
    assert isinstance(found, Transform)
    return found


def amount_of(name: str, additive: float) -> float:
    return math.exp(additive) if transform(name).multiplicative else additive


@pytest.mark.parametrize("name", NAMES)
def test_the_neutral_amount_moves_nothing(name: str) -> None:
    matrix = motion_matrix({name: transform(name).neutral}, SIZE, (0.3, 0.8))
    np.testing.assert_array_equal(matrix, np.eye(3))


@pytest.mark.parametrize("name", NAMES)
def test_the_generator_is_the_velocity_of_the_motion(name: str) -> None:
    step = 1e-4
    forward, back = (motion_matrix({name: amount_of(name, sign * step)}, SIZE, (0.0, 0.0)) for sign in (1, -1))
    velocity = (forward - back) / (2 * step)
    assert np.abs(velocity).max() > 1e-4
    np.testing.assert_allclose(velocity, transform(name).generator(1.0, SIZE), atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_the_generator_is_proportional_to_the_amount(name: str) -> None:
    generator = transform(name).generator
    np.testing.assert_allclose(generator(-3.0, SIZE), -3 * generator(1.0, SIZE), rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_only_a_tilt_is_projective(name: str) -> None:
    affine = not transform(name).generator(1.0, SIZE)[2].any()
    assert affine != name.startswith("tilt")


@pytest.mark.parametrize("name", NAMES)
def test_the_opposite_amount_undoes_a_move(name: str) -> None:
    there, back = (motion_matrix({name: amount_of(name, sign * 0.3)}, SIZE, (0.3, 0.8)) for sign in (1, -1))
    np.testing.assert_allclose(back @ there, np.eye(3), atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_the_example_fits_the_unit(name: str) -> None:
    entry = transform(name)
    assert entry.example.endswith("/s")
    assert ("%" in entry.example) == entry.percent
    assert entry.unit.endswith("per second")


@pytest.mark.parametrize(
    ("name", "amount", "start", "end"),
    [
        ("zoom", 2.0, (3, 5), (6, 10)),
        ("zoom", 0.5, (8, 4), (4, 2)),
        ("rotate", 90.0, (7, 0), (0, -7)),  # y points down, so this is up on the screen
        ("rotate", -90.0, (7, 0), (0, 7)),
        ("pan_x", 0.25, (1, 2), (17, 2)),
        ("pan_y", 0.25, (1, 2), (1, 12)),
        ("shear_x", 0.5, (10, -8), (14, -8)),  # above: to the right
        ("shear_x", 0.5, (10, 8), (6, 8)),
        ("shear_y", 0.5, (8, 10), (8, 14)),  # on the right: down
        ("shear_y", -0.5, (8, 10), (8, 6)),
        ("tilt_x", math.degrees(1), (16, -10), (12.8, -8)),  # divided by 1 + 10/40: the top shrinks
        ("tilt_x", math.degrees(1), (16, 10), (16 / 0.75, 10 / 0.75)),
        ("tilt_y", math.degrees(1), (10, 16), (8, 12.8)),  # on the right: shrinks
        ("tilt_y", math.degrees(-1), (10, 16), (10 / 0.75, 16 / 0.75)),
    ],
)
def test_a_known_point_moves_to_a_known_position(
    name: str, amount: float, start: tuple[float, float], end: tuple[float, float]
) -> None:
    matrix = motion_matrix({name: amount}, SIZE, (0.0, 0.0))
    seen = matrix @ [*start, 1]
    np.testing.assert_allclose(seen[:2] / seen[2], end, atol=1e-9)
