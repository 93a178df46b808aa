"""The peers' own inner loops, unmodified from a given checkout, on the same weights as ours.

None of their code is kept here: the definitions that a loop needs are found in their source's syntax tree,
executed as they are, and given the models that they ask for.
"""

import ast
import contextlib
import io
import math
import types
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bench.ours import Setting
from render.latents.vqgan import VQModel
from render.models.model import read_vqgan_config
from render.models.registry import find_latent, find_perceptor

LOOP = {
    "sinc", "lanczos", "ramp", "resample", "ReplaceGrad", "ClampWithGrad", "vector_quantize", "Prompt", "MakeCutouts",
    "get_opt", "synth", "checkin", "ascend_txt", "train", "zoom_at",
}  # fmt: skip
CONSTANTS = {"replace_grad", "clamp_with_grad", "normalize"}
DISPLAY_EVERY = 50  # their default, which saves a picture that often


class _TheirVQGAN(nn.Module):
    """taming's model as their script sees it."""

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        architecture = find_latent(setting.latent).files().architecture
        assert isinstance(architecture, Path)
        model = VQModel(read_vqgan_config(architecture)["params"])
        self.decoder, self.post_quant_conv, self.quantize = model.decoder, model.post_quant_conv, model.quantize
        self.encoder, self.quant_conv = model.encoder, model.quant_conv

    def encode(self, image: Tensor) -> tuple[Tensor, None, None]:
        latent = self.quant_conv(self.encoder(image)).permute(0, 2, 3, 1)
        quantize: Any = self.quantize
        codes: Tensor = quantize.embedding.weight
        rows = torch.cdist(latent.flatten(0, 2), codes).argmin(1)
        return codes[rows].view_as(latent).permute(0, 3, 1, 2).contiguous(), None, None

    def decode(self, latent: Tensor) -> Tensor:
        image: Tensor = self.decoder(self.post_quant_conv(latent))
        return image


def _their_clip(setting: Setting) -> Any:
    """OpenAI's model as their script sees it, which is what open_clip's quickgelu architectures are."""
    import open_clip

    architecture = find_perceptor(setting.perceptor).files().architecture
    assert isinstance(architecture, str)
    model: Any = open_clip.CLIP(**open_clip.get_model_config(architecture))
    model.visual.input_resolution = model.visual.image_size[0]
    return model


class NerdyRodent:
    """nerdyrodent/VQGAN-CLIP's `train(i)`: one refinement step with its default cutouts and augmentations.

    Args:
        checkout: a folder with their `generate.py`.
    """

    def __init__(self, checkout: Path, setting: Setting) -> None:
        torch.manual_seed(0)
        model = _TheirVQGAN(setting).eval().requires_grad_(False)
        perceptor = _their_clip(setting).eval().requires_grad_(False)
        self.space = _executed(checkout / "generate.py", model, perceptor, setting)
        self._step = 0

    def __call__(self) -> None:
        self._step += 1
        if self._step % DISPLAY_EVERY == 0:  # its saving is not what is compared
            self._step += 1
        self.space["i"] = self._step
        self.space["train"](self._step)


class NerdyRodentVideo:
    """Frames of their zoom video: the code between two frames, except for writing files, and the steps."""

    def __init__(self, checkout: Path, setting: Setting, steps: int) -> None:
        self._train = NerdyRodent(checkout, setting)
        self._space = self._train.space
        self._steps = steps
        self._between = _zoom_block(checkout / "generate.py")

    def __call__(self) -> None:
        exec(self._between, self._space)
        for _ in range(self._steps):
            self._train()


def _zoom_block(source: Path) -> types.CodeType:
    """`if args.make_zoom_video:` of their endless loop."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    loop = next(node for node in ast.walk(tree) if isinstance(node, ast.While))
    block = next(
        node for node in loop.body if isinstance(node, ast.If) and ast.unparse(node.test) == "args.make_zoom_video"
    )
    return compile(ast.Module([block], []), str(source), "exec")


def _executed(source: Path, model: Any, perceptor: Any, setting: Setting) -> dict[str, Any]:
    """The globals of their script as they are when its loop begins: its definitions and its variables."""
    wanted: list[ast.stmt] = [
        node
        for node in ast.parse(source.read_text(encoding="utf-8")).body
        if (isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in LOOP)
        or (isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) in CONSTANTS)
    ]
    space = _imported_names(model, perceptor, setting)
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(ast.Module(wanted, []), str(source), "exec"), space)
    _set_up(space, model, perceptor, setting)
    return space


def _imported_names(model: Any, perceptor: Any, setting: Setting) -> dict[str, Any]:
    """What their definitions use without defining it: modules, models, arguments."""
    import kornia.augmentation
    import numpy as np
    from PIL import Image
    from torch import optim
    from torch.nn import functional
    from torchvision import transforms
    from torchvision.transforms import functional as pictures

    args = types.SimpleNamespace(
        augments=[["Af", "Pe", "Ji", "Er"]], cutn=setting.cutouts, init_weight=0.0, make_video=False,
        display_freq=DISPLAY_EVERY, make_zoom_video=True, zoom_frequency=1, zoom_start=0, zoom_scale=0.99,
        zoom_shift_x=0, zoom_shift_y=0, optimiser="Adam", step_size=0.1,
    )  # fmt: skip
    return {
        "torch": torch, "nn": nn, "optim": optim, "F": functional, "K": kornia.augmentation, "transforms": transforms,
        "math": math, "args": args, "model": model, "perceptor": perceptor, "gumbel": False, "pMs": [], "i": 1,
        "np": np, "Image": Image, "TF": pictures, "device": torch.device("cpu"), "j": 0, "sideX": setting.size[0],
        "sideY": setting.size[1], "imageio": types.SimpleNamespace(imwrite=lambda path, picture: None),
    }  # fmt: skip


def _set_up(space: dict[str, Any], model: Any, perceptor: Any, setting: Setting) -> None:
    """Set the variables that their script sets before its loop: cutouts, latent, prompt, optimizer."""
    codebook = model.quantize.embedding.weight
    codebook.data.normal_(0, 0.5)  # the scale of trained codebooks, so that the latent moves
    side = perceptor.visual.input_resolution
    space["make_cutouts"] = space["MakeCutouts"](side, setting.cutouts, cut_pow=1.0)
    space["z_min"], space["z_max"] = (
        extreme(dim=0).values[None, :, None, None] for extreme in (codebook.min, codebook.max)
    )
    stride = 2 ** (model.decoder.num_resolutions - 1)
    width, height = (pixels // stride for pixels in setting.size)
    z = codebook[torch.randint(len(codebook), (width * height,))].view(1, height, width, -1).permute(0, 3, 1, 2)
    space["z"] = z.clone().requires_grad_()
    space["z_orig"] = z.clone()
    embedding = torch.randn(1, perceptor.visual.output_dim)
    space["pMs"].append(space["Prompt"](embedding, 1.0, float("-inf")))
    space["opt"] = space["get_opt"]("Adam", 0.1)
