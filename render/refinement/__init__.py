"""The optimization of a latent: the step, the optimizer, coarse to fine, frames in lockstep."""
