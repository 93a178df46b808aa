"""Training the VQGAN."""
