"""Footage as pictures: frames of clips, numbered pictures and stills, fitted to a frame and moved with it."""

from render.footage.footage import Footage

__all__ = ["Footage"]
