"""Transformers of texts: their file, guidance, and for which models they draw."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from render import catalogue, priors
from render.errors import UnfitPriorError, WeightsError
from render.guidance.prompts import Targets
from render.latents import CodedLatent, pixels, vqgan
from render.models.condition_stages import TEXT_STAGE
from render.models.model import ModelFiles
from render.models.net2net import read_net2net
from render.priors import Prior, Wanted
from render.priors.bank.identity import codebook_digest, probes
from render.priors.transformer.checkpoint import load_second_stage, needed_tensors
from render.priors.transformer.coarse import CoarseCodes
from render.priors.transformer.sampling import Sampling, draw
from render.priors.transformer.texts import Guided, TextStage
from render.priors.transformer.windows import UNKNOWN, fill
from render.rng import uniform
from tests.mingpt import logits, published_state, tiny
from tests.second_stage import KINDS, SIDE, net2net, publish_second_stage

CPU = torch.device("cpu")
DIM, POSITIONS, CODES = 26, 2, 10
SAMPLING = Sampling(temperature=0.9, top_k=10)


class Letters:
    """A perceptor whose embedding of a text is the numbers of its letters, and of a picture those of its colours."""

    side = 8

    def __init__(self, shift: int = 0) -> None:
        self._shift = shift

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        counts = [[1.0 + text.count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]
        return torch.nn.functional.normalize(torch.tensor(counts).cumsum(1).roll(self._shift, 1).sin(), dim=-1)

    def encode_image(self, images: Tensor) -> Tensor:
        found = images.flatten(1)[:, :DIM]
        return torch.nn.functional.normalize(found.roll(self._shift, 1) - 0.4, dim=-1)


def own_vqgan(folder: Path) -> CodedLatent:
    (folder / "vqgan").mkdir()
    files = publish_second_stage(KINDS["celebahq"], folder / "vqgan")
    found = vqgan.load(files, CPU, torch.float32, quantize=False)
    assert isinstance(found, CodedLatent)
    return found


def config(codebook: str) -> dict[str, Any]:
    stage = {"target": TEXT_STAGE, "params": {"embed_dim": DIM, "positions": POSITIONS, "codebook": codebook}}
    model = net2net(stage, POSITIONS + SIDE * SIDE - 1)
    first = model["params"]["first_stage_config"]
    first["params"] = {**first["params"], "n_embed": CODES}
    return model


def states() -> dict[str, Tensor]:
    """Its state dict: what is published of a transformer, and of the first stage the entries of its codes alone."""
    stage = TextStage(DIM, 8, POSITIONS)
    generator = torch.Generator().manual_seed(0)
    torch.nn.init.normal_(stage.proj.weight, generator=generator)
    found = published_state(16, POSITIONS + SIDE * SIDE - 1, 2, 8)
    state = {f"transformer.{key}": value for key, value in found.items()}
    state |= {f"cond_stage_model.{key}": value for key, value in stage.state_dict().items()}
    state["cond_stage_model.probes"] = probes(Letters(), CPU)
    state["first_stage_model.quantize.embedding.weight"] = torch.randn(CODES, 8, generator=generator)
    return {key: value.detach() for key, value in state.items()}


def published(folder: Path, latents: CodedLatent, state: dict[str, Tensor] | None = None) -> ModelFiles:
    return publish_second_stage(config(codebook_digest(latents)), folder, state or states())


def loaded(files: ModelFiles, latents: CodedLatent, *perceptors: Letters) -> Prior:
    load = catalogue.load(priors, "transformer").load
    prior: Prior = load(files, latents, perceptors or (Letters(),), CPU, torch.float32)
    return prior


def told(text: str, *, size: tuple[int, int] = (16, 16), **settings: float) -> Wanted:
    targets = Targets(embeddings=Letters().encode_text([text]), weights=torch.ones(1))
    return Wanted(targets=(targets,), size=size, count=3, settings=settings)


def proposed(prior: Prior, wanted: Wanted, seed: int = 1) -> Tensor:
    return prior.propose(wanted, torch.Generator().manual_seed(seed)).latents


def test_it_draws_entries_of_its_own_by_text_and_seed(tmp_path: Path) -> None:
    latents, state = own_vqgan(tmp_path), states()
    prior = loaded(published(tmp_path, latents, state), latents)
    rose = proposed(prior, told("a red rose"))
    assert rose.shape == (3, 8, SIDE, SIDE)
    entries = state["first_stage_model.quantize.embedding.weight"]
    assert float(torch.cdist(rose.movedim(1, -1).flatten(0, -2), entries).amin(dim=1).max()) < 0.01
    assert torch.equal(proposed(prior, told("a red rose")), rose)
    assert not torch.equal(proposed(prior, told("a quick fox")), rose)
    assert not torch.equal(proposed(prior, told("a red rose"), seed=2), rose)
    assert not torch.equal(proposed(prior, told("a red rose", guidance=4.0)), rose)
    assert torch.equal(proposed(prior, replace(told("a red rose"), count=1)), rose[:1])


def test_it_draws_whole_pictures_for_every_shape_and_without_prompts(tmp_path: Path) -> None:
    latents = own_vqgan(tmp_path)
    prior = loaded(published(tmp_path, latents), latents)
    assert proposed(prior, told("a red rose", size=(256, 64))).shape == (3, 8, SIDE, SIDE)
    silent = Wanted(targets=(None,), size=(16, 16), count=1)
    assert proposed(prior, silent).shape == (1, 8, SIDE, SIDE)
    assert torch.equal(proposed(prior, silent), proposed(prior, replace(silent, targets=())))


def test_it_uses_the_perceptor_that_it_was_trained_with(tmp_path: Path) -> None:
    latents = own_vqgan(tmp_path)
    files = published(tmp_path, latents)
    second = loaded(files, latents, Letters(5), Letters())
    wanted = told("a red rose")
    both = replace(wanted, targets=(Targets(embeddings=torch.eye(DIM)[:1], weights=torch.ones(1)), *wanted.targets))
    assert torch.equal(proposed(second, both), proposed(loaded(files, latents), wanted))
    with pytest.raises(UnfitPriorError, match="second: it was trained on embeddings of none of"):
        loaded(files, latents, Letters(5))


def test_it_is_refused_for_another_vqgan(tmp_path: Path) -> None:
    latents = own_vqgan(tmp_path)
    files = publish_second_stage(config("0" * 64), tmp_path, states())
    load = catalogue.load(priors, "transformer").load
    other = pixels.load(ModelFiles(name="pixels", entry="pixels"), CPU, torch.float32, False)
    for each in (latents, other):
        with pytest.raises(UnfitPriorError, match="second: it draws codes of another VQGAN than"):
            load(files, each, (Letters(),), CPU, torch.float32)


@pytest.mark.parametrize("seed", range(4))
def test_guidance_draws_as_without_a_cache(seed: int) -> None:
    gpt, state = tiny(block=POSITIONS + SIDE * SIDE - 1)
    embeddings, nothing = _conditions(seed)
    drawing = tuple(torch.Generator().manual_seed(seed) for seed in (3, 4))
    codes = torch.zeros(2, 0, dtype=torch.long)
    for _ in range(SIDE * SIDE):
        both = [_slowly(state, each, codes).float() for each in (embeddings, nothing.expand(2, -1, -1))]
        mixed = both[1] + 2.5 * (both[0] - both[1])
        codes = torch.cat((codes, draw(mixed, uniform((2, 1), drawing), SAMPLING)[:, None]), dim=1)
    found = _filled(Guided(gpt, nothing, 2.5), embeddings)
    assert torch.equal(found.flatten(1), codes)
    assert len(set(codes.flatten().tolist())) > 2


def test_guidance_of_one_is_none() -> None:
    gpt, _ = tiny(block=POSITIONS + SIDE * SIDE - 1)
    embeddings, nothing = _conditions(7)
    assert torch.equal(_filled(Guided(gpt, nothing, 1.0), embeddings), _filled(gpt, embeddings))
    untold = _filled(gpt, nothing.expand(2, -1, -1))
    assert torch.equal(_filled(Guided(gpt, nothing, 0.0), embeddings), untold)


def test_known_codes_are_those_of_a_picture_and_are_kept(tmp_path: Path) -> None:
    """A picture of the schedule's VQGAN can be continued: its latent is written with the transformer's entries."""
    latents = own_vqgan(tmp_path)
    second = load_second_stage(published(tmp_path, latents), CPU, torch.float32)
    assert isinstance(second.first_stage, CoarseCodes)
    known = second.first_stage.codes(latents.encode(torch.rand(1, 3, 16, 16)))
    assert torch.equal(second.first_stage.codes(second.first_stage.entries(known)), known)
    grid = known.clone()
    grid[:, SIDE // 2 :] = UNKNOWN
    assert second.texts is not None
    before = second.texts(torch.ones(1, DIM))
    filled = _filled(second.gpt, before, grid, CODES)
    assert torch.equal(filled[:, : SIDE // 2], known[:, : SIDE // 2])
    assert int(filled.min()) >= 0
    assert int(filled.max()) < CODES


def test_only_what_is_needed_is_kept(tmp_path: Path) -> None:
    latents, state = own_vqgan(tmp_path), states()
    files = published(tmp_path, latents, {**state, "optimizer": torch.zeros(3)})
    assert files.weights is not None
    assert isinstance(files.architecture, Path)
    needed = needed_tensors(files.weights, files.architecture)
    assert set(needed) == {key for key in state if not key.endswith("attn.mask")}


def _no_codebook(params: dict[str, Any]) -> None:
    del params["cond_stage_config"]["params"]["codebook"]


HOSTILE: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no codebook": (_no_codebook, "'codebook' is missing"),
    "a path": (
        lambda params: params["cond_stage_config"]["params"].update(codebook="../x"),
        "codebook: expected the SHA",
    ),
    "a wide text": (
        lambda params: params["cond_stage_config"]["params"].update(embed_dim=10**9),
        "embed_dim: expected",
    ),
    "many positions": (
        lambda params: params["cond_stage_config"]["params"].update(positions=10**6),
        "positions: expected",
    ),
    "more positions than fit": (
        lambda params: params["cond_stage_config"]["params"].update(positions=200),
        "block_size: too small",
    ),
    "a setting that is not ours": (
        lambda params: params["cond_stage_config"]["params"].update(target="os.system"),
        "target",
    ),
    "a class that is not ours": (
        lambda params: params["cond_stage_config"].update(target="render.priors.transformer.texts.Guided"),
        "target: expected one of",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_config_is_refused_with_its_place(case: str, tmp_path: Path) -> None:
    change, message = HOSTILE[case]
    model = config("0" * 64)
    change(model["params"])
    files = publish_second_stage(model, tmp_path, {"transformer.x": torch.zeros(1)})
    assert isinstance(files.architecture, Path)
    with pytest.raises(WeightsError, match=rf"model\.yaml:.*{re.escape(message)}"):
        read_net2net(files.architecture)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("cond_stage_model.null", None, "'null' is missing"),
        ("cond_stage_model.proj.weight", torch.zeros(3, DIM), r"has shape \(3, 26\)"),
        ("cond_stage_model.probes", torch.zeros(10_000, DIM), r"has shape \(10000, 26\)"),
        ("first_stage_model.quantize.embedding.weight", None, "is missing"),
        ("first_stage_model.quantize.embedding.weight", torch.zeros(99, 8), r"has shape \(99, 8\)"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(
    key: str, value: Tensor | None, message: str, tmp_path: Path
) -> None:
    latents, state = own_vqgan(tmp_path), states()
    state.pop(key)
    if value is not None:
        state[key] = value
    with pytest.raises(WeightsError, match=rf"last\.ckpt: .*{message}"):
        load_second_stage(published(tmp_path, latents, state), CPU, torch.float32)


def test_weights_cannot_be_random(tmp_path: Path) -> None:
    files = replace(published(tmp_path, own_vqgan(tmp_path)), weights=None, random_seed=1)
    with pytest.raises(WeightsError, match="neither weights nor a seed"):
        load_second_stage(files, CPU, torch.float32)


def _conditions(seed: int) -> tuple[Tensor, Tensor]:
    """What two texts, and no text, become."""
    drawn = torch.randn(3, POSITIONS, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return drawn[:2], drawn[2:]


def _filled(drawing: Any, embeddings: Tensor, grid: Tensor | None = None, num_codes: int | None = None) -> Tensor:
    grid = torch.full((2, SIDE, SIDE), UNKNOWN) if grid is None else grid
    generators = tuple(torch.Generator().manual_seed(seed) for seed in (3, 4)[: len(grid)])
    nothing = torch.zeros(len(grid), 0, dtype=torch.long)
    return fill(
        drawing, grid, lambda top, left: nothing, SIDE, SAMPLING, generators, embeddings=embeddings, num_codes=num_codes
    )


def _slowly(state: dict[str, Tensor], embeddings: Tensor, codes: Tensor) -> Tensor:
    """The published formula over the whole sequence; the embeddings are looked up as if they were codes."""
    vocabulary, count = len(state["tok_emb.weight"]), embeddings.shape[1]
    rows = []
    for before, after in zip(embeddings, codes, strict=True):
        widened = {**state, "tok_emb.weight": torch.cat((state["tok_emb.weight"], before))}
        sequence = torch.cat((torch.arange(vocabulary, vocabulary + count), after))[None]
        rows.append(logits(widened, 2, sequence)[:, -1])
    return torch.cat(rows)
