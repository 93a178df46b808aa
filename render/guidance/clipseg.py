"""Find what a text describes in a picture, with CLIPSeg.

Source: Lüddecke and Ecker, "Image Segmentation Using Text and Image Prompts" (2022), as implemented by transformers,
which is only given numbers and tensors that were checked here: it opens no file and imports no code of the model.
"""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from render.device.copies import on_device
from render.errors import WeightsError, printable
from render.files.allowance import building
from render.files.checkpoints import fit, read_tensors
from render.files.json_settings import read_json_settings
from render.files.setting_rules import Rules, flag, list_of, one_of, real, whole
from render.models.model import ModelFiles

SIDE = 352  # pixels of the square that CLIPSeg was trained with, and whose mask it returns
INSTALL = "pip install '.[regions]'"
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_KEPT = 256  # embeddings of texts

_TOWER: Rules = {
    "hidden_size": whole(1, 8192),
    "intermediate_size": whole(1, 32_768),
    "num_hidden_layers": whole(1, 128),
    "num_attention_heads": whole(1, 128),
    "hidden_act": one_of("quick_gelu", "gelu"),
    "layer_norm_eps": real(0, 1),
}
_RULES: Rules = {
    "text_config": {
        **_TOWER,
        "vocab_size": whole(49_408, 49_408),
        "max_position_embeddings": whole(77, 77),
        "eos_token_id": whole(0, 49_407),
    },
    "vision_config": {**_TOWER, "image_size": whole(1, 2048), "patch_size": whole(1, 256)},
    "projection_dim": whole(1, 8192),
    "extract_layers": list_of(whole(0, 127), 1, 16),
    "reduce_dim": whole(1, 4096),
    "decoder_num_attention_heads": whole(1, 128),
    "decoder_intermediate_size": whole(1, 32_768),
    "decoder_hidden_act": one_of("quick_gelu", "gelu"),
    "conditional_layer": whole(0, 127),
    "use_complex_transposed_convolution": flag,
}


class CLIPSeg:
    """Finds texts in pictures; see `render.guidance.masks.Segment`."""

    def __init__(self, network: Any, tokenize: Callable[[str], Tensor], device: torch.device) -> None:
        self._network = network
        self._tokenize = tokenize
        self._device = device
        self._texts: OrderedDict[str, Tensor] = OrderedDict()

    @torch.no_grad()
    def __call__(self, picture: Tensor, text: str) -> Tensor:
        """Return where a picture (1, 3, H, W) in [0, 1] shows what the text describes: (H, W) in [0, 1]."""
        square = F.interpolate(picture.float(), size=(SIDE, SIDE), mode="bicubic", antialias=True, align_corners=False)
        mean, std = (on_device(numbers, self._device).view(1, 3, 1, 1) for numbers in (_MEAN, _STD))
        seen = (square.to(self._device).clamp(0.0, 1.0) - mean) / std
        logits = self._network(pixel_values=seen, conditional_embeddings=self._embedding(text)).logits
        mask = logits.view(1, 1, *logits.shape[-2:]).sigmoid()
        found = F.interpolate(mask, size=picture.shape[-2:], mode="bilinear", antialias=True, align_corners=False)
        return found[0, 0].clamp(0.0, 1.0)

    def _embedding(self, text: str) -> Tensor:
        if text not in self._texts:
            tokens = self._tokenize(text).to(self._device)
            # Padding with zeros, as here, or with the end of text, as transformers has it, cannot be told apart:
            # a token sees only those before it, and the first end of text is the one that is used.
            self._texts[text] = self._network.get_conditional_embeddings(1, input_ids=tokens)
            if len(self._texts) > _KEPT:
                self._texts.popitem(last=False)
        return self._texts[text]


def load(files: ModelFiles, device: torch.device) -> CLIPSeg:
    """Load CLIPSeg in float32 from a config and a checkpoint as transformers publishes them.

    Raises:
        WeightsError: transformers is not installed, a file is missing, or they do not fit together.
    """
    try:
        import open_clip.tokenizer
        from transformers import CLIPSegConfig, CLIPSegForImageSegmentation
    except ImportError as error:
        raise WeightsError(f"a text as a region needs transformers, which is not installed; {INSTALL}") from error
    assert isinstance(files.architecture, Path)
    assert files.weights is not None
    state = {key: value for key, value in read_tensors(files.weights).items() if not key.endswith("position_ids")}
    settings = read_settings(files.architecture)
    with building(f"{files.architecture}", state):
        try:
            network: Any = CLIPSegForImageSegmentation(CLIPSegConfig(**settings))
            _require_layers(network.config)
        except WeightsError:
            raise
        except Exception as error:  # transformers may raise anything for a wrong number
            why = " ".join(str(error).split())
            raise WeightsError(printable(f"{files.architecture}: not a CLIPSeg config: {why}")) from error
    network.eval().requires_grad_(False)
    wanted = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    fitting = fit(state, wanted, files.weights, files.architecture)
    network.load_state_dict({key: value.to(torch.float32, copy=True) for key, value in fitting.items()})
    return CLIPSeg(network.to(device), open_clip.tokenizer.SimpleTokenizer(), device)


def _require_layers(config: Any) -> None:
    """Layers that are not there would be noticed only when the first text is looked for."""
    if max(config.extract_layers) >= config.vision_config.num_hidden_layers:
        raise ValueError(f"extract_layers has a layer that vision_config does not have: {max(config.extract_layers)}")
    if config.conditional_layer >= len(config.extract_layers):
        raise ValueError(f"conditional_layer is not one of the {len(config.extract_layers)} in extract_layers")


def read_settings(path: Path) -> dict[str, Any]:
    """Read the settings that determine the network from a config of CLIPSeg; all others are ignored.

    Raises:
        WeightsError: it is none, or a number in it is out of bounds; the message gives the position.
    """
    return read_json_settings(path, _RULES, "clipseg", "CLIPSeg")
