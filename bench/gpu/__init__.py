"""`python -m bench gpu`: how long steps and frames take on a GPU, and how long its arithmetic and memory need."""
