"""The bank that ships: procedural scenes as codes of the embedded VQGAN, made from seeds alone."""

from pathlib import Path

import click
import torch
from torch import Tensor

from render.latents import CodedLatent
from render.models.registry import find_latent, find_perceptor, find_prior
from render.priors.bank.building import Builder
from render.priors.bank.file import write_bank
from render.renderer.loading import load_models
from render.training.coverage import covering, is_styled
from render.training.scenes import make_scene, make_sky, make_subject

SEED = 500_000
"""Of the first scene: none of the seeds that the networks are trained or judged with."""

MAKERS = (make_scene, make_subject, make_scene, make_sky, make_subject)
"""In turn: compositions of every kind, single things, skies over water and land."""

_BATCH = 25
_STYLED = 3  # only every third scene of a style is considered


def scene(number: int, side: int) -> tuple[Tensor, list[str]]:
    """Picture (1, 3, side, side) in [0, 1] and captions of a scene, by its number."""
    picture, captions = MAKERS[number % len(MAKERS)](SEED + number, side)
    return torch.from_numpy(picture).movedim(-1, 0)[None].float() / 255, captions


def chosen(count: int, pool: int, side: int) -> list[int]:
    """The numbers of `count` of the first `pool` scenes, see `covering`; most are in no style."""
    captions: dict[int, list[str]] = {}
    with click.progressbar(range(pool), label="captions") as numbers:
        for number in numbers:
            said = scene(number, side)[1]
            if number % _STYLED == 0 or not is_styled(said):
                captions[number] = said
    numbers_of = [*captions]
    return [numbers_of[index] for index in covering([*captions.values()], count)]


@click.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file [the one that ships].")
@click.option("--count", default=2_000, show_default=True, help="How many scenes.")
@click.option("--pool", default=6_000, show_default=True, help="How many scenes they are chosen from.")
@click.option("--codes", default=28, show_default=True, help="Rows and columns of codes of each.")
@click.option("--components", default=96, show_default=True, help="Numbers kept of each embedding.")
def bank(out: Path | None, count: int, pool: int, codes: int, components: int) -> None:
    """Make the bank of scenes for the embedded models: half an hour."""
    cpu = torch.device("cpu")
    drawing, looking = find_latent("embedded"), find_perceptor("embedded")
    out = out or find_prior("bank").checkpoint
    assert out is not None
    latent, [perceptor] = load_models(drawing.files(), [looking.files()], drawing.quantize, cpu, torch.float32)
    assert isinstance(latent, CodedLatent)
    builder = Builder(latent, perceptor, (codes, codes), cpu)
    numbers = chosen(count, pool, codes * latent.stride)
    with click.progressbar(length=len(numbers), label="scenes") as progress:
        for begin in range(0, len(numbers), _BATCH):
            batch = [scene(number, codes * latent.stride) for number in numbers[begin : begin + _BATCH]]
            builder.add(torch.cat([picture for picture, _ in batch]), [captions for _, captions in batch])
            progress.update(len(batch))
    made_of = f"{len(numbers)} of {pool} procedural scenes, seeds {SEED} to {SEED + pool - 1}"
    made = builder.bank(latent=drawing.name, perceptor=looking.name, made_of=made_of, components=components)
    write_bank(out, made)
    click.echo(f"wrote {out}: {len(made):,} pictures, {out.stat().st_size:,} bytes")
