"""Several runs with the models loaded once: one after the other, in lockstep, in parts, from a bucket."""
