"""The models that ship with the package, those that need no weights, and the segmentation models."""

from pathlib import Path

from render.models.downloads import Download
from render.models.model import Model

_EMBEDDED = Path(__file__).parents[1] / "embedded"

LATENTS = (
    Model(
        name="embedded",
        entry="vqgan",
        about="small VQGAN that ships with the package, f8, 8,192 codes",
        architecture=_EMBEDDED / "vqgan.yaml",
        checkpoint=_EMBEDDED / "vqgan.safetensors",
    ),
    Model(name="pixels", entry="pixels", about="the picture itself, no weights, for tests"),
)
PERCEPTORS = (
    Model(
        name="embedded",
        entry="clip",
        about="small CLIP that ships with the package, 64 px",
        architecture=_EMBEDDED / "clip.json",
        checkpoint=_EMBEDDED / "clip.safetensors",
        robust=True,
    ),
    Model(name="toy", entry="toy", about="knows the names of eight colours, no weights, for tests", robust=True),
)
PRIORS = (
    Model(
        name="bank",
        entry="bank",
        about="pictures that ship with the package, as codes of the embedded VQGAN",
        checkpoint=_EMBEDDED / "embedded.bank",
    ),
)
SEGMENTERS = (
    Model(
        name="clipseg-rd64-refined",
        entry="clipseg",
        about="finds what a text describes in a picture",
        config=Download(name="clipseg-rd64-refined.json", addresses=("hf://CIDAS/clipseg-rd64-refined/config.json",)),
        download=Download(
            name="clipseg-rd64-refined.weights",
            addresses=(
                "hf://CIDAS/clipseg-rd64-refined/model.safetensors",
                "hf://CIDAS/clipseg-rd64-refined/pytorch_model.bin",
            ),
        ),
        licence="Apache-2.0",
    ),
)
FLOWS = (Model(name="dis", entry="dis", about="dense inverse search of OpenCV, no weights"),)
DEPTHS: tuple[Model, ...] = ()
