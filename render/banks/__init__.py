"""Banks: many pictures kept as the codes of a VQGAN and their embeddings by a perceptor, in one file.

`file` is the format, `building` makes a bank of pictures. `render.priors.bank` chooses from one for a frame's prompts.
"""
