"""The whole training, from data to weights, at tiny size: it must run and resume; its result need not be good."""

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from string import ascii_lowercase

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from render.training.config import DataConfig, load_recipe
from render.training.data.phrases import compose
from render.training.data.pictures import LABELS
from render.training.networks.guiding import load_vqgan
from render.training.scenes import HELD_OUT, is_held_out, make_scene


def test_equal_seeds_give_equal_scenes() -> None:
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
    """Maps sentences to vectors that depend only on the sentence."""

    def embed(self, texts: list[str]) -> torch.Tensor:
        rows = [torch.randn(384, generator=torch.Generator().manual_seed(sum(map(ord, text)))) for text in texts]
        return torch.nn.functional.normalize(torch.stack(rows), dim=1)


def test_held_out_prompts_are_never_sentences(tmp_path: Path) -> None:
    from render.training.data.texts import load_texts, make_texts

    captions = ["the sea", "Burning forest", *HELD_OUT]
    made = make_texts(captions, tmp_path, _Teacher(), None, DataConfig(composed_texts=300, embed_dim=16))
    assert "the sea" in made.texts
    assert not any(is_held_out(text) for text in made.texts)
    assert load_texts(tmp_path / "prompts.pt").texts == list(HELD_OUT)


def test_an_unknown_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("clip: {stepps: 3}\n")
    with pytest.raises(ValueError, match="stepps"):
        load_recipe(path)


def test_an_attack_stays_within_its_radius_and_leaves_some_pictures_clean() -> None:
    from render.training.clip.attack import hide

    torch.manual_seed(0)
    images = 0.3 + 0.4 * torch.rand(40, 3, 8, 8)
    seen = images
    for _ in range(4):
        seen = hide(images, seen, torch.randn_like(images), radius=0.5)
    length = (seen - images).flatten(1).norm(dim=1)
    assert float(length.max()) <= 0.5 + 1e-4
    assert float(length.mean()) > 0.3


def test_vectors_are_aligned_with_another_towers_space() -> None:
    from render.training.data.texts import Texts, align

    unit = torch.nn.functional.normalize(torch.randn(200, 8), dim=1)
    said = torch.nn.functional.normalize(unit @ torch.linalg.qr(torch.randn(8, 8)).Q, dim=1)
    texts = [str(k) for k in range(200)]
    corpus = Texts(texts=texts, kinds=["caption"] * 200, vectors=unit, mean=torch.zeros(1), basis=torch.zeros(1))
    assert torch.allclose(align(corpus, said).vectors, said, atol=1e-3)


