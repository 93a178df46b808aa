"""Banks: the file, which is refused unless everything in it agrees, and the choice from one."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from render.errors import UnfitPriorError
from render.guidance.perceptors import clip
from render.guidance.perceptors.toy import Toy
from render.guidance.prompts import Targets
from render.latents import CodedLatent
from render.latents.pixels import Pixels
from render.latents.vqgan import VQGAN
from render.models.model import ModelFiles
from render.models.registry import find_prior
from render.priors import Wanted
from render.priors.bank import load
from render.priors.bank.building import Builder, cropped
from render.priors.bank.choosing import BankPrior
from render.priors.bank.file import Bank, packed, read_bank, read_facts, write_bank
from render.priors.bank.header import WORD_TYPES
from render.spec.prompts import PromptWeight

CPU = torch.device("cpu")
COLOURS = {"red": (1.0, 0.0, 0.0), "green": (0.0, 1.0, 0.0), "blue": (0.0, 0.0, 1.0), "white": (1.0, 1.0, 1.0)}
CAPTIONS = {"green": [["two foxes", "a fox and a wall"]], "blue": [["a wall"]]}


@pytest.fixture(scope="session")
def bank(embedded_vqgan: VQGAN) -> Bank:
    """A red, a green, a blue and a white picture of 4 x 6 codes, as the toy perceptor sees them."""
    builder = Builder(embedded_vqgan, Toy(CPU), (4, 6), CPU)
    for name, colour in COLOURS.items():
        builder.add(torch.tensor(colour).view(1, 3, 1, 1).expand(1, 3, 32, 48), CAPTIONS.get(name, ()))
    return builder.bank(latent="embedded", perceptor="toy", made_of="four colours")


@pytest.fixture
def path(bank: Bank, tmp_path: Path) -> Path:
    write_bank(tmp_path / "a.bank", bank)
    return tmp_path / "a.bank"


def files(path: Path) -> ModelFiles:
    return ModelFiles(name="a", entry="bank", weights=path)


def wanted(*texts: str, weights: tuple[float, ...] = (), count: int = 1, **settings: float) -> Wanted:
    targets = Targets(embeddings=Toy(CPU).encode_text(texts), weights=torch.tensor(weights or (1.0,) * len(texts)))
    prompts = [
        PromptWeight(text=text, weight=weight) for text, weight in zip(texts, targets.weights.tolist(), strict=True)
    ]
    return Wanted(targets=[targets], size=(64, 64), count=count, settings=settings, prompts=prompts)


@pytest.mark.parametrize("bits", [1, 5, 8, 13, 14])
def test_packed_codes_come_back(bits: int, bank: Bank) -> None:
    codes = np.random.default_rng(0).integers(0, 2**bits, (3, 4, 6))
    header = dataclasses.replace(bank.header, num_codes=2**bits)
    many = dataclasses.replace(bank, header=header, codes=packed(codes, bits))
    assert many.codes.shape == (3, header.packed)
    np.testing.assert_array_equal(many.unpacked(np.array([2, 0])), codes[[2, 0]])


def test_a_file_comes_back_and_the_same_bank_gives_the_same_bytes(bank: Bank, path: Path, tmp_path: Path) -> None:
    found = read_bank(path)
    for entry in dataclasses.fields(Bank):
        if entry.name not in ("header", "words"):
            np.testing.assert_array_equal(getattr(found, entry.name), getattr(bank, entry.name))
    for name in WORD_TYPES:
        np.testing.assert_array_equal(getattr(found.words, name), getattr(bank.words, name))
    assert [*found.words.known] == ["fox", "two", "wall"]
    assert found.header == bank.header
    assert read_facts(path).num_pictures == len(bank) == 4
    write_bank(tmp_path / "b.bank", found)
    assert (tmp_path / "b.bank").read_bytes() == path.read_bytes()


def test_compressed_embeddings_are_near_the_true_ones(bank: Bank, embedded_vqgan: VQGAN) -> None:
    """Against embedding the decoded pictures again."""
    shown = embedded_vqgan.decode(embedded_vqgan.entries(torch.from_numpy(bank.unpacked(np.arange(4)))))
    side = Toy(CPU).side
    seen = Toy(CPU).encode_image(torch.nn.functional.interpolate(shown, (side, side), mode="area")).detach().numpy()
    kept = (bank.embeddings * bank.scale) @ bank.basis + bank.centre
    assert np.abs(kept - seen).max() < 0.03


@pytest.mark.parametrize("colour", COLOURS)
def test_the_nearest_picture_is_chosen(colour: str, path: Path, embedded_vqgan: VQGAN) -> None:
    prior = load(files(path), embedded_vqgan, [Toy(CPU)], CPU, torch.float32)
    found = prior.propose(wanted(colour, temperature=0.0), torch.Generator().manual_seed(1))
    assert found.latents.shape == (1, 32, 4, 6)
    mean = embedded_vqgan.decode(found.latents).mean(dim=(0, 2, 3))
    torch.testing.assert_close(mean, torch.tensor(COLOURS[colour]), atol=0.3, rtol=0)


@pytest.mark.parametrize(
    ("texts", "weights", "shown"),
    [
        (["the FOXES"], (), "green"),  # no perceptor has to know a fox
        (["red"], (), "red"),  # no caption has the word
        (["the blue walls"], (), "blue"),  # two have it: the perceptor decides
        (["the green wall"], (), "green"),
        (["blue", "a fox"], (1.0, -1.0), "blue"),
    ],
)
def test_a_word_of_its_captions_finds_a_picture(
    texts: list[str], weights: tuple[float, ...], shown: str, path: Path, embedded_vqgan: VQGAN
) -> None:
    prior = load(files(path), embedded_vqgan, [Toy(CPU)], CPU, torch.float32)
    asked = wanted(*texts, weights=weights, temperature=0.0)
    found = prior.propose(asked, torch.Generator().manual_seed(1))
    mean = embedded_vqgan.decode(found.latents).mean(dim=(0, 2, 3))
    torch.testing.assert_close(mean, torch.tensor(COLOURS[shown]), atol=0.3, rtol=0)


def test_a_bank_of_the_first_format_has_no_words(path: Path, embedded_vqgan: VQGAN) -> None:
    def without_words(tensors: dict[str, Any], header: dict[str, Any]) -> None:
        header.update(format=1)
        for name in WORD_TYPES:
            del tensors[name]

    rewritten(path, without_words)
    prior = load(files(path), embedded_vqgan, [Toy(CPU)], CPU, torch.float32)
    found = prior.propose(wanted("red", "a fox", weights=(1.0, 0.1), temperature=0.0), torch.Generator().manual_seed(1))
    assert int(embedded_vqgan.decode(found.latents).mean(dim=(0, 2, 3)).argmax()) == 0


def test_prompts_mix_by_their_weights(path: Path, embedded_vqgan: VQGAN) -> None:
    prior = load(files(path), embedded_vqgan, [Toy(CPU)], CPU, torch.float32)

    def best(*weights: float) -> list[float]:
        asked = wanted("red", "blue", weights=weights, temperature=0.0)
        shown = embedded_vqgan.decode(prior.propose(asked, torch.Generator().manual_seed(0)).latents)
        return [round(float(value)) for value in shown.mean(dim=(0, 2, 3))]

    assert best(1.0, 0.2) == [1, 0, 0]
    assert best(0.2, 1.0) == [0, 0, 1]
    assert best(-1.0, 1.0) == [0, 0, 1]


def test_the_draw_depends_on_the_generator_alone(path: Path, embedded_vqgan: VQGAN) -> None:
    prior = load(files(path), embedded_vqgan, [Toy(CPU)], CPU, torch.float32)
    torch.manual_seed(0)
    state = torch.get_rng_state()
    asked = wanted("red", count=1, temperature=20.0)
    draws = [prior.propose(asked, torch.Generator().manual_seed(seed)).latents for seed in (*range(16), 3)]
    assert torch.equal(draws[3], draws[16])
    assert len({draw.numpy().tobytes() for draw in draws}) == 4
    assert torch.equal(torch.get_rng_state(), state)


def test_candidates_are_different_and_the_best_is_first(path: Path, embedded_vqgan: VQGAN) -> None:
    prior = load(files(path), embedded_vqgan, [Toy(CPU)], CPU, torch.float32)
    found = prior.propose(wanted("green", count=9), torch.Generator().manual_seed(0))
    assert found.scores is not None
    assert len({latent.numpy().tobytes() for latent in found.latents}) == len(found.scores) == 4
    assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)


def test_without_prompts_any_picture_will_do(path: Path, embedded_vqgan: VQGAN) -> None:
    prior = load(files(path), embedded_vqgan, [Toy(CPU)], CPU, torch.float32)
    nothing = Wanted(targets=[None], size=(64, 64), count=2)
    assert len(prior.propose(nothing, torch.Generator().manual_seed(0)).latents) == 2


def test_the_perceptor_that_it_was_made_with_is_found(
    path: Path, embedded_vqgan: VQGAN, embedded_clip: clip.CLIP
) -> None:
    prior = load(files(path), embedded_vqgan, [embedded_clip, Toy(CPU)], CPU, torch.float32)
    targets = [None, wanted("blue").targets[0]]
    asked = Wanted(targets=targets, size=(64, 64), count=1, settings={"temperature": 0})
    shown = embedded_vqgan.decode(prior.propose(asked, torch.Generator().manual_seed(0)).latents)
    assert int(shown.mean(dim=(0, 2, 3)).argmax()) == 2


def test_other_models_are_refused(path: Path, embedded_vqgan: VQGAN, embedded_clip: clip.CLIP) -> None:
    with pytest.raises(UnfitPriorError, match=r"another VQGAN than models.latent: it was made with 'embedded'"):
        load(files(path), Pixels(), [Toy(CPU)], CPU, torch.float32)
    with pytest.raises(UnfitPriorError, match=r"none of models.perceptors: it was made with 'toy'"):
        load(files(path), embedded_vqgan, [embedded_clip], CPU, torch.float32)


def test_another_precision_is_the_same_model(bf16_vqgan: VQGAN, embedded_clip: clip.CLIP) -> None:
    shipped = find_prior("bank").files()
    assert isinstance(bf16_vqgan, CodedLatent)
    assert isinstance(load(shipped, bf16_vqgan, [embedded_clip], CPU, torch.bfloat16), BankPrior)


def test_the_bank_that_ships_is_small_and_knows_its_models() -> None:
    path = find_prior("bank").checkpoint
    assert path is not None
    facts = read_facts(path)
    assert path.stat().st_size < 3_000_000
    assert facts.num_pictures >= 1_500
    assert (facts.header.latent, facts.header.perceptor) == ("embedded", "embedded")


def test_a_picture_is_cut_in_the_middle_and_scaled() -> None:
    """A ramp from left to right keeps its middle."""
    ramp = torch.linspace(0, 1, 90).expand(1, 3, 30, 90)
    square = cropped(ramp, (15, 15))
    assert square.shape == (1, 3, 15, 15)
    torch.testing.assert_close(square[0, 0, 7], torch.linspace(31 / 89, 58 / 89, 15), atol=0.02, rtol=0)


def rewritten(path: Path, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
    """Change the tensors and the description of a bank."""
    tensors, header = load_file(path), dataclasses.asdict(read_facts(path).header)
    change(tensors, header)
    save_file(tensors, path, {"bank": json.dumps(header)})


HOSTILE: list[tuple[Callable[[dict[str, Any], dict[str, Any]], Any], str]] = [
    (lambda t, h: t.pop("codes"), "'codes' differs"),
    (lambda t, h: t.update(more=t["codes"]), "'more' differs"),
    (lambda t, h: t.update(codes=t["codes"][:, 1:].copy()), "'codes' is U8"),
    (lambda t, h: t.update(codes=t["codes"].astype(np.int32)), "'codes' is I32"),
    (lambda t, h: t.update(codes=t["codes"][0].copy()), "other dimensions"),
    (lambda t, h: t.update(embeddings=t["embeddings"][:-1].copy()), "'embeddings' is"),
    (lambda t, h: t.update(scale=t["scale"] * np.nan), "'scale' has numbers that no embedding has"),
    (lambda t, h: t.update(centre=t["centre"] + np.float32(1e30)), "'centre' has numbers"),
    (
        lambda t, h: t.update({n: t[n][:0].copy() for n in ("codes", "embeddings", "counts", "mentions")}),
        "expected 1 to 1,000,000 pictures",
    ),
    (lambda t, h: h.update(grid=[64, 65]), "more than 4,096 codes"),
    (lambda t, h: h.update(grid=[4, -6]), "grid: expected"),
    (lambda t, h: h.update(grid=[4]), "grid: expected"),
    (lambda t, h: h.update(grid=[2, 6]), "'codes' is"),
    (lambda t, h: h.update(num_codes=10**12), "num_codes: expected"),
    (lambda t, h: h.update(stride=True), "stride: expected"),
    (lambda t, h: h.update(codebook="x"), "codebook: expected a SHA-256"),
    (lambda t, h: h.update(latent="a\x1b[2J"), "latent: expected a line of text"),
    (lambda t, h: h.update(format=3), "format: expected"),
    (lambda t, h: h.update(format=1), "'counts' differs"),
    (lambda t, h: t.pop("mentions"), "'mentions' differs"),
    (lambda t, h: t.update(mentions=t["mentions"].astype(np.int64)), "'mentions' is I64"),
    (lambda t, h: t.update(mentions=t["mentions"] + np.uint16(3)), "words that it does not list"),
    (lambda t, h: t.update(mentions=t["mentions"][1:].copy()), "words that it does not list"),
    (lambda t, h: t.update(counts=t["counts"] + np.uint8(200)), "words that it does not list"),
    (lambda t, h: t.update(counts=t["counts"][1:].copy()), "'counts' is"),
    (lambda t, h: t.update(vocabulary=t["vocabulary"][:0].copy()), "words that it does not list"),
    (lambda t, h: t.update(vocabulary=np.full(9, 255, np.uint8)), "not UTF-8"),
    (lambda t, h: t.update(vocabulary=np.full(1 << 17, 10, np.uint8)), "at most 65,536 words"),
    (lambda t, h: t.update(vocabulary=np.full(1 << 23, 65, np.uint8)), "at most 4,194,304 bytes of words"),
    (lambda t, h: h.update(loads="os.system"), "unknown setting"),
    (lambda t, h: h.pop("latent"), "latent"),
]


@pytest.mark.parametrize(("change", "message"), HOSTILE)
def test_a_hostile_bank_is_refused(
    change: Callable[[dict[str, Any], dict[str, Any]], None], message: str, path: Path
) -> None:
    rewritten(path, change)
    with pytest.raises(UnfitPriorError, match=message) as caught:
        read_bank(path)
    assert str(caught.value).startswith(str(path))
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x04cos\nsystem\n",
        (1 << 60).to_bytes(8, "little") + b"{",
        (1 << 19).to_bytes(8, "little") + b"{",
        (2).to_bytes(8, "little") + b"{}",
        (8).to_bytes(8, "little") + b'{"a":[[[',
    ],
)
def test_what_is_no_bank_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.bank").write_bytes(content)
    with pytest.raises(UnfitPriorError, match="not a bank"):
        read_facts(tmp_path / "a.bank")


def test_a_missing_file_a_folder_and_a_huge_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnfitPriorError, match="no such file"):
        read_facts(tmp_path / "a.bank")
    with pytest.raises(UnfitPriorError, match="not a file"):
        read_facts(tmp_path)
    with (tmp_path / "b.bank").open("wb") as file:
        file.truncate(3 << 30)  # a hole: it takes no room
    with pytest.raises(UnfitPriorError, match="at most 2,147,483,648 bytes"):
        read_facts(tmp_path / "b.bank")


def test_a_code_outside_of_the_codebook_is_refused(path: Path, embedded_vqgan: VQGAN) -> None:
    rewritten(path, lambda t, h: h.update(num_codes=8191))
    rewritten(path, lambda t, h: t.update(codes=np.full_like(t["codes"], 255)))
    bank = read_bank(path)
    with pytest.raises(UnfitPriorError, match="code 8191 of a codebook of 8,191"):
        bank.unpacked(np.array([0]))
