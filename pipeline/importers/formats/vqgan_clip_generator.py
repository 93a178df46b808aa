"""Import Python that uses rkhamilton's vqgan-clip-generator: a restyled clip, or a video of prompts that zooms.

`style_transfer` refines the last picture further beside each of the clip's frames, without moving it;
`restyle_video_frames` begins each frame from `clip * (1 - blend) + last * blend`. Both become a `source:`. In
`video_frames` a picture is enlarged about its middle and shifted, with what leaves at one side entering at the other.
`^` separates the prompts of a story, which change at the frames of `change_prompts_on_frame`; `|` separates prompts
within one.

Source: rkhamilton/vqgan-clip-generator, src/vqgan_clip/generate.py, engine.py and video_tools.py.
"""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from pipeline.importers.files import Entry, begun_with
from pipeline.importers.frame import LARGEST, fit_size, rates, read_seed, round_size
from pipeline.importers.imported import Imported
from pipeline.importers.motion.clips import find_clip
from pipeline.importers.motion.extraction import Extraction, Footage, possible, with_sound
from pipeline.importers.notations.calls import Called, called
from pipeline.importers.notations.source import Source
from pipeline.importers.notes import NO_PICTURES, Effect, Note, Notes
from pipeline.importers.prompts import Prompts, Scene, layers, per_frame, story_weights
from pipeline.importers.settings import Settings
from pipeline.importers.values.arithmetic import UnreadableError
from pipeline.importers.values.keys import PAN, ZOOM, Keys, number
from pipeline.importers.values.series import MAX_FRAMES
from pipeline.importers.values.similarity import moves

TOOL = "vqgan-clip-generator"
NEEDS = "Python that calls style_transfer, restyle_video_frames or video_frames of vqgan_clip"
_STRIDE = 16
_FPS = 15.0
_RESTYLING = ("style_transfer", "restyle_video_frames")
_MAKING = (*_RESTYLING, "video_frames")
_HELPING = ("extract_video_frames", "encode_video", "copy_video_audio", "inference_realesrgan", "RIFE_interpolation")
_PROGRAM = ("eng_config", "video_frames", "leave_progress_bar", "verbose", "save_every", "generated_video_frames_path")
_NAMES: Mapping[str, tuple[str, ...]] = {
    "style_transfer": ("video_frames", "eng_config", "text_prompts"),
    "restyle_video_frames": ("video_frames", "eng_config", "text_prompts"),
    "video_frames": ("num_video_frames", "iterations_per_frame", "iterations_for_first_frame"),
    "extract_video_frames": ("input_video_path", "extraction_framerate"),
    "encode_video": ("output_file", "input_framerate"),
}
_HOLDS = Note(
    "the last result, moved as the clip moves, follows the clip; a smaller source.mix comes nearer", Effect.LOOK
)
_REASONS = {
    **dict.fromkeys(("image_prompts", "noise_prompts"), NO_PICTURES),
    **dict.fromkeys(("current_source_frame_image_weight", "init_weight", "init_image_method"), _HOLDS),
    **dict.fromkeys(
        ("current_source_frame_prompt_weight", "previous_generated_frame_prompt_weight"), "frames are not prompts here"
    ),
    "z_smoother": "frames are not averaged with their neighbours; see losses.temporal",
    **dict.fromkeys(("clip_model", "vqgan_model_name"), "the embedded models are used; `render models` lists others"),
    **dict.fromkeys(("cut_method", "cut_power"), "there is only one way to make cutouts here"),
    **dict.fromkeys(("optimizer", "adaptiveLR"), "Adam is always used"),
    "learning_rate": "refine.lr has another unit, the spread of the codebook",
    "init_noise": "every run starts from its own noise",
    **dict.fromkeys(("upscale_images", "interpolate_with_RIFE"), "the video is not upscaled or interpolated"),
}


def recognises(source: Source) -> bool:
    return "vqgan_clip" in source.text and any(f"{name}(" in source.text for name in _MAKING)


