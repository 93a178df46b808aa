"""The optimisation of a latent: steps, the optimiser, coarse to fine, several frames in lockstep."""
