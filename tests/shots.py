"""A schedule of four shots, three of which start from noise."""


def four_shots(red: int, blue: int, green: int, white: int) -> str:
    """Its text; what is given are the frames of each, and the green one carries on from the blue one."""
    return f"""
output: {{size: [32, 24], fps: 8, seed: 3}}
models: {{latent: pixels, perceptors: [toy]}}
motion: {{zoom: 1.2/s}}
refine: {{steps: 2, first_frame: 4, cutouts: 2}}
shots:
- {{length: {red}, prompts: red}}
- {{length: {blue}, prompts: blue}}
- {{length: {green}, prompts: green, start: carry}}
- {{length: {white}, prompts: white}}
"""


SHOTS = four_shots(12, 3, 4, 8)
