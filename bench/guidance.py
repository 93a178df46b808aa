"""What a step is worth: similarity reached per step and per second on the embedded pair.

The similarity is the guide's own, which is what refinement climbs; it tells which setting climbs
fastest, not which pictures are best.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bench.interleaved import seconds
from bench.ours import EMBEDDED, Loaded, frame
from render.renderer import FrameState, Renderer
from render.spec import PromptWeight

PROMPTS = (
    "a calm blue sea at noon",
    "a golden sunset over the sea",
    "a dark starry night sky over the sea",
    "red poppies in a green meadow",
)
FRAMES = 8
"""After the first one: long enough for a frame's start to be the video's own."""


@dataclass(frozen=True, kw_only=True)
class Reached:
    """Means over prompts: of the first frame, of the last of a slow zoom, and seconds per frame of it."""

    first: float
    video: float
    frame_seconds: float


def reached(models: Loaded, changes: Mapping[str, object], steps: int, first_steps: int) -> Reached:
    """Render the first frame and a short slow zoom of every prompt with a spec changed by `changes`."""
    renderer = models.renderer()
    firsts, videos, times = [], [], []
    for prompt in PROMPTS:
        video = _Video(renderer, prompt, changes, steps, first_steps)
        video()
        firsts.append(video.similarity)
        times += [seconds(video) for _ in range(FRAMES)]
        videos.append(video.similarity)
    return Reached(first=_mean(firsts), video=_mean(videos), frame_seconds=statistics.median(times))


class _Video:
    """Calling it renders the next frame of a slow zoom."""

    def __init__(
        self, renderer: Renderer, prompt: str, changes: Mapping[str, object], steps: int, first_steps: int
    ) -> None:
        self._renderer, self._prompt, self._changes = renderer, prompt, changes
        self._steps, self._first_steps = steps, first_steps
        self._state: FrameState | None = None

    def __call__(self) -> None:
        index = 0 if self._state is None else self._state.index + 1
        spec = frame(EMBEDDED, index, self._steps if index else self._first_steps, {"zoom": 1.004})
        prompts = (PromptWeight(text=self._prompt, weight=1.0),)
        spec = replace(spec, prompts=prompts, losses={"prompt": 1.0, "smooth": 0.4}, **self._changes)  # type: ignore[arg-type]
        self._state = self._renderer.step(self._state, spec)

    @property
    def similarity(self) -> float:
        assert self._state is not None
        return float(self._state.similarity)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