def convert(source: Source) -> Imported:
    """Convert the settings as described in the module's docstring. Raises `InputError`."""
    notes = Notes()
    settings, maker = _settings(source, notes)
    footage = _footage(settings, notes) if maker in _RESTYLING else _made(settings)
    size = _size(settings, footage, notes)
    frames = footage.frames
    text = settings.text("text_prompts", "Covered in spiders | Surreal:0.5" if maker in _RESTYLING else "")
    prompts = _prompts(settings, text, frames, 1 if maker == "video_frames" else 0, notes)
    motion, border = _motion(settings, size, footage) if maker == "video_frames" else ({}, "wrap")
    sections, refine = _sections(settings, maker, footage, notes), _refine(settings, maker, bool(motion))
    for name in (*_PROGRAM, "copy_audio", "z_smoother_buffer_len", "z_smoother_alpha", "cudnn_determinism"):
        settings.read(name)
    return Imported(
        tool=TOOL,
        size=fit_size(*size, notes),
        fps=footage.fps,
        frames=frames,
        seed=read_seed(settings, notes),
        prompts=prompts,
        motion=motion,
        border=border,
        refine=refine,
        sections=sections,
        notes=(*notes, *settings.not_converted(_REASONS)),
    )


def _settings(source: Source, notes: Notes) -> tuple[Settings, str]:
    """The arguments of the first call that makes frames, with what other calls and the configuration set."""
    found = called(source.text, (*_MAKING, *_HELPING), source.known)
    makers = [call for call in found.calls if call.name in _MAKING]
    if not makers:
        raise source.error(f"{TOOL}: expected a call of {', '.join(_MAKING)}")
    if len(makers) > 1:
        notes.add(
            f"the first of {len(makers)} calls that make frames is imported, in line {makers[0].line}", Effect.READING
        )
    values: dict[str, Any] = {name: value for name, value in found.attributes.items() if value is not None}
    for call in (*[call for call in found.calls if call.name in _HELPING], makers[0]):
        given = dict(zip(_NAMES.get(call.name, ()), call.positional, strict=False)) | dict(call.arguments)
        if call.name in _NAMES:
            values |= {name: value for name, value in given.items() if name in _kept(call.name, given)}
    values |= _switches(source, found)
    if "text_prompts" in source.known:
        source.settings["text_prompts"]  # so that what was assumed about it is reported
    return Settings(source, TOOL, values), makers[0].name


def _kept(name: str, given: Mapping[str, Any]) -> list[str]:
    wanted = {
        "extract_video_frames": ("input_video_path", "extraction_framerate"),
        "encode_video": ("input_framerate",),
    }
    return [key for key, value in given.items() if value is not None and key in wanted.get(name, (key,))]


def _switches(source: Source, found: Called) -> dict[str, Any]:
    """What a script's own variables decide, and what its calls do."""
    names = {call.name for call in found.calls}
    switches = {"copy_audio": "copy_video_audio" in names}
    for switch, call in (("upscale_images", "inference_realesrgan"), ("interpolate_with_RIFE", "RIFE_interpolation")):
        switches[switch] = call in names
    return {name: on and bool(source.known.get(name, True)) for name, on in switches.items()}


def _footage(settings: Settings, notes: Notes) -> Footage:
    """Read the clip, which is resampled to `extraction_framerate`, one frame for each of its frames then."""
    clip = find_clip(settings, "input_video_path", notes)
    taken = settings.number("extraction_framerate", possible(clip.fps) if clip else _FPS, 0.1, 240)
    fps = settings.number("input_framerate", taken, 0.1, 240)
    frames = 120
    if clip is None:
        notes.add(f"the clip decides how many frames there are; without it {frames} are rendered", Effect.SIZE)
    else:
        frames = min(max(1, round(clip.count / clip.fps * taken)), MAX_FRAMES)
    return Footage(clip=clip, extraction=Extraction(), frames=frames, fps=fps, every=taken)


def _made(settings: Settings) -> Footage:
    frames = settings.integer("num_video_frames", 150, 1, MAX_FRAMES)
    fps = settings.number("input_framerate", _FPS, 0.1, 240)
    return Footage(clip=None, extraction=Extraction(), frames=frames, fps=fps)