def _tiny_teacher(folder: Path) -> Path:
    """A BERT with the teacher's structure and file formats, 24 wide, with random weights and a letter vocabulary."""
    from safetensors.torch import save_file
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *ascii_lowercase, *(f"##{letter}" for letter in ascii_lowercase)]
    tokenizer = Tokenizer(models.WordPiece({piece: k for k, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    generator = torch.Generator().manual_seed(0)
    shapes = {"word_embeddings": (len(pieces), 24), "position_embeddings": (64, 24), "token_type_embeddings": (2, 24)}
    weights = {f"embeddings.{k}.weight": torch.randn(shape, generator=generator) for k, shape in shapes.items()}
    linear = {"attention.self.query": (24, 24), "attention.self.key": (24, 24), "attention.self.value": (24, 24)}
    linear |= {"attention.output.dense": (24, 24), "intermediate.dense": (48, 24), "output.dense": (24, 48)}
    norms = ["embeddings.LayerNorm"]
    for layer in (f"encoder.layer.{k}" for k in range(6)):
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
        for name, shape in linear.items():
            weights[f"{layer}.{name}.weight"] = torch.randn(shape, generator=generator) / shape[1] ** 0.5
            weights[f"{layer}.{name}.bias"] = torch.zeros(shape[0])
    weights |= {f"{name}.weight": torch.ones(24) for name in norms} | {
        f"{name}.bias": torch.zeros(24) for name in norms
    }
    folder.mkdir()
    save_file(weights, folder / "model.safetensors")
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def _tiny_photos(path: Path) -> Path:
    """A tar like that of the photographs: noise, two of each label and split."""
    rng = np.random.default_rng(0)
    with tarfile.open(path, "w") as archive:
        for name in (f"{split}/{label}/{k}.jpg" for split in ("train", "val") for label in LABELS for k in range(2)):
            stream = io.BytesIO()
            Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(stream, "JPEG")
            member = tarfile.TarInfo(name)
            member.size = stream.tell()
            stream.seek(0)
            archive.addfile(member, stream)
    return path


TINY = """
data: {scenes: 48, scene_size: 32, large_scenes: 8, large_size: 64, held_out_scenes: 12, skies: 16, reconstructed: 16,
       composed_texts: 60, embed_dim: 16}
text: {width: 16, heads: 2, layers: 1, steps: 2, batch: 16}
clip: {width: 4, steps: 6, batch: 8, decoys: 4, painted: 2, attack_from: 0.2, attack_full: 0.4, decoy_from: 0.3,
       looks: 1, save_every: 3}
vqgan: {steps: 4, batch: 2, crop: 32, quantise_from: 2, codes: 16, save_every: 2}
refine: {steps: 2, batch: 2, crop: 32, codes: 16, guided_size: 32}
"""
TINY_JUDGE = """
data: {reconstructed: 16}
clip: {tower: regnetx_002, image_size: 32, steps: 2, batch: 8, decoy_from: 2, joint_from: 2, looks: 0}
"""


def _command(*arguments: str | Path) -> str:
    """Run `python -m render.training` in a separate process; returns what it printed."""
    command = [sys.executable, "-m", "render.training", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of `all` for a tiny recipe: every step from scratch, through the command line."""
    pytest.importorskip("tokenizers")
    folder = tmp_path_factory.mktemp("training")
    (folder / "recipe.yaml").write_text(TINY)
    (folder / "judge.yaml").write_text(TINY_JUDGE)
    said = _command(*_all(folder, _tiny_teacher(folder / "teacher"), _tiny_photos(folder / "photos.tar")))
    (folder / "said.txt").write_text(said)
    return folder


def _all(folder: Path, teacher: Path, photos: Path) -> list[str | Path]:
    start: list[str | Path] = ["--recipe", folder / "recipe.yaml", "all", "--work", folder / "work", "--judge-recipe"]
    given: list[str | Path] = [folder / "judge.yaml", "--teacher", teacher, "--photos", photos, "--no-debian"]
    return [*start, *given, "--size", "64", "32", "--steps", "1"]


def test_one_command_trains_from_scratch(work: Path) -> None:
    out = work / "work" / "out"
    stems = {"vqgan": ".yaml", "clip": ".json", "judge": ".json"}
    files = {f"{stem}{ending}" for stem, config in stems.items() for ending in (config, ".safetensors")}
    assert {path.name for path in out.iterdir()} == {*files, "judge.scenes.json", "sheet.png"}
    first, refined = (load_file(work / "work" / name / "vqgan.safetensors") for name in ("first", "out"))
    assert not torch.equal(first["decoder.conv_in.weight"], refined["decoder.conv_in.weight"])
    said = (work / "said.txt").read_text()
    figures = dict(line.rsplit(": ", 1) for line in said.splitlines() if ": " in line)
    wanted = {"photos_held_out psnr quantised", "codes used", "drift continuous colour", "image to text R@1"}
    assert wanted | {"photo class"} <= set(figures)
    assert sum("the judge's rank" in line for line in said.splitlines()) == len(HELD_OUT)
    with Image.open(out / "sheet.png") as sheet:
        assert sheet.size == (8 * (64 + 4), 5 * (32 + 4))


def test_trained_models_load_and_render(work: Path) -> None:
    from render.training.networks.guiding import load_painter, paint

    out = work / "work" / "out"
    assert float(load_vqgan(out / "vqgan").quantize.embedding.weight.std()) == pytest.approx(1, abs=0.01)
    image = paint(load_painter(out / "vqgan", out / "clip"), "the sea", (64, 32), steps=2).image
    assert image.shape == (1, 3, 32, 64)
    assert torch.isfinite(image).all()


def test_a_finished_step_is_not_repeated(work: Path) -> None:
    from render.training.clip.train import ClipRun

    folder = work / "work"
    before = {name: (folder / "data" / f"{name}.npy").stat().st_mtime_ns for name in ("scenes", "reconstructed")}
    weights = (folder / "first" / "vqgan.safetensors").read_bytes()
    steps: list[list[str | Path]] = [
        ["data", "--out", folder / "data", "--teacher", work / "teacher", "--no-debian"],
        ["vqgan", "--data", folder / "data", "--run", folder / "vqgan", "--out", folder / "first"],
    ]
    for step in steps:
        _command("--recipe", work / "recipe.yaml", *step)
    assert before == {name: (folder / "data" / f"{name}.npy").stat().st_mtime_ns for name in before}
    assert weights == (folder / "first" / "vqgan.safetensors").read_bytes()
    resumed = ClipRun(folder / "data", folder / "clip", load_recipe(work / "recipe.yaml"))
    resumed.train()
    assert resumed.step == 6


def test_a_pair_is_refined(work: Path, tmp_path: Path) -> None:
    folder, out = work / "work", work / "work" / "out"
    given: list[str | Path] = ["--data", folder / "data", "--vqgan", out / "vqgan", "--start", out / "clip"]
    given += ["--run", tmp_path / "run", "--out", tmp_path / "out"]
    _command("--recipe", work / "recipe.yaml", "clip", *given)
    before, after = (load_file(stem / "clip.safetensors") for stem in (out, tmp_path / "out"))
    assert before.keys() == after.keys()
    assert not torch.equal(before["visual.conv1.weight"], after["visual.conv1.weight"])


def test_zero_steps_leave_the_vqgan_unchanged(work: Path, tmp_path: Path) -> None:
    start = work / "work" / "out" / "vqgan"
    (tmp_path / "none.yaml").write_text("vqgan: {steps: 0, codes: 16}")
    given: list[str | Path] = ["--data", work / "work" / "data", "--start", start]
    _command("--recipe", tmp_path / "none.yaml", "vqgan", *given, "--run", tmp_path / "run", "--out", tmp_path / "out")
    before, after = (load_file(folder / "vqgan.safetensors") for folder in (start.parent, tmp_path / "out"))
    assert before.keys() == after.keys()
    assert all(torch.allclose(before[name], after[name], atol=1e-2) for name in before)


def _trained_vqgan(work: Path, folder: Path, recipe: str, start: Path | None = None, guide: Path | None = None) -> Path:
    """Path stem of the files that `recipe` produces."""
    from render.training.export import export_vqgan
    from render.training.vqgan.train import VQGANRun

    folder.mkdir()
    (folder / "recipe.yaml").write_text(f"vqgan: {{steps: 3, batch: 2, crop: 32, {recipe}}}")
    VQGANRun(work / "work" / "data", folder, load_recipe(folder / "recipe.yaml").vqgan, start, guide).train()
    export_vqgan(folder, folder)
    return folder / "vqgan"


def test_a_vqgan_is_refined_on_pictures_that_a_clip_guides(work: Path, tmp_path: Path) -> None:
    out = work / "work" / "out"
    recipe = "codes: 16, guided_size: 32"
    guided = load_vqgan(_trained_vqgan(work, tmp_path / "guided", recipe, out / "vqgan", out / "clip"))
    alone = load_vqgan(_trained_vqgan(work, tmp_path / "alone", recipe, out / "vqgan"))
    assert torch.isfinite(guided.decoder.conv_out.weight).all()
    assert not torch.equal(guided.decoder.conv_out.weight, alone.decoder.conv_out.weight)


def test_a_vqgan_of_another_factor_is_trained_and_read_back(work: Path, tmp_path: Path) -> None:
    recipe = "quantise_from: 1, codes: 8, ch_mult: [1, 1, 2, 2, 4], embed_dim: 48"
    net = load_vqgan(_trained_vqgan(work, tmp_path / "f16", recipe))
    assert net.pre(torch.zeros(1, 3, 64, 32)).shape == (1, 48, 4, 2)


def test_added_codes_are_initialised_from_latents(work: Path, tmp_path: Path) -> None:
    from render.training.vqgan.train import POOLED, VQGANRun

    (tmp_path / "more.yaml").write_text("vqgan: {codes: 32}")
    data, start = work / "work" / "data", work / "work" / "out" / "vqgan"
    run = VQGANRun(data, tmp_path, load_recipe(tmp_path / "more.yaml").vqgan, start)
    assert run.quantise_from == POOLED
    assert run.net.quantize.embedding.weight.shape[0] == 32
    kept = load_file(start.with_suffix(".safetensors"))["decoder.conv_in.weight"].float()
    assert torch.equal(run.net.state_dict()["decoder.conv_in.weight"], kept)


def test_the_judge_ranks_forty_prompts(work: Path) -> None:
    from render.training.judging.judge import Judge, top

    judge = Judge(work / "work" / "out" / "judge")
    wide = torch.rand(3, 3, 36, 64)
    places = torch.stack([judge.ranks(wide, torch.full((3,), k)) for k in range(len(HELD_OUT))])
    assert sorted(places[:, 0].tolist()) == list(range(1, len(HELD_OUT) + 1))
    assert top(torch.tensor([1, 3, 9, 40])) == {"top-1": 0.25, "top-5": 0.5}
