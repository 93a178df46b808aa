"""Steps through constant tensors, and as a graph: every frame gets what plain steps would have given it.

On the CPU nothing can be captured: there a stand-in repeats the step itself, on the tensors that a graph would use.
"""

import gc
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from render.device import memory
from render.device.graphs import SWITCH, graphs_of
from render.guidance.followed import Followed
from render.guidance.guide_images import GuideImages
from render.guidance.micro_batch import MicroBatched
from render.guidance.perceptors.toy import Toy
from render.guidance.prompts import PromptEncoder
from render.latents.pixels import Pixels
from render.latents.vqgan import VQGAN
from render.models.registry import find_latent, find_perceptor
from render.refinement.areas import Areas, Kept
from render.refinement.buffers import NotCapturedError, essential, models
from render.refinement.joint import Joint, joined
from render.refinement.joint_steps import Pending, take_steps
from render.refinement.lockstep import Lockstep
from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Guide, Refinement
from render.refinement.replay import KEPT, Replay
from render.refinement.scheduler import Unbatched
from render.refinement.structure import taken_apart
from render.renderer.loading.load import load_renderer
from render.renderer.renderer import Renderer, Scorer
from render.rng import frame_generator
from render.spec import FrameSpec
from render.spec.colour import Colour
from render.spec.prompts import PromptWeight

CPU = torch.device("cpu")
PIXELS, TOY = Pixels(), MicroBatched(Toy(CPU))
SLOWER = "steps are not replayed from now on, which may be slower: "
Step = Callable[[], None]


class Repeating:
    """Repeats steps as they are; notes what is asked of it."""

    def __init__(self) -> None:
        self.noted: list[str] = []

    def aside(self, step: Step) -> None:
        self.noted.append("plain")
        step()

    def captured(self, step: Step, generators: Sequence[torch.Generator]) -> Step:
        self.noted.append("captured")

        def replayed() -> None:
            self.noted.append("replayed")
            step()

        return replayed

    def release(self) -> None:
        self.noted.append("released")


