"""Prompt-like sentences by a small grammar, and words and glosses from WordNet, beside the captions."""

import random
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from render.training.scenes import is_held_out
from render.training.scenes.palette import COLOURS


@lru_cache(maxsize=1)
def _words() -> dict[str, list[str]]:
    """The lists of phrases.yaml; nouns and adjectives are one long line there."""
    raw: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text())
    return {name: value.split() if isinstance(value, str) else list(value) for name, value in raw.items()}


def compose(count: int, seed: int) -> list[str]:
    """Distinct prompt-like sentences, none of them held out."""
    rng = random.Random(seed)
    table = _words()
    out: dict[str, None] = {}
    for _ in range(count):
        words = {
            "noun": rng.choice(table["nouns"]),
            "other": rng.choice(table["nouns"]),
            "colour": rng.choice(list(COLOURS)),
            "hue": rng.choice(list(COLOURS)),
            "adj": rng.choice(table["adjectives"]),
            "time": rng.choice(table["times"]),
            "style": rng.choice(table["styles"]),
            "ending": rng.choice(table["endings"]),
        }
        out[rng.choice(table["forms"]).format(**words)] = None
    return [text for text in out if not is_held_out(text)]


def wordnet(folder: Path, glosses: int, lemmas: int, seed: int) -> tuple[list[str], list[str]]:
    """Glosses of concrete nouns and plain words from WordNet's data.noun and data.adj."""
    rng = random.Random(seed)
    concrete = {"05", "06", "08", "13", "15", "17", "18", "19", "20", "27"}
    defined, words = [], []
    for name in ("data.noun", "data.adj"):
        for line in (folder / name).read_text().splitlines():
            if line.startswith("  "):
                continue
            part = line.split(" ")
            names = [part[4 + 2 * k].replace("_", " ").split("(")[0] for k in range(int(part[3], 16))]
            if name == "data.adj":
                words.append(names[0])
            elif part[1] in concrete:
                defined.append(f"{names[0]}: {line.split('| ')[1].split(';')[0].strip()}"[:110])
                words += names[:2]
    rng.shuffle(defined)
    rng.shuffle(words)
    return defined[:glosses], list(dict.fromkeys(words))[:lemmas]
