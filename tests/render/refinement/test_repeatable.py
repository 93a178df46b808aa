"""On a GPU, the same frame is the same to the bit in every run: nothing in a step adds up in an order left to chance.

Kernels take the GPU's way here on the CPU, whose operators are then compared with the list of those that PyTorch
documents as not deterministic on CUDA (`torch.use_deterministic_algorithms`).
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from render import catalogue
from render.guidance import losses
from render.guidance.followed import Followed
from render.guidance.guide_images import GuideImages
from render.guidance.perceptors import clip
from render.guidance.perceptors.toy import Toy
from render.kernels import hardware
from render.latents.pixels import Pixels
from render.latents.vqgan import VQGAN
from render.models.registry import find_latent, find_perceptor
from render.refinement.areas import Areas, Kept
from render.renderer.loading.load import load_renderer
from render.renderer.renderer import Renderer, Scorer
from render.spec import AUGMENTS, FrameSpec
from render.spec.colour import Colour
from render.spec.prompts import PromptWeight
from render.spec.regions import Region

CPU = torch.device("cpu")
# The aten operators behind the functions of that list.
NEVER = {
    "_adaptive_avg_pool2d_backward",
    "_adaptive_avg_pool3d_backward",
    "_ctc_loss_backward",
    "_embedding_bag_backward",
    "_embedding_bag_dense_backward",
    "_upsample_bicubic2d_aa_backward",
    "_upsample_bilinear2d_aa_backward",
    "adaptive_max_pool2d_backward",
    "avg_pool3d_backward",
    "embedding_dense_backward",
    "fractional_max_pool2d_backward",
    "fractional_max_pool3d_backward",
    "grid_sampler_2d_backward",
    "grid_sampler_3d_backward",
    "histc",
    "max_pool3d_with_indices_backward",
    "max_unpool2d",
    "max_unpool3d",
    "nll_loss_forward",
    "nll_loss2d_forward",
    "put",
    "put_",
    "reflection_pad1d_backward",
    "reflection_pad2d_backward",
    "reflection_pad3d_backward",
    "replication_pad1d_backward",
    "replication_pad2d_backward",
    "replication_pad3d_backward",
    "upsample_bicubic2d_backward",
    "upsample_bilinear2d_backward",
    "upsample_linear1d_backward",
    "upsample_trilinear3d_backward",
}
UNLESS_OF_INTEGERS = {
    "index_add",
    "index_add_",
    "index_put",
    "index_put_",
    "_index_put_impl_",
    "scatter_add",
    "scatter_add_",
    "scatter_reduce",
}
ATTENTION = {  # deterministic if it is asked for; the first is there for the others on a CPU
    "_scaled_dot_product_flash_attention_for_cpu_backward",
    "_scaled_dot_product_flash_attention_backward",
    "_scaled_dot_product_efficient_attention_backward",
    "_scaled_dot_product_cudnn_attention_backward",
}


class Ordered(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Fails on every operator whose result depends on the order in which a GPU's threads come to add to it."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func._schema.name.removeprefix("aten::")
        assert name not in NEVER, f"{name} is not deterministic on CUDA"
        if name in UNLESS_OF_INTEGERS or (name == "cumsum" and args[0].numel() == args[0].shape[args[1]]):
            assert not args[0].is_floating_point(), f"{name} of floats is not deterministic on CUDA"
        if name in ATTENTION:
            assert torch.get_deterministic_debug_mode() == 2, "attention's gradient is not deterministic on CUDA"
        return func(*args, **(kwargs or {}))


@pytest.fixture
def on_cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Kernels take the way that they take on CUDA."""
    monkeypatch.setattr(hardware, "is_on_cuda", lambda tensor: True)
    yield
    assert torch.get_deterministic_debug_mode() == 0


def places(x: Tensor) -> Tensor:
    return torch.zeros(1, 2, 2, 2).expand(len(x), -1, -1, -1)


UNORDERED: dict[str, Callable[[Tensor], Tensor]] = {
    "sampling": lambda x: F.grid_sample(x, places(x), align_corners=False),
    "shrinking": lambda x: F.interpolate(x, size=(3, 3), mode="bilinear", antialias=True),
    "enlarging": lambda x: F.interpolate(x, size=(9, 9), mode="bicubic"),
    "padding": lambda x: F.pad(x, (1, 1, 1, 1), mode="reflect"),
    "gathering": lambda x: x.gather(3, torch.zeros(1, 1, 4, 4, dtype=torch.long)),
    "picking": lambda x: x[..., [0, 0, 1]],
    "pooling": lambda x: F.adaptive_avg_pool2d(x, 2),
    "attention": lambda x: F.scaled_dot_product_attention(x, x, x),
}


@pytest.mark.parametrize("name", UNORDERED)
def test_what_is_not_deterministic_is_detected(name: str) -> None:
    x = torch.rand(1, 1, 4, 4, requires_grad=True)
    with pytest.raises(AssertionError, match="not deterministic"), Ordered():  # type: ignore[no-untyped-call]
        UNORDERED[name](x).sum().backward()  # type: ignore[no-untyped-call]


