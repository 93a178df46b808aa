"""Everything renders on a device without float64, as Apple's GPUs are: one that is computed on the CPU."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline import RunOptions, Session, load_schedule
from pipeline.schedule.schedule import Schedule
from tests.elsewhere import rendering_elsewhere

SCHEDULES = Path(__file__).parents[2] / "schedules"
SMALL = {"output.size": "[32, 32]", "refine.steps": "1", "refine.first_frame": "2", "refine.cutouts": "3"}
OUTPUT = "output: {size: [32, 24], fps: 4, length: 3, seed: 5}"
HEAD = """
models: {latent: pixels, perceptors: [toy], precision: fp32}
refine: {steps: 1, first_frame: 2, cutouts: 3}
"""
DENSE = {
    "motions and losses": f"""{OUTPUT}
prompts:
  - {{text: red, region: {{circle: [0.3, 0.5, 0.3]}}}}
  - {{text: blue}}
motion: {{zoom: 1.2/s, rotate: 20/s, tilt_x: 5deg/s, shear_x: 0.1/s, stretch_y: 1.1/s, border: reflect}}
losses: {{prompt: 1, smooth: 0.5, anchor: 0.3, saturation: 0.2, symmetry_x: 1, symmetry_radial: 1, palette: 0.3}}
colour: {{palette: [midnightblue, teal, salmon], match: palette, amount: 0.5, lock: true}}
noise: {{amount: 0.2, grain: 20%}}
""",
    "histograms, wrapped": f"""{OUTPUT}
prompts: red
motion: {{zoom: 1.2/s, border: wrap}}
colour: {{match: first, method: histogram, contrast: 0.2}}
""",
    "a camera over the ground, for two eyes": f"""{OUTPUT[:-1]}, stereo: side_by_side}}
prompts: red
camera: {{dolly: 0.5/s, pan: 4/s, roll: 5/s}}
depth: {{from: ground, horizon: 0.5}}
""",
    "a camera before a picture of depth": f"""{OUTPUT}
prompts: red
camera: {{dolly: 0.2/s, truck: 0.2/s}}
depth: {{from: depth.png}}
""",
    "footage and its motion": f"""{OUTPUT}
prompts: red
source: {{video: balloon.mp4, mix: 0.8, zoom: 1.3}}
losses: {{prompt: 1, temporal: 1}}
""",
}


@pytest.fixture
def here(tmp_path: Path) -> Path:
    across = np.linspace(20, 230, 32, dtype=np.uint8)
    Image.fromarray(np.broadcast_to(across, (24, 32)).copy()).save(tmp_path / "depth.png")
    (tmp_path / "balloon.mp4").write_bytes((SCHEDULES / "parts" / "balloon.mp4").read_bytes())
    return tmp_path


def frames(schedule: Schedule, folder: Path) -> list[bytes]:
    Session(device="cpu").render(schedule, folder, RunOptions(frames=(0, 3)))
    return [np.asarray(Image.open(path)).tobytes() for path in sorted((folder / "frames").glob("*.png"))]


@pytest.mark.parametrize("name", DENSE)
def test_frames_are_those_of_the_cpu_to_the_bit(name: str, here: Path) -> None:
    (here / "dense.yaml").write_text(HEAD + DENSE[name])
    schedule = load_schedule(here / "dense.yaml")
    wanted = frames(schedule, here / "cpu")
    assert len(wanted) == 3
    with rendering_elsewhere() as device:
        assert frames(schedule, here / "elsewhere") == wanted
    assert len(device.operators) > 50
    assert device.operators & without_mps() == set()


def test_the_embedded_models_render(tmp_path: Path) -> None:
    schedule = load_schedule(SCHEDULES / "sunset.yaml", overrides=SMALL)
    with rendering_elsewhere() as device:
        assert len(frames(schedule, tmp_path / "elsewhere")) == 3
    assert device.operators & without_mps() == set()


@pytest.mark.slow
@pytest.mark.parametrize("file", sorted(SCHEDULES.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_schedule_renders(file: Path, tmp_path: Path) -> None:
    small = SMALL if "refine" not in file.read_text() else {key: SMALL[key] for key in ("output.size",)}
    with rendering_elsewhere() as device:
        assert frames(load_schedule(file, overrides=small), tmp_path / "elsewhere")
    assert device.operators & without_mps() == set()


def without_mps() -> set[str]:
    """The operators that this torch does not have for Apple's GPUs, by torch's own list of which device has which."""
    packages = importlib.util.find_spec("torchgen")
    assert packages is not None
    assert packages.origin is not None
    listed = Path(packages.origin).parent / "packaged" / "ATen" / "native" / "native_functions.yaml"
    made_elsewhere = re.compile(r"structured_delegate: (\S+)")
    entries = {part.split("(")[0]: part for part in listed.read_text().split("\n- func: ")[1:]}
    return {f"aten::{name}" for name, entry in entries.items() if not _has_mps(entry, entries, made_elsewhere)}


def _has_mps(entry: str, entries: dict[str, str], made_elsewhere: re.Pattern[str]) -> bool:
    if found := made_elsewhere.search(entry):
        entry = entries[found[1]]
    devices = entry.partition("\n  dispatch:")[2]
    return not devices or "MPS" in devices or "CompositeExplicit" in devices or "CompositeImplicit" in devices
