"""From the previous frame's state to this frame's state, and the models that it takes."""
