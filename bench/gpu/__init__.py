"""`python -m bench gpu`: how long steps and frames take on a GPU, compared with what its arithmetic and memory allow."""
