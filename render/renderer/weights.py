"""Locate the files of a model that a schedule names: download and convert them if necessary."""

from pathlib import Path

from render import catalogue, latents
from render.models.downloads import Download, Progress, cache_folder, fetch, locked
from render.models.model import Model, ModelFiles, sha256
from render.models.tokenizers import companions


def locate(model: Model, *, offline: bool, progress: Progress) -> ModelFiles:
    """Return the files of `model`, downloaded first if they are missing.

    A VQGAN's checkpoint is converted once: the model's weights, without optimiser and losses, are cached as
    safetensors, and the download is removed.

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
    bring = _converted if model.entry == "vqgan" else _fetched
    return model.files(bring(model, model.download, offline, progress), words)


def weights_path(model: Model) -> Path | None:
    """Return the path of the weights of `model`, whether or not they are downloaded; None if it has no files."""
    if model.download is None:
        return model.checkpoint
    return cache_folder() / (_converted_name(model) if model.entry == "vqgan" else model.download.name)


def _fetched(model: Model, download: Download, offline: bool, progress: Progress) -> Path:
    return fetch(download, cache_folder(), offline=offline, progress=progress)


def _converted(model: Model, download: Download, offline: bool, progress: Progress) -> Path:
    from render.files.checkpoints import convert

    assert isinstance(model.architecture, Path)
    target = cache_folder() / _converted_name(model)
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(download, target.parent, progress, purpose="convert.lock"):
            if not target.is_file():  # another render may have made it while we waited
                original = fetch(download, target.parent, offline=offline, progress=progress)
                wanted = catalogue.load(latents, model.entry).shapes(model.architecture)
                convert(original, target, wanted=wanted, source_sha256=sha256(original), prefix=model.prefix)
                original.unlink()
    # This downloads nothing: it checks that the file has not changed since it was made.
    return fetch(Download(name=target.name, addresses=()), target.parent, offline=True, progress=progress)


def _converted_name(model: Model) -> str:
    return f"{model.name}.safetensors"