class Failing(Repeating):
    """Cannot capture; has drawn numbers already when that turns out."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def captured(self, step: Step, generators: Sequence[torch.Generator]) -> Step:
        for generator in generators:
            torch.rand(3, generator=generator)
        raise self.error


def replaying(graphs: Repeating, told: list[str] | None = None, least: int = 1) -> Replay:
    return Replay((told if told is not None else []).append, least, lambda device: graphs)


BLUE = PromptWeight(text="blue", weight=0.5)
FOG = PromptWeight(text="fog", weight=-0.3, stop=0.2)


@pytest.fixture
def spec(spec: FrameSpec) -> FrameSpec:
    losses = {"smooth": 0.4, "prompt": 1.0, "anchor": 0.2, "guide": 0.3, "temporal": 0.1, "palette": 0.5}
    return replace(spec, size=(24, 16), losses=losses, num_steps=3, colour=Colour(palette=("#ff6347", "#123456")))


def varied(spec: FrameSpec) -> list[FrameSpec]:
    """Frames that differ in numbers alone, which is also the number of their prompts."""
    red = spec.prompts[0]
    return [
        replace(spec, index=1, prompts=(red,)),
        replace(
            spec,
            index=2,
            seed=8,
            lr=0.02,
            prompts=(red, BLUE),
            losses={name: 0.3 * weight for name, weight in spec.losses.items()},
            colour=Colour(palette=("#00ff00", "#223300")),
        ),
        replace(spec, index=3, seed=9, lr=0.3, prompts=(BLUE,), num_steps=2, ema=0.5),
        replace(spec, index=4, prompts=(replace(red, weight=0.2), FOG), num_steps=4),
    ]


def pending(spec: FrameSpec, latents: Any = PIXELS, perceptor: Any = TOY, *, regions: bool = False) -> Pending:
    """A frame with everything that a refinement can have, drawn from its seed."""
    width, height = spec.size
    noise = torch.Generator().manual_seed(spec.seed + spec.index)
    picture, other, guide = torch.rand(3, 1, 3, height, width, generator=noise)
    masks = torch.rand(4, 1, 1, height, width, generator=noise)
    targets = PromptEncoder(perceptor, CPU).targets(spec.prompts, spec.blend)
    assert targets is not None
    if targets.stops is None:
        targets = replace(targets, stops=torch.full_like(targets.weights, -torch.inf))
    if regions:
        drawn = torch.rand(len(targets.weights), height, width, generator=noise)
        targets = replace(targets, regions=(drawn > 0.3).float())
    seen = torch.nn.functional.normalize(torch.randn(1, 1, targets.embeddings.shape[-1], generator=noise), dim=-1)
    latent = latents.encode(picture)
    refinement = Refinement(
        latents=latents,
        guides=[Guide(perceptor=perceptor, targets=targets)],
        anchor=picture,
        spec=spec,
        generator=frame_generator(spec.seed, spec.index, CPU),
        guide_images=GuideImages(images=guide[:, None], weights=torch.rand(1, 1, generator=noise), embeddings=[seen]),
        areas=Areas(losses={"smooth": masks[0]}, kept=Kept(picture=other, mask=0.5 * masks[1])),
        followed=Followed(picture=other, trust=masks[2]),
        pace=1 + torch.rand(1, 1, *latent.shape[-2:], generator=noise),
    )
    return Pending(refinement, LatentAdam(latent, None, adapt=spec.adapt))


def numbers(item: Pending) -> list[Tensor]:
    """Everything that a frame hands on after its steps."""
    generator = item.refinement.generator
    assert isinstance(generator, torch.Generator)
    latent = item.optimizer.latent.detach()
    return [latent, item.average.value(latent), *item.optimizer.state().values(), generator.get_state()]


def joint_of(item: Pending) -> Joint:
    return joined([item.refinement], [item.optimizer], padded=True)


def assert_equal(ones: Sequence[Pending], others: Sequence[Pending]) -> None:
    """To the bit."""
    for one, other in zip(ones, others, strict=True):
        assert all(torch.equal(*pair) for pair in zip(numbers(one), numbers(other), strict=True))


@pytest.mark.parametrize("adapt", ["number", "picture"])
@pytest.mark.parametrize("regions", [False, True])
def test_frames_in_the_same_tensors_equal_those_of_plain_steps(regions: bool, adapt: str, spec: FrameSpec) -> None:
    graphs = Repeating()
    replay = replaying(graphs)
    for each in varied(replace(spec, adapt=adapt)):
        mine, plain = (pending(each, regions=regions) for _ in range(2))
        take_steps([mine], each.num_steps, replay)
        take_steps([plain], each.num_steps)
        assert_equal([mine], [plain])
    assert graphs.noted == ["plain", "plain", "captured", *["replayed"] * 10]


class Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Records operators with all that a graph of them would repeat: plain arguments, and the places of tensors."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.ran: list[tuple[str, list[object]]] = []
        self._made: dict[int, int] = {}
        self._held: list[Tensor] = []  # so that no place is used twice

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten.lift_fresh.default:  # a plain number, as in `x[0] = 1`
            self.ran.append((str(func), [float(args[0])]))
        else:
            self.ran.append((str(func), [self._described(each) for each in tree_leaves((args, kwargs))]))
        result = func(*args, **(kwargs or {}))
        for each in tree_leaves(result):
            if isinstance(each, Tensor):
                self._held.append(each)
                self._made.setdefault(each.untyped_storage().data_ptr(), len(self._made))
        return result

    def _described(self, value: object) -> object:
        if isinstance(value, Tensor):
            place = value.untyped_storage().data_ptr()
            return self._made.get(place, f"constant at {place}")
        return "generator" if isinstance(value, torch.Generator) else repr(value)


class Comparing(Repeating):
    """Records a step where it would be captured, and finds the same where it would be replayed."""

    def captured(self, step: Step, generators: Sequence[torch.Generator]) -> Step:
        ran: list[list[tuple[str, list[object]]]] = []

        def replayed() -> None:
            with Recorder() as recorder:
                step()
            ran.append(recorder.ran)
            assert recorder.ran == ran[0]
            self.noted.append("replayed")

        return replayed


@pytest.mark.parametrize("regions", [False, True])
def test_a_step_of_one_frame_is_that_of_another_but_for_the_numbers_in_its_tensors(
    regions: bool, spec: FrameSpec
) -> None:
    """So that a graph of one is a graph of the other: same operators, same plain numbers, same places."""
    graphs = Comparing()
    replay = replaying(graphs)
    for each in varied(replace(spec, augment="full")):
        take_steps([pending(each, regions=regions)], 3, replay)
    assert graphs.noted.count("replayed") == 10


@pytest.mark.parametrize("size", [2, 3])
def test_batches_equal_those_of_plain_steps(size: int, spec: FrameSpec) -> None:
    graphs = Repeating()
    replay = replaying(graphs)
    specs = varied(spec)
    for begin in range(3):
        group = [*specs, *specs][begin : begin + size]
        mine, plain = ([pending(each, regions=True) for each in group] for _ in range(2))
        take_steps(mine, 2, replay)
        take_steps(plain, 2)
        assert_equal(mine, plain)
    assert graphs.noted == ["plain", "plain", "captured", *["replayed"] * 4]


def test_the_embedded_models(embedded_vqgan: VQGAN, embedded_clip: Any, spec: FrameSpec) -> None:
    perceptor, replay = MicroBatched(embedded_clip), replaying(Repeating())
    for each in varied(replace(spec, size=(48, 32), augment="full"))[:3]:
        mine, plain = (pending(each, embedded_vqgan, perceptor) for _ in range(2))
        take_steps([mine], 2, replay)
        take_steps([plain], 2)
        assert_equal([mine], [plain])


def test_every_tensor_of_a_batch_is_found_and_copied(spec: FrameSpec) -> None:
    """A field that is added to any part of a refinement is copied as well, without a change to what copies."""

    @dataclass(frozen=True, kw_only=True)
    class Later(Refinement):
        newer: dict[str, list[Tensor]] = field(default_factory=dict)

    joint = joint_of(pending(spec, regions=True))
    kept = {each.name: getattr(joint.refinement, each.name) for each in fields(Refinement)}
    later = replace(joint, refinement=Later(**kept, newer={"a": [torch.zeros(2)]}))
    key, tensors = taken_apart(essential(joint), models(joint))
    newer_key, newer_tensors = taken_apart(essential(later), models(joint))
    assert len(newer_tensors) == len(tensors) + 1
    assert key != newer_key


def test_the_frames_here_have_everything_that_a_refinement_can_have(spec: FrameSpec) -> None:
    """A new optional part must be added to them: then all tests here are about it, too."""
    refinement = pending(spec, regions=True).refinement
    parts = (refinement, refinement.guides[0].targets, refinement.areas)
    missing = [each.name for part in parts for each in fields(part) if getattr(part, each.name) is None]
    assert missing == ["palettes", "coverage"]  # joining sets the first, every step the second


def test_the_tensors_of_a_batch_are_nobody_elses(spec: FrameSpec) -> None:
    """Those of the first batch become the constant ones."""
    item = pending(spec, regions=True)
    joint = joint_of(item)
    _, given = taken_apart((item.refinement, item.optimizer), models(joint))
    _, tensors = taken_apart(essential(joint), models(joint))
    places = [{each.untyped_storage().data_ptr() for each in part} for part in (given, tensors)]
    assert not places[0] & places[1]


def test_what_a_key_cannot_describe_is_not_replayed(spec: FrameSpec) -> None:
    class Unknown:
        pass

    graphs, told = Repeating(), []  # type: tuple[Repeating, list[str]]
    joint = joint_of(pending(spec))
    joint = replace(joint, refinement=replace(joint.refinement, guide_images=Unknown()))  # type: ignore[arg-type]
    losses = {name: weight for name, weight in joint.refinement.weights.items() if name != "guide"}
    joint = replace(joint, refinement=replace(joint.refinement, weights=losses))
    assert len(list(replaying(graphs, told).steps(joint, 2))) == 2
    assert told == [f"{SLOWER}a step holds a Unknown, of which it is not known whether it changes"]
    assert "captured" not in graphs.noted


@pytest.mark.parametrize(
    "changes",
    [{"num_cutouts": 5}, {"size": (16, 24)}, {"losses": {"prompt": 1.0}}, {"augment": "full"}, {"adapt": "picture"}],
    ids=lambda changes: "+".join(changes),
)
def test_steps_that_differ_in_more_than_numbers_have_their_own_graph(changes: Any, spec: FrameSpec) -> None:
    graphs = Repeating()
    replay = replaying(graphs)
    for each in (spec, replace(spec, **changes), spec):
        mine, plain = pending(each), pending(each)
        take_steps([mine], 3, replay)
        take_steps([plain], 3)
        assert_equal([mine], [plain])
    assert graphs.noted.count("captured") == 2


def test_smaller_groups_of_cutouts_have_their_own_graph(spec: FrameSpec) -> None:
    graphs, perceptor = Repeating(), MicroBatched(Toy(CPU))
    replay = replaying(graphs)
    for _ in range(2):
        take_steps([pending(spec, perceptor=perceptor)], 3, replay)
        perceptor.halve(spec.num_cutouts)
    assert graphs.noted.count("captured") == 2


def test_a_graph_is_captured_once_enough_steps_are_asked_for(spec: FrameSpec) -> None:
    """Over frames: with 3 steps each, 9 with the third one."""
    graphs = Repeating()
    replay = replaying(graphs, least=8)
    for index in range(2):
        take_steps([pending(replace(spec, index=index))], 3, replay)
    assert graphs.noted == []
    take_steps([pending(replace(spec, index=2))], 3, replay)
    assert graphs.noted == ["plain", "plain", "captured", "replayed"]


def test_few_graphs_are_kept_and_given_up_all_together(spec: FrameSpec) -> None:
    """Torch may free what all of them use as soon as one is gone."""
    graphs = Repeating()
    replay = replaying(graphs)
    counts = [*range(2, 3 + KEPT), 2]  # one more than are kept, and the first one again
    for count in counts:
        take_steps([pending(replace(spec, num_cutouts=count))], 3, replay)
    assert graphs.noted.count("captured") == len(counts)
    assert graphs.noted.count("released") == 1
    assert len(replay._kept) == 2


def test_careful_steps_are_not_replayed(spec: FrameSpec) -> None:
    graphs = Repeating()
    item = pending(spec)
    item.refinement = replace(item.refinement, careful=True)
    take_steps([item], 3, replaying(graphs))
    assert graphs.noted == []


def test_if_a_step_cannot_be_captured_the_steps_are_plain_ones(spec: FrameSpec) -> None:
    graphs, told = Failing(RuntimeError("operation not permitted\nmore")), []  # type: tuple[Failing, list[str]]
    replay = replaying(graphs, told)
    for each in varied(spec):
        mine, plain = pending(each), pending(each)
        take_steps([mine], 4, replay)
        take_steps([plain], 4)
        assert_equal([mine], [plain])
    assert graphs.noted == ["plain", "plain", "released"]
    assert told == [f"{SLOWER}operation not permitted"]


def test_if_memory_runs_out_graphs_are_given_up_before_cutouts_are_processed_in_smaller_groups(spec: FrameSpec) -> None:
    told: list[str] = []
    renderer = Renderer(Pixels(), [Scorer(perceptor=Toy(CPU))], CPU, warn=told.append)
    graphs = Failing(torch.OutOfMemoryError("out of memory"))
    scheduler = Unbatched(told.append)
    scheduler._replay = replaying(graphs, told)
    each = replace(spec, index=0, losses={"prompt": 1.0}, colour=None)
    found = renderer.of_run(told.append, scheduler).step(None, each)
    assert torch.equal(found.image, renderer.step(None, each).image)
    assert renderer._perceptors[0].size is None
    assert told == [f"{SLOWER}memory is running out"]


@pytest.mark.parametrize("error", [RuntimeError("not permitted"), torch.OutOfMemoryError("out of memory")])
def test_a_failed_capture_keeps_no_memory_of_its_step(spec: FrameSpec, error: RuntimeError) -> None:
    """Neither by a traceback nor by a cycle of references: what is done next may need it."""
    made: list[weakref.ref[Tensor]] = []

    class Holding(Failing):
        def captured(self, step: Step, generators: Sequence[torch.Generator]) -> Step:
            activations = torch.zeros(9)
            made.append(weakref.ref(activations))
            try:
                raise type(self.error)(str(self.error))
            finally:  # as a capture whose end fails as well
                raise RuntimeError("operation failed due to a previous error during capture")

    graphs = Holding(error)
    replay = replaying(graphs)
    joint = replay.joined([pending(spec).refinement], [pending(spec).optimizer])
    buffers = replay._loaded(joint, 3)
    assert buffers is not None
    gc.disable()
    try:
        with pytest.raises((NotCapturedError, torch.OutOfMemoryError), match=str(error)) as raised:
            deque(map(buffers.take_step, [graphs] * 3))
        assert (made[0]() is None, raised.value.__context__) == (True, None)
    finally:
        gc.enable()


def test_lockstep_that_runs_out_of_memory_gives_up_graphs_before_pictures(spec: FrameSpec) -> None:
    told: list[str] = []
    lockstep = Lockstep(2, told.append)
    lockstep._replay = replaying(Failing(torch.OutOfMemoryError("out of memory")), told)
    batch = [pending(replace(spec, seed=seed)) for seed in (1, 2)]
    plain = [pending(replace(spec, seed=seed)) for seed in (1, 2)]
    lockstep._advance_batch(batch)
    take_steps(plain, 3)
    assert_equal(batch, plain)
    assert lockstep.max_batch == 2
    assert told == [f"{SLOWER}memory is running out"]


def test_the_cpu_takes_plain_steps(spec: FrameSpec) -> None:
    """And makes no room for prompts that no frame has."""
    replay = Replay()
    item = pending(spec)
    joint = replay.joined([item.refinement], [item.optimizer])
    assert joint.refinement.guides[0].targets.weights.shape == (1, 1)
    assert graphs_of(CPU) is None
    assert not replay.release()


cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")


@pytest.fixture(scope="module")
def gpu_renderer() -> Renderer:
    models = find_latent("embedded").files(), [(find_perceptor("embedded").files(), 1.0)]
    return load_renderer(*models, False, torch.device("cuda"), torch.float32)


def video(renderer: Renderer, spec: FrameSpec) -> list[Tensor]:
    """Six frames with two and one prompts."""
    state, images = None, []
    for index in range(6):
        prompts = (*spec.prompts, BLUE)[: 1 + index % 2]
        each = replace(spec, index=index, prompts=prompts, lr=0.05 + 0.02 * index, num_steps=4)
        state = renderer.step(state, each)
        images.append(state.image.cpu())
    return images


def on_a_gpu(spec: FrameSpec) -> FrameSpec:
    return replace(spec, size=(96, 64), losses={"prompt": 1.0, "smooth": 0.4}, colour=None, augment="full")


@pytest.mark.gpu
@cuda
def test_on_a_gpu_replayed_frames_equal_those_of_plain_steps(
    gpu_renderer: Renderer, spec: FrameSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    replayed = video(gpu_renderer.of_run(told.append), on_a_gpu(spec))
    assert told == []
    monkeypatch.setenv(SWITCH, "0")
    plain = video(gpu_renderer.of_run(told.append), on_a_gpu(spec))
    assert all(torch.equal(*pair) for pair in zip(replayed, plain, strict=True))  # so resuming gives equal frames


@pytest.mark.gpu
@cuda
def test_on_a_gpu_a_replayed_step_draws_the_numbers_of_a_plain_one(gpu_renderer: Renderer, spec: FrameSpec) -> None:
    states = []
    for least in (1, 1000):
        replay = Replay(least=least)
        items = [Pending(*gpu_renderer.from_noise(replace(on_a_gpu(spec), seed=seed))) for seed in (1, 2)]
        for _ in range(3):
            take_steps(items, 2, replay)
        states.append([item.refinement.generator.get_state() for item in items])  # type: ignore[union-attr]
    assert all(torch.equal(*pair) for pair in zip(*states, strict=True))


@pytest.mark.gpu
@cuda
def test_on_a_gpu_graphs_outlive_no_memory_that_they_use(gpu_renderer: Renderer, spec: FrameSpec) -> None:
    """More kinds of steps than graphs are kept, in turn, with other work on the GPU's memory between them."""
    results = []
    for least in (1, 1000):
        replay, latents = Replay(least=least), []
        for count in [*range(2, 4 + KEPT)] * 2:
            item = Pending(*gpu_renderer.from_noise(replace(on_a_gpu(spec), num_cutouts=count)))
            take_steps([item], 5, replay)
            latents.append(item.optimizer.latent.detach().cpu())
            torch.full((2**28,), torch.nan, device="cuda")
        results.append(latents)
    assert all(torch.equal(*pair) for pair in zip(*results, strict=True))


