"""Enlarges pictures with a network, such as Real-ESRGAN, from a file that the schedule names.

spandrel, from the extra `upscale`, detects the architecture. It is never given a path: for a TorchScript archive it
would call torch.jit.load, which executes code from it. It gets the tensors that our own reader extracted.
"""

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from pipeline.run.folder.frames import Pixels
from pipeline.storage.atomic import replacing
from pipeline.storage.png import encode
from render.errors import InputError, WeightsError

if TYPE_CHECKING:
    from torch import Tensor

MAX_BLOCKS = 4096
_NESTS = ("params_ema", "params-ema", "params", "model_state_dict", "state_dict", "model", "net_g", "net")
TILE, MARGIN = 256, 32  # pixels: side of a tile, and its margin, which is wider than a network looks


class Upscaler:
    """A network that multiplies a picture's width and height by `scale`.

    Raises:
        InputError: the file does not contain such a network.
    """

    def __init__(self, path: Path, device: str = "auto") -> None:
        import spandrel

        from render.device.device import pick_device
        from render.files.allowance import building

        self._device = pick_device(device)
        try:
            state = _state(path)
            with building(str(path), state):
                model: Any = spandrel.MAIN_REGISTRY.load(state)
            model = model.to(self._device)
        except WeightsError as error:
            raise InputError(str(error)) from error
        except Exception as error:  # a file can contain anything
            raise InputError(f"{path}: not an upscaler that spandrel knows ({_first_line(error)})") from error
        if not isinstance(model, spandrel.ImageModelDescriptor) or (model.input_channels, model.output_channels) != (
            3,
            3,
        ):
            raise InputError(f"{path}: expected a network that turns an RGB picture into an RGB picture")
        self._model = model.eval()
        self.scale = int(model.scale)

    def __call__(self, pixels: Pixels) -> Pixels:
        """(H, W, 3) to (H * scale, W * scale, 3), tile by tile, so that memory does not grow with the picture."""
        import torch

        picture = torch.from_numpy(np.array(pixels)).to(self._device).movedim(-1, 0).unsqueeze(0).float() / 255
        height, width = picture.shape[-2:]
        large = picture.new_zeros(1, 3, height * self.scale, width * self.scale)
        with torch.inference_mode():
            for top in range(0, height, TILE):
                for left in range(0, width, TILE):
                    self._fill(large, picture, top, left)
        whole: Pixels = (large[0].movedim(0, -1).clamp(0, 1) * 255).round().byte().cpu().numpy()
        return whole

    def _fill(self, large: "Tensor", picture: "Tensor", top: int, left: int) -> None:
        """Enlarge one tile with its margin, then crop the margin off."""
        scale, (height, width) = self.scale, picture.shape[-2:]
        above, before = min(MARGIN, top), min(MARGIN, left)
        bottom, right = min(top + TILE, height), min(left + TILE, width)
        part = picture[..., top - above : bottom + MARGIN, left - before : right + MARGIN]
        made = self._model(part)[..., above * scale :, before * scale :]
        tile = made[..., : (bottom - top) * scale, : (right - left) * scale]
        large[..., top * scale : bottom * scale, left * scale : right * scale] = tile


class Enlarged:
    """Enlarges frames, each once, no matter how often it is shown.

    Args:
        folder: stores the enlarged frames while the video is being made.
    """

    def __init__(self, upscaler: Upscaler, folder: Path) -> None:
        self._upscaler = upscaler
        self._folder = folder

    def __call__(self, number: int, png: bytes) -> bytes:
        """The enlarged PNG of frame `number`."""
        kept = self._folder / f"{number}.png"
        if kept.is_file():
            return kept.read_bytes()
        with Image.open(io.BytesIO(png)) as image:
            large = self._upscaler(np.asarray(image.convert("RGB")))
        made = encode(large, {})
        with replacing(kept) as partial:
            partial.write_bytes(made)
        return made


def _state(path: Path) -> "dict[str, Tensor]":
    """Load the weights. Raises `WeightsError` if their names would make spandrel build a huge network."""
    from render.files.checkpoints import read_tensors

    state = read_tensors(path, _NESTS)
    for key in state:
        if any(
            int(digits[:9]) > MAX_BLOCKS for digits in re.findall(r"[0-9]+", key)
        ):  # it reads numbers in tensor names as layer counts
            raise WeightsError(f"{path}: refused: '{key[:100]}' would mean more than {MAX_BLOCKS:,} blocks")
    return state


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
