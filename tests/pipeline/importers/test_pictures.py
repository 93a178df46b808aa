"""Pictures that other tools begin with or go towards: used if they are files that the schedule may read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from pipeline.commands.importing import import_
from pipeline.schedule.loader import load_schedule
from pipeline.schedule.timeline import Timeline
from render.spec import FrameSpec
from render.spec.pictures import PictureStart

DEFORUM = {"max_frames": 12, "fps": 12, "W": 64, "H": 64, "seed": 5, "animation_mode": "2D", "prompts": {"0": "a sea"}}
DISCO = {
    **{"text_prompts": {"0": ["a sea"]}, "cutn_batches": None, "animation_mode": "2D", "max_frames": 3, "fps": 10},
    **{"set_seed": "5", "width": 64, "height": 64, "clip_guidance_scale": None},
}
PYTTI = {"scenes": "a sea", "steps_per_scene": 500, "width": 64, "height": 64}
GENERATE = 'python generate.py -p "a sea" -i 100 -zvid -zse 10 -s 64 64'
Run = Callable[[str, str], tuple[list[FrameSpec], str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Import settings beside pictures; returns the specs of the frames, and the report."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "b.png"):
        Image.new("RGB", (8, 8), "tomato").save(name)

    def imported(name: str, text: str) -> tuple[list[FrameSpec], str]:
        Path(name).write_text(text)
        done = CliRunner().invoke(import_, [name, "-o", "out.yaml", "--force"])
        assert done.exit_code == 0, done.output
        return list(Timeline(load_schedule(Path("out.yaml")))), done.stderr

    return imported


CASES = {
    "deforum": ("a.json", json.dumps({**DEFORUM, "use_init": True, "init_image": "a.png", "strength": 0.65}), 0.65),
    "disco": ("a.json", json.dumps({**DISCO, "init_image": "a.png", "steps": 250, "skip_steps": 125}), 0.5),
    "pytti": ("a.yaml", json.dumps({**PYTTI, "init_image": "a.png"}), 0.8),
    "nerdyrodent": ("a.sh", f"{GENERATE} -ii a.png", 0.8),
}


@pytest.mark.parametrize("case", CASES)
def test_an_init_image_is_what_the_video_starts_from(run: Run, case: str) -> None:
    name, text, strength = CASES[case]
    specs, notes = run(name, text)
    start = specs[0].start
    assert isinstance(start, PictureStart)
    assert (start.picture.file.path.name, start.strength) == ("a.png", strength)
    assert "no such file" not in notes


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("path", ["none.png", "https://example.org/a.png", "../a.png", "a.json"])
def test_one_that_cannot_be_read_is_reported(run: Run, case: str, path: str) -> None:
    name, text, _ = CASES[case]
    specs, notes = run(name, text.replace("a.png", path))
    assert specs[0].start is None
    assert f"init_image = {path}: " in notes


def test_guided_images_are_guides(run: Run) -> None:
    images = {"0": "a.png", "max_f-5": "b.png", "8": "none.png", "99": "a.png"}
    settings: dict[str, Any] = {"use_looper": True, "init_images": json.dumps(images)}
    strengths = {"image_strength_schedule": "0: (0.5), 10: (1)"}
    specs, notes = run("a.json", json.dumps({**DEFORUM, **settings, **strengths}))
    seen = [[guide.picture.file.path.name for guide in spec.image_guides] for spec in specs]
    assert seen[0] == ["a.png"]
    assert seen[6] == ["b.png"]
    text = Path("out.yaml").read_text()
    assert '6: {image: "b.png", weight: 0.8}' in text
    assert "init_images = none.png: there is no such file" in notes
    assert "init_images: frame 99 is not in the video" in notes