@pytest.mark.gpu
@cuda
def test_on_a_gpu_memory_of_graphs_is_given_back(gpu_renderer: Renderer, spec: FrameSpec) -> None:
    device = torch.device("cuda")
    told: list[str] = []
    before = memory.available(device)
    replay = Replay(told.append, least=1)
    take_steps([Pending(*gpu_renderer.from_noise(replace(on_a_gpu(spec), size=(512, 512))))], 4, replay)
    during = memory.available(device)
    assert replay.release()
    after = memory.available(device)
    assert before is not None
    assert during is not None
    assert after is not None
    assert during < before - 100e6
    assert after > during + 100e6
    assert told == [f"{SLOWER}memory is running out"]


@pytest.mark.gpu
@cuda
def test_on_a_gpu_a_step_that_cannot_be_captured_is_taken_plainly(gpu_renderer: Renderer, spec: FrameSpec) -> None:
    class Waiting(Toy):
        """Reads a number back, which cannot be captured."""

        def encode_image(self, images: Tensor) -> Tensor:
            float(images.detach().mean())
            return super().encode_image(images)

    told: list[str] = []
    device = torch.device("cuda")
    renderer = Renderer(Pixels(), [Scorer(perceptor=Waiting(device))], device, warn=told.append)
    images = video(renderer, on_a_gpu(spec))
    assert all(bool(image.isfinite().all()) for image in images)
    assert len(told) == 1
    assert told[0].startswith(SLOWER)
    assert torch.cuda.current_stream() == torch.cuda.default_stream()
    video(renderer.of_run(told.append), on_a_gpu(spec))  # what failed leaves no trace in torch: it fails alike again
    assert told == [told[0]] * 2
