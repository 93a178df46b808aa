"""Where a whole frame waits for a GPU: nowhere but where this file says why.

A wait is a number that the host reads, a shape that depends on numbers, or a copy from or to memory that is not
pinned. Of these, each stops the host until the GPU has done everything before, and then the GPU until the host has
submitted something new. Steps have their own test, `tests/render/refinement/test_no_waiting.py`.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from render.guidance.perceptors.toy import Toy
from render.latents.pixels import Pixels
from render.motion.displacements import Fields
from render.motion.displacements.flow import Field
from render.renderer.renderer import Renderer, Scorer
from render.renderer.state import FrameState
from render.spec import FrameMotion, FrameSpec
from render.spec.camera import UNMOVED, Depth, FlatMove, RoomMove, View
from render.spec.colour import Colour
from render.spec.footage import Flow, SourceFrame, SourceImage
from render.spec.noise import LatentNoise
from render.spec.pictures import ImageFile
from render.spec.prompts import PromptWeight
from render.spec.regions import Keep, Region
from tests.fake_gpu import CUDA, Record, fake_gpu

SIZE = WIDTH, HEIGHT = 48, 32
NOWHERE: dict[str, int] = {}
LEFT = Region(kind="box", numbers=(0.0, 0.0, 0.5, 1.0), motion=(1.0, 0.0, 0.1, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
FILE = ImageFile(path=Path("clip.mp4"), sha256="")
MOVED = View(pose=(*UNMOVED[:11], 0.2), fov=50.0)
FLOOR = Depth(kind="ground")
ROOM = Depth(kind="file", near=1.0, far=4.0, file=FILE)
RED, BLUE = (PromptWeight(text=text, weight=0.5) for text in ("red", "blue"))
FLOW = Flow(before=SourceImage(file=FILE, number=0), after=SourceImage(file=FILE, number=1))


def found(flow: Flow, size: tuple[int, int]) -> Field:
    moved, seen = torch.zeros(1, 2, *size[::-1], device=CUDA), torch.ones(1, 1, *size[::-1], device=CUDA)
    return Field(backward=moved, forward=moved, seen=seen, seen_before=seen)


def grey(size: tuple[int, int], file: ImageFile, seconds: float | None) -> torch.Tensor:
    return torch.ones(size[::-1], device=CUDA)


def shown(image: SourceImage, size: tuple[int, int]) -> torch.Tensor:
    return torch.ones(1, 3, *size[::-1], device=CUDA)


@pytest.fixture(scope="module")
def gpu() -> Iterator[tuple[Record, Renderer]]:
    with fake_gpu() as record:
        scorers = [Scorer(perceptor=Toy(CUDA)), Scorer(perceptor=Toy(CUDA))]
        renderer = Renderer(Pixels(), scorers, CUDA, fields=Fields(flow=found), show=shown)
        displace = renderer._models.displace
        object.__setattr__(displace, "fields", replace(displace.fields, grey=grey))  # type: ignore[attr-defined]
        yield record, renderer


SPEC = FrameSpec(
    index=2,
    seed=7,
    size=SIZE,
    prompts=(RED, BLUE),
    blend="slerp",
    transforms={"zoom": 1.1, "rotate": 3.0},
    center=(0.5, 0.5),
    border="reflect",
    losses={"prompt": 1.0, "smooth": 0.1, "temporal": 0.1},
    num_steps=2,
    lr=0.1,
    num_cutouts=4,
    carry_optimizer=True,
    uncovered=2.0,
)
STILL = FrameMotion(transforms={}, center=(0.5, 0.5))
KEY = replace(SPEC, index=3, travelled=(SPEC.motion,))
# what a frame does, and the functions that wait
FRAMES: dict[str, tuple[FrameSpec, dict[str, int]]] = {
    "moved": (SPEC, NOWHERE),
    "still": (replace(SPEC, transforms={}), NOWHERE),
    "cut": (replace(SPEC, cut=True), NOWHERE),
    "not refined": (replace(SPEC, num_steps=0), NOWHERE),
    "between others": (replace(SPEC, key=KEY), NOWHERE),  # of the one ahead, which is refined with it
    "flat camera": (replace(SPEC, camera=FlatMove(matrix=(1.1, 0, 0, 0, 1.1, 0, 0, 0, 1))), NOWHERE),
    "camera of other tools": (
        replace(SPEC, camera=FlatMove(matrix=(1.1, 0, 0, 0, 1.1, 0, 0, 0, 1), gain=(1, 1))),
        NOWHERE,
    ),
    "floor": (replace(SPEC, camera=RoomMove(depth=FLOOR, before=View(pose=UNMOVED, fov=50.0), after=MOVED)), NOWHERE),
    # which pixels are hidden decides how many are filled
    "room": (
        replace(SPEC, camera=RoomMove(depth=ROOM, before=View(pose=UNMOVED, fov=50.0), after=MOVED)),
        {"continued": 1},
    ),
    "flow": (replace(SPEC, flow=FLOW), NOWHERE),
    "footage": (replace(SPEC, flow=FLOW, source=SourceFrame(image=FLOW.after, mix=0.7)), NOWHERE),
    # whether the canvas is still known where it enters decides whether it is painted
    "painted": (replace(SPEC, border="paint"), {"moved": 1}),
    "regions": (replace(SPEC, blend="weights", prompts=(replace(RED, region=LEFT), BLUE)), NOWHERE),
    "kept": (replace(SPEC, keep=Keep(region=LEFT)), NOWHERE),
    "stops": (replace(SPEC, prompts=(replace(RED, stop=0.5), BLUE)), NOWHERE),
    "noise": (replace(SPEC, noise=LatentNoise(amount=0.1)), NOWHERE),
    "colours": (replace(SPEC, colour=Colour(match="previous", method="histogram")), NOWHERE),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_waits_only_where_it_must(name: str, gpu: tuple[Record, Renderer]) -> None:
    record, renderer = gpu
    spec, allowed = FRAMES[name]
    before: FrameState = renderer.step(None, replace(SPEC, index=0))
    state = renderer.step(before, replace(spec, index=1, key=None, cut=False))  # reads what is read once
    record.waits.clear()
    renderer.step(state, spec, checked=renderer.checks_at_once)
    where = Counter[str]()
    for place, count in record.waits.items():
        where[place.rpartition(", ")[2]] += count
    assert where == allowed, record.waits
