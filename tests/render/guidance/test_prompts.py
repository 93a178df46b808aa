import math
from collections.abc import Sequence

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from render.guidance.perceptors.toy import Toy
from render.guidance.prompts import PromptEncoder, Targets, slerp
from render.spec.prompts import PromptWeight

CPU = torch.device("cpu")


class CountingToy(Toy):
    """Records the texts that it was asked to embed."""

    def __init__(self) -> None:
        super().__init__(torch.device("cpu"))
        self.asked: list[str] = []

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        self.asked += texts
        return super().encode_text(texts)


def weighted(**weights: float) -> tuple[PromptWeight, ...]:
    return tuple(PromptWeight(text=text, weight=weight) for text, weight in weights.items())


def unit_pair(generator: torch.Generator) -> tuple[Tensor, Tensor]:
    start, end = F.normalize(torch.randn(2, 64, generator=generator), dim=1)
    return start, end


def test_slerp_starts_at_the_start_and_ends_at_the_end(generator: torch.Generator) -> None:
    start, end = unit_pair(generator)
    torch.testing.assert_close(slerp(start, end, 0.0), start)
    torch.testing.assert_close(slerp(start, end, 1.0), end)


def test_slerp_walks_at_constant_angular_speed_on_the_unit_sphere(generator: torch.Generator) -> None:
    start, end = unit_pair(generator)
    way = torch.stack([slerp(start, end, i / 10) for i in range(11)])
    torch.testing.assert_close(torch.linalg.vector_norm(way, dim=1), torch.ones(11))
    angles = torch.arccos((way[1:] * way[:-1]).sum(dim=1))
    torch.testing.assert_close(angles, torch.full((10,), float(torch.arccos(start @ end)) / 10), atol=1e-4, rtol=0)


def test_slerp_stays_in_the_plane_of_its_ends() -> None:
    start, end = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0])
    third = slerp(start, end, 1 / 3)
    torch.testing.assert_close(third, torch.tensor([math.cos(math.pi / 6), math.sin(math.pi / 6), 0.0]))


def test_slerp_between_equal_vectors_is_that_vector(generator: torch.Generator) -> None:
    start, _ = unit_pair(generator)
    torch.testing.assert_close(slerp(start, start.clone(), 0.3), start)


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_slerp_between_opposite_vectors_is_a_unit_vector(fraction: float, generator: torch.Generator) -> None:
    start, _ = unit_pair(generator)
    mixed = slerp(start, -start, fraction)
    assert float(torch.linalg.vector_norm(mixed)) == pytest.approx(1.0, abs=1e-5)


def test_similarity_is_the_weighted_mean_cosine_over_cutouts() -> None:
    targets = Targets(embeddings=torch.eye(3)[:2], weights=torch.tensor([3.0, -1.0]))
    embeddings = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]])
    torch.testing.assert_close(targets.similarity(embeddings), torch.tensor([3 * 0.5 / 4, -1 / 4]))


def test_a_text_is_embedded_only_once() -> None:
    perceptor = CountingToy()
    encoder = PromptEncoder(perceptor, CPU)
    for _ in range(3):
        encoder.targets(weighted(red=1.0, blue=0.5), "weights")
        encoder.targets(weighted(blue=0.1, green=2.0), "slerp")
    assert sorted(perceptor.asked) == ["blue", "green", "red"]


def test_weights_keep_the_order_of_the_prompts_and_their_signs() -> None:
    perceptor = CountingToy()
    targets = PromptEncoder(perceptor, CPU).targets(weighted(red=1.0, blue=-0.5), "weights")
    assert targets is not None
    torch.testing.assert_close(targets.weights, torch.tensor([1.0, -0.5]))
    torch.testing.assert_close(targets.embeddings, perceptor.encode_text(["red", "blue"]))


def test_slerp_makes_one_target_of_two_prompts() -> None:
    perceptor = CountingToy()
    targets = PromptEncoder(perceptor, CPU).targets(weighted(red=0.5, blue=1.5), "slerp")
    assert targets is not None
    red, blue = perceptor.encode_text(["red", "blue"])
    torch.testing.assert_close(targets.embeddings, slerp(red, blue, 0.75).unsqueeze(0))
    torch.testing.assert_close(targets.weights, torch.tensor([2.0]))


@pytest.mark.parametrize("texts", [{"red": 0.5}, {"red": 0.2, "blue": 0.3, "green": 0.5}])
def test_slerp_of_one_or_three_prompts_falls_back_to_weights(texts: dict[str, float]) -> None:
    encoder = PromptEncoder(CountingToy(), CPU)
    by_slerp, by_weights = (encoder.targets(weighted(**texts), blend) for blend in ("slerp", "weights"))
    assert by_slerp is not None
    assert by_weights is not None
    assert torch.equal(by_slerp.embeddings, by_weights.embeddings)
    assert torch.equal(by_slerp.weights, by_weights.weights)


def test_without_prompts_there_are_no_targets() -> None:
    assert PromptEncoder(CountingToy(), CPU).targets((), "weights") is None


def test_old_prompts_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker renders one video after another; what it remembers must not grow with them."""
    monkeypatch.setattr("render.guidance.prompts.KEPT", 2)
    perceptor = CountingToy()
    encoder = PromptEncoder(perceptor, CPU)
    for text in ("red", "blue", "blue", "green", "blue", "red"):
        encoder.targets(weighted(**{text: 1.0}), "weights")
    assert perceptor.asked == ["red", "blue", "green", "red"]
