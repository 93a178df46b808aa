"""What guides the picture: prompts, cutouts and their augmentation, perceptors, losses."""
