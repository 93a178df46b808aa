"""Files from strangers as data: archives, pickles, checkpoints, settings, pictures; bounded, and nothing is run."""
