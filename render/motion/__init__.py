"""Motion between frames: the warp of the previous picture, and the latent that refinement starts from."""
