"""Define which settings a CLIP's config may hold, and their bounds. No torch here.

A config may come from a stranger, and open_clip passes its settings on: to transformers, which can be made to run
code, to timm, which can be made to download, and to constructors, which allocate whatever is requested.
So only the settings that change the network are allowed, and each is bounded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from render.files.setting_rules import (
    Rules,
    either,
    false_only,
    flag,
    list_of,
    matching,
    nothing,
    one_of,
    real,
    size,
    whole,
)

MAX_PARAMETERS = 20_000_000_000
_WIDTH, _LAYERS, _SIDE = 16_384, 256, 4096


_REPOSITORY = matching(r"[\w.-]+(/[\w.-]+)?", "the name of a repository such as timm/ViT-B-16-SigLIP")
_NORM: Rules = {"eps": real(0, 1), "elementwise_affine": flag, "bias": flag}
_ACT: Rules = {"approximate": one_of("none", "tanh")}
_BLOCK: Rules = {
    "block_type": either(nothing, one_of("default", "custom")),
    **dict.fromkeys(("qk_norm", "scaled_cosine_attn", "scale_heads", "scale_attn_inner", "scale_attn"), flag),
    "scale_fc": flag,
    "mlp_ratio": real(0.01, 16),
    "ls_init_value": either(nothing, real(0, 10)),
    "norm_kwargs": _NORM,
    "act_kwargs": _ACT,
    "output_tokens": flag,
    "final_ln_after_pool": flag,
}
_VISION: Rules = {
    **_BLOCK,
    "layers": either(whole(1, _LAYERS), list_of(whole(1, _LAYERS), 4, 4)),
    "width": whole(1, _WIDTH),
    "head_width": whole(1, _WIDTH),
    "patch_size": either(nothing, size(512)),
    "image_size": size(_SIDE),
    "patch_dropout": real(0, 1),
    "attentional_pool": flag,
    "attn_pooler_queries": whole(1, 4096),
    "attn_pooler_heads": whole(1, 512),
    "no_ln_pre": flag,
    "pos_embed_type": one_of("learnable", "sin_cos_2d"),
    "pool_type": one_of("tok", "avg", "none"),
    # Without a slash or a colon: timm loads from `hf-hub:` and `local-dir:`.
    "timm_model_name": matching(r"[a-zA-Z]\w*", "the name of a timm architecture, letters and digits only"),
    "timm_model_pretrained": false_only,
    "timm_pool": either(nothing, matching(r"\w{0,20}", "a word")),
    "timm_proj": either(nothing, one_of("linear", "mlp", "none", "")),
    "timm_proj_bias": flag,
    "timm_drop": real(0, 1),
    "timm_drop_path": either(nothing, real(0, 1)),
}
_TEXT: Rules = {
    **_BLOCK,
    "context_length": whole(1, 8192),
    "vocab_size": whole(1, 2_000_000),
    "width": whole(1, _WIDTH),
    "heads": whole(1, 512),
    "layers": whole(1, _LAYERS),
    "embed_cls": flag,
    "pad_id": whole(0, 2_000_000),
    "eos_id": whole(0, 2_000_000),
    "no_causal_mask": flag,
    "pool_type": one_of("argmax", "first", "last", "eos", "none"),
    "proj_bias": flag,
    "proj_type": one_of("linear", "none"),
    "hf_tokenizer_name": _REPOSITORY,
    "hf_model_name": _REPOSITORY,
    "hf_model_pretrained": flag,  # ignored: we always tell open_clip not to
    "hf_proj_type": either(nothing, one_of("linear", "mlp")),
    "hf_pooler_type": one_of("mean_pooler", "cls_pooler", "max_pooler", "cls_last_hidden_state_pooler"),
    "tokenizer_mode": either(nothing, one_of("clips", "")),
    "tokenizer_kwargs": {
        "clean": one_of("whitespace", "lower", "canonicalize"),
        "strip_sep_token": flag,
        "language": matching(r"\w{1,20}", "a language's code"),
    },
}
_MULTIMODAL: Rules = {
    **_TEXT,
    "dim_head": whole(1, 1024),
    "n_queries": whole(1, 4096),
    "attn_pooler_heads": whole(1, 512),
}
_MODEL: Rules = {
    "embed_dim": whole(1, _WIDTH),
    "vision_cfg": _VISION,
    "text_cfg": _TEXT,
    "multimodal_cfg": _MULTIMODAL,
    "quick_gelu": flag,
    "custom_text": flag,
    "init_logit_scale": real(-100, 100),
    "init_logit_bias": either(nothing, real(-1000, 1000)),
    "nonscalar_logit_scale": flag,
}
_THREE = list_of(real(-10, 10), 3, 3)
_POSITIVE = list_of(real(1e-6, 10), 3, 3)
RULES: Rules = {
    "model_cfg": _MODEL,
    "preprocess_cfg": {
        **{"mean": _THREE, "std": _POSITIVE, "size": either(size(_SIDE), list_of(whole(1, _SIDE), 3, 3))},
        "mode": one_of("RGB"),
        "interpolation": one_of("bicubic", "bilinear", "nearest", "random"),
        "resize_mode": one_of("shortest", "longest", "squash"),
        "fill_color": either(whole(0, 255), list_of(whole(0, 255), 3, 3)),
    },
}


def least_parameters(model: Mapping[str, Any]) -> int:
    """Return the minimum number of parameters of a config's towers; towers given by name are not counted."""
    vision, text = model["vision_cfg"], model["text_cfg"]
    count = 0
    if not vision.get("timm_model_name") and isinstance(vision.get("layers", 12), int):
        count += _transformer(vision, width=768)
    if not text.get("hf_model_name"):
        count += _transformer(text, width=512) + text.get("vocab_size", 49_408) * text.get("width", 512)
    return count


def _transformer(config: Mapping[str, Any], width: int) -> int:
    width = int(config.get("width", width))
    return math.floor(float(config.get("layers", 12)) * (4 + 2 * float(config.get("mlp_ratio", 4))) * width**2)
