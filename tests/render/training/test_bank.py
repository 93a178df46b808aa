"""The bank that ships can be made again from its seeds."""

from pathlib import Path

from click.testing import CliRunner

from render.priors.bank.file import read_facts
from render.training.bank import bank


def test_the_same_seeds_give_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for name in ("a.bank", "b.bank"):
        path = tmp_path / name
        arguments = ["--out", str(path), "--count", "7", "--pool", "12", "--codes", "8", "--components", "5"]
        assert CliRunner().invoke(bank, arguments, catch_exceptions=False).exit_code == 0
        made.append(path.read_bytes())
    assert made[0] == made[1]
    facts = read_facts(path)
    assert facts.header.made_of == "7 of 12 procedural scenes, seeds 500000 to 500011"
    assert facts.shapes["basis"] == (5, 256)
