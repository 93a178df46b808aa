"""Locate the files of a model that a schedule names: download and convert them if necessary."""

from dataclasses import replace
from pathlib import Path

from render import catalogue, latents
from render.models.downloads import Download, Progress, cache_folder, fetch, locked
from render.models.model import Model, ModelFiles, sha256
from render.models.tokenizers import companions

_CONVERTED = ("vqgan", "transformer")  # entries whose checkpoints hold much that is not needed


def locate(model: Model, *, offline: bool, progress: Progress) -> ModelFiles:
    """Return the files of `model`, downloaded first if they are missing.

    The checkpoint of a VQGAN or transformer is converted once: the model's weights, without optimiser and losses, are
    cached as safetensors, and the download is removed.

    Args:
        offline: open no connection.
        progress: is called with the progress of a download.

    Raises:
        DownloadError: the files are missing and cannot be fetched.
        WeightsError: the downloaded file is not this model.
    """
    words = companions(model, offline=offline, progress=progress)
    if model.download is None:
        return model.files(companions=words)
    if model.config is not None:
        model = replace(model, architecture=_fetched(model, model.config, offline, progress))
    assert model.download is not None
    bring = _converted if model.entry in _CONVERTED else _fetched
    return model.files(bring(model, model.download, offline, progress), words)


def weights_path(model: Model) -> Path | None:
    """Return the path of the weights of `model`, whether or not they are downloaded; None if it has no files."""
    if model.download is None:
        return model.checkpoint
    return cache_folder() / (_converted_name(model) if model.entry in _CONVERTED else model.download.name)


def _fetched(model: Model, download: Download, offline: bool, progress: Progress) -> Path:
    return fetch(download, cache_folder(), offline=offline, progress=progress)


def _converted(model: Model, download: Download, offline: bool, progress: Progress) -> Path:
    convert = _convert_vqgan if model.entry == "vqgan" else _convert_transformer
    target = cache_folder() / _converted_name(model)
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(download, target.parent, progress, purpose="convert.lock"):
            if not target.is_file():  # another render may have made it while we waited
                original = fetch(download, target.parent, offline=offline, progress=progress)
                convert(model, original, target)
                original.unlink()
    # This downloads nothing: it checks that the file has not changed since it was made.
    return fetch(Download(name=target.name, addresses=()), target.parent, offline=True, progress=progress)


def _convert_vqgan(model: Model, original: Path, target: Path) -> None:
    from render.files.checkpoints import convert

    assert isinstance(model.architecture, Path)
    wanted = catalogue.load(latents, model.entry).shapes(model.architecture)
    convert(original, target, wanted=wanted, source_sha256=sha256(original), prefix=model.prefix)


def _convert_transformer(model: Model, original: Path, target: Path) -> None:
    from render.files.checkpoints import store
    from render.priors.transformer.checkpoint import needed_tensors

    assert isinstance(model.architecture, Path)
    store(needed_tensors(original, model.architecture), target, original=original, source_sha256=sha256(original))


def _converted_name(model: Model) -> str:
    return f"{model.name}.safetensors"