def _size(settings: Settings, footage: Footage, notes: Notes) -> tuple[int, int]:
    """Read the size: of a clip, with the clip's own shape and as large an area; then multiples of 16."""
    width, height = settings.pair("output_image_size", (256, 256))
    if not all(_STRIDE <= side <= LARGEST for side in (width, height)):
        raise settings.error("output_image_size", f"expected sides from {_STRIDE} to {LARGEST} pixels")
    if footage.clip is not None:
        aspect = footage.clip.size[0] / footage.clip.size[1]
        height = int(math.sqrt(width * height / aspect))
        width = int(aspect * height)
    return round_size((width, height), _STRIDE, TOOL, notes)


def _prompts(settings: Settings, text: str, frames: int, late: int, notes: Notes) -> Prompts:
    """Read a story: its next prompts begin with each frame of `change_prompts_on_frame`, counted from 1.

    Args:
        late: how many frames later they begin.
    """
    if not text.strip():
        raise settings.error("text_prompts", "expected a text such as a calm sea | fog:0.5 ^ a storm")
    stops: dict[str, float] = {}
    story = [story_weights(phrase, stops, notes) for phrase in text.split("^")]
    changes = settings.structured("change_prompts_on_frame") or ()
    if not isinstance(changes, list | tuple) or not all(type(change) is int for change in changes):
        raise settings.error("change_prompts_on_frame", "expected frames such as [60, 100]")
    starts = sorted({0, *(change - 1 + late for change in changes if 0 < change - 1 + late < frames)})
    scenes = [(start, story[min(index, len(story) - 1)]) for index, start in enumerate(starts)]
    scenes = [scenes[0], *(after for before, after in pairwise(scenes) if after[1] != before[1])]
    if not stops and all(list(weights.values()) == [1.0] for _, weights in scenes):
        return tuple(Scene(frame=frame, text=next(iter(weights))) for frame, weights in scenes)
    try:
        return layers(per_frame(scenes, frames), stops=stops, notes=notes)
    except UnreadableError as error:
        raise settings.error("text_prompts", str(error)) from None


def _motion(settings: Settings, size: tuple[int, int], footage: Footage) -> tuple[dict[str, Keys], str]:
    scale = settings.number("zoom_scale", 1.0, 0.1, 10)
    right, down = settings.number("shift_x", 0), settings.number("shift_y", 0)
    after = np.full(footage.frames, right + 1j * down)
    found = moves(np.full(footage.frames, scale), np.zeros(footage.frames), np.zeros_like(after), after)
    series: Any = {
        "zoom": (found.zoom, ZOOM, []),
        "pan_x": (100 / size[0] * found.right, PAN, []),
        "pan_y": (100 / size[1] * found.down, PAN, []),
    }
    return rates(series, footage.fps), "black" if scale < 1 and not (right or down) else "wrap"


def _sections(settings: Settings, maker: str, footage: Footage, notes: Notes) -> dict[str, Mapping[str, Entry]]:
    """Read the clip as a source, or the picture that a video of prompts begins with."""
    if maker == "video_frames":
        if settings.is_on("init_image"):
            return {"start": begun_with("init_image", settings.text("init_image"), notes)}
        return {}
    share = settings.number("generated_frame_init_blend", 0.2, 0, 1) if maker == "restyle_video_frames" else 1.0
    if footage.clip is None:
        return {}
    if share:
        notes.add(f"{maker}: the last picture is not moved there; here it moves as the clip does", Effect.MOTION)
    sound = with_sound(footage, settings.flag("copy_audio"), notes)
    return {"source": {**footage.played(), "fit": "stretch", "mix": number(share), **sound}}


def _refine(settings: Settings, maker: str, moving: bool) -> dict[str, Keys | str]:
    """Read how many steps are made: except in restyled clips, the first frame gets its own and those of the others."""
    if maker == "restyle_video_frames":
        steps = first = settings.integer("iterations", 15, 1, 10**6)
    else:
        defaults = (15, 15) if maker == "style_transfer" else (30, 100)
        steps = settings.integer("iterations_per_frame", defaults[0], 1, 10**6)
        first = (settings.integer("iterations_for_first_frame", defaults[1], 0, 10**6) or 0) + steps
    cutouts = {"cutouts": f"{settings.integer('num_cuts', 32, 1, 1024)}"} if "num_cuts" in settings else {}
    carry = "false" if moving or maker == "restyle_video_frames" else "true"
    return {"steps": f"{steps}", "first_frame": f"{first}", "carry": carry, **cutouts}
