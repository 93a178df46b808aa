"""The bank that ships: procedural scenes as codes of the embedded VQGAN, made from seeds alone."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np
import torch
from numpy.typing import NDArray

from render.device.device import model_dtype
from render.latents import CodedLatent
from render.models.registry import find_latent, find_perceptor, find_prior
from render.priors.bank.building import Builder
from render.priors.bank.file import write_bank
from render.renderer.loading.load import load_models
from render.training.coverage import covering, is_styled
from render.training.scenes import make_scene, make_sky, make_subject

Pixels = NDArray[np.uint8]

SEED = 500_000
"""Of the first scene: none of the seeds that the networks are trained or judged with."""

MAKERS = (make_scene, make_subject, make_scene, make_sky, make_subject)
"""In turn: compositions of every kind, single things, skies over water and land."""

_BATCH = 25
_STYLED = 3  # only every third scene of a style is considered


def scene(number: int, side: int) -> tuple[Pixels, list[str]]:
    """Picture uint8 (side, side, 3) and captions of a scene, by its number."""
    return MAKERS[number % len(MAKERS)](SEED + number, side)


@contextmanager
def drawn(pool: int, side: int) -> Iterator[tuple[Pixels, dict[int, list[str]]]]:
    """Draw the first `pool` scenes: their pictures (pool, side, side, 3), in a temporary file, and captions by number.

    Most scenes of a style have no captions here: they are not considered.
    """
    captions: dict[int, list[str]] = {}
    with tempfile.TemporaryFile() as file:
        pictures = np.memmap(file, np.uint8, "w+", shape=(pool, side, side, 3))
        with click.progressbar(range(pool), label="scenes") as numbers:
            for number in numbers:
                pictures[number], said = scene(number, side)
                if number % _STYLED == 0 or not is_styled(said):
                    captions[number] = said
        yield pictures, captions


@click.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file [the one that ships].")
@click.option("--count", default=2_000, show_default=True, help="How many scenes.")
@click.option("--pool", default=4_000, show_default=True, help="How many scenes they are chosen from.")
@click.option("--codes", default=28, show_default=True, help="Rows and columns of codes of each.")
@click.option("--components", default=96, show_default=True, help="Numbers kept of each embedding.")
def bank(out: Path | None, count: int, pool: int, codes: int, components: int) -> None:
    """Make the bank of scenes for the embedded models: ten minutes."""
    cpu = torch.device("cpu")
    drawing, looking = find_latent("embedded"), find_perceptor("embedded")
    out = out or find_prior("bank").checkpoint
    assert out is not None
    dtype = model_dtype(cpu, "auto")
    latent, [perceptor] = load_models(drawing.files(), [looking.files()], drawing.quantize, cpu, dtype)
    assert isinstance(latent, CodedLatent)
    builder = Builder(latent, perceptor, (codes, codes), cpu)
    with drawn(pool, codes * latent.stride) as (pictures, captions):
        numbers = [[*captions][index] for index in covering([*captions.values()], count)]
        batches = [numbers[begin : begin + _BATCH] for begin in range(0, len(numbers), _BATCH)]
        with click.progressbar(batches, label="batches of codes") as progress:
            for batch in progress:
                chosen = torch.from_numpy(pictures[batch]).movedim(-1, 1).float() / 255
                builder.add(chosen, [captions[number] for number in batch])
    made_of = f"{len(numbers)} of {pool} procedural scenes, seeds {SEED} to {SEED + pool - 1}"
    made = builder.bank(latent=drawing.name, perceptor=looking.name, made_of=made_of, components=components)
    write_bank(out, made)
    click.echo(f"wrote {out}: {len(made):,} pictures, {out.stat().st_size:,} bytes")
