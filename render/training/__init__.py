"""From nothing to the embedded weights: captioned scenes, a VQGAN, a CLIP pair and a judge.

`python -m render.training data|vqgan|clip|judge`. Nothing else imports this package.
"""
