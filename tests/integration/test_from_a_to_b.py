"""A video from one picture to another with the embedded models: it begins and ends there, and never jumps."""

import json
from pathlib import Path

import numpy as np
import torch
from click.testing import CliRunner
from PIL import Image

from pipeline.cli import main
from render.guidance import cutouts
from render.guidance.perceptors import clip
from render.models.registry import find_perceptor

PARTS = Path(__file__).parents[2] / "schedules" / "parts"
SIDE = 64
SCHEDULE = f"""
output: {{size: [{SIDE}, {SIDE}], fps: 8, length: 2s, seed: 3}}
prompts: {{0s: a lone tree during an orange sunset, end: an old stone castle under a blue aurora}}
start: {{image: tree.jpg}}
guides: {{0: {{image: tree.jpg}}, end: {{image: castle.jpg, ease: in_out_sine}}}}
motion: {{zoom: 1.1/s}}
refine: {{lr: 0.02, cutouts: 8}}
"""


def test_it_begins_and_ends_at_its_pictures_and_does_not_jump(tmp_path: Path) -> None:
    for name in ("tree.jpg", "castle.jpg"):
        (tmp_path / name).write_bytes((PARTS / name).read_bytes())
    (tmp_path / "a.yaml").write_text(SCHEDULE)
    done = CliRunner().invoke(
        main, [str(tmp_path / "a.yaml"), "--out", str(tmp_path), "--device", "cpu", "--json"], catch_exceptions=False
    )
    assert json.loads(done.stdout.splitlines()[-1])["event"] == "finished"
    frames = np.stack([_pixels(path) for path in sorted((tmp_path / "a" / "frames").glob("*.png"))])
    tree, castle = (_pixels(PARTS / name) for name in ("tree.jpg", "castle.jpg"))
    apart = _distance(tree, castle)
    for frame, near, far in ((frames[0], tree, castle), (frames[-1], castle, tree)):
        assert _distance(frame, near) < 0.2 * apart
        assert _distance(frame, far) > 0.8 * apart
        assert _similarity(frame, near) > 0.9 > 0.6 > _similarity(frame, far)
    jumps = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2, 3))
    assert jumps.max() < 2 * np.median(jumps)


def _pixels(path: Path) -> np.ndarray:
    image = Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return np.asarray(image, dtype=np.float32) / 255


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).mean())


def _similarity(one: np.ndarray, other: np.ndarray) -> float:
    seeing = clip.load(find_perceptor("embedded").files(), torch.device("cpu"), torch.float32)
    pair = torch.from_numpy(np.stack([one, other])).movedim(-1, 1)
    with torch.no_grad():
        first, second = seeing.encode_image(cutouts.whole(pair, seeing.side)[:, 0])
    return float(first @ second)
