"""Read untrusted files within bounds: archives, pickles, checkpoints, settings, pictures. No code in them runs."""
