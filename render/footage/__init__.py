"""Footage as pictures: frames of clips, numbered pictures, and stills, at the size of a frame."""

from render.footage.footage import Footage

__all__ = ["Footage"]
