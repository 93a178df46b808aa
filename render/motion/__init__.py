"""Moving the picture: the transforms of a frame as one warp, and the latent that it starts from."""
