"""Forty prompts kept for judging. They are never a training caption, whatever the grammars make."""

HELD_OUT = (
    "a calm blue sea at noon",
    "a golden sunset over the sea",
    "a starry night sky over the sea",
    "a burning forest",
    "red poppies in a green meadow",
    "neon city in the rain",
    "a snowy mountain under a purple aurora",
    "a tropical beach with turquoise water",
    "a stormy sea with lightning",
    "a full moon over a dark lake",
    "an autumn forest with orange leaves",
    "a pine forest covered in snow",
    "a waterfall in a green jungle",
    "desert dunes at dusk",
    "a red canyon under a blue sky",
    "a volcano erupting at night",
    "rivers of glowing lava",
    "a lavender field in summer",
    "yellow sunflowers under a blue sky",
    "pink cherry blossom in spring",
    "a white daisy on green grass",
    "one red rose",
    "a castle on a hill at sunset",
    "a lighthouse in a storm at night",
    "a city skyline at night",
    "skyscrapers in the morning light",
    "an old street with houses in the evening",
    "a bridge in thick fog",
    "icebergs in a cold blue sea",
    "cracked blue ice",
    "a colourful coral reef with fish",
    "huge blue ocean waves",
    "a spiral galaxy in deep space",
    "a purple nebula full of stars",
    "a planet with golden rings",
    "fireworks over a city at night",
    "white clouds in a bright blue sky",
    "a rainbow over green hills",
    "misty mountains in the morning",
    "a green aurora over a snowy field",
)


def _bare(caption: str) -> str:
    """A caption without case and articles."""
    return " ".join(word for word in caption.lower().split() if word not in ("a", "an", "the"))


SHOWN = ("a dark starry night sky over the sea",)
"""Of schedules/sunset.yaml, which shows the pair: kept from training as the forty are, and not ranked."""

_BARE = {_bare(prompt) for prompt in (*HELD_OUT, *SHOWN)}


def is_held_out(caption: str) -> bool:
    """Whether a caption is one of the judge's prompts or of the schedule's, case and articles aside."""
    return _bare(caption) in _BARE
