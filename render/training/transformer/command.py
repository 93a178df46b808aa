"""`python -m render.training transformer`: make its codes, train it, and export it."""

from pathlib import Path

import click

from render.training.config import Recipe


@click.command()
@click.option("--run", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for checkpoints.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for transformer.yaml and transformer.safetensors.",
)
@click.option("--only", type=click.Choice(["codes", "train", "export"]), help="One of the three steps.")
@click.pass_obj
def transformer(recipe: Recipe, run: Path, out: Path, only: str | None) -> None:
    """Train a transformer to draw codes of the embedded VQGAN from texts, as the embedded CLIP embeds them."""
    import torch

    from render.device.device import model_dtype
    from render.latents import CodedLatent
    from render.models.registry import find_latent, find_perceptor
    from render.priors.bank.identity import codebook_digest, probes
    from render.renderer.loading.load import load_models
    from render.training.transformer.export import export_transformer
    from render.training.transformer.scenes import Coder
    from render.training.transformer.train import TransformerRun

    cpu, drawing, looking = torch.device("cpu"), find_latent("embedded"), find_perceptor("embedded")
    latents, [perceptor] = load_models(drawing.files(), [looking.files()], drawing.quantize, cpu, model_dtype(cpu))
    assert isinstance(latents, CodedLatent)
    assert isinstance(drawing.architecture, Path)
    digest = codebook_digest(latents)
    coder = Coder(run / "codes", latents, perceptor, recipe.transformer, digest)
    if only != "export":
        scenes = coder.scenes()
        if only != "codes":
            TransformerRun(*scenes, coder.codebook, run, recipe.transformer).train()
    if only in (None, "export"):
        known = probes(perceptor, cpu)
        export_transformer(run, out, recipe.transformer, drawing.architecture, coder.codebook, digest, known)
        click.echo(f"wrote {out / 'transformer.safetensors'}")
