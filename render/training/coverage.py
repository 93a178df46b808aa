"""Choose few scenes of many, so that their captions still speak of as much as possible."""

import heapq
import itertools
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from render.priors.bank.words import words_of
from render.training.scenes.styles import WORDS

_RARE = 3  # pairs of words that fewer scenes have are left out: two words of an odd sentence
_STYLED = re.compile("|".join(re.escape(form).replace(r"\{\}", ".+") for forms in WORDS.values() for form in forms))


def is_styled(captions: Sequence[str]) -> bool:
    """Whether all captions speak of a style, such as "an oil painting of the sea"."""
    return all(_STYLED.fullmatch(caption) for caption in captions)


def covering(captions: Sequence[Sequence[str]], count: int) -> list[int]:
    """Return the numbers of `count` scenes, in order, whose captions have the most different pairs of words.

    A pair counts the square root of how many chosen scenes have it, so a second lighthouse at night adds less than the
    first; a scene counts by the square root of its own pairs, so wordy captions are not preferred. Scenes are taken
    one after the other, each time the one that adds most; on a tie the first.

    Source: greedy maximisation of a submodular function, Nemhauser et al. (1978), with lazy evaluation, Minoux (1978).
    """
    pairs = _pairs(captions)
    taken = np.zeros(1 + max((int(row.max()) for row in pairs if len(row)), default=0))

    def gain(number: int) -> float:
        row = pairs[number]
        return float((np.sqrt(taken[row] + 1) - np.sqrt(taken[row])).sum()) / float(np.sqrt(len(row) + 1))

    queue = [(-gain(number), number) for number in range(len(captions))]
    heapq.heapify(queue)
    chosen: list[int] = []
    while queue and len(chosen) < count:
        number = queue[0][1]
        again = (-gain(number), number)
        if again > queue[0]:  # what it adds has become less since it was last looked at
            heapq.heapreplace(queue, again)
            continue
        heapq.heappop(queue)
        chosen.append(number)
        taken[pairs[number]] += 1
    return sorted(chosen)


def _pairs(captions: Sequence[Sequence[str]]) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """The numbers of the words and pairs of words of each scene."""
    found = []
    for texts in captions:
        words = sorted({word for text in texts for word in words_of(text)})
        found.append([*((word,) for word in words), *itertools.combinations(words, 2)])
    often = Counter(pair for each in found for pair in each)
    number = {pair: index for index, pair in enumerate(pair for pair, count in often.items() if count >= _RARE)}
    return [np.array([number[pair] for pair in each if pair in number], np.int64) for each in found]
