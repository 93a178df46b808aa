"""The bank that ships: procedural scenes as codes of the embedded VQGAN, made from seeds alone."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import click
import torch
from torch import Tensor

from render.latents import CodedLatent
from render.models.registry import find_latent, find_perceptor, find_prior
from render.priors.bank.building import Builder
from render.priors.bank.file import write_bank
from render.renderer.loading import load_models
from render.training.scenes import make_scene, make_sky, make_subject

SEED = 500_000
"""Of the first scene: none of the seeds that the networks are trained or judged with."""

MAKERS = (make_scene, make_subject, make_scene, make_sky, make_subject)
"""In turn: compositions of every kind, single things, skies over water and land."""

_BATCH = 25


def scenes(count: int, side: int) -> Iterator[Tensor]:
    """Pictures (1, 3, side, side) in [0, 1] of the bank's scenes, by seed."""
    for number in range(count):
        picture, _ = MAKERS[number % len(MAKERS)](SEED + number, side)
        yield torch.from_numpy(picture).movedim(-1, 0)[None].float() / 255


@click.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file [the one that ships].")
@click.option("--count", default=5_000, show_default=True, help="How many scenes.")
@click.option("--codes", default=16, show_default=True, help="Rows and columns of codes of each.")
@click.option("--components", default=96, show_default=True, help="Numbers kept of each embedding.")
def bank(out: Path | None, count: int, codes: int, components: int) -> None:
    """Make the bank of scenes for the embedded models: some minutes."""
    cpu = torch.device("cpu")
    drawing, looking = find_latent("embedded"), find_perceptor("embedded")
    out = out or find_prior("bank").checkpoint
    assert out is not None
    latent, [perceptor] = load_models(drawing.files(), [looking.files()], drawing.quantize, cpu, torch.float32)
    assert isinstance(latent, CodedLatent)
    builder = Builder(latent, perceptor, (codes, codes), cpu)
    with click.progressbar(length=count, label="scenes") as progress:
        pictures = scenes(count, codes * latent.stride)
        while batch := [*itertools.islice(pictures, _BATCH)]:
            builder.add(torch.cat(batch))
            progress.update(len(batch))
    made_of = f"{count} procedural scenes, seeds {SEED} to {SEED + count - 1}"
    made = builder.bank(latent=drawing.name, perceptor=looking.name, made_of=made_of, components=components)
    write_bank(out, made)
    click.echo(f"wrote {out}: {len(made):,} pictures, {out.stat().st_size:,} bytes")
