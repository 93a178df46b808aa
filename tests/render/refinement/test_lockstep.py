"""Several runs refined as one batch: each gets what it would have got alone, whatever happens to the others."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from itertools import chain

import pytest
import torch
from torch import Tensor

from render.errors import NonFiniteError
from render.guidance.perceptors import clip
from render.guidance.perceptors.toy import Toy
from render.latents.pixels import Pixels
from render.latents.vqgan import VQGAN
from render.models.registry import find_latent, find_perceptor
from render.refinement.joint_steps import Pending, take_steps
from render.refinement.lockstep import Lockstep
from render.renderer.loading.load import load_renderer
from render.renderer.renderer import Renderer, Scorer
from render.renderer.state import FrameState
from render.rng import frame_generator, normal, uniform
from render.spec import FrameSpec
from render.spec.prompts import PromptWeight
from render.spec.regions import Keep, Region

CPU = torch.device("cpu")
Specs = Sequence[FrameSpec]
Frames = Generator[FrameState, None, None]


def frames(renderer: Renderer, specs: Specs, states: list[FrameState]) -> Frames:
    """One run; `states` collects its states as they come."""
    state = None
    for spec in specs:
        state = renderer.step(state, spec)
        states.append(state)
        yield state


def alone(renderer: Renderer, runs: Sequence[Specs]) -> list[list[FrameState]]:
    result = []
    for specs in runs:
        states: list[FrameState] = []
        for spec in specs:
            states.append(renderer.step(states[-1] if states else None, spec))
        result.append(states)
    return result


def together(renderer: Renderer, runs: Sequence[Specs], most: int = 8) -> list[list[FrameState]]:
    result: list[list[FrameState]] = [[] for _ in runs]
    lockstep, renderer = scheduled(renderer, most)
    for _ in lockstep.run(frames(renderer, *pair) for pair in zip(runs, result, strict=True)):
        pass
    return result


def scheduled(renderer: Renderer, most: int, warn: Callable[[str], None] = print) -> tuple[Lockstep, Renderer]:
    """A lockstep, and a renderer whose refinements it schedules."""
    lockstep = Lockstep(most, warn)
    return lockstep, renderer.of_run(renderer.warn, lockstep)


def assert_close(
    ones: list[list[FrameState]], others: list[list[FrameState]], atol: float = 0.0, rtol: float = 0.0
) -> None:
    """Equal to the bit unless a tolerance is given."""
    assert [len(states) for states in ones] == [len(states) for states in others]
    for one, other in zip(chain.from_iterable(ones), chain.from_iterable(others), strict=True):
        assert one.index == other.index
        assert one.optimizer_state.keys() == other.optimizer_state.keys()
        tensors = [(one.image, other.image), (one.latent, other.latent), (one.similarity, other.similarity)]
        assert (one.canvas is None) == (other.canvas is None)
        if one.canvas is not None:
            tensors.append((one.canvas, other.canvas))
        tensors += [(value, other.optimizer_state[name]) for name, value in one.optimizer_state.items()]
        for mine, theirs in tensors:
            torch.testing.assert_close(mine, theirs, equal_nan=True, atol=atol, rtol=rtol)


def different(spec: FrameSpec) -> list[list[FrameSpec]]:
    """Three runs that share only size, cutouts and names of losses; of 3, 2 and 1 frames."""
    spec = replace(spec, losses={"prompt": 1.0, "smooth": 0.4}, num_steps=3)
    a = [replace(spec, index=index, num_steps=4 if index == 0 else 2) for index in range(3)]
    b_prompts = (PromptWeight(text="blue", weight=0.7), PromptWeight(text="fog", weight=-0.3))
    b = [
        replace(
            one, seed=8, prompts=b_prompts, lr=0.05, transforms={"zoom": 1.1}, losses={"prompt": 2.0, "smooth": 0.1}
        )
        for one in a[:2]
    ]
    b[1] = replace(b[1], border="paint", transforms={"zoom": 0.9})
    c = [replace(spec, index=0, seed=9, ema=0.5, num_steps=5, carry_optimizer=False)]
    return [a, b, c]


def placed(spec: FrameSpec, keep: Keep | None = None) -> list[FrameSpec]:
    """Three frames in which prompts and a loss have regions."""
    left = Region(kind="box", numbers=(0.0, 0.0, 0.5, 1.0))
    prompts = (
        PromptWeight(text="red", weight=1.0, region=left),
        PromptWeight(text="blue", weight=0.5, region=replace(left, invert=True)),
    )
    own = replace(
        spec, prompts=prompts, losses={"prompt": 1.0, "smooth": 0.4}, loss_regions={"smooth": left}, keep=keep
    )
    return [replace(own, index=index, num_steps=3, num_cutouts=8) for index in range(3)]


def test_runs_with_regions_equal_single_runs(toy_renderer: Renderer, spec: FrameSpec) -> None:
    """Beside runs without, which cannot be in their batch, and one in which something is kept."""
    spec = replace(spec, num_cutouts=8)
    kept = placed(replace(spec, seed=3), Keep(region=Region(kind="circle", numbers=(0.5, 0.5, 0.3)), seam=0.2))
    one = [replace(each, seed=5, prompts=each.prompts[:1]) for each in placed(spec)]
    runs = [placed(spec), one, kept, *different(spec)]
    assert_close(together(toy_renderer, runs), alone(toy_renderer, runs), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("draw", [uniform, normal])
def test_pictures_of_a_batch_get_the_same_random_numbers_as_alone(
    draw: Callable[[tuple[int, ...], object], Tensor],
) -> None:
    seeds = (3, 4, 5)
    both = draw((3, 5, 2), tuple(frame_generator(seed, 0, CPU) for seed in seeds))
    assert torch.equal(both, torch.cat([draw((1, 5, 2), frame_generator(seed, 0, CPU)) for seed in seeds]))
    with pytest.raises(ValueError, match="a generator for each of 2 pictures, got 1"):
        draw((2, 5), (frame_generator(3, 0, CPU),))


@pytest.mark.parametrize(("augment", "adapt"), [("light", "number"), ("full", "number"), ("light", "picture")])
@pytest.mark.parametrize("most", [1, 2, 8])
def test_runs_of_different_kinds_and_lengths_equal_single_runs(
    most: int, augment: str, adapt: str, toy_renderer: Renderer, spec: FrameSpec
) -> None:
    runs = different(replace(spec, augment=augment, adapt=adapt))
    assert_close(together(toy_renderer, runs, most), alone(toy_renderer, runs), atol=1e-5, rtol=1e-4)


def test_one_at_a_time_is_the_single_run_to_the_bit(toy_renderer: Renderer, spec: FrameSpec) -> None:
    runs = different(spec)
    assert_close(together(toy_renderer, runs, most=1), alone(toy_renderer, runs))


@pytest.mark.parametrize(
    "changes",
    [
        {"num_cutouts": 5},
        {"size": (24, 16)},
        {"losses": {"prompt": 1.0}},
        {"augment": "full"},
        {"adapt": "picture"},
        {"prompts": (), "losses": {"smooth": 1.0}},
        {"num_steps": 0},
    ],
    ids=lambda changes: "+".join(changes),
)
def test_pictures_that_do_not_fit_the_batch_are_refined_separately(
    changes: dict[str, object], toy_renderer: Renderer, spec: FrameSpec
) -> None:
    fitting = replace(spec, index=0, num_steps=3, losses={"smooth": 0.1, "prompt": 1.0})
    runs = [[fitting], [replace(fitting, **changes)]]  # type: ignore[arg-type]
    assert_close(together(toy_renderer, runs), alone(toy_renderer, runs))


def test_gradients_are_those_of_single_pictures(embedded_renderer: Renderer, spec: FrameSpec) -> None:
    """Adam's mean gradient after one step; larger batches sum in a different order, so not equal to the bit."""
    specs = [specs[0] for specs in different(replace(spec, size=(48, 32)))]
    batch, singles = ([Pending(*embedded_renderer.from_noise(spec)) for spec in specs] for _ in range(2))
    take_steps(batch, 1)
    for item, single in zip(batch, singles, strict=True):
        take_steps([single], 1)
        mean, wanted = (each.optimizer.state()["exp_avg"] for each in (item, single))
        assert float(torch.linalg.vector_norm(mean - wanted)) < 1e-4 * float(torch.linalg.vector_norm(wanted))


