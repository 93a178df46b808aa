"""open_clip's own vision transformer is the oracle."""

from typing import Any

import open_clip
import pytest
import torch
from open_clip.transformer import QuickGELU, VisionTransformer
from torch import nn

from render.kernels import vit
from tests.render.kernels.conftest import Compare

SMALL: dict[str, Any] = {"image_size": 32, "patch_size": 8, "width": 48, "layers": 3, "heads": 4, "mlp_ratio": 2.0}


def made(**changes: Any) -> VisionTransformer:
    torch.manual_seed(1)
    visual = VisionTransformer(**{**SMALL, "output_dim": 20, **changes})
    with torch.no_grad():
        for parameter in visual.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape))
    return visual.eval().requires_grad_(False)


@pytest.mark.parametrize("act", [QuickGELU, nn.GELU])
@pytest.mark.parametrize("no_ln_pre", [False, True])
@pytest.mark.parametrize("layers", [1, 3])
def test_value_and_gradient(
    act: type[nn.Module], no_ln_pre: bool, layers: int, same: Compare, generator: torch.Generator
) -> None:
    visual = made(act_layer=act, no_ln_pre=no_ln_pre, layers=layers)
    assert vit.fits(visual)
    same(vit.FrozenViT(visual), visual, torch.randn(3, 3, 32, 32, generator=generator))


@pytest.mark.parametrize(
    "changes",
    [
        {"pool_type": "avg"},
        {"attentional_pool": True, "attn_pooler_queries": 4, "attn_pooler_heads": 4},
        {"ls_init_value": 0.1},
        {"patch_dropout": 0.5},
        {"qk_norm": True, "block_type": "custom"},
        {"output_tokens": True},
    ],
)
def test_other_transformers_are_not_replaced(changes: dict[str, Any]) -> None:
    assert not vit.fits(made(**changes))


@pytest.mark.parametrize(
    ("name", "fitting"), [("ViT-B-32-quickgelu", True), ("ViT-L-14", True), ("RN50-quickgelu", False)]
)
def test_published_architectures(name: str, fitting: bool) -> None:
    config = open_clip.get_model_config(name)
    with torch.device("meta"):
        model = open_clip.CLIP(**config)
    assert vit.fits(model.visual) == fitting
