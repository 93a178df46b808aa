"""Files from strangers as data: archives, pickles, checkpoints, settings and pictures. Nothing in them is run, and each is bounded."""
