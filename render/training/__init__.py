"""Train the embedded weights from scratch: captioned scenes, a VQGAN, a CLIP pair and a judge.

`python -m render.training all`, or its steps `data|vqgan|clip|judge|measure`: docs/embedded.md. Nothing else imports
this package.
"""
