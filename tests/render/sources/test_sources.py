"""The contract of every source of a first frame, and a second source that is used in a frame."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from render import catalogue, sources
from render.footage import Footage
from render.guidance.perceptors.toy import Toy
from render.latents.pixels import Pixels
from render.models.model import sha256
from render.priors import Candidates, Wanted
from render.renderer.renderer import Renderer, Scorer
from render.renderer.state import FrameState
from render.sources import Loaded, Start
from render.sources.noise import soft
from render.spec import FrameSpec
from render.spec.footage import SourceFrame, SourceImage
from render.spec.pictures import ImageFile, Picture, PictureStart, PriorStart
from tests.render.conftest import AddEntry

CPU = torch.device("cpu")
NAMES = catalogue.names(sources)


class Rainbow:
    """Proposes pictures of one colour each, at another size than the frame's, the last the best."""

    def propose(self, wanted: Wanted, generator: torch.Generator) -> Candidates:
        colours = torch.rand(wanted.count, 3, 1, 1, generator=generator).expand(-1, -1, 8, 8)
        return Candidates(latents=Pixels().encode(colours), scores=torch.arange(wanted.count).float())


DUSK = Path(__file__).parents[3] / "schedules" / "parts" / "dusk.jpg"
PICTURE = ImageFile(path=DUSK, sha256=sha256(DUSK))
LOADED = Loaded(latents=Pixels(), priors={"rainbow": Rainbow()}, show=Footage(CPU).picture)


def start(name: str, spec: FrameSpec, seed: int) -> Start:
    if name == "prior":
        spec = replace(spec, start=PriorStart(prior="rainbow", candidates=3))
    if name == "image":
        spec = replace(spec, start=PictureStart(picture=Picture(file=PICTURE), strength=0.5))
    if name == "footage":
        spec = replace(spec, source=SourceFrame(image=SourceImage(file=PICTURE)))
    found = catalogue.load(sources, name).start(spec, (24, 16), torch.Generator().manual_seed(seed), LOADED)
    assert isinstance(found, Start)
    return found


def first_frame(source: str, spec: FrameSpec, before: FrameState | None = None) -> FrameState:
    return Renderer(Pixels(), [Scorer(perceptor=Toy(CPU))], CPU, source=source).step(before, spec)


@pytest.mark.parametrize("name", NAMES)
def test_a_source_gives_one_float_picture_of_the_frame_size(name: str, spec: FrameSpec) -> None:
    begun = start(name, spec, 1)
    assert begun.image.shape == (1, 3, 16, 24)
    assert begun.image.dtype == torch.float32
    assert 0.0 <= float(begun.image.min()) <= float(begun.image.max()) <= 1.0
    assert begun.latent is None or (len(begun.latent) == 1 and begun.latent.dtype == torch.float32)


@pytest.mark.parametrize("name", NAMES)
def test_a_source_uses_only_the_frames_generator(name: str, spec: FrameSpec) -> None:
    torch.manual_seed(0)
    state = torch.get_rng_state()
    assert torch.equal(start(name, spec, 1).image, start(name, spec, 1).image)
    assert torch.equal(torch.get_rng_state(), state)


def test_noise_is_the_default(spec: FrameSpec, toy_renderer: Renderer) -> None:
    assert torch.equal(toy_renderer.step(None, spec).image, first_frame("noise", spec).image)
    assert torch.equal(start("noise", spec, 1).image, soft(1, (24, 16), torch.Generator().manual_seed(1)))


def gradient_of(size: tuple[int, int]) -> Tensor:
    """From black on the left to white on the right: (1, 3, H, W)."""
    return torch.linspace(0, 1, size[0]).expand(1, 3, size[1], size[0]).contiguous()


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("num_steps", [0, 1])
@pytest.mark.parametrize("with_latent", [False, True])
def test_another_source_starts_first_frames_and_cuts(
    with_latent: bool, num_steps: int, cut: bool, spec: FrameSpec, add_entry: AddEntry
) -> None:
    def ramp(spec: FrameSpec, size: tuple[int, int], generator: torch.Generator, loaded: Loaded) -> Start:
        image = gradient_of(size)
        return Start(image=image, latent=Pixels().encode(image) if with_latent else None)

    add_entry(sources, "ramp", start=ramp)
    before = first_frame("noise", spec) if cut else None
    result = first_frame("ramp", replace(spec, cut=cut, num_steps=num_steps, lr=1e-6), before)
    torch.testing.assert_close(result.image, gradient_of(spec.size), atol=1e-5, rtol=0)
    assert (result.latent is not None) == (with_latent or num_steps > 0)


def test_a_latent_is_refined_as_it_is_and_a_picture_coarse_to_fine(spec: FrameSpec, add_entry: AddEntry) -> None:
    """At half the size a checkerboard is grey; a given latent is never refined at that size."""
    squares = ((torch.arange(128)[:, None] + torch.arange(128)) % 2).float().expand(1, 3, 128, 128)

    add_entry(sources, "picture", start=lambda *args: Start(image=squares))
    add_entry(sources, "latent", start=lambda *args: Start(image=squares, latent=Pixels().encode(squares)))
    spec = replace(spec, size=(128, 128), num_steps=12, lr=1e-6)
    torch.testing.assert_close(first_frame("latent", spec).image, squares, atol=1e-4, rtol=0)
    assert float(first_frame("picture", spec).image.std()) < 0.1
