"""The whole way from data to weights, tiny: it must run and resume; the result is no good and need not be."""

from pathlib import Path

import numpy as np
import pytest
import torch

from render.training.config import CLIPConfig, DataConfig, Recipe, TextConfig, VQGANConfig, load_recipe
from render.training.data import load_set, write_scenes
from render.training.scenes import HELD_OUT, make_scene
from render.training.scenes.compose import is_held_out

TINY = Recipe(
    data=DataConfig(scenes=48, scene_size=64, embed_dim=16),
    text=TextConfig(width=16, heads=2, layers=1, steps=2, batch=16),
    clip=CLIPConfig(
        width=4, steps=6, batch=8, decoys=2, attack_from=0.2, attack_full=0.4, decoy_from=0.3, save_every=3
    ),
    vqgan=VQGANConfig(steps=4, batch=2, crop=32, quantise_from=2, codes=16, save_every=2),
)


def test_a_seed_gives_one_scene() -> None:
    first, captions = make_scene(7, 48)
    again, words = make_scene(7, 48)
    other, _ = make_scene(8, 48)
    assert first.shape == (48, 48, 3)
    assert np.array_equal(first, again)
    assert captions == words
    assert not np.array_equal(first, other)


def test_held_out_prompts_are_never_captions() -> None:
    captions = {caption for seed in range(400) for caption in make_scene(seed, 24)[1]}
    assert not any(is_held_out(caption) for caption in captions)
    assert all(is_held_out(prompt) for prompt in HELD_OUT)


def test_an_unknown_key_names_itself(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("clip: {stepps: 3}\n")
    with pytest.raises(ValueError, match="stepps"):
        load_recipe(path)


def _tiny_data(folder: Path) -> None:
    """Scenes, and sentences with random vectors instead of the teacher's."""
    from render.training.texts import Texts

    write_scenes(folder, "scenes", TINY.data.scenes, TINY.data.scene_size, 0)
    write_scenes(folder, "large", 8, 64, 100)
    write_scenes(folder, "photos", 8, 64, 200)
    texts = sorted({c for name in ("scenes", "photos") for words in load_set(folder, name)[1] for c in words})
    vectors = torch.nn.functional.normalize(torch.randn(len(texts), TINY.data.embed_dim), dim=1)
    empty = torch.zeros(1)
    Texts(texts=texts, kinds=["caption"] * len(texts), vectors=vectors, mean=empty, basis=empty).save(
        folder / "texts.pt"
    )


@pytest.mark.slow
def test_data_to_weights(tmp_path: Path) -> None:
    from render.training.clip import ClipRun
    from render.training.export import export_clip, export_vqgan
    from render.training.guiding import load_painter, load_vqgan, paint
    from render.training.text_tower import train_text_tower
    from render.training.vqgan import VQGANRun

    data, run, out = tmp_path / "data", tmp_path / "run", tmp_path / "out"
    _tiny_data(data)
    train_text_tower(data, run, TINY)
    ClipRun(data, run, TINY).train()
    VQGANRun(data, run, TINY).train()
    resumed = ClipRun(data, run, TINY)
    resumed.train()
    assert resumed.step == TINY.clip.steps
    export_clip(data, run, out)
    export_vqgan(run, out)
    assert {path.name for path in out.iterdir()} == {
        "clip.json",
        "clip.safetensors",
        "vqgan.yaml",
        "vqgan.safetensors",
    }
    vqgan = load_vqgan(out / "vqgan")
    assert float(vqgan.quantize.embedding.weight.std()) == pytest.approx(1, abs=0.01)
    image = paint(load_painter(out / "vqgan", out / "clip"), "the sea", (64, 32), steps=2).image
    assert image.shape == (1, 3, 32, 64)
    assert torch.isfinite(image).all()
