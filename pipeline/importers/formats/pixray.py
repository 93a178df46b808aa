"""Import pixray's settings: its YAML (settings.yaml), or Python that calls pixray.run or pixray.add_settings.

pixray refines one picture for `iterations` steps; with `make_video`, its video shows every one of them, from the second
on. `|` separates prompts, `text:weight:stop` gives their weights, and the distance at which a prompt lets go.

Source: pixray/pixray, pixray.py (process_args, do_video) and Losses/.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.importers.files import Entry, begun_with
from pipeline.importers.frame import LARGEST, fit_size, read_seed, round_size
from pipeline.importers.imported import Imported
from pipeline.importers.notations.calls import called
from pipeline.importers.notations.source import Source
from pipeline.importers.notes import NO_PICTURES, Effect, Note, Notes
from pipeline.importers.prompts import Prompts, Scene, layers, split_weight, story_weights, with_placeholder
from pipeline.importers.settings import Settings, shown
from pipeline.importers.values.arithmetic import UnreadableError
from pipeline.importers.values.keys import number
from pipeline.importers.values.series import MAX_FRAMES

TOOL = "pixray"
NEEDS = "drawer and prompts, or Python that calls pixray.run or pixray.add_settings"
_STRIDE = 16
_CALLS = ("run", "add_settings")
_MARKS = frozenset({"custom_loss", "vector_prompts", "spot_prompts", "use_pixeldraw", "filters"})
_ITERATIONS = {"draft": 200, "normal": 250, "better": 300, "best": 350, "supreme": 400}
_SCALES = {"draft": 1.0, "normal": 2.0, "better": 3.0, "best": 4.0, "supreme": 5.0}
_SIZES = {"small": 1.0, "medium": 2.0, "large": 4.0}
_ASPECTS = {"square": (144, 144), "portrait": (128, 160), "widescreen": (192, 108)}
_SECONDS = 14  # that a video is meant to last
_COLOUR = re.compile(r"[A-Za-z]+|#(?:[0-9A-Fa-f]{3}){1,2}")
_MOST_COLOURS = 32
_OTHER_PROMPTS = Note("only texts are prompts here", Effect.PROMPTS)
_REASONS = {
    **dict.fromkeys(("image_prompts", "target_images", "overlay_image"), NO_PICTURES),
    **dict.fromkeys(("spot_prompts", "spot_prompts_off", "labels", "image_labels", "vector_prompts"), _OTHER_PROMPTS),
    "noise_prompt_seeds": _OTHER_PROMPTS,
    "spot_file": "see regions for prompts in a part of the picture",
    **dict.fromkeys(("animation_dir", "animation_alpha"), Note("pictures are not animated one by one", Effect.MOTION)),
    **dict.fromkeys(("clip_models", "perceptors", "vqgan_model", "vqgan_config", "vqgan_checkpoint"), "see models"),
    **dict.fromkeys(("learning_rate", "learning_rate_drops"), "refine.lr has another unit, the spread of the codebook"),
    **dict.fromkeys(("optimiser", "cut_pow", "batches"), "without a counterpart here"),
    "filters": "pictures are not filtered",
    **dict.fromkeys(("init_weight", "init_weight_dist", "init_weight_cos", "init_weight_pix"), "see losses.anchor"),
    "transparent": "pictures are opaque",
    "palette": "only the loss palette uses colours that are listed",
    "auto_stop": "every step is made",
}
_PROGRAM = ("outdir", "output", "save_every", "save_intermediates", "display_every", "display_clear", "cuda_device")


def recognises(source: Source) -> bool:
    settings = source.known
    written = "drawer" in settings or ("prompts" in settings and bool(settings.keys() & _MARKS))
    return (written and "max_frames" not in settings) or (
        "pixray" in source.text and any(f"pixray.{name}(" in source.text for name in _CALLS)
    )


def convert(source: Source) -> Imported:
    """Convert the settings as described in the module's docstring. Raises `InputError`."""
    settings = _settings(source)
    notes = Notes()
    quality = settings.text("quality", "normal").strip().lower()
    if quality not in _SCALES:
        raise settings.error("quality", f"expected one of {', '.join(_SCALES)}, got {shown(quality)}")
    steps = settings.integer("iterations", _ITERATIONS[quality], 1, MAX_FRAMES)
    is_video = settings.flag("make_video")
    frames = max(1, steps - 1) if is_video else 1
    fps = int(np.clip((steps - 1) / _SECONDS, 10, 60)) if is_video else 10
    if not is_video:
        notes.add(f"pixray makes one picture with {steps} steps: a single frame is rendered", Effect.SIZE)
    drawer = settings.text("drawer", "vqgan").strip().lower()
    if drawer != "vqgan":
        notes.add(f"drawer {shown(drawer)}: the embedded VQGAN draws instead", Effect.LOOK)
    size = _size(settings, quality, notes)
    prompts = _prompts(settings, frames, notes)
    cutouts = {"cutouts": f"{settings.integer('num_cuts', 32, 1, 1024)}"} if "num_cuts" in settings else {}
    sections = _sections(settings, notes)
    for name in (*_PROGRAM, "cudnn_determinism", "init_noise", "init_image_alpha"):
        settings.read(name)
    return Imported(
        tool=TOOL,
        size=fit_size(*size, notes),
        fps=float(fps),
        frames=frames,
        seed=read_seed(settings, notes),
        prompts=prompts,
        refine={"steps": "1", "first_frame": "1" if is_video else f"{steps}", "carry": "true", **cutouts},
        sections=sections,
        notes=(*notes, *settings.not_converted(_REASONS)),
    )


