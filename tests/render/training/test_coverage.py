"""Few scenes of many: those whose captions together speak of the most, against trying all choices."""

import itertools
import math
from collections import Counter

from render.priors.bank.words import words_of
from render.training.coverage import covering, is_styled


def value(captions: list[list[str]], chosen: tuple[int, ...]) -> float:
    """What `covering` makes large, for captions of equally many words."""
    seen: Counter[frozenset[str]] = Counter()
    for number in chosen:
        words = {word for text in captions[number] for word in words_of(text)}
        seen.update([*map(frozenset, itertools.combinations(words, 2)), *(frozenset([word]) for word in words)])
    often = Counter(
        pair
        for texts in captions
        for size in (1, 2)
        for pair in map(frozenset, itertools.combinations({word for text in texts for word in words_of(text)}, size))
    )
    return sum(math.sqrt(count) for pair, count in seen.items() if often[pair] >= 3)


def test_each_subject_is_chosen_before_any_comes_twice() -> None:
    kinds = [["a red fox"], ["a blue sea"], ["a green hill"], ["a castle at night"]]
    captions = [kind for kind in kinds for _ in range(5)]
    assert [number // 5 for number in covering(captions, 4)] == [0, 1, 2, 3]
    assert sorted(Counter(number // 5 for number in covering(captions, 10)).values()) == [2, 2, 3, 3]


def test_greedy_is_near_the_best_choice() -> None:
    words = ["fox", "sea", "hill", "night", "noon"]
    captions = [[f"{one} {two}"] for one, two in itertools.combinations(words, 2)] * 3
    best = max(value(captions, chosen) for chosen in itertools.combinations(range(10), 4))
    assert value(captions, tuple(covering(captions, 4))) >= (1 - 1 / math.e) * best


def test_more_than_there_are_gives_all_in_order() -> None:
    assert covering([["a fox"], ["the sea"], ["a hill"]], 9) == [0, 1, 2]
    assert covering([], 3) == []


def test_a_style_is_told_by_its_words() -> None:
    assert is_styled(["an oil painting of the sea", "the sea at noon painted in oil"])
    assert not is_styled(["an oil painting of the sea", "the sea at noon"])
