"""The targets of a picture: blends of two captions, captions with looks, and skies that look like their names."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from render.training.clip.looks import BANDS, caption_looks, colours, with_looks
from render.training.data.blends import blend, mixed
from render.training.data.texts import Texts
from render.training.scenes import is_held_out, make_sky


@pytest.mark.parametrize("blended", [0.0, 0.5, 1.0])
def test_a_blend_returns_each_pictures_share(blended: float) -> None:
    torch.manual_seed(3)
    tones = torch.rand(64, 1, 1, 1)
    made, others, share = blend(tones.expand(-1, 3, 20, 20), blended)
    wanted = share * tones.flatten() + (1 - share) * tones.flatten()[others]
    assert torch.allclose(made.mean((1, 2, 3)), wanted, atol=1e-5)
    assert float((share < 1).float().mean()) == pytest.approx(blended, abs=0.2)


def test_vectors_are_mixed_in_the_same_proportion_as_pictures() -> None:
    vectors, others = torch.eye(3), torch.tensor([1, 2, 0])
    assert torch.equal(mixed(vectors, others, torch.ones(3)), vectors)
    assert torch.equal(mixed(vectors, others, torch.zeros(3)), vectors[others])
    assert torch.allclose(mixed(vectors, others, torch.full((3,), 0.5)).norm(dim=1), torch.ones(3))


def test_colours_are_measured_in_bands_from_top_to_bottom() -> None:
    pictures = torch.rand(5, 3, 32, 48, generator=torch.Generator().manual_seed(0))
    found = colours(pictures).view(5, 3, BANDS)
    assert torch.allclose(found, colours(pictures.flip(3)).view(5, 3, BANDS), atol=1e-5)
    assert torch.allclose(found.flip(2), colours(pictures.flip(2)).view(5, 3, BANDS), atol=1e-5)
    grey = colours(torch.full((1, 3, 8, 8), 0.5)).view(3, BANDS)
    assert torch.allclose(grey, torch.tensor([1.5, 0.0, 0.0])[:, None].expand(-1, BANDS), atol=1e-6)


def _three_sentences(folder: Path) -> Texts:
    """Red and blue pictures with two captions that are similar to the teacher; the third sentence has no picture."""
    pictures = np.zeros((20, 16, 16, 3), np.uint8)
    pictures[:10, ..., 0], pictures[10:, ..., 2] = 200, 200
    np.save(folder / "scenes.npy", pictures)
    (folder / "scenes.json").write_text(json.dumps([["a red sky"]] * 10 + [["a blue sky"]] * 10))
    vectors = torch.nn.functional.normalize(torch.tensor([[1, 0.4, 0.0], [1, -0.4, 0.0], [1, 0.3, 0.1]]), dim=1)
    said = ["a red sky", "a blue sky", "a reddish sky"]
    return Texts(texts=said, kinds=["caption"] * 3, vectors=vectors, mean=torch.zeros(1), basis=torch.zeros(1))


def test_a_caption_encodes_the_colours_of_its_pictures(tmp_path: Path) -> None:
    corpus = _three_sentences(tmp_path)
    looks = caption_looks(corpus, tmp_path)
    assert torch.allclose(looks[0], -looks[1], atol=1e-3)
    assert float((looks[2] - looks[0]).norm()) < 0.2 * float(looks[0].norm())
    wide = torch.nn.functional.pad(corpus.vectors, (0, 29))
    placed = with_looks(Texts(**{**corpus.__dict__, "vectors": wide}), looks, 1.0).vectors
    assert torch.allclose(placed.norm(dim=1), torch.ones(3), atol=1e-5)
    assert float(wide[0] @ wide[1]) > 0.7
    assert float(placed[0] @ placed[1]) < 0.3
    assert float(placed[0] @ placed[2]) > 0.9


def test_skies_look_like_their_captions() -> None:
    scenes = [make_sky(seed, 32) for seed in range(250)]
    assert not any(is_held_out(caption) for _, captions in scenes for caption in captions)
    means = {
        word: np.mean([picture.mean((0, 1)) for picture, captions in scenes if any(word in c for c in captions)], 0)
        for word in ("noon", "golden", "night")
    }
    assert means["night"].mean() < 0.6 * means["golden"].mean() < 0.7 * means["noon"].mean()
    assert means["night"][2] > 1.4 * means["night"][0]
    assert means["golden"][0] > 1.2 * means["golden"][2]