def test_frames_of_the_embedded_models(embedded_renderer: Renderer, spec: FrameSpec) -> None:
    """Adam's first steps amplify gradients that are pure rounding as much as any others."""
    runs = different(replace(spec, size=(48, 32)))
    (a, b, c), (a_alone, b_alone, c_alone) = together(embedded_renderer, runs), alone(embedded_renderer, runs)
    for one, other in [(a, a_alone), (b, b_alone), (c, c_alone)]:
        assert float((one[-1].image - other[-1].image).abs().mean()) < 5e-3
        torch.testing.assert_close(one[-1].similarity, other[-1].similarity, atol=2e-3, rtol=0)
    assert float((a[1].image - b[1].image).abs().mean()) > 0.02


def test_several_perceptors_see_the_same_as_in_single_runs(spec: FrameSpec) -> None:
    class Wide(Toy):
        side = 24

    scorers = [Scorer(perceptor=Toy(CPU)), Scorer(perceptor=Wide(CPU), weight=2.0)]
    renderer, runs = Renderer(Pixels(), scorers, CPU), different(spec)
    assert_close(together(renderer, runs), alone(renderer, runs), atol=1e-5, rtol=1e-4)


class Counting(Pixels):
    """Records how many pictures every batch with a gradient had."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def decode(self, latent: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            self.batches.append(len(latent))
        return super().decode(latent)


def test_a_run_whose_frame_is_done_joins_with_its_next_frame_at_once(spec: FrameSpec) -> None:
    """A takes 4 steps, then 1 per frame; B takes 2 per frame: neither waits for the other, and no work is repeated."""
    latents = Counting()
    renderer = Renderer(latents, [Scorer(perceptor=Toy(CPU))], CPU)
    a = [replace(spec, index=index, num_steps=1 if index else 4) for index in range(3)]
    b = [replace(spec, index=index, seed=8, num_steps=2) for index in range(4)]
    together(renderer, [a, b])
    assert latents.batches == [2] * 6 + [1] * 2


def test_coarse_steps_of_frames_from_noise_are_batched(spec: FrameSpec) -> None:
    latents = Counting()
    renderer = Renderer(latents, [Scorer(perceptor=Toy(CPU))], CPU)
    first = replace(spec, index=0, size=(128, 128), num_steps=15)
    runs = [[first], [replace(first, seed=8)]]
    result = together(renderer, runs)
    assert latents.batches == [2] * 15
    for one, other in zip(result, alone(renderer, runs), strict=True):
        torch.testing.assert_close(one[0].image, other[0].image, atol=1e-4, rtol=0)


def test_no_more_runs_start_than_the_limit_allows(toy_renderer: Renderer, spec: FrameSpec) -> None:
    begun: list[str] = []
    lockstep, renderer = scheduled(toy_renderer, 2)

    def work(name: str) -> Frames:
        begun.append(name)
        yield from frames(renderer, [replace(spec, index=0, num_steps=1)] * 2, [])
        begun.append(f"{name} ended")

    list(lockstep.run(work(name) for name in "abc"))
    assert begun == ["a", "b", "a ended", "b ended", "c", "c ended"]


def test_a_run_with_non_finite_numbers_does_not_affect_the_others(toy_renderer: Renderer, spec: FrameSpec) -> None:
    runs = different(spec)
    wanted = together(toy_renderer, runs)
    broken = [replace(one, lr=float("nan")) for one in runs[1]]
    result: list[list[FrameState]] = [[], [], []]
    failures: list[str] = []
    lockstep, renderer = scheduled(toy_renderer, 8)

    def guarded(specs: Specs, states: list[FrameState]) -> Frames:
        try:
            yield from frames(renderer, specs, states)
        except NonFiniteError as error:
            failures.append(str(error))

    works = [guarded(specs, states) for specs, states in zip([runs[0], broken, runs[2]], result, strict=True)]
    list(lockstep.run(works))
    assert len(failures) == 1
    assert "frame 0: the refinement became NaN or infinite" in failures[0]
    assert_close([result[0], result[2]], [wanted[0], wanted[2]], atol=1e-5, rtol=1e-4)
    assert result[1] == []


class Cramped(Toy):
    """A perceptor with memory for a limited number of cutouts at once."""

    def __init__(self, room: int) -> None:
        super().__init__(CPU)
        self.room = room

    def encode_image(self, images: Tensor) -> Tensor:
        if len(images) > self.room:
            raise torch.OutOfMemoryError("out of memory")
        return super().encode_image(images)


@pytest.mark.parametrize(("room", "count", "told_of"), [(8, 4, [2]), (8, 5, [2]), (4, 5, [2, 1, 1])])
def test_if_memory_is_short_the_batch_gets_smaller(room: int, count: int, told_of: list[int], spec: FrameSpec) -> None:
    """Four cutouts per picture, and from the start as many pictures at once as fit."""
    renderer = Renderer(Pixels(), [Scorer(perceptor=Cramped(room))], CPU)
    runs = [[replace(spec, index=0, seed=seed, num_steps=3)] for seed in range(count)]
    result: list[list[FrameState]] = [[] for _ in runs]
    told: list[str] = []
    lockstep, mine = scheduled(renderer, count, told.append)
    list(lockstep.run([frames(mine, *pair) for pair in zip(runs, result, strict=True)]))
    assert told == [f"memory is running out; from now on {most} pictures at a time" for most in told_of]
    assert lockstep.max_batch == room // 4
    assert_close(result, together(renderer, runs, most=room // 4))


def test_a_single_run_that_runs_out_of_memory_uses_smaller_cutout_groups(spec: FrameSpec) -> None:
    """They share the perceptor, so all use smaller pieces; these are recomputed, and the pictures stay the same."""
    specs = [[replace(spec, index=0, seed=seed, num_steps=3)] for seed in range(2)]
    told: list[str] = []
    renderer = Renderer(Pixels(), [Scorer(perceptor=Cramped(2))], CPU, warn=told.append)
    wanted = alone(Renderer(Pixels(), [Scorer(perceptor=Toy(CPU))], CPU), specs)
    assert_close(together(renderer, specs), wanted, atol=1e-5, rtol=1e-4)
    assert told == ["frame 0: memory is running out; cutouts are processed in smaller groups, which is slower"]


def test_other_errors_are_not_treated_as_out_of_memory(spec: FrameSpec) -> None:
    class Broken(Toy):
        def encode_image(self, images: Tensor) -> Tensor:
            raise RuntimeError("a bug")

    renderer = Renderer(Pixels(), [Scorer(perceptor=Broken(CPU))], CPU)
    runs = [[replace(spec, index=0, num_steps=1)]] * 2
    with pytest.raises(RuntimeError, match="a bug"):
        together(renderer, runs)


def test_closing_closes_every_run(toy_renderer: Renderer, spec: FrameSpec) -> None:
    closed: list[int] = []
    lockstep, renderer = scheduled(toy_renderer, 3)

    def work(number: int) -> Frames:
        try:
            yield from frames(renderer, [replace(spec, index=0, num_steps=number)] * 2, [])
        finally:
            closed.append(number)

    running = lockstep.run(work(number) for number in (1, 2, 3))
    next(running)
    running.close()  # type: ignore[attr-defined]
    assert sorted(closed) == [1, 2, 3]


def test_the_renderer_of_a_run_shares_the_models_but_has_its_own_warnings(toy_renderer: Renderer) -> None:
    told: list[str] = []
    mine = toy_renderer.of_run(told.append, Lockstep(2))
    assert mine.made_on == f"{toy_renderer.made_on}, in lockstep"
    mine.warn("hot")
    toy_renderer.warn("cold")
    assert told == ["hot"]
    assert mine._latents is toy_renderer._latents


@pytest.mark.slow
def test_a_bf16_video_fits_its_prompt_as_well_as_single_runs(bf16_vqgan: VQGAN, spec: FrameSpec) -> None:
    perceptor = clip.load(find_perceptor("embedded").files(), CPU, torch.bfloat16)
    renderer = Renderer(bf16_vqgan, [Scorer(perceptor=perceptor)], CPU, torch.bfloat16)
    texts = ("a golden sunset over the sea", "a burning forest")
    spec = replace(spec, size=(96, 64), transforms={"zoom": 1.01}, losses={"prompt": 1.0, "smooth": 0.4}, lr=0.2)
    runs = [
        [
            replace(spec, index=index, num_steps=5 if index else 40, prompts=(PromptWeight(text=text, weight=1.0),))
            for index in range(12)
        ]
        for text in texts
    ]
    for one, other in zip(together(renderer, runs), alone(renderer, runs), strict=True):
        reached, wanted = (torch.stack([state.similarity for state in states[4:]]).mean() for states in (one, other))
        torch.testing.assert_close(reached, wanted, atol=0.02, rtol=0)
        assert float(wanted) > 0.5


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_on_a_gpu(spec: FrameSpec) -> None:
    cuda = torch.device("cuda")
    models = find_latent("embedded").files(), [(find_perceptor("embedded").files(), 1.0)]
    renderer = load_renderer(*models, False, cuda, torch.float32)
    runs = different(replace(spec, size=(48, 32)))
    for one, other in zip(together(renderer, runs), alone(renderer, runs), strict=True):
        torch.testing.assert_close(one[0].image, other[0].image, atol=1e-2, rtol=0)
        torch.testing.assert_close(one[-1].similarity, other[-1].similarity, atol=2e-2, rtol=0)
