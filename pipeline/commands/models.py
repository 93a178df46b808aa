"""`render models`: list them, download them, and find their files."""

import contextlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from pipeline.commands import options
from pipeline.terminal import show
from render.errors import InputError, UnknownNameError, WeightsError, suggestion

if TYPE_CHECKING:  # `render --help` must not wait for the registry
    from render.models.model import Model

# The most used of open_clip's two hundred models.
_COMMON = (
    "embedded",
    "toy",
    "ViT-B-32/openai",
    "ViT-B-16/openai",
    "ViT-L-14/openai",
    "RN50/openai",
    "RN50x4/openai",
    "ViT-B-32/laion2b_s34b_b79k",
    "ViT-B-16/datacomp_xl_s13b_b90k",
    "ViT-L-14/datacomp_xl_s13b_b90k",
    "ViT-H-14/laion2b_s32b_b79k",
    "ViT-B-16-SigLIP/webli",
)


@click.group(invoke_without_command=True)
@click.pass_context
@click.option("--all", "everything", is_flag=True, help="Also list every CLIP of open_clip.")
def models(ctx: click.Context, everything: bool) -> None:
    """List the models that a schedule can name, download them, or print where they are.

    \b
    render models
    render models --all | grep SigLIP
    render models pull imagenet-f16-16384 ViT-B-32/openai
    render models path imagenet-f16-16384
    """
    if ctx.invoked_subcommand is None:
        from render.models import registry
        from render.models.downloads import cache_folder

        _list("models.latent", registry.latents().values())
        known = registry.perceptors().values()
        _list("models.perceptors", [model for model in known if everything or model.name in _COMMON])
        if not everything:
            show(f"  ... {len(known)} in all; --all lists every MODEL/PRETRAINED of open_clip")
        _list("start.prior", registry.priors().values())
        _list("models.segmenter", registry.segmenters().values())
        _list("models.flow", registry.flows().values())
        _list("depth.from", registry.depths().values())
        show(f"files: {cache_folder()} (set RENDER_CACHE to change it); models of your own: docs/models.md")


@models.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@options.offline
def pull(names: Sequence[str], offline: bool) -> None:
    """Download models now, so that rendering needs no network.

    \b
    render models pull imagenet-f16-16384 ViT-B-32/openai
    """
    from pipeline.run.progress import choose_reporter
    from render.renderer.loading.weights import locate

    wanted = [model for name in names for model in _find(name)]
    reporter = choose_reporter(as_json=False)
    try:
        for model in wanted:
            files = locate(model, offline=offline, progress=reporter.downloaded)
            reporter.close()
            licence = f" (licence of the weights: {model.licence})" if model.licence else ""
            show(f"{model.name}: {files.weights or 'needs no files'}{licence}")
    finally:
        reporter.close()


@models.command()
@click.argument("name", metavar="NAME")
def path(name: str) -> None:
    """Print the path of a model's weights; exit code 1 if they are not downloaded yet.

    \b
    render models path imagenet-f16-16384
    """
    from render.renderer.loading.weights import weights_path

    places = [place for model in _find(name) if (place := weights_path(model)) is not None]
    for place in places:
        show(str(place))
    if not all(place.is_file() for place in places):
        raise WeightsError(f"not downloaded yet; run render models pull {name}")


def _find(name: str) -> list["Model"]:
    """Find the models with this name; `embedded` is both a latent model and a perceptor."""
    from render.models import registry

    found = []
    for find in (
        registry.find_latent,
        registry.find_perceptor,
        registry.find_prior,
        registry.find_segmenter,
        registry.find_flow,
        registry.find_depth,
    ):
        with contextlib.suppress(UnknownNameError):
            found.append(find(name))
    if not found:
        kinds = (registry.latents(), registry.perceptors(), registry.priors(), registry.segmenters(), registry.flows())
        known = [name for names in (*kinds, registry.depths()) for name in names]
        raise InputError(f"unknown model '{name}'; {suggestion(name, known, 'render models --all lists them')}")
    return found


def _list(heading: str, known: Iterable["Model"]) -> None:
    from render.renderer.loading.weights import weights_path

    show(f"{heading}:")
    for model in known:
        place = weights_path(model)
        if place is None:
            state = "no files"
        elif place.is_file():
            state = f"{place.stat().st_size / 1e6:,.1f} MB on disk"
        else:
            size = model.download.size if model.download else None
            state = f"{size / 1e6:,.0f} MB download" if size else "not downloaded"
        show(f"  {model.name:<34} {state:<18} {model.about}")
