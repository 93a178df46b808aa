"""A command line of nerdyrodent/VQGAN-CLIP: `python generate.py -p "..." -zvid -zsc 1.005 ...`.

Convention of generate.py: with -zvid the picture is saved, enlarged by -zsc about its middle and shifted by
    (-zsx, -zsy) pixels to the right and down every -zse iterations; the video begins with the second
    of these pictures. `^` parts the prompts of a story, which change every -cpe iterations and go
    round; `|` parts prompts, `text:weight:stop` weighs them.

Source: nerdyrodent/VQGAN-CLIP, generate.py. What differs: it crops at whole pixels, and we do not.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.easings import Array
from pipeline.foreign.arithmetic import UnreadableError
from pipeline.foreign.carriers import PAN, ZOOM, Keys, Kind, Wording
from pipeline.foreign.frame import LARGEST, fitting, known_seed, rates
from pipeline.foreign.prompts import Prompts, Scene, layers, plain, spans, stopped
from pipeline.foreign.series import MAX_FRAMES
from pipeline.foreign.settings import Settings, shown
from pipeline.foreign.similarity import moves
from pipeline.foreign.source import MAX_SCRIPT, Source
from pipeline.importers import Imported

TOOL = "nerdyrodent/VQGAN-CLIP"
_STRIDE = 16
_COMMAND = re.compile(r"\bgenerate\.py\s+(.*)")
_SHORT = {
    **{"p": "prompts", "ip": "image_prompts", "i": "iterations", "se": "save_every", "s": "size", "ii": "init_image"},
    **{"in": "init_noise", "iw": "init_weight", "m": "clip_model", "conf": "vqgan_config", "ckpt": "vqgan_checkpoint"},
    **{"nps": "noise_prompt_seeds", "npw": "noise_prompt_weights", "lr": "learning_rate", "cutm": "cut_method"},
    **{"cuts": "num_cuts", "cutp": "cut_power", "sd": "seed", "opt": "optimiser", "o": "output", "vid": "video"},
    **{"zvid": "zoom_video", "zs": "zoom_start", "zse": "zoom_save_every", "zsc": "zoom_scale", "zsx": "zoom_shift_x"},
    **{"zsy": "zoom_shift_y", "cpe": "change_prompt_every", "vl": "video_length", "ofps": "output_video_fps"},
    **{"ifps": "input_video_fps", "d": "deterministic", "aug": "augments", "vsd": "video_style_dir"},
    "cd": "cuda_device",
}
_FLAGS = {"video", "zoom_video", "deterministic"}
_SEVERAL = {"size", "noise_prompt_seeds", "noise_prompt_weights", "augments"}
_REASONS = {
    **dict.fromkeys(("image_prompts", "init_image", "video_style_dir"), "no pictures are read"),
    **dict.fromkeys(("noise_prompt_seeds", "noise_prompt_weights", "init_noise", "init_weight"), "there is none here"),
    **dict.fromkeys(("clip_model", "vqgan_config", "vqgan_checkpoint"), "the embedded models; see `render models`"),
    "learning_rate": "refine.lr counts in spreads of the codebook",
    "optimiser": "Adam it is",
    **dict.fromkeys(("cut_method", "cut_power", "augments"), "cutouts are made in one way here"),
    "output_video_fps": "the video is not interpolated",
}


@dataclass(frozen=True, kw_only=True)
class _Clock:
    """The iterations before each picture of the video, and in which of them it is moved."""

    fps: float
    begins: Array
    each: int


def recognises(source: Source) -> bool:
    return bool(_COMMAND.search(source.text[:MAX_SCRIPT])) and not source.text.lstrip().startswith("{")


def convert(source: Source) -> Imported:
    """See the module. Raises `InputError`."""
    settings = Settings(source, TOOL, _options(source))
    told: dict[str, None] = {}
    clock = _clock(settings, told)
    width, height = _size(settings)
    motion, border = _motion(settings, (width, height), clock, told)
    for name in ("output", "save_every", "cuda_device", "deterministic"):
        settings.take(name)
    cutouts = {"cutouts": f"{settings.count('num_cuts', 32, 1, 1024)}"} if "num_cuts" in settings else {}
    refine = {"steps": f"{clock.each}", "first_frame": f"{clock.each}", "carry": "false" if motion else "true"}
    return Imported(
        tool=TOOL,
        size=fitting(width, height, told),
        fps=clock.fps,
        frames=len(clock.begins),
        seed=known_seed(settings, told),
        prompts=_prompts(settings, clock, told),
        motion=motion,
        border=border,
        refine=refine | cutouts,
        told=(*told, *settings.lost(_REASONS)),
    )


def _size(settings: Settings) -> tuple[int, int]:
    words = settings.text("size", "512 512").split()
    if len(words) != 2 or not all(re.fullmatch("[0-9]{2,4}", word) and 16 <= int(word) <= LARGEST for word in words):
        raise settings.error("size", f"expected a width and a height in pixels, got {shown(' '.join(words))}")
    width, height = (int(word) // _STRIDE * _STRIDE for word in words)
    return width, height


def _options(source: Source) -> dict[str, str | bool]:
    """The options of the first call, by their long names."""
    match = _COMMAND.search(source.text[:MAX_SCRIPT].replace("\\\n", " "))
    try:
        words = shlex.split(match[1]) if match else []
    except ValueError as error:
        raise source.error(f"{TOOL}: not a command line: {error}") from None
    if not words:
        raise source.error(f'{TOOL}: expected a command such as generate.py -p "a calm sea" -zvid')
    found: dict[str, str | bool] = {}
    at = 0
    while at < len(words):
        name, equals, value = words[at].partition("=")
        option = _option(name)
        at += 1
        if option is None:
            raise source.error(f"{TOOL}: unknown option {shown(words[at - 1])}")
        stop = at
        while not equals and stop < len(words) and _option(words[stop]) is None and _takes(option, stop - at):
            stop += 1
        given = value if equals else " ".join(words[at:stop])
        found[option] = True if option in _FLAGS else given
        at = stop
    return found


def _takes(option: str, count: int) -> bool:
    """Whether an option takes one more value."""
    return option not in _FLAGS and (count == 0 or option in _SEVERAL)


def _option(word: str) -> str | None:
    name = word.lstrip("-")
    if word.startswith("--") and name in _SHORT.values():
        return name
    return _SHORT.get(name) if word.startswith("-") and not word.startswith("--") else None


def _clock(settings: Settings, told: dict[str, None]) -> _Clock:
    iterations = settings.count("iterations", 500, 1, 10**8)
    every = settings.count("zoom_save_every", 10, 1, 10**8)
    seconds = settings.number("video_length", 10, 0.1, 1e6)
    given = settings.number("input_video_fps", 15, 0.1, 240)
    film, zooms = settings.flag("video"), settings.flag("zoom_video")
    each = every if zooms else 1 if film else iterations
    # The video leaves out the picture of iteration 0; without zoom it leaves out the last one, too.
    frames = max(1, iterations // each - (1 if film and not zooms else 0))
    if frames > MAX_FRAMES:
        raise settings.error("iterations", f"{frames:,} frames, more than {MAX_FRAMES:,}")
    if not (film or zooms):
        told["neither -zvid nor -vid: a single picture"] = None
    fps = given if settings.number("output_video_fps", 0) > 9 else float(np.clip(frames / seconds, 10, 60))
    return _Clock(fps=fps, begins=np.arange(frames, dtype=np.float64) * each, each=each)


def _motion(
    settings: Settings, size: tuple[int, int], clock: _Clock, told: dict[str, None]
) -> tuple[dict[str, Keys], str]:
    """Rates and border: what enters is black around a smaller picture, and comes round where it is shifted."""
    scale = settings.number("zoom_scale", 0.99, 0.1, 10)
    right, down = settings.number("zoom_shift_x", 0), settings.number("zoom_shift_y", 0)
    start = settings.number("zoom_start", 0)
    if not settings.flag("zoom_video"):
        return {}, "wrap"
    moving = (clock.begins >= start) & (clock.begins > 0)
    shift = np.where(moving, right + 1j * down, 0j)
    try:
        found = moves(np.where(moving, scale, 1.0), np.zeros(len(moving)), np.zeros_like(shift), shift)
    except UnreadableError as error:
        raise settings.error("zoom_scale", str(error)) from None
    width, height = size
    if scale != 1:
        half = width / (2 * scale)
        cropped = round(width / 2 + half) - round(width / 2 - half)
        told[f"zoom_scale {scale:g}: crops whole pixels there, which made it {width / cropped:.6g} in width"] = None
    series: dict[str, tuple[Array, Kind, list[Wording]]] = {
        "zoom": (found.zoom, ZOOM, []),
        "pan_x": (100 / width * found.right, PAN, []),
        "pan_y": (100 / height * found.down, PAN, []),
    }
    return rates(series, clock.fps), "black" if scale < 1 and not (right or down) else "wrap"


def _prompts(settings: Settings, clock: _Clock, told: dict[str, None]) -> Prompts:
    text = str(settings.take("prompts", "A cute, smiling, Nerdy Rodent"))
    every = settings.count("change_prompt_every", 0, 0, 10**8)
    phrases = [_weights(phrase, told) for phrase in text.split("^")]
    frames = len(clock.begins)
    if every and every % clock.each:
        told[f"change_prompt_every {every}: changes within a frame there, with the next frame here"] = None
    if not every and len(phrases) > 1:
        told["change_prompt_every 0: only the first prompts of the story are ever used"] = None
    turn = clock.begins // every % len(phrases) if every else np.zeros(frames)
    starts = [0, *(int(at) + 1 for at in np.flatnonzero(np.diff(turn)))]
    held = [(start, phrases[int(turn[start])]) for start in starts]
    if all(list(weights.values()) == [1.0] for _, weights in held):
        return tuple(Scene(frame=frame, text=next(iter(weights))) for frame, weights in held)
    try:
        return layers(spans(held, frames))
    except UnreadableError as error:
        raise settings.error("prompts", str(error)) from None


def _weights(phrase: str, told: dict[str, None]) -> Mapping[str, float]:
    """Text to weight of one phrase."""
    found: dict[str, float] = {}
    for part in phrase.split("|"):
        text, weight, stop = stopped(part)
        if stop:
            told[f"{shown(part)}: there is no stop; the prompt pulls on"] = None
        words = plain(text, told)
        if words:
            found[words] = found.get(words, 0.0) + weight
    return found
