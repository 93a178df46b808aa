"""Invented scripts, notebooks and texts that cannot be converted, each with its error message."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from render.errors import InputError
from tests.pipeline.importers.test_inputs import BASE, COMMAND, LOOP, notebook

REFUSED: dict[str, tuple[str, str, str]] = {
    "a default that is a variable": (
        "a.sh",
        'python generate.py -p "${A:-${1}}"',
        "${A:-${1}} is computed by",
    ),
    "a loop with too many iterations": (
        "a.sh",
        f"for i in {{1..999999999}}; do\n  {LOOP}",
        "line 2: 10,000,000 frames, expected 1 to",
    ),
    "a range of too many digits": ("a.sh", f"for i in {{1..{'9' * 5000}}}; do\n  {LOOP}", "only known at run time"),
    "a script of a megabyte": ("a.sh", COMMAND + "\n#" + "x" * 200_000, "a script of more than 200,000 characters"),
    "an argument of the script": (
        "a.sh",
        'python generate.py -p "$1" -i 100',
        "line 1: prompts: $1 is an argument of the script; write its value in the file",
    ),
    "an argument by a name": (
        "a.sh",
        'TEXT="$1"\npython generate.py -p "$TEXT" -i 100',
        "line 2: prompts: $TEXT is $1, which is an argument of the script; write its value in the file",
    ),
    "an undefined variable": (
        "a.sh",
        'python generate.py -p "$TEXT"',
        "line 1: prompts: $TEXT is not set in the file; write its value in the file",
    ),
    "a variable within a condition": (
        "a.sh",
        'if [ -z "$1" ]; then N=5; fi\npython generate.py -p a -i $N',
        "line 2: iterations: $N is set inside a condition; write its value in the file",
    ),
    "a variable of a loop": (
        "a.sh",
        'for p in "a sea" "a wood"; do python generate.py -p "$p"; done',
        "line 1: prompts: $p changes in the loop; write its value in the file",
    ),
    "a batch file's argument": (
        "a.bat",
        'python generate.py -p "%1"',
        "line 1: prompts: %1 is an argument of the script; write its value in the file",
    ),
    "a notebook's unknown": (
        "a.ipynb",
        notebook('!python generate.py -p "{text}"'),
        "prompts: {text} is not set in the file; write its value in the file",
    ),
    "a notebook's sum": (
        "a.ipynb",
        notebook("n = 5", '!generate.py -p "{n * 2}"'),
        "prompts: {n * 2} is computed by the script",
    ),
    "a substitution over lines": (
        "a.sh",
        "generate.py -p $(cat\nfile)",
        "prompts: $(cat file) is computed by the script",
    ),
    "a text without quotes": (
        "a.sh",
        "python generate.py -p a calm sea",
        "line 1: a word that belongs to no option (a text needs quotes): calm",
    ),
    "an open quote": ("a.sh", 'echo a\npython generate.py -p "a calm sea -i 3', 'line 2: the quote " is not closed'),
    "a loop of unknown length": (
        "zoom.sh",
        f"for (( i=1; i<=$3; i++ ))\ndo\n  {LOOP}",
        "line 1: how often this loop runs is only known at run time: for (( i=1; i<=$3; i++ )); "
        "write the number in the file, such as for i in {1..30}",
    ),
    "an endless loop": (
        "zoom.sh",
        f"while true; do\n  {LOOP}",
        "line 1: how often this loop runs is only known at run time: while true; "
        "write the number in the file, such as for i in {1..30}",
    ),
    "an unknown angle": (
        "zoom.sh",
        f"for i in {{1..30}}; do\n  {LOOP.replace('1.01,2', '1.01,$A')}",
        "the loop: line 4: -distort SRT: $A is not set in the file; write its value in the file",
    ),
    "two scales": (
        "zoom.sh",
        f"for i in {{1..30}}; do\n  {LOOP.replace('1.01,2', '128,128,1.01,1.02,2')}",
        "the loop: line 4: -distort SRT 128,128,1.01,1.02,2: two different scales cannot be converted",
    ),
    "an option without a value": ("a.sh", "python generate.py -p a -i -zvid", "line 1: -i has no value"),
    "truncated JSON": ("a.json", json.dumps(BASE, indent=1)[:60], "JSON: line 6, column 2"),
    "a trailing comma": (
        "a.json",
        '{"max_frames": 10,\n "prompts": {"0": "a"},\n}',
        "JSON: line 3, column 1: a comma before the closing bracket; leave it out",
    ),
    "a broken list": (
        "a.json",
        '[{"max_frames": 10}, {"a": 1,}]',
        "JSON: line 1, column 30: a comma before the closing bracket; leave it out",
    ),
    "a broken code block": (
        "a.md",
        'It is:\n```\n{"max_frames": 10,}\n```\n',
        "code block at line 3: JSON: line 1, column 19: a comma before",
    ),
    "a list of words": ("a.json", '["a calm sea"]', "(a list; expected settings by name, or a list of them)"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_input_is_reported_with_its_place(plan: Callable[..., Any], case: str) -> None:
    file, text, message = REFUSED[case]
    with pytest.raises(InputError) as caught:
        plan(file, text)
    assert message in str(caught.value)
    assert caught.value.exit_code == 2
