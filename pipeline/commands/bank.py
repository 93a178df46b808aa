"""`render bank`: make a bank of pictures that frames can start from."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.commands import options
from pipeline.run.interrupt import INTERRUPTED, handling_ctrl_c
from pipeline.terminal import show
from render.errors import InputError

if TYPE_CHECKING:  # `render --help` must not wait for torch
    from pipeline.schedule.sections.models import Models
    from render.priors.bank.building import Builder

_CODES = 16  # rows and columns of a picture, unless --size says otherwise


@click.command()
@click.argument("pictures", metavar="PICTURES", type=click.Path(path_type=Path))
@click.option("-o", "--output", metavar="FILE.bank", type=click.Path(path_type=Path), required=True)
@click.option(
    "--models",
    "file",
    metavar="FILE.yaml",
    type=click.Path(path_type=Path),
    help="A schedule, whose latent model and first perceptor the bank is for [the embedded models].",
)
@click.option(
    "--size",
    metavar="WIDTH HEIGHT",
    type=(int, int),
    help="Of the pictures in the bank, whose middle is cut in this shape [16 x 16 codes].",
)
@options.device
@options.offline
@options.allow_paths
def bank(
    pictures: Path,
    output: Path,
    file: Path | None,
    size: tuple[int, int] | None,
    device: str,
    offline: bool,
    allow_paths: bool,
) -> int:
    """Make a bank of a folder of pictures, which frames can start from.

    \b
    render bank holiday/ -o holiday.bank
    render bank holiday/ -o holiday.bank --models film.yaml --size 448 256
    start: {prior: holiday.bank}               in a schedule beside it

    A bank keeps the pictures as codes of the VQGAN, with what the perceptor sees in them: some hundred bytes
    for each. The words of a caption help to find a picture; its caption is the text in NAME.txt beside NAME.jpg,
    or its name if that reads like words: red-fox.jpg, but not IMG_2031.jpg.
    A bank fits only the models that it was made with. Interrupted, the same command continues.
    """
    from pipeline.schedule.loader import load_schedule
    from pipeline.schedule.sections.models import Models
    from render.priors.bank.album import picture_files
    from render.priors.bank.file import SUFFIX

    if output.suffix != SUFFIX:
        raise InputError(f"-o {output}: expected a name that ends in {SUFFIX}")
    files = picture_files(pictures)
    noise = (("start", "noise"),)  # the schedule may name the bank that is about to be made
    models = load_schedule(file, noise, allow_paths).models if file else Models()
    builder = _builder(models, size, device, offline)
    return _make(files, builder, output, models, pictures.resolve().name)


def _builder(models: "Models", size: tuple[int, int] | None, device: str, offline: bool) -> "Builder":
    from pipeline.run.progress import choose_reporter
    from render.device.device import make_ready, model_dtype, pick_device
    from render.latents import CodedLatent
    from render.priors.bank.building import Builder
    from render.priors.bank.header import MAX_CELLS
    from render.renderer.loading.load import load_models

    reporter = choose_reporter(as_json=False)
    try:
        located = models.locate(offline=offline, progress=reporter.downloaded)
    finally:
        reporter.close()
    on = pick_device(device)
    make_ready(on)
    perceptor = located.perceptors[0][0]
    latent, seeing = load_models(located.latent, [perceptor], located.quantize, on, model_dtype(on, located.precision))
    if not isinstance(latent, CodedLatent):
        raise InputError(f"models.latent: '{models.latent.name}' has no codebook; expected a VQGAN")
    width, height = size or (_CODES * latent.stride, _CODES * latent.stride)
    cells = (height // latent.stride) * (width // latent.stride)
    if width % latent.stride or height % latent.stride or not 0 < cells <= MAX_CELLS:
        raise InputError(f"--size: expected multiples of {latent.stride}, and at most {MAX_CELLS:,} codes")
    return Builder(latent, seeing[0], (height // latent.stride, width // latent.stride), on)


def _make(files: list[Path], builder: "Builder", output: Path, models: "Models", made_of: str) -> int:
    from render.priors.bank.album import Unfinished, collect
    from render.priors.bank.file import write_bank

    unfinished = Unfinished(output.with_name(f".{output.name}.unfinished"), builder)
    warnings: list[str] = []
    announce = lambda: show("finishing this batch; Ctrl-C again stops at once", err=True)  # noqa: E731
    with handling_ctrl_c(announce) as stop, click.progressbar(length=len(files), label="pictures") as progress:
        done = collect(
            files,
            builder,
            unfinished,
            stop=stop,
            report=lambda count: progress.update(count - progress.pos),
            warn=warnings.append,
        )
    for warning in warnings:
        show(warning, err=True)
    if not done:
        show(f"stopped after {len(builder)} pictures; run the same command again to go on", err=True)
        return INTERRUPTED
    if not len(builder):
        raise InputError("none of the pictures can be read")
    latent, perceptor = models.latent.name, models.perceptors[0].model.name
    made = builder.bank(latent=latent, perceptor=perceptor, made_of=f"{len(builder)} pictures of {made_of}"[:200])
    write_bank(output, made)
    unfinished.remove()
    show(f"{output}: {len(made):,} pictures, {output.stat().st_size / 1e6:.1f} MB")
    return 0
