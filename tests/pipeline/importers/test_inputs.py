"""Invented scripts, batch files, notebooks, Python and texts, each with the expected result."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

LOOP = """python generate.py -p "a calm sea" -s 256 256 -sd 3 -i 25 -ii out.png -o out.png
  cp out.png frame-$i.png
  convert out.png -distort SRT 1.01,2 out.png
done
"""
BASE = {
    **{"max_frames": 10, "fps": 10, "W": 256, "H": 256, "animation_mode": "2D", "diffusion_cadence": 1},
    **{"prompts": {"0": "a calm sea"}, "zoom": "0: (1.02)", "seed": 5},
}
PYTHON = """max_frames: int = 10
fps: int = 30
W, H = 256, 128
animation_mode = "2D"
diffusion_cadence: int = 1
prompts = {0: "a calm sea"}
zoom: str = "0:(1.02)"
"""


@dataclass(frozen=True, kw_only=True)
class Right:
    """The expected result; `zoom` and `rotate` apply to every frame but the first."""

    text: str = "a calm sea"
    frames: int = 1
    fps: float | None = None
    size: tuple[int, int] | None = None
    zoom: float = 1.0
    rotate: float = 0.0
    seed: int | None = None
    steps: int | None = None
    notes: str = ""
    without_note: str = "\0"


def notebook(*cells: str) -> str:
    return json.dumps({"cells": [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]})


COMMAND = 'python generate.py -p "a calm sea" -i 100 -zvid -zse 10 -zsc 1.02'
ZOOMED = Right(frames=10, zoom=1.02, steps=10)
ACCEPTED: dict[str, tuple[str, str, Right]] = {
    "a comment is not a command": ("a.sh", f"# generate.py -p example -i 10\n{COMMAND}\n", ZOOMED),
    "the first of two": (
        "a.sh",
        f"{COMMAND}\npython generate.py -p 'a storm'\n",
        Right(frames=10, zoom=1.02, notes="only the first of 2 commands is imported, the one at line 1"),
    ),
    "an echoed command is not a command": ("a.sh", f"echo python generate.py -p hello\n{COMMAND}", ZOOMED),
    "literal variables": (
        "a.sh",
        'ITER=25\nexport TEXT="a calm sea"\npython generate.py -p "$TEXT" -i ${ITER}',
        Right(steps=25),
    ),
    "a variable of several options is split": (
        "a.sh",
        'ARGS="-i 25 -s 256 128"\ngenerate.py -p "a calm sea" $ARGS',
        Right(steps=25, size=(256, 128)),
    ),
    "a default in the script": (
        "a.sh",
        'python generate.py -p "${1:-a calm sea}" -i 25',
        Right(steps=25, notes="its default, a calm sea, is used"),
    ),
    "redirected": ("a.sh", f"{COMMAND} -d True > log 2>&1\n", ZOOMED),
    "chained": ("a.sh", f"cd VQGAN-CLIP && {COMMAND} && echo done; ls | tee log # a note", ZOOMED),
    "nested quotes": (
        "a.sh",
        """python generate.py -p "a sailor's sea | it's calm" -i 5""",
        Right(text="a sailor's sea", steps=5),
    ),
    "continued lines": ("a.sh", COMMAND.replace(" -i", " \\\n   -i").replace(" -zse", " \\\r\n -zse"), ZOOMED),
    "a batch file": (
        "a.bat",
        '@echo off\r\nREM it\'s generate.py -p x\r\nset N=100\r\nset "TEXT=a calm sea"\r\n'
        'python generate.py -p "%TEXT%" ^\r\n  -i %N% -zvid -zse 10 -zsc 1.02 & pause\r\n',
        ZOOMED,
    ),
    "a batch file's loop": (
        "a.cmd",
        'set N=30\nfor /L %%i in (1,1,%N%) do (\n  python generate.py -p "a calm sea" -i 25 -ii out.png -o out.png\n'
        "  magick out.png -distort SRT 1.01,2 out.png\n)\n",
        Right(frames=30, zoom=1.01, rotate=-2, steps=25),
    ),
    "a here-document is not a command": ("a.sh", f"cat <<EOF\ngenerate.py -p no\nEOF\n{COMMAND}", ZOOMED),
    "a loop of thirty": (
        "zoom.sh",
        f"for i in {{1..30}}; do\n  {LOOP}",
        Right(frames=30, fps=15, zoom=1.01, rotate=-2, size=(256, 256), seed=3, steps=25),
    ),
    "a loop that counts up to a variable": (
        "zoom.sh",
        f"N=29\npython generate.py -p 'a calm sea' -s 256 256 -sd 3 -i 25 -o out.png\n"
        f"convert out.png -distort SRT 1.01,2 out.png\nfor (( i=1; i<=$N; i++ ))\ndo\n  {LOOP}"
        "ffmpeg -framerate 30 -i frame-%d.png a.mp4\n",
        Right(frames=30, fps=30, zoom=1.01, rotate=-2, seed=3, steps=25),
    ),
    "a while loop": (
        "zoom.sh",
        f"i=0\nwhile [ $i -lt 30 ]; do\n  i=$((i+1))\n  {LOOP}",
        Right(frames=30, zoom=1.01, rotate=-2, steps=25),
    ),
    "a loop with step 2": (
        "zoom.sh",
        f"for ((i=0; i<60; i+=2)); do\n  {LOOP}",
        Right(frames=30, zoom=1.01, rotate=-2),
    ),
    "a loop that counts down": (
        "zoom.sh",
        f"for ((i=30; i>0; --i)); do\n  {LOOP}",
        Right(frames=30, zoom=1.01, rotate=-2),
    ),
    "a loop over seq": ("zoom.sh", f"for i in $(seq 1 2 59); do\n  {LOOP}", Right(frames=30, zoom=1.01, rotate=-2)),
    "two distortions after each other": (
        "zoom.sh",
        f"for i in {{1..30}}; do\n  {LOOP.replace('SRT 1.01,2', 'SRT 1.01,0 -distort SRT 2')}",
        Right(frames=30, zoom=1.01, rotate=-2),
    ),
    "a distortion outside a loop": (
        "a.sh",
        f"{COMMAND}\nconvert out.png -distort SRT 1.01,0 out.png",
        Right(frames=10, zoom=1.02, notes="line 2: ImageMagick moves a picture outside a feedback loop"),
    ),
    "a conditional distortion": (
        "zoom.sh",
        "for i in {1..30}; do\n  "
        + LOOP.replace("convert", "if [ $i -gt 5 ]; then convert").replace("2 out.png", "2 out.png; fi"),
        Right(frames=30, notes="line 4: ImageMagick moves the picture only under a condition: not converted"),
    ),
    "a loop that may end early": (
        "zoom.sh",
        f"for i in {{1..30}}; do\n  if [ -f stop ]; then break; fi\n  {LOOP}",
        Right(frames=30, zoom=1.01, rotate=-2, notes="line 2: the loop may end before its 30 iterations; all of them"),
    ),
    "a Python loop in a notebook": (
        "a.ipynb",
        notebook(f"for i in range(30):\n  !{COMMAND}"),
        Right(
            frames=10, zoom=1.02, notes="Python runs the command in a loop or under a condition; one run is imported"
        ),
    ),
    "a loop without feedback": (
        "a.sh",
        f"for i in 1 2 3; do {COMMAND}; done",
        Right(frames=10, zoom=1.02, notes="line 1: a loop runs the command 3 times; one run is imported"),
    ),
    "a notebook's command": ("a.ipynb", notebook("!pip install x", f"!{COMMAND}"), ZOOMED),
    "a notebook's variables": (
        "a.ipynb",
        notebook(
            'text = "a calm sea"\nn = 10 * 10', '!python generate.py -p "{text}" \\\n  -i $n -zvid -zse 10 -zsc 1.02'
        ),
        ZOOMED,
    ),
    "a notebook's %run and %%bash": ("a.ipynb", notebook("%run generate.py -p 'a calm sea' -i 5"), Right(steps=5)),
    "a shell cell": ("a.ipynb", notebook(f"%%bash\nN=3\n{COMMAND}"), ZOOMED),
    "a notebook's cells": (
        "a.ipynb",
        notebook(PYTHON, "max_frames = 99\n", "fps = 30"),
        Right(frames=10, fps=30, zoom=1.02, notes="cell 2: max_frames is assigned again; the first value is used"),
    ),
    "Python that runs a command": (
        "a.py",
        "import os\nos.system(\"python generate.py -p 'a calm sea' -i 5\")",
        Right(steps=5),
    ),
    "Python that runs a list": (
        "a.py",
        'import subprocess\nN = 5\nsubprocess.run(["python", "generate.py", "-p", "a calm sea", "-i", f"{N}"])',
        Right(steps=5),
    ),
    "annotated assignments": ("a.py", PYTHON, Right(frames=10, fps=30, zoom=1.02, size=(256, 128))),
    "a class of annotated fields": (
        "a.py",
        "@dataclass\nclass Args:\n" + "".join(f"    {line}\n" for line in PYTHON.splitlines()),
        Right(frames=10, fps=30, zoom=1.02, size=(256, 128)),
    ),
    "a dict in Python": ("a.py", f"# mine\nsettings = {BASE!r}\n", Right(frames=10, fps=10, zoom=1.02, seed=5)),
    "a bare dict": ("a.py", f"{BASE!r}\n", Right(frames=10, fps=10, zoom=1.02, seed=5)),
    "a dict with one entry that is computed": (
        "a.py",
        "settings = " + repr(BASE).replace("'fps': 10", "'fps': rate()"),
        Right(frames=10, fps=15, zoom=1.02, seed=5, notes="line 1: fps is computed, not a literal"),
    ),
    "a bare dict with one entry that is computed": (
        "a.py",
        "# mine\n" + repr(BASE).replace("'fps': 10", "'fps': rate()"),
        Right(frames=10, fps=15, zoom=1.02, seed=5, notes="line 2: fps is computed, not a literal"),
    ),
    "a bare dict without settings": ("a.py", f"{PYTHON}{{0: rate}}\n", Right(frames=10, fps=30, zoom=1.02)),
    "a call of dict": (
        "a.py",
        PYTHON.replace("fps: int = 30", "more = dict(fps=30, seed=7, border='wrap')"),
        Right(frames=10, fps=30, zoom=1.02, seed=7),
    ),
    "sums of literals": (
        "a.py",
        PYTHON.replace("fps: int = 30", "rate = 10\nfps = rate * 3"),
        Right(frames=10, fps=30, zoom=1.02),
    ),
    "what is computed is reported": (
        "a.py",
        PYTHON.replace("fps: int = 30", "fps = rate()"),
        Right(frames=10, zoom=1.02, notes="line 2: fps is computed, not a literal; its default is used"),
    ),
    "a list of one": ("a.json", json.dumps([BASE]), Right(frames=10, fps=10, zoom=1.02, without_note="the first of")),
    "a list of two": (
        "a.json",
        json.dumps([BASE, BASE]),
        Right(frames=10, zoom=1.02, notes="the first of 2 settings in a list is imported"),
    ),
    "a code block of JSON": (
        "a.md",
        f"# It's mine\n\n```json\n{json.dumps(BASE, indent=1)}\n```\nEnjoy.\n",
        Right(frames=10, fps=10, zoom=1.02, notes="the code block at line 4 is read"),
    ),
    "a code block of a shell": ("a.md", f"It's easy:\n\n```sh\n{COMMAND}\n```\n", Right(frames=10, zoom=1.02)),
    "a sentence around a command": ("a.txt", f"Here's how I did it:\n{COMMAND}\n", ZOOMED),
    "a YAML text": (
        "a.yaml",
        "max_frames: 10\nfps: 10\nW: 256\nH: 256\nanimation_mode: 2D\nprompts: {0: a calm sea}\nzoom: '0: (1.02)'\n",
        Right(frames=10, fps=10, zoom=1.02),
    ),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_accepted_input_gives_the_expected_schedule(plan: Callable[..., Any], case: str) -> None:
    file, text, right = ACCEPTED[case]
    found = plan(file, text)
    assert {spec.prompts[0].text for spec in found.specs} == {right.text}
    assert len(found.specs) == right.frames
    np.testing.assert_allclose(found.amounts("zoom", 1.0), [1.0] + [right.zoom] * (right.frames - 1), rtol=1e-9)
    np.testing.assert_allclose(found.amounts("rotate"), [0.0] + [right.rotate] * (right.frames - 1), rtol=1e-9)
    spec = found.specs[-1]
    assert spec.size == (right.size or spec.size)
    assert spec.seed == (spec.seed if right.seed is None else right.seed)
    assert spec.num_steps == (right.steps or spec.num_steps)
    assert right.fps is None or f"fps: {right.fps:g}," in found.text
    assert not right.notes or any(right.notes in line for line in found.notes)
    assert not any(right.without_note in line for line in found.notes)
