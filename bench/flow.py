"""How exactly and how fast motion between two pictures is found, against motion that is known.

`python -m bench.flow` makes pairs of 640×360 pixels: overlapping discs of all sizes, and the two photographs of
scikit-learn, zoomed, turned, panned (by less than a pixel, and far), and with a disc in front that moves otherwise;
each pair clean, and with noise and JPEG. It prints end-point errors in pixels of a frame 256 wide, where a point is
visible in both pictures; how much of what is hidden was found, and how much of the visible was taken for hidden; and
processor time on one thread, of one search, and of all that a frame takes.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import torch
from sklearn.datasets import load_sample_images  # type: ignore[import-untyped]

from bench.machine import this_machine
from render.footage import Footage
from render.motion.flow.consistency import consistent
from render.motion.flow.estimators.dis import SMOOTHNESS
from render.motion.flow.flows import Flows
from render.motion.flow.found import CELL, found
from render.spec.footage import Flow, SourceImage
from tests.footage import written
from tests.known_motion import Floats, Layer, Pair, leaves, moved_about, pair

CLIP = (640, 360)
WIDER = 1.3  # textures than the clip, so that what enters is part of them
MIDDLE = ((CLIP[0] - 1) / 2, (CLIP[1] - 1) / 2)
UNIT = CLIP[0] / 256  # pixels of the clip for one of a small frame
MOVES = {
    "zoom 3 %": moved_about(MIDDLE, zoom=1.03),
    "turn 2°": moved_about(MIDDLE, degrees=2),
    "pan 4": moved_about(MIDDLE, by=(4 * UNIT, 0)),
    "pan 0.4": moved_about(MIDDLE, by=(0.37 * UNIT, 0.21 * UNIT)),
    "pan 13": moved_about(MIDDLE, by=(12 * UNIT, -5 * UNIT)),
}
PRESETS = ("ultrafast", "fast", "medium")
WIDTHS = (256, 384, 512, 640)


def textures() -> dict[str, Floats]:
    """Pictures a little larger than the clip."""
    width, height = round(CLIP[0] * WIDER), round(CLIP[1] * WIDER)
    made = {"discs": leaves(width, height)}
    for name, picture in zip(("palace", "flower"), load_sample_images().images, strict=True):
        scale = max(width / picture.shape[1], height / picture.shape[0])
        made[name] = cv2.resize(picture / 255, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC).clip(0, 1)
    return made


def centred(texture: Floats) -> Floats:
    """The matrix that puts the middle of a texture into the middle of the clip."""
    matrix = np.eye(3)
    matrix[:2, 2] = (CLIP[0] - texture.shape[1]) / 2, (CLIP[1] - texture.shape[0]) / 2
    return matrix


def pairs() -> dict[str, Pair]:
    """All pairs by name; those with two layers are named so."""
    known = textures()
    made = {}
    for name, texture in known.items():
        place = centred(texture)
        for move, matrix in MOVES.items():
            made[f"{name}, {move}"] = pair([Layer(texture=texture, before=place, after=matrix @ place)], *CLIP)
        other = known["flower" if name == "discs" else "discs"]
        behind = moved_about(MIDDLE, by=(-2 * UNIT, UNIT)) @ place
        turned = moved_about(MIDDLE, by=(5 * UNIT, 2 * UNIT), degrees=3) @ centred(other)
        disc = Layer(
            texture=other,
            before=centred(other),
            after=turned,
            middle=(other.shape[1] / 2, other.shape[0] / 2),
            radius=0.28 * CLIP[1],
        )
        made[f"{name}, layers"] = pair([Layer(texture=texture, before=place, after=behind), disc], *CLIP)
    return made


def spoiled(known: Pair) -> Pair:
    """With the noise of a camera and the blocks of a small file."""
    random = np.random.default_rng(0)

    def worse(picture: Floats) -> Floats:
        noisy = (picture * 0.9 + random.normal(0, 4 / 255, picture.shape)).clip(0, 1)
        _, data = cv2.imencode(".jpg", (noisy * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 60])
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.float64) / 255

    return replace(known, before=worse(known.before), after=worse(known.after))


class Preset:
    """One of OpenCV's presets as an estimator; `seconds` is the processor time of its searches."""

    def __init__(self, name: str, smoothness: float = 20, finest: int | None = None) -> None:
        self._search: Any = cv2.DISOpticalFlow.create(PRESETS.index(name))
        self._search.setVariationalRefinementAlpha(smoothness)
        if finest is not None:
            self._search.setFinestScale(finest)
        self.identity, self.seconds, self.count = name, 0.0, 0

    def __call__(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        grey = [cv2.cvtColor(scaled(part), cv2.COLOR_RGB2GRAY) for part in (first, second)]
        begun = time.process_time()
        moved = self._search.calc(*grey, None)
        self.seconds, self.count = self.seconds + time.process_time() - begun, self.count + 1
        return torch.from_numpy(moved).movedim(-1, 0)[None]


def scaled(picture: torch.Tensor) -> Any:
    return np.ascontiguousarray((picture[0].movedim(0, -1) * 255).round().to(torch.uint8).numpy())


def errors(known: Pair, estimate: Preset, width: int, frame: int) -> tuple[Floats, Floats, Floats]:
    """End-point errors of a pair, (h, w) in pixels of the frame; what is visible, and what is said to be."""
    height = width * CLIP[1] // CLIP[0] // CELL * CELL
    first, second = (
        torch.from_numpy(resized(part, width, height)).float().movedim(-1, 0)[None]
        for part in (known.before, known.after)
    )
    there, back = found(first, second, estimate).vectors(torch.device("cpu"))
    cells = there.shape[-1], there.shape[-2]
    true = resized(known.backward, *cells) * (cells[0] / CLIP[0])
    apart = np.linalg.norm(back[0].movedim(0, -1).numpy() - true, axis=-1) * (frame / cells[0])
    return apart, resized(known.seen.astype(np.float64), *cells), consistent(back, there)[0, 0].double().numpy()


def resized(picture: Floats, width: int, height: int) -> Floats:
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.float64)


