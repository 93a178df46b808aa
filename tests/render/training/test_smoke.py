"""The whole way from data to weights, tiny: it must run and resume; the result is no good and need not be."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from render.training.config import CLIPConfig, DataConfig, Recipe, TextConfig, VQGANConfig, load_recipe
from render.training.data import LABELS, load_set, write_scenes
from render.training.phrases import compose
from render.training.scenes import HELD_OUT, is_held_out, make_scene

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
    said = [*captions, *compose(4000, 0), *(label for labels in LABELS.values() for label in labels)]
    assert len(set(HELD_OUT)) == 40
    assert not any(is_held_out(caption) for caption in said)
    assert all(is_held_out(prompt) for prompt in HELD_OUT)
    assert is_held_out("Calm blue sea at noon")
    assert not is_held_out("a calm sea at noon")


class _Teacher:
    """Sentences to vectors that depend on nothing but the sentence."""

    def embed(self, texts: list[str]) -> torch.Tensor:
        rows = [torch.randn(384, generator=torch.Generator().manual_seed(sum(map(ord, text)))) for text in texts]
        return torch.nn.functional.normalize(torch.stack(rows), dim=1)


def test_held_out_prompts_are_never_sentences(tmp_path: Path) -> None:
    from render.training.texts import load_texts, make_texts

    captions = ["the sea", "Burning forest", *HELD_OUT]
    made = make_texts(captions, tmp_path, _Teacher(), None, DataConfig(composed_texts=300, embed_dim=16))
    assert "the sea" in made.texts
    assert not any(is_held_out(text) for text in made.texts)
    assert load_texts(tmp_path / "prompts.pt").texts == list(HELD_OUT)


def test_an_unknown_key_names_itself(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("clip: {stepps: 3}\n")
    with pytest.raises(ValueError, match="stepps"):
        load_recipe(path)


def test_an_attack_stays_near_and_spares_a_few() -> None:
    from render.training.attack import hide

    torch.manual_seed(0)
    images = 0.3 + 0.4 * torch.rand(40, 3, 8, 8)
    seen = images
    for _ in range(4):
        seen = hide(images, seen, torch.randn_like(images), radius=0.5)
    length = (seen - images).flatten(1).norm(dim=1)
    assert float(length.max()) <= 0.5 + 1e-4
    assert float(length.mean()) > 0.3


def test_vectors_move_into_another_towers_space() -> None:
    from render.training.texts import Texts, align

    unit = torch.nn.functional.normalize(torch.randn(200, 8), dim=1)
    said = torch.nn.functional.normalize(unit @ torch.linalg.qr(torch.randn(8, 8)).Q, dim=1)
    texts = [str(k) for k in range(200)]
    corpus = Texts(texts=texts, kinds=["caption"] * 200, vectors=unit, mean=torch.zeros(1), basis=torch.zeros(1))
    assert torch.allclose(align(corpus, said).vectors, said, atol=1e-3)


def _tiny_data(folder: Path) -> None:
    """Scenes, and sentences with random vectors instead of the teacher's."""
    from render.training.texts import Texts

    write_scenes(folder, "scenes", TINY.data.scenes, TINY.data.scene_size, 0)
    write_scenes(folder, "held_out", 8, 64, 300)
    write_scenes(folder, "large", 8, 64, 100)
    write_scenes(folder, "photos", 8, 64, 200)
    names = ("scenes", "photos", "held_out")
    texts = sorted({c for name in names for words in load_set(folder, name)[1] for c in words})
    for name, said in (("texts", texts), ("prompts", list(HELD_OUT))):
        vectors = torch.nn.functional.normalize(torch.randn(len(said), TINY.data.embed_dim), dim=1)
        empty = torch.zeros(1)
        corpus = Texts(texts=said, kinds=["caption"] * len(said), vectors=vectors, mean=empty, basis=empty)
        corpus.save(folder / f"{name}.pt")


@pytest.mark.slow
def test_data_to_weights(tmp_path: Path) -> None:
    from render.training.clip import ClipRun
    from render.training.export import export_clip, export_vqgan
    from render.training.guiding import load_painter, load_vqgan, paint
    from render.training.reconstructions import write_reconstructions
    from render.training.text_tower import train_text_tower
    from render.training.vqgan import VQGANRun

    data, run, out = tmp_path / "data", tmp_path / "run", tmp_path / "out"
    _tiny_data(data)
    VQGANRun(data, run, TINY).train()
    export_vqgan(run, out)
    vqgan = load_vqgan(out / "vqgan")
    assert float(vqgan.quantize.embedding.weight.std()) == pytest.approx(1, abs=0.01)
    write_reconstructions(data, out / "vqgan", 16)
    train_text_tower(data, run, TINY)
    ClipRun(data, run, TINY).train()
    resumed = ClipRun(data, run, TINY)
    resumed.train()
    assert resumed.step == TINY.clip.steps
    export_clip(run, out)
    assert {path.name for path in out.iterdir()} == {
        "clip.json",
        "clip.safetensors",
        "vqgan.yaml",
        "vqgan.safetensors",
    }
    image = paint(load_painter(out / "vqgan", out / "clip"), "the sea", (64, 32), steps=2).image
    assert image.shape == (1, 3, 32, 64)
    assert torch.isfinite(image).all()
    refined = ClipRun(data, tmp_path / "refined", TINY, out / "clip", out / "vqgan")
    refined.train()
    assert refined.step == TINY.clip.steps


@pytest.mark.slow
def test_the_judge_ranks_forty_prompts(tmp_path: Path) -> None:
    from render.training.clip import ClipRun
    from render.training.export import export_judge
    from render.training.judge import Judge, check_judge, top

    data, run, out = tmp_path / "data", tmp_path / "run", tmp_path / "out"
    _tiny_data(data)
    recipe = replace(TINY, clip=replace(TINY.clip, tower="regnetx_002", image_size=32, joint_from=2, decoy_from=2))
    ClipRun(data, run, recipe).train()
    export_judge(run, out)
    judge = Judge(out / "judge", data)
    wide = torch.rand(3, 3, 36, 64)
    places = torch.stack([judge.ranks(wide, torch.full((3,), k)) for k in range(len(HELD_OUT))])
    assert sorted(places[:, 0].tolist()) == list(range(1, len(HELD_OUT) + 1))
    assert top(torch.tensor([1, 3, 9, 40])) == {"top-1": 0.25, "top-5": 0.5}
    assert check_judge(judge, data)["scenes"] >= 0
