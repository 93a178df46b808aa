"""What is done against torch's errors on Apple's GPUs, on a CPU, which has none of them."""

from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from render.kernels import foreign, hardware


@pytest.fixture
def mended(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Attention is mended in a test; whether each of its inputs was contiguous."""
    original, seen = F.scaled_dot_product_attention, list[bool]()

    def noting(query: Tensor, key: Tensor, value: Tensor, *args: object, **options: object) -> Tensor:
        seen.extend(part.is_contiguous() for part in (query, key, value))
        return original(query, key, value, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(F, "scaled_dot_product_attention", original)  # restored at the end
    monkeypatch.setattr(foreign, "_ORIGINAL", noting)
    foreign.mend_attention()
    return iter([seen])


def test_attention_of_other_libraries_sees_no_views(mended: Iterator[list[bool]], generator: torch.Generator) -> None:
    """Inside of torch's own layer as well, as in CLIP's text encoder; the result is the same."""
    attention = nn.MultiheadAttention(16, 2, batch_first=True).requires_grad_(False)
    x = torch.randn(3, 5, 16, generator=generator)
    found, _ = attention(x, x, x, need_weights=False)
    [seen] = list(mended)
    assert seen
    assert all(seen)
    torch.testing.assert_close(found, attention(x, x, x, need_weights=True)[0], atol=1e-6, rtol=0)


def test_convolutions_get_the_layout_that_the_device_computes_right() -> None:
    assert hardware.layout(torch.device("mps")) == torch.contiguous_format
    assert hardware.layout(torch.device("cuda")) == hardware.layout(torch.device("cpu")) == torch.channels_last
