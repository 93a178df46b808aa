"""The model that finds texts: named, or by path; loaded only if a region is a text."""

from pathlib import Path

import pytest

from pipeline.schedule.loader import load_schedule, read_schedule
from render.errors import ScheduleError

SKY = "{text: the sky}"


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("prompts: a", False),
        ("prompts: [{text: a, region: {box: [0, 0, 1, 1]}}]", False),
        (f"prompts: [{{text: a, region: {SKY}}}]", True),
        (f"prompts: [{{text: a, region: {{union: [{{box: [0, 0, 1, 1]}}, {SKY}]}}}}]", True),
        (f"prompts: a\nlosses: {{smooth: {{weight: 1, region: {SKY}}}}}", True),
        (f"prompts: a\nshots: [{{length: 1s}}, {{length: 1s, keep: {{region: {SKY}}}}}]", True),
    ],
)
def test_it_is_needed_if_a_region_is_a_text(text: str, needed: bool) -> None:
    pytest.importorskip("transformers")
    models = read_schedule(text, "a.yaml", "a").models
    assert models.finds_texts == needed
    assert models.segmenter.name == "clipseg-rd64-refined"


def test_one_of_your_own(tmp_path: Path) -> None:
    for name in ("config.json", "mine.safetensors"):
        (tmp_path / name).write_text("{}")
    written = "models: {segmenter: {config: config.json, checkpoint: mine.safetensors}}\nprompts: a\n"
    (tmp_path / "a.yaml").write_text(written)
    found = load_schedule(tmp_path / "a.yaml").models.segmenter
    assert (found.name, found.entry, found.download, found.config) == ("mine.safetensors", "clipseg", None, None)
    assert found.files().paths == (tmp_path / "config.json", tmp_path / "mine.safetensors")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("clipseg-rd64", "unknown segmentation model 'clipseg-rd64'; did you mean 'clipseg-rd64-refined'?"),
        ("{config: a.json}", "'checkpoint' is missing; expected clipseg-rd64-refined, or"),
        ("{config: /etc/passwd, checkpoint: a}", "--allow-paths"),
        ("5", "expected clipseg-rd64-refined, or {config: config.json, checkpoint: model.safetensors}, got '5'"),
    ],
)
def test_a_wrong_one(written: str, message: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        read_schedule(f"models: {{segmenter: {written}}}\nprompts: a\n", "a.yaml", "a")
    assert message in str(caught.value)
