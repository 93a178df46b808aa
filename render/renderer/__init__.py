"""Compute a frame's state from the previous frame's state, and load the models that this needs."""