def row(title: str, made: dict[str, Pair], estimate: Callable[[], Preset], width: int, frame: int) -> Iterator[str]:
    """The cells of a row: errors with one motion and with two layers, clean and spoiled; what is hidden; time."""
    yield f"{title}, {width}"
    timed = []
    for change in (lambda known: known, spoiled):
        figures: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
        hidden = np.zeros(3)
        for name, known in made.items():
            search = estimate()
            apart, seen, said = errors(change(known), search, width, frame)
            timed.append(search.seconds / search.count)
            clear = apart[seen > 0.99]
            figures["layers" in name].append((float(clear.mean()), float(np.percentile(clear, 95))))
            gone, taken = seen < 0.01, said < 0.5
            hidden += (gone & taken).sum(), gone.sum(), (taken & (seen > 0.99)).sum() / (seen > 0.99).sum()
        for layers in (False, True):
            mean, most = np.mean(figures[layers], axis=0)
            yield f"{mean:.3f} / {most:.2f}"
        yield f"{hidden[0] / hidden[1]:.0%}, {hidden[2] / len(made):.1%}"
    yield f"{1000 * float(np.mean(timed)):.1f}"


def timings(known: Pair, size: tuple[int, int], folder: Path) -> str:
    """A table row: milliseconds of a frame whose motion is searched, and of one that was searched before."""
    clip = written(folder / "clip.mkv", [known.before, known.after] * 4)
    device = torch.device("cpu")
    spent = []
    for _ in range(2):
        footage = Footage(device)
        flows = Flows(footage, device, folder=folder / f"{size[0]}")
        shown = [SourceImage(file=clip, number=number) for number in range(8)]
        for image in shown:
            footage.picture(image, size)
        flows.field(Flow(before=shown[0], after=shown[1]), size)
        begun = time.process_time()
        for before, after in pairwise(shown[1:]):
            flows.field(Flow(before=before, after=after), size)
        spent.append((time.process_time() - begun) / 6 * 1000)
    return f"| {size[0]}×{size[1]} | {spent[0]:.0f} | {spent[1]:.0f} |"


def main() -> None:
    frame = 256
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    click.echo(f"{this_machine()}, OpenCV {cv2.__version__}, frame {frame} wide; mean / 95 % in its pixels\n")
    click.echo("| search, width | clean | layers | found, wrong | spoiled | layers | found, wrong | ms, one way |")
    click.echo("|---|---|---|---|---|---|---|---|")
    made = pairs()
    searches: dict[str, Callable[[], Preset]] = {
        **{name: partial(Preset, name) for name in PRESETS},
        "all pixels": partial(Preset, "medium", finest=0),
        "**ours**": partial(Preset, "medium", SMOOTHNESS),
    }
    for width in WIDTHS:
        for title, search in searches.items():
            click.echo(f"| {' | '.join(row(title, made, search, width, frame))} |")
    click.echo("\n| frame | ms, searched | ms, searched before |\n|---|---|---|")
    for size in ((128, 72), (256, 144), (512, 288)):
        with tempfile.TemporaryDirectory() as folder:
            click.echo(timings(made["palace, layers"], size, Path(folder)))


if __name__ == "__main__":
    main()