SPEC = FrameSpec(
    index=0,
    seed=7,
    size=(48, 32),
    prompts=(PromptWeight(text="red", weight=1.0), PromptWeight(text="fog", weight=-0.3, stop=0.2)),
    blend="weights",
    transforms={},
    center=(0.5, 0.5),
    border="reflect",
    losses=dict.fromkeys(catalogue.names(losses), 0.1) | {"prompt": 1.0},
    colour=Colour(palette=("#ff6347", "#123456")),
    num_steps=2,
    lr=0.1,
    num_cutouts=4,
    carry_optimizer=True,
)


def take_step(renderer: Renderer, spec: FrameSpec, **changes: Any) -> Tensor:
    """Take a step of a frame and return the latent."""
    refinement, optimizer = renderer.from_noise(spec)
    with Ordered():  # type: ignore[no-untyped-call]
        replace(refinement, **changes).step(optimizer, 0.1)
    return optimizer.latent.detach()


def twice(renderer: Renderer, spec: FrameSpec, **changes: Any) -> None:
    first = take_step(renderer, spec, **changes)
    assert first.isfinite().all()
    assert torch.equal(take_step(renderer, spec, **changes), first)


@pytest.mark.usefixtures("on_cuda")
@pytest.mark.parametrize("augment", AUGMENTS)
def test_every_loss(augment: str) -> None:
    image = torch.rand(1, 3, 32, 48)
    guide_images = GuideImages(
        images=image[None], weights=torch.ones(1, 1), embeddings=[F.normalize(torch.ones(1, 1, 4), dim=-1)]
    )
    twice(
        Renderer(Pixels(), [Scorer(perceptor=Toy(CPU))], CPU),
        replace(SPEC, augment=augment),
        guide_images=guide_images,
        followed=Followed(picture=image, trust=torch.ones(1, 1, 32, 48)),
    )


@pytest.mark.usefixtures("on_cuda")
def test_regions_and_what_is_kept() -> None:
    left = Region(kind="box", numbers=(0.0, 0.0, 0.5, 1.0))
    spec = replace(SPEC, prompts=tuple(replace(prompt, region=left) for prompt in SPEC.prompts))
    mask = torch.full((1, 1, 32, 48), 0.5)
    areas = Areas(losses={"smooth": mask}, kept=Kept(picture=torch.rand(1, 3, 32, 48), mask=mask))
    twice(Renderer(Pixels(), [Scorer(perceptor=Toy(CPU))], CPU), spec, areas=areas)


@pytest.mark.usefixtures("on_cuda")
def test_models(quantizing_vqgan: VQGAN, bf16_vqgan: VQGAN, embedded_clip: clip.CLIP) -> None:
    large = replace(SPEC, size=(96, 96), num_cutouts=2)  # shrunk before cutouts are sampled
    for latents in (quantizing_vqgan, bf16_vqgan):
        twice(Renderer(latents, [Scorer(perceptor=embedded_clip)], CPU), large)


@pytest.mark.usefixtures("on_cuda")
def test_whole_frames(embedded_renderer: Renderer) -> None:
    spec = replace(SPEC, colour=Colour(palette=("#ff6347",), match="first"), losses={"prompt": 1.0, "temporal": 0.1})
    spec = replace(spec, num_steps=1)
    with Ordered():  # type: ignore[no-untyped-call]
        state = embedded_renderer.step(None, spec)
        embedded_renderer.step(state, replace(spec, index=1, transforms={"zoom": 1.1, "rotate": 3.0}))


@pytest.mark.usefixtures("on_cuda")
def test_a_gpus_way_leads_to_the_same_picture(embedded_renderer: Renderer, monkeypatch: pytest.MonkeyPatch) -> None:
    one = take_step_plainly(embedded_renderer)
    monkeypatch.undo()
    torch.testing.assert_close(one, take_step_plainly(embedded_renderer), atol=1e-3, rtol=1e-3)


def take_step_plainly(renderer: Renderer) -> Tensor:
    refinement, optimizer = renderer.from_noise(replace(SPEC, size=(96, 96), num_cutouts=2))
    refinement.step(optimizer, 0.1)
    return optimizer.latent.detach()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_on_a_gpu(dtype: torch.dtype) -> None:
    models = find_latent("embedded").files(), [(find_perceptor("embedded").files(), 1.0)]
    renderer = load_renderer(*models, False, torch.device("cuda"), dtype)
    spec = replace(SPEC, size=(128, 96), num_cutouts=8, augment="full")
    found = [take_step(renderer, spec) for _ in range(3)]
    assert all(torch.equal(each, found[0]) for each in found)
    torch.use_deterministic_algorithms(True)
    try:
        take_step(renderer, spec)
    finally:
        torch.use_deterministic_algorithms(False)
