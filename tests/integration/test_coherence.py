"""A clip that is repainted with its motion does not flicker as one that is repainted frame by frame."""

from bench.coherence import CLIPS, warping_error, ways
from bench.coherence import measured as repainted

SIZE, FRAMES = (64, 48), 4


def test_repainting_along_the_motion_is_steadier_and_as_near_to_the_prompt() -> None:
    """`python -m bench.coherence` measures a third, on larger pictures and longer clips."""
    clip = CLIPS["card"](SIZE)
    found = {
        name: repainted(clip, way, FRAMES)[0]
        for name, way in ways(mix=0.95, steps=1, lr=0.05, temporal=1.0).items()
        if name != "no steps"
    }
    ours = found.pop("ours")
    for other in found.values():
        assert ours.warping < 0.65 * other.warping
        assert ours.similarity > 0.9 * other.similarity
        assert ours.distance > 0.8 * other.distance


def test_a_clip_itself_is_as_steady_as_its_truth_is_exact() -> None:
    """Along its truth it hardly differs; along none, as if nothing moved, it does."""
    clip = CLIPS["card"](SIZE)
    before, after = clip.frame(3) / 255, clip.frame(4) / 255
    still = clip.truth(4, 4)
    assert warping_error(before, after, clip.truth(4)) < 0.2 * warping_error(before, after, still)
