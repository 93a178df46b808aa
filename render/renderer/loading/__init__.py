"""Load the models of a schedule: find their files, read them, and make a renderer of them."""
