"""Motifs by subject: each draws itself on a canvas and returns the phrases that name it."""
