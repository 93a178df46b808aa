"""The CLIP pair as open_clip builds it, and the two forward passes that training needs."""

import json
import math
from pathlib import Path
from typing import Any

import open_clip
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from render.training.config import CLIPConfig, TextConfig

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
CONTEXT = 77
VOCABULARY = 49_408


def tower_config(clip: CLIPConfig, text: TextConfig, embed_dim: int) -> dict[str, Any]:
    """The JSON that `open_clip.add_model_config` reads."""
    vision: dict[str, Any] = {"image_size": clip.image_size, "layers": [1, 1, 1, 1], "width": clip.width}
    if clip.tower:
        vision = {"image_size": clip.image_size, "timm_model_name": clip.tower, "timm_pool": "", "timm_proj": "linear"}
    words = {
        "context_length": CONTEXT,
        "vocab_size": VOCABULARY,
        "width": text.width,
        "heads": text.heads,
        "layers": text.layers,
    }
    return {"embed_dim": embed_dim, "vision_cfg": vision, "text_cfg": words}


def create_pair(config_path: Path, config: dict[str, Any]) -> Any:
    """Write the JSON and let open_clip build the pair from it, with fresh weights."""
    config_path.parent.mkdir(parents=True, exist_ok=True)
    config_path.write_text(json.dumps(config))
    open_clip.add_model_config(config_path)
    pair = open_clip.create_model(config_path.stem)
    pair.visual.to(memory_format=torch.channels_last)
    return pair


def text_parameters(pair: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters of the text tower by name."""
    return {k: p for k, p in pair.named_parameters() if not k.startswith("visual") and k != "logit_scale"}


def tokenize(texts: list[str]) -> Tensor:
    """Stock BPE tokens, int32 (N, 77), zero after the end."""
    tokenizer = open_clip.SimpleTokenizer(context_length=CONTEXT)
    return torch.cat([tokenizer(texts[k : k + 4000]) for k in range(0, len(texts), 4000)]).to(torch.int32)


def encode_text(pair: Any, tokens: Tensor) -> Tensor:
    """Unit vectors (N, D); the same as open_clip's encode_text, but no longer than the longest sentence."""
    length = int((tokens > 0).sum(1).max())
    tokens = tokens[:, :length].long()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        x = pair.token_embedding(tokens) + pair.positional_embedding[:length]
        x = pair.ln_final(pair.transformer(x, attn_mask=pair.attn_mask[:length, :length]))
        ends = x[torch.arange(len(tokens)), tokens.argmax(-1)] @ pair.text_projection
    return F.normalize(ends.float(), dim=-1)


def encode_image(visual: nn.Module, images: Tensor) -> Tensor:
    """Unit vectors (N, D) of images (N, 3, S, S) in [0, 1]."""
    mean, std = (torch.tensor(v)[None, :, None, None] for v in (MEAN, STD))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = visual(((images - mean) / std).contiguous(memory_format=torch.channels_last))
    return F.normalize(out.float(), dim=-1)


def soft_contrast(a: Tensor, b: Tensor, targets: Tensor, temperature: float) -> Tensor:
    """Symmetric InfoNCE of two sets of unit vectors, with softmax(targets targets^T) as labels.

    Source: CLIP (Radford 2021); soft labels because many captions are true of several pictures of a batch.
    """
    logits = a @ b.T * temperature
    labels = F.softmax(targets @ targets.T * (2 * temperature), dim=1)
    return 0.5 * (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels))


def cosine_rate(step: int, steps: int, peak: float, warmup: int, floor: float = 0.02) -> float:
    """Linear warm-up, then a cosine down to `floor` of the peak."""
    done = min(1.0, step / steps)
    return peak * min(1.0, (step + 1) / warmup) * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * done)))