def _settings(source: Source) -> Settings:
    """The settings of YAML, or the arguments of Python's calls, of which later ones count."""
    found = [call for call in called(source.text, _CALLS, source.known).calls if call.arguments or call.positional]
    if not found:
        return Settings(source, TOOL)
    values: dict[str, Any] = {}
    for call in found:
        names = ("prompts", "drawer") if call.name == "run" else ()
        given = {**dict(zip(names, call.positional, strict=False)), **call.arguments}
        values |= {name: value for name, value in given.items() if value is not None}
    return Settings(source, TOOL, values)


def _size(settings: Settings, quality: str, notes: Notes) -> tuple[int, int]:
    """Read the size, or compute it from `scale`, `ezsize` or the quality, and the aspect; then multiples of 16."""
    ezsize, aspect = settings.text("ezsize").strip().lower(), settings.text("aspect", "widescreen").strip().lower()
    scale = settings.number("scale", _SIZES.get(ezsize, _SCALES[quality]), 0.1, 50)
    width, height = (int(scale * side) for side in _ASPECTS.get(aspect, _ASPECTS["widescreen"]))
    if aspect not in _ASPECTS:
        notes.add(f"aspect {shown(aspect)}: widescreen is used", Effect.SIZE)
    given = settings.pair("size", (width, height))
    if not all(_STRIDE <= side <= LARGEST for side in given):
        raise settings.error("size", f"expected sides from {_STRIDE} to {LARGEST} pixels")
    return round_size(given, _STRIDE, TOOL, notes)


def _prompts(settings: Settings, frames: int, notes: Notes) -> Prompts:
    written = settings.structured("prompts")
    text = "|".join(map(str, written)) if isinstance(written, list | tuple) else str(written or "")
    stops: dict[str, float] = {}
    weights = with_placeholder(story_weights(text, stops, notes), 1.0, "prompts", notes)
    if not stops and list(weights.values()) == [1.0]:
        return (Scene(frame=0, text=next(iter(weights))),)
    try:
        return layers([weights] * frames, stops=stops, notes=notes)
    except UnreadableError as error:
        raise settings.error("prompts", str(error)) from None


def _sections(settings: Settings, notes: Notes) -> dict[str, Mapping[str, Entry]]:
    """Read the picture to begin with, and the losses that have a counterpart."""
    found: dict[str, Mapping[str, Entry]] = {}
    if settings.is_on("init_image"):
        found["start"] = begun_with("init_image", settings.text("init_image"), notes)
    losses: dict[str, Entry] = {}
    left: list[str] = []
    for part in filter(None, map(str.strip, settings.text("custom_loss").split(","))):
        name, weight = split_weight(part)
        if name == "symmetry":
            losses["symmetry_x"] = number(weight * settings.number("symmetry_weight", 1))
        elif name == "palette" and (colours := _colours(settings, notes)):
            found["colour"] = {"palette": f"[{', '.join(colours)}]"}
            losses["palette"] = number(weight * settings.number("palette_weight", 1))
        else:
            left.append(part)
    if left:
        notes.add(f"custom_loss: without a counterpart here: {shown(', '.join(left))}; see losses", Effect.LOOK)
    if losses:
        found["losses"] = losses
    return found


def _colours(settings: Settings, notes: Notes) -> list[str]:
    """The colours of a palette such as `[red, #123456]`; empty if it is written in another way, which is reported."""
    written = settings.text("palette").strip()
    names = [name.strip() for name in written.removeprefix("[").removesuffix("]").split(",")]
    if written.startswith("[") and written.endswith("]") and all(map(_COLOUR.fullmatch, names)):
        if len(names) > _MOST_COLOURS:
            notes.add(f"palette: {_MOST_COLOURS} of {len(names)} colours are used", Effect.LOOK)
        return [f'"{name}"' for name in names[:_MOST_COLOURS]]
    if written:
        notes.add(f"palette = {shown(written)}: only a list of colours in brackets is read; see colour", Effect.LOOK)
    return []
