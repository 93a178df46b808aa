"""Procedural captioned scenes: pictures made of noise and shapes, each with the sentences that describe it.

Own work, no outside images. `noise`, `canvas` and `outlines` are the tools, `sky` and `motifs` what is drawn, `weather`
and `styles` change a finished picture. Three makers put them together with captions: `compose` mixes mostly
landscapes, `skies` shows one place in every light, `subjects` one thing to a picture, each thing equally often.
"""

from render.training.scenes.compose import make_scene
from render.training.scenes.held_out import HELD_OUT, is_held_out
from render.training.scenes.skies import make_sky
from render.training.scenes.subjects import SUBJECTS, make_subject

__all__ = ["HELD_OUT", "SUBJECTS", "is_held_out", "make_scene", "make_sky", "make_subject"]
