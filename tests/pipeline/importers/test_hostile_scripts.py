"""Scripts made to take long or to break the reader: each ends, with a schedule or with one message."""

from pathlib import Path

import pytest

from pipeline.commands.importing import imported
from pipeline.importers.notations.source import read_source
from render.errors import InputError

CALL = "python generate.py -p a -i 5\n"
FED = "for i in {1..3}; do\npython generate.py -p a -ii o -o o\n"
HOSTILE = {
    "substitutions.sh": CALL + "$(" * 50_000,
    "braces.sh": CALL + "${" * 50_000,
    "quotes.sh": CALL + '"' * 100_001,
    "brackets.sh": CALL + "((" * 50_000,
    "lines.sh": CALL + "\\\n" * 50_000,
    "documents.sh": CALL + "<<a " * 40_000 + "\n",
    "variables.sh": "A=" + "x" * 9_000 + "\n" + "".join(f"B{n}=$A$A\n" for n in range(15_000)) + CALL,
    "put_in.sh": "A=" + "x" * 9_000 + "\n" + CALL.strip() + " -o $A" * 5_000,
    "loops.sh": "for i in 1; do\n" * 10_000 + CALL,
    "counted.sh": "i=0\nwhile [ $i -lt 3 ]; do i=$((i+1)); done\n" * 4_000 + CALL,
    "moves.sh": FED + "convert o -distort SRT 1,1 o\n" * 6_000 + "done",
    "apostrophes.sh": "'" + CALL * 6_000,
    "brackets.bat": CALL + "(" * 150_000,
    "loops.bat": "for /L %%i in (1,1,3) do (\n" * 6_000 + CALL,
    "percent.bat": CALL + "%A" * 80_000,
    "fences.md": CALL + "```a\n" * 30_000,
    "two_fences.md": CALL + "~~~\n```\n" * 20_000,
    "sums.py": "a = 1\n" + "a = " + "a+" * 100_000 + "1\n",
    "doubled.py": "b = '" + "y" * 900 + "'\n" + "".join(f"c{n} = b + b\n" for n in range(20_000)),
    "names.py": "a = [" + "1," * 50_000 + "]\n" + "x = a\n" * 50_000,
    "calls.py": "x = dict(" * 50_000,
    "style.py": "import vqgan_clip\nf = style_transfer(" + "f(" * 50_000,
    "many_calls.py": "import vqgan_clip\ntext_prompts = 'a'\n" + "style_transfer(1, 2, 'a')\n" * 8_000,
    "sums_in_calls.py": "import pixray\na = 1\npixray.run(" + "a+" * 100_000 + "1)\n",
    "list.json": "[{" * 100_000,
    "list_open.json": '[{"a": ' + "[" * 100_000,
    "zero.py": "max_frames = 1 / 0\nprompts = {0: 'a'}\nfps = int('x' * 3)\n",
}


@pytest.mark.parametrize("file", sorted(HOSTILE))
def test_a_hostile_script_ends_with_a_schedule_or_one_message(file: str, tmp_path: Path) -> None:
    path = tmp_path / file
    path.write_text(HOSTILE[file])
    try:
        text, notes = imported(read_source(path))
    except InputError as error:
        text, notes = "", (str(error),)
    assert len(text) < 100_000
    assert 0 < len(notes) < 300
    assert all(len(line) < 1500 and "\n" not in line for line in notes)
