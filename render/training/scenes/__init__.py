"""Procedural captioned scenes: pictures made of noise and shapes, each with the sentences that describe it.

Own work, no outside images. `noise` and `canvas` are the tools, `sky` and `motifs` what is drawn, `weather` and
`styles` change a finished picture, `compose` puts them together with captions, `skies` shows one place in every light.
"""

from render.training.scenes.compose import make_scene
from render.training.scenes.held_out import HELD_OUT, is_held_out
from render.training.scenes.skies import make_sky

__all__ = ["HELD_OUT", "is_held_out", "make_scene", "make_sky"]
