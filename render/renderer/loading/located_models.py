"""The models of a run and their local files."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from render.models.model import ModelFiles

if TYPE_CHECKING:
    from render.renderer.renderer import Renderer


@dataclass(frozen=True, kw_only=True)
class DrawingModel:
    """A latent model, whether its latents are snapped to the codebook, and the priors that were made for it."""

    latent: ModelFiles
    quantize: bool
    priors: tuple[ModelFiles, ...] = ()

    def digests(self) -> dict[str, Any]:
        """Return its part of `LocatedModels.digests`."""
        found: dict[str, Any] = {"latent": {**_digest(self.latent), "quantize": self.quantize}}
        return {**found, "priors": [_digest(files) for files in self.priors]} if self.priors else found


@dataclass(frozen=True, kw_only=True)
class LocatedModels:
    """The models of a schedule and their local files; equal instances can share a renderer.

    Attributes:
        quantize: whether latents are snapped to the codebook.
        precision: one of `render.spec.PRECISIONS`.
        priors: what pictures to start from come from; their names differ.
        segmenter: finds the texts that regions name; None if none does.
        others: the latent models of other shots.
        flow: finds the motion of footage; None if nothing moves by any.
        depths: estimate the depth of rooms; their names differ.
    """

    latent: ModelFiles
    perceptors: tuple[tuple[ModelFiles, float], ...]
    quantize: bool
    precision: str
    priors: tuple[ModelFiles, ...] = ()
    segmenter: ModelFiles | None = None
    others: tuple[DrawingModel, ...] = ()
    flow: ModelFiles | None = None
    depths: tuple[ModelFiles, ...] = ()

    def load(self, device_name: str) -> "Renderer":
        """Load the models on a device, see `render.device.device.pick_device`.

        Raises:
            InputError: there is no such device.
            WeightsError: a file is missing or does not fit.
        """
        from render.device.device import make_ready, model_dtype, pick_device
        from render.renderer.loading.load import load_renderer

        device = pick_device(device_name)
        make_ready(device)
        dtype = model_dtype(device, self.precision)
        return load_renderer(
            self.latent,
            self.perceptors,
            self.quantize,
            device,
            dtype,
            proposers=self.priors,
            segmenter=self.segmenter,
            others=[(other.latent, other.quantize, other.priors) for other in self.others],
            flow=self.flow,
            depths=self.depths,
        )

    def digests(self) -> dict[str, Any]:
        """Return the models' names, the SHA-256 of every file, and every other property that changes pixels.

        Raises:
            WeightsError: a file is missing.
        """
        digests: dict[str, Any] = {
            "latent": {**_digest(self.latent), "quantize": self.quantize},
            "perceptors": [{**_digest(files), "weight": weight} for files, weight in self.perceptors],
            "precision": self.precision,
        }
        if self.priors:
            digests["priors"] = [_digest(files) for files in self.priors]
        if self.segmenter is not None:
            digests["segmenter"] = _digest(self.segmenter)
        if self.flow is not None:
            digests["flow"] = _digest(self.flow)
        if self.depths:
            digests["depths"] = [_digest(files) for files in self.depths]
        if self.others:
            digests["others"] = [other.digests() for other in self.others]
        return digests


def _digest(files: ModelFiles) -> dict[str, Any]:
    """Identify a config by its content, but an open_clip architecture by its name, since one file fits several."""
    digest: dict[str, Any] = {"name": files.name, "sha256": files.digests()}
    if isinstance(files.architecture, str):
        digest["architecture"] = files.architecture
    return digest if files.random_seed is None else {**digest, "random_seed": files.random_seed}
