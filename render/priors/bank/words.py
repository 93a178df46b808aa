"""The words of pictures' captions: which pictures of a bank are said to show what a prompt asks for. No torch here.

A perceptor finds only what it was trained to see; a word is the same word in a prompt and in a caption.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MOST_WORDS = 255  # of a picture
MOST_KNOWN = 1 << 16  # different words of a bank
UNASKED = 0.05  # what a word weighs that the prompt lacks, as a share of one that it has
LONGEST = 32  # letters of a word
SILENT = {
    "an", "and", "as", "at", "by", "for", "from", "full", "in", "into", "is", "it", "its", "of", "on", "or", "over",
    "the", "to", "under", "with",
}  # fmt: skip
"""Words that say nothing about what is seen."""


def words_of(text: str) -> list[str]:
    """Return the different words of a text in their order: lower case, singular (as far as the end of a word tells)."""
    parts = re.findall(r"[^\W_]+", text.casefold())
    return list(dict.fromkeys(_singular(part) for part in parts if _says_something(part)))


def _says_something(part: str) -> bool:
    """Whether it is a word, and no number, Latin letter or `SILENT` word; 雪 is one."""
    least = 1 if part > "\u02af" else 2
    return part.isalpha() and least <= len(part) <= LONGEST and part not in SILENT


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


@dataclass(frozen=True, kw_only=True, eq=False)
class Words:
    """The words of N pictures.

    Attributes:
        vocabulary: uint8, UTF-8: all different words, one per line.
        counts: (N,) uint8, how many words each picture has.
        mentions: uint16, the numbers of these words in the vocabulary, picture after picture.
    """

    vocabulary: Array
    counts: Array
    mentions: Array

    @cached_property
    def known(self) -> dict[str, int]:
        """The number of each word. Raises `UnicodeDecodeError`."""
        text = self.vocabulary.tobytes().decode()
        return {word: number for number, word in enumerate(text.split("\n"))} if text else {}

    def match(self, text: str) -> Array:
        """How much of a text every picture's captions mention, (N,) float32: the sum of the weights of shared words.

        A picture's other words count against it a little: without that, every other picture for a prompt that asks for
        no style would be an oil painting or a drawing. A text of which no word is known gives 0 for all pictures.
        The weight of a word is the logarithm of how many times rarer it is than a word of all pictures: "sea" weighs
        little where half of the pictures show one, "robot" much. Words that the bank does not know have no weight.

        Source: inverse document frequency; Spärck Jones (1972).
        """
        asked = np.zeros(len(self._weights), bool)
        asked[[self.known[word] for word in words_of(text) if word in self.known]] = True
        if not asked.any():
            return np.zeros(len(self.counts), np.float32)
        worth = np.where(asked, self._weights, -UNASKED * self._weights)
        return np.bincount(self._pictures, worth[self.mentions], len(self.counts)).astype(np.float32)

    @cached_property
    def _weights(self) -> Array:
        """The weight of each word of the vocabulary."""
        having = np.bincount(self.mentions, minlength=len(self.known))
        return np.log(len(self.counts) / np.maximum(1, having))

    @cached_property
    def _pictures(self) -> Array:
        """The picture of each mention."""
        return np.repeat(np.arange(len(self.counts)), self.counts)


def collected(captions: Iterable[Sequence[str]]) -> Words:
    """Return the words of pictures by their captions, any number for each; of too many words the commonest stay."""
    each = [list(dict.fromkeys(word for text in texts for word in words_of(text))) for texts in captions]
    often = Counter(word for words in each for word in words)
    kept = sorted(sorted(often, key=lambda word: (-often[word], word))[:MOST_KNOWN])
    number = {word: index for index, word in enumerate(kept)}
    mentioned = [[number[word] for word in words if word in number][:MOST_WORDS] for words in each]
    return Words(
        vocabulary=np.frombuffer("\n".join(kept).encode(), np.uint8),
        counts=np.array([len(words) for words in mentioned], np.uint8),
        mentions=np.array([word for words in mentioned for word in sorted(words)], np.uint16),
    )
