"""The plan of what to render, computed from frame numbers alone."""

import random

import pytest

from pipeline.run.plan import Scope, Stretch, missing_frames, plan
from render.errors import InputError


def rendered(stretches: list[Stretch]) -> list[int]:
    return [index for stretch in stretches for index in range(stretch.first, stretch.end)]


ONE = [(0, 160)]
KEPT = [*range(7, 160, 8), 158]  # one state per second at 8 fps, and the latest two


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ([50], [48, 49, 50]),
        ([47], []),  # its own state contains the picture
        ([0], [0]),
        ([50, 52], [48, 49, 50, 51, 52]),
        ([50, 57], [48, 49, 50, 56, 57]),
        ([159], []),
        ([157, 158, 159], [152 + n for n in range(6)]),
        ([], []),
    ],
)
def test_a_missing_frame_is_rendered_from_the_state_before_it(missing: list[int], expected: list[int]) -> None:
    stretches = plan(ONE, missing, KEPT, None)
    assert rendered(stretches) == expected
    assert [index for stretch in stretches for index in stretch.missing] == missing


def test_without_a_state_rendering_continues_from_the_frame_just_rendered() -> None:
    (stretch,) = plan(ONE, [3, 5], [], None)
    assert (stretch.first, stretch.end, stretch.missing) == (0, 6, (3, 5))


def test_shots_are_rendered_from_their_own_beginnings() -> None:
    shots = [(0, 5), (5, 14), (14, 18)]
    stretches = plan(shots, [3, 12, 16], [4, 7, 15], None)
    assert rendered(stretches) == [0, 1, 2, 3, 8, 9, 10, 11, 12, 16]
    assert [stretch.shot for stretch in stretches] == [0, 5, 14]
    assert plan(shots, [6], [4], None)[0].states == (), "a state before a cut is not used"


def test_requested_frames_start_from_a_state_before_them() -> None:
    assert rendered(plan(ONE, [41, 42], [39, 40, 41, 42], 41)) == [41, 42]
    assert rendered(plan(ONE, [3, 41], [2, 3, 39, 41], 41)) == [40, 41]


def test_the_nearest_state_comes_first_and_the_others_follow_in_case_it_is_damaged() -> None:
    first, second = plan(ONE, [50, 100], KEPT, None)
    assert first.states == (47, 39, 31, 23, 15, 7)
    assert second.states == (95, 87, 79, 71, 63, 55), "states before frame 51 are worse than the state in memory"
    assert second.after == 51


def test_any_plan_renders_all_missing_frames_in_order() -> None:
    chance = random.Random(5)
    for _ in range(500):
        cuts = sorted({0, *chance.sample(range(60), 3)})
        shots = list(zip(cuts, [*cuts[1:], 60], strict=True))
        missing = sorted(chance.sample(range(60), chance.randrange(20)))
        kept = chance.sample(range(60), chance.randrange(20))
        stretches = plan(shots, missing, kept, None)
        made = rendered(stretches)
        assert made == sorted(set(made))
        assert set(missing) <= set(made) | {stretch.first - 1 for stretch in stretches if stretch.states}
        for stretch in stretches:
            begin, end = next(shot for shot in shots if shot[0] == stretch.shot)
            assert begin <= stretch.after <= stretch.first <= stretch.end <= end
            assert stretch.missing[-1] == stretch.end - 1


def test_missing_frames_of_a_scope() -> None:
    current = [True, False, True, True, False]
    assert missing_frames(current, Scope(own=(0, 5)), False) == [1, 4]
    assert missing_frames(current, Scope(own=(2, 5)), False) == [4]
    assert missing_frames(current, Scope(own=(0, 4), requested=(3, 4)), False) == [1, 3]
    assert missing_frames(current, Scope(own=(0, 3)), True) == [0, 1, 2]


def test_a_scope_holds_the_runs_own_and_requested_frames() -> None:
    whole, requested, part, first = (
        Scope.of(frames, own, 10) for frames, own in [(None, None), ((4, 6), None), (None, (4, 6)), (None, (0, 4))]
    )
    assert [scope.own for scope in (whole, requested, part, first)] == [(0, 10), (0, 6), (4, 6), (0, 4)]
    assert [scope.wanted for scope in (whole, requested, part, first)] == [(0, 10), (4, 6), (4, 6), (0, 4)]
    assert [scope.requested for scope in (whole, requested, part, first)] == [None, (4, 6), None, None]
    assert [scope.describes_folder for scope in (whole, requested, part, first)] == [True, True, False, True]
    assert Scope.of((None, 3), None, 10).wanted == (0, 3)
    with pytest.raises(InputError, match="--frames 4:11: expected A:B with 0 <= A < B <= 10, the number of frames"):
        Scope.of((4, 11), None, 10)
