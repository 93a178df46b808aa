"""The judge: an image tower, trained separately from the guiding one, that ranks which prompt a picture shows.

It has no text tower of its own: the forty prompts are the teacher's vectors, kept with its weights. It never guides,
and never reads a held-out prompt in training (`scenes.held_out`).
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from render.training.augment import resize
from render.training.data.pictures import SEEDS, load_set
from render.training.data.texts import Texts, load_texts
from render.training.export import PROMPTS
from render.training.networks.towers import encode_image
from render.training.scenes import HELD_OUT, make_scene

NEAREST = 3
"""The number of held-out scenes used to check each prompt, if as many have a similar caption."""

SIMILAR = 0.7
"""Cosine above which two sentences have nearly the same meaning."""


class Judge:
    """Ranks the forty held-out prompts for a picture; `stem` is its file's path without extension."""

    def __init__(self, stem: Path) -> None:
        path = stem.with_suffix(".json")
        open_clip.add_model_config(path)
        self.visual: Any = open_clip.create_model(stem.name).visual
        weights = load_file(stem.with_suffix(".safetensors"))
        self.prompts = F.normalize(weights.pop(PROMPTS).float(), dim=1)
        self.visual.load_state_dict(
            {k: v.float() if v.is_floating_point() else v for k, v in weights.items()},
        )
        self.visual.eval().requires_grad_(False)
        self._side = int(json.loads(path.read_text())["vision_cfg"]["image_size"])

    @torch.no_grad()
    def embed(self, images: Tensor) -> Tensor:
        """Unit vectors (N, D) of pictures (N, 3, H, W) in [0, 1]: the whole, and squares along the longer side."""
        side = min(images.shape[-2:])
        room = [length - side for length in images.shape[-2:]]
        places = (0.0, 0.5, 1.0) if any(room) else ()
        views = [images]
        for place in places:
            y, x = (round(place * free) for free in room)
            views.append(images[..., y : y + side, x : x + side])
        looked = [encode_image(self.visual, resize(view, self._side)) for view in views]
        return F.normalize(torch.stack(looked).mean(0), dim=1)

    def ranks(self, images: Tensor, rows: Tensor) -> Tensor:
        """Rank (1 is best) of prompt `rows` (N,) among all forty for each picture."""
        scores = self.embed(images) @ self.prompts.T
        return (scores > scores.gather(1, rows[:, None])).sum(1) + 1


def top(ranks: Tensor) -> dict[str, float]:
    """Shares of rank 1 and of ranks 1 to 5."""
    return {f"top-{k}": float((ranks <= k).float().mean()) for k in (1, 5)}


def similar_scenes(judge: Judge, data: Path) -> list[dict[str, int | str]]:
    """Held-out scenes, by seed and size, whose captions are closest to a prompt for the teacher, with that prompt.

    Their captions are similar to the prompts, never equal. Prompts without a similar scene are left out.
    """
    images, captions = load_set(data, "held_out")
    size = images.shape[1]
    near, chosen = _likeness(judge.prompts, load_texts(data / "texts.pt"), captions).topk(NEAREST, 0)
    places = torch.nonzero(near > SIMILAR).tolist()
    return [
        {"seed": SEEDS["held_out"] + int(chosen[k, row]), "size": size, "prompt": HELD_OUT[row]} for k, row in places
    ]


def check_judge(judge: Judge, scenes_of_prompts: list[dict[str, Any]]) -> dict[str, float]:
    """How often the judge finds the prompts of matching scenes: the upper bound for pictures that show their prompt."""
    if not scenes_of_prompts:
        return {"scenes": 0.0, "prompts": 0.0}
    scenes = np.stack([make_scene(like["seed"], like["size"])[0] for like in scenes_of_prompts])
    rows = torch.tensor([HELD_OUT.index(like["prompt"]) for like in scenes_of_prompts])
    pictures = torch.from_numpy(scenes).permute(0, 3, 1, 2).float() / 255
    counts = {"scenes": float(len(rows)), "prompts": float(len(set(rows.tolist())))}
    return counts | top(judge.ranks(pictures, rows))


def _likeness(prompts: Tensor, corpus: Texts, captions: list[list[str]]) -> Tensor:
    """Cosine of each scene's nearest caption to each prompt, (scenes, prompts)."""
    lookup = corpus.lookup()
    likeness = torch.full((len(captions), len(prompts)), -1.0)
    for k, words in enumerate(captions):
        known = [lookup[word] for word in words if word in lookup]
        if known:
            likeness[k] = (corpus.vectors[known] @ prompts.T).amax(0)
    return likeness
