"""`python -m render.training depth`: draw its scenes, train it, export it, and measure it."""

from pathlib import Path

import click

from render.training.config import Recipe


@click.command()
@click.option("--run", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for checkpoints.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for depth.safetensors."
)
@click.option("--only", type=click.Choice(["scenes", "train", "export", "measure"]), help="One of the four steps.")
@click.pass_obj
def depth(recipe: Recipe, run: Path, out: Path, only: str | None) -> None:
    """Train the network that estimates depth in a picture, and compare it with a floor."""
    import torch

    from render.device.device import model_dtype
    from render.models.registry import find_latent, find_perceptor
    from render.renderer.loading.load import load_models
    from render.training.depth.export import export_depth
    from render.training.depth.measure import measure_depth
    from render.training.depth.network import load_depth
    from render.training.depth.scenes import draw_sets
    from render.training.depth.train import DepthRun

    cpu, drawing = torch.device("cpu"), find_latent("embedded")
    latent, _ = load_models(drawing.files(), [find_perceptor("toy").files()], drawing.quantize, cpu, model_dtype(cpu))
    scenes, held_out = draw_sets(run, recipe.depth, latent)
    if only in (None, "train"):
        DepthRun(scenes, run, recipe.depth).train()
    if only in (None, "export"):
        export_depth(run, out)
        click.echo(f"wrote {out / 'depth.safetensors'}")
    if only in (None, "measure"):
        for name, value in measure_depth(load_depth(out / "depth.safetensors"), held_out):
            click.echo(f"{name}: {value:.3f}")
