"""Motion between frames: the warped previous picture, and the latent that refinement starts from."""
