"""Training the CLIP pair."""
