"""`python -m render.training transformer`, from scenes to a file that a schedule starts from, at tiny size."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from pipeline.schedule.loader import load_schedule
from pipeline.schedule.timeline import Timeline
from render.errors import UnfitPriorError
from render.training.__main__ import main
from render.training.config import TransformerConfig, load_recipe
from render.training.transformer.scenes import Coder, Scenes

RECIPE = """
transformer: {grid: 3, codes: 8, scenes: 6, held_out: 3, sampled: 4, width: 8, heads: 2, layers: 1, positions: 2,
              steps: 2, batch: 2, cooldown: 1, save_every: 1}
"""
SCHEDULE = """
output: {size: [32, 16], fps: 2, length: 1s, seed: SEED}
prompts: PROMPT
refine: {first_frame: 1}
start: {prior: {config: transformer.yaml, checkpoint: transformer.safetensors}, candidates: 2, guidance: 3}
models: MODELS
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    (folder / "recipe.yaml").write_text(RECIPE)
    given = ["--recipe", str(folder / "recipe.yaml"), "transformer", "--run", str(folder / "run"), "--out", str(folder)]
    result = CliRunner().invoke(main, given, catch_exceptions=False)
    assert result.exit_code == 0
    assert "wrote" in result.output
    return folder


def first_frame(
    folder: Path, prompt: str = "a red rose", seed: int = 1, models: str = "{perceptors: [embedded]}"
) -> torch.Tensor:
    text = SCHEDULE.replace("PROMPT", prompt).replace("SEED", str(seed)).replace("MODELS", models)
    (folder / "mine.yaml").write_text(text)
    schedule = load_schedule(folder / "mine.yaml")
    renderer = schedule.models.locate(offline=True, progress=lambda *said: None).load("cpu")
    return renderer.step(None, Timeline(schedule).at(0)).image


def test_a_schedule_starts_from_what_it_draws(made: Path) -> None:
    rose = first_frame(made)
    assert rose.shape == (1, 3, 16, 32)
    assert torch.isfinite(rose).all()
    assert torch.equal(first_frame(made), rose)
    assert not torch.equal(first_frame(made, seed=2), rose)


def test_it_is_small_and_has_no_vqgan_of_its_own(made: Path) -> None:
    assert (made / "transformer.safetensors").stat().st_size < 100_000


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ("{perceptors: [toy]}", "it was trained on embeddings of none of models.perceptors"),
        ("{latent: pixels, perceptors: [embedded]}", "it draws codes of another VQGAN than models.latent"),
        ("{latent: 'random:embedded', perceptors: [embedded]}", "it draws codes of another VQGAN than models.latent"),
    ],
)
def test_other_models_than_its_own_are_refused(models: str, message: str, made: Path) -> None:
    with pytest.raises(UnfitPriorError, match=rf"transformer\.safetensors: {message}"):
        first_frame(made, models=models)


class Flat:
    """A representation whose latents are 8 pixels' mean colours."""

    stride, spread, quantized = 8, 1.0, False

    def __init__(self) -> None:
        self.encoded = 0

    def encode(self, image: torch.Tensor) -> torch.Tensor:
        self.encoded += len(image)
        return torch.nn.functional.avg_pool2d(image, self.stride)

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    def project(self, latent: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError


class Lengths:
    """A perceptor that knows how long a text is."""

    side = 8

    def encode_text(self, texts: Sequence[str]) -> torch.Tensor:
        return torch.tensor([[float(len(text)), 1.0] for text in texts])

    def encode_image(self, images: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError


def config(**values: int) -> TransformerConfig:
    return TransformerConfig(**{"grid": 3, "codes": 4, "scenes": 5, "held_out": 2, "sampled": 4, **values})


def test_codes_are_made_once_and_more_of_them_later(tmp_path: Path) -> None:
    latents = Flat()
    first, held_out = Coder(tmp_path, latents, Lengths(), config(), "a").scenes()
    assert first.codes.shape == (5, 2, 3, 3)
    assert held_out.codes.shape == (2, 2, 3, 3)
    assert len(first.texts) == len(first.owners) >= 5
    assert latents.encoded == 4 + 2 * (5 + 2)
    again, _ = Coder(tmp_path, latents, Lengths(), config(), "a").scenes()
    assert latents.encoded == 4 + 2 * (5 + 2)
    assert _same(first, again)
    more, _ = Coder(tmp_path, latents, Lengths(), config(scenes=7), "a").scenes()
    assert torch.equal(more.codes[:5], first.codes)
    assert len(more.codes) == 7


def test_codes_of_other_models_are_not_used(tmp_path: Path) -> None:
    Coder(tmp_path, Flat(), Lengths(), config(), "a").scenes()
    for made_with, values in (("b", config()), ("a", config(codes=3))):
        with pytest.raises(ValueError, match="made with other models or settings; give an empty folder"):
            Coder(tmp_path, Flat(), Lengths(), values, made_with)


def test_an_unknown_setting_of_the_recipe_is_named(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("transformer: {layerss: 3}\n")
    with pytest.raises(ValueError, match="transformer: unknown layerss"):
        load_recipe(tmp_path / "recipe.yaml")


def _same(one: Scenes, other: Scenes) -> bool:
    return all(torch.equal(getattr(one, name), getattr(other, name)) for name in ("codes", "texts", "owners"))
