"""CLIP by open_clip: any of its architectures, from a JSON config and a checkpoint.

Source: Radford et al., "Learning Transferable Visual Models From Natural Language Supervision" (2021).
"""

import json
from collections.abc import Sequence

import open_clip
import torch
import torch.nn.functional as F
from torch import Tensor

from render.errors import WeightsError
from render.weights import ModelFiles


class CLIP:
    """An open_clip model as a `Perceptor`; size and normalisation are read from the model."""

    def __init__(self, model: open_clip.CLIP, name: str, device: torch.device, dtype: torch.dtype) -> None:
        visual = model.visual
        size = visual.image_size
        self.side = int(size if isinstance(size, int) else size[0])
        self._mean, self._std = (
            torch.tensor(values, device=device)[:, None, None] for values in (visual.image_mean, visual.image_std)
        )
        self._device, self._dtype = device, dtype
        self._tokenizer = open_clip.get_tokenizer(name)
        model.eval().requires_grad_(False).to(device)
        # The text tower runs once per prompt and stays float.
        visual.to(dtype=dtype, memory_format=torch.channels_last)
        self._model = model

    @torch.no_grad()
    def encode_text(self, texts: Sequence[str]) -> Tensor:
        tokens = self._tokenizer(list(texts)).to(self._device)
        return F.normalize(self._model.encode_text(tokens).float(), dim=-1)

    def encode_image(self, images: Tensor) -> Tensor:
        pixels = ((images - self._mean) / self._std).to(self._dtype)
        embeddings = self._model.visual(pixels.contiguous(memory_format=torch.channels_last))
        return F.normalize(embeddings.float(), dim=-1)


def load(files: ModelFiles, device: torch.device, dtype: torch.dtype) -> CLIP:
    """Build the architecture of the JSON config and load the checkpoint into it.

    Raises:
        WeightsError: a file is missing or does not fit; a random CLIP never guides.
    """
    assert files.config is not None
    assert files.weights is not None
    for path in files.paths:
        if not path.is_file():
            raise WeightsError(f"{path}: no such file")
    name = files.config.stem
    # open_clip ignores an incomplete config and keeps a broken one in its list for ever: look first.
    try:
        config = json.loads(files.config.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WeightsError(f"{files.config}: not JSON: {error}") from error
    if not isinstance(config, dict) or not {"embed_dim", "vision_cfg", "text_cfg"} <= config.keys():
        raise WeightsError(f"{files.config}: not an open_clip config: embed_dim, vision_cfg or text_cfg is missing")
    open_clip.add_model_config(files.config)
    try:
        model = open_clip.create_model(name, pretrained=str(files.weights), device="cpu")
    except Exception as error:  # whatever a damaged file or one that wants to execute code raises
        first = " ".join(str(error).split()[:24])
        raise WeightsError(f"{files.weights}: is damaged or does not fit {files.config}: {first}") from error
    return CLIP(model, name, device, dtype)
