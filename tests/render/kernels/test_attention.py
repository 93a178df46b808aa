"""Attention as on a GPU: torch's own kernels, set to deterministic algorithms for attention alone."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from open_clip.timm_model import TimmModel
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.checkpoint import checkpoint

from render.kernels import attention, hardware
from render.kernels.attention import attend, repeatable, setting_kept
from render.kernels.foreign import repeatable_attention

OFF, ERROR = 0, 2  # torch.get_deterministic_debug_mode


class Settings(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes for every operator whether deterministic algorithms are asked for."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen: list[tuple[str, int]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.seen.append((func._schema.name.removeprefix("aten::"), torch.get_deterministic_debug_mode()))
        return func(*args, **(kwargs or {}))

    def of(self, part: str) -> set[int]:
        return {setting for name, setting in self.seen if part in name}


@pytest.fixture
def on_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "is_on_cuda", lambda tensor: True)


def parts(generator: torch.Generator, width: int = 8) -> list[Tensor]:
    return [torch.randn(2, 3, 5, width, generator=generator).requires_grad_() for _ in range(3)]


def test_deterministic_algorithms_are_asked_for_in_both_passes_and_nowhere_else(generator: torch.Generator) -> None:
    given = parts(generator)
    with Settings() as settings:
        repeatable(*(part * 1.5 for part in given)).exp().sum().backward()  # type: ignore[no-untyped-call]
    assert settings.of("attention") == {ERROR}
    assert settings.of("exp") == {OFF}
    assert settings.of("mul") == {OFF}  # those in the middle as well: gradients of query, key and value
    assert torch.get_deterministic_debug_mode() == OFF


@pytest.mark.parametrize("needing", [(0, 1, 2), (1, 2), (2,), ()])
def test_value_and_gradients_are_those_of_torch(needing: tuple[int, ...], generator: torch.Generator) -> None:
    given = [part.detach().requires_grad_(place in needing) for place, part in enumerate(parts(generator))]
    wanted = [given[place] for place in needing]
    query, key, value = given
    values = repeatable(query, key, value), F.scaled_dot_product_attention(query, key, value)
    assert torch.equal(*values)
    if wanted:
        found, theirs = (torch.autograd.grad(seen.square().sum(), wanted) for seen in values)
        assert all(torch.equal(one, other) for one, other in zip(found, theirs, strict=True))
    assert torch.get_deterministic_debug_mode() == OFF


def test_it_is_the_same_if_activations_are_recomputed(generator: torch.Generator) -> None:
    """As they are for perceptors if memory runs out."""

    def network(x: Tensor) -> Tensor:
        for _ in range(2):
            x = repeatable(x.sin(), x.cos(), x).tanh()
        return x

    x = parts(generator)[0]
    (wanted,) = torch.autograd.grad(network(x).sum(), x)
    with Settings() as settings:
        (found,) = torch.autograd.grad(checkpoint(network, x, use_reentrant=False).sum(), x)
    assert torch.equal(found, wanted)
    assert settings.of("attention") == {ERROR}
    assert settings.of("tanh") == {OFF}
    assert torch.get_deterministic_debug_mode() == OFF


def test_a_setting_of_the_program_is_kept(generator: torch.Generator) -> None:
    with setting_kept():
        torch.set_deterministic_debug_mode("warn")
        repeatable(*parts(generator)).sum().backward()  # type: ignore[no-untyped-call]
        assert torch.get_deterministic_debug_mode() == 1


def test_a_failure_in_the_middle_of_attention_leaves_no_setting_behind(generator: torch.Generator) -> None:
    def fail(gradient: Tensor) -> None:
        raise RuntimeError("out of memory")

    seen = repeatable(*parts(generator))
    seen.register_hook(fail)  # type: ignore[no-untyped-call]
    with pytest.raises(RuntimeError, match="out of memory"), setting_kept():
        seen.sum().backward()  # type: ignore[no-untyped-call]
    assert torch.get_deterministic_debug_mode() == OFF


@pytest.mark.usefixtures("on_cuda")
@pytest.mark.parametrize(("width", "kept", "products"), [(256, 2**28, 0), (264, 2**28, 2), (264, 2 * 3 * 5 * 5 - 1, 0)])
def test_wide_heads_are_matrix_products(
    width: int, kept: int, products: int, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "_MOST_SCORES", kept)
    with Settings() as settings, torch.no_grad():
        seen = attend(*(part.detach() for part in parts(generator, width)))
    assert len([name for name, _ in settings.seen if name == "bmm"]) == products
    assert len(settings.of("attention")) == (products == 0)
    assert seen.shape == (2, 3, 5, width)


@pytest.mark.usefixtures("on_cuda")
def test_networks_of_timm_are_computed_with_this_attention(generator: torch.Generator) -> None:
    network = TimmModel("vit_tiny_patch16_224", embed_dim=8, pretrained=False).eval()
    pixels = torch.rand(1, 3, 224, 224, generator=generator).requires_grad_()
    wanted = network(pixels)
    with Settings() as settings:
        with repeatable_attention(network, pixels):
            seen = network(pixels)
        seen.sum().backward()
    assert settings.of("attention") == {ERROR}
    assert torch.equal(seen, wanted)


@pytest.mark.usefixtures("on_cuda")
@pytest.mark.parametrize("chosen", ["", ":0:0"])
def test_workspaces_that_torch_does_not_accept_are_no_error(
    chosen: str, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", chosen)
    with Settings() as settings:
        attend(*parts(generator)).sum().backward()  # type: ignore[no-untyped-call]
    assert {setting for _, setting in settings.seen} == {OFF}


@pytest.mark.usefixtures("on_cuda")
def test_other_networks_are_computed_with_matrix_products(generator: torch.Generator) -> None:
    network = nn.MultiheadAttention(8, 2, batch_first=True).eval()
    x = torch.rand(1, 5, 8, generator=generator).requires_grad_()
    with Settings() as settings:
        with repeatable_attention(network, x):
            seen, _ = network(x, x, x, need_weights=False)
        seen.sum().backward()
    assert not settings.of("flash_attention")
    assert settings.of("bmm") == {OFF}


def test_on_a_cpu_nothing_changes(generator: torch.Generator) -> None:
    with Settings() as settings, repeatable_attention(nn.Identity(), torch.ones(1)):
        attend(*parts(generator)).sum().backward()  # type: ignore[no-untyped-call]
    assert {setting for _, setting in settings.seen} == {OFF}
