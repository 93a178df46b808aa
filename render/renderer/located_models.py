"""The models of a run with their files on this machine."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from render.models.model import ModelFiles

if TYPE_CHECKING:
    from render.renderer.renderer import Renderer


@dataclass(frozen=True, kw_only=True)
class LocatedModels:
    """The models of a schedule with their files on this machine; equal ones can share a renderer.

    Attributes:
        quantize: snap latents to the codebook.
        precision: one of `render.spec.PRECISIONS`.
    """

    latent: ModelFiles
    perceptors: tuple[tuple[ModelFiles, float], ...]
    quantize: bool
    precision: str

    def load(self, device_name: str) -> "Renderer":
        """Load them on a device, see `render.device.device.pick_device`.

        Raises:
            InputError: there is no such device.
            WeightsError: a file is missing or does not fit.
        """
        from render.device.device import model_dtype, pick_device
        from render.renderer.renderer import load_renderer

        device = pick_device(device_name)
        dtype = model_dtype(device, self.precision)
        return load_renderer(self.latent, self.perceptors, self.quantize, device, dtype)

    def digests(self) -> dict[str, Any]:
        """Names, SHA-256 of every file, and whatever else of the models changes a pixel.

        Raises:
            WeightsError: a file is missing.
        """
        return {
            "latent": {**_digest(self.latent), "quantize": self.quantize},
            "perceptors": [{**_digest(files), "weight": weight} for files, weight in self.perceptors],
            "precision": self.precision,
        }


def _digest(files: ModelFiles) -> dict[str, Any]:
    """A config counts by its content; an architecture of open_clip by its name, since one file fits several."""
    digest: dict[str, Any] = {"name": files.name, "sha256": files.digests()}
    if isinstance(files.architecture, str):
        digest["architecture"] = files.architecture
    return digest if files.random_seed is None else {**digest, "random_seed": files.random_seed}
