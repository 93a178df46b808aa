"""Import a command line of nerdyrodent/VQGAN-CLIP: `python generate.py -p "..." -zvid -zsc 1.005 ...`.

Convention of generate.py: with -zvid the picture is saved, enlarged by -zsc about its middle and shifted by
    (-zsx, -zsy) pixels to the right and down every -zse iterations; the video begins with the second
    of these pictures. `^` separates the prompts of a story, which change every -cpe iterations and start
    again after the last; `|` separates prompts within one, `text:weight:stop` gives their weights, and the
    distance at which a prompt lets go.

Source: nerdyrodent/VQGAN-CLIP, generate.py. What differs: it crops at whole pixels; we do not.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.curves.array import Array
from pipeline.importers.files import Entry, begun_with
from pipeline.importers.frame import LARGEST, fit_size, rates, read_seed
from pipeline.importers.imported import Imported
from pipeline.importers.motion.extraction import Footage
from pipeline.importers.notations.source import Source
from pipeline.importers.notes import NO_PICTURES, Notes
from pipeline.importers.prompts import Prompts, Scene, layers, per_frame, story_weights
from pipeline.importers.scripts import feedback
from pipeline.importers.scripts.chosen_call import FrameLoop, choose_call
from pipeline.importers.scripts.ffmpeg_sound import sound_of
from pipeline.importers.scripts.generate_call import PROGRAM, Call, read_script
from pipeline.importers.scripts.styled_clip import footage_of, styled_clip
from pipeline.importers.settings import Settings, shown
from pipeline.importers.values.arithmetic import UnreadableError
from pipeline.importers.values.keys import PAN, ROTATE, ZOOM, Keys, Kind, Wording
from pipeline.importers.values.series import MAX_FRAMES
from pipeline.importers.values.similarity import Moves, moves

TOOL = "nerdyrodent/VQGAN-CLIP"
NEEDS = "a command that runs generate.py"
_STRIDE = 16
_COMMAND = re.compile(rf"(?m)^[^#\n]*\b{re.escape(PROGRAM)}[\"']?(?:[ \t]|$)")
_USED = {
    *("prompts", "iterations", "size", "seed", "num_cuts", "zoom_video", "zoom_start", "zoom_save_every", "zoom_scale"),
    *("zoom_shift_x", "zoom_shift_y", "change_prompt_every", "video_length", "output_video_fps", "input_video_fps"),
}
_REASONS = {
    **dict.fromkeys(("image_prompts", "video_style_dir"), NO_PICTURES),
    **dict.fromkeys(
        ("noise_prompt_seeds", "noise_prompt_weights", "init_noise", "init_weight"), "without a counterpart here"
    ),
    **dict.fromkeys(
        ("clip_model", "vqgan_config", "vqgan_checkpoint"), "the embedded models are used; `render models` lists others"
    ),
    "learning_rate": "refine.lr has another unit, the spread of the codebook",
    "optimiser": "Adam is always used",
    **dict.fromkeys(("cut_method", "cut_power", "augments"), "there is only one way to make cutouts here"),
}


@dataclass(frozen=True, kw_only=True)
class _Clock:
    """Iterations before each frame (`begins`), per frame (`each`), and for the first frame (`first`)."""

    fps: float
    begins: Array
    each: int
    first: int


def recognises(source: Source) -> bool:
    """Whether a command in the file runs generate.py, or its text explains how to."""
    return bool(_COMMAND.search(source.script))


def convert(source: Source) -> Imported:
    """Convert the settings as described in the module's docstring. Raises `InputError`."""
    script = read_script(source, TOOL)
    notes = Notes(script.notes)
    call, loop = choose_call(source, TOOL, script, notes)
    settings = Settings(source, TOOL, _known(source, call, notes))
    styled = styled_clip(script, call) if loop is None else None
    footage = footage_of(source, TOOL, styled, notes) if styled else None
    if footage is not None:
        clock = _styled_clock(settings, footage)
    else:
        clock = _loop_clock(settings, loop, notes) if loop else _clock(settings, notes)
    width, height = _size(settings)
    sections: dict[str, Mapping[str, Entry]] = {}
    if loop:
        motion, border = _feedback_motion(settings, loop, (width, height), notes)
    elif footage is not None:
        motion, border = {}, "reflect"
        if footage.clip:
            sections["source"] = {**footage.played(), "fit": "stretch", "mix": "0", **footage.silent()}
    else:
        motion, border = _motion(settings, (width, height), clock, notes)
        if settings.is_on("init_image"):
            sections["start"] = begun_with("init_image", settings.text("init_image"), notes)
    for name in ("init_image", "output", "save_every", "cuda_device", "deterministic"):
        settings.read(name)
    cutouts = {"cutouts": f"{settings.integer('num_cuts', 32, 1, 1024)}"} if "num_cuts" in settings else {}
    carry = "false" if motion or loop or footage else "true"
    refine = {"steps": f"{clock.each}", "first_frame": f"{clock.first}", "carry": carry}
    return Imported(
        tool=TOOL,
        size=fit_size(width, height, notes),
        fps=clock.fps,
        frames=len(clock.begins),
        seed=read_seed(settings, notes),
        prompts=_prompts(settings, clock, notes),
        motion=motion,
        border=border,
        refine=refine | cutouts,
        sections=sections,
        sound=sound_of(script.commands),
        notes=(*notes, *settings.not_converted(_REASONS)),
    )


def _known(source: Source, call: Call, notes: Notes) -> dict[str, str | bool]:
    """The options of the call, without a random seed. A needed value that only a run would give is an error."""
    options = dict(call.options)
    for name, unknown in call.unknown.items():
        if name == "seed" and all(each.random for each in unknown) and unknown:
            del options[name]
        elif unknown and name in _USED:
            place = f"line {call.command.line}: " if not source.notebook else ""
            raise source.error(f"{TOOL}: {place}{name}: {unknown[0]}; write its value in the file")
    return options


def _size(settings: Settings) -> tuple[int, int]:
    words = settings.text("size", "512 512").split()
    if len(words) != 2 or not all(re.fullmatch("[0-9]{2,4}", word) and 16 <= int(word) <= LARGEST for word in words):
        raise settings.error("size", f"expected a width and a height in pixels, got {shown(' '.join(words))}")
    width, height = (int(word) // _STRIDE * _STRIDE for word in words)
    return width, height


def _clock(settings: Settings, notes: Notes) -> _Clock:
    iterations = settings.integer("iterations", 500, 1, 10**8)
    every = settings.integer("zoom_save_every", 10, 1, 10**8)
    seconds = settings.number("video_length", 10, 0.1, 1e6)
    given = settings.number("input_video_fps", 15, 0.1, 240)
    is_video, zooms = settings.flag("video"), settings.flag("zoom_video")
    each = every if zooms else 1 if is_video else iterations
    # The video omits the picture of iteration 0; without zoom, it also omits the last one.
    frames = max(1, iterations // each - (1 if is_video and not zooms else 0))
    if frames > MAX_FRAMES:
        raise settings.error("iterations", f"{frames:,} frames; at most {MAX_FRAMES:,} are allowed")
    if not (is_video or zooms):
        notes.add("neither -zvid nor -vid is given: a single frame is rendered")
    wanted = settings.number("output_video_fps", 0)
    if wanted > 9:
        notes.add(f"output_video_fps = {wanted:g}: the video is not interpolated; it has {given:g} frames a second")
    fps = given if wanted > 9 else float(np.clip(frames / seconds, 10, 60))
    return _Clock(fps=fps, begins=np.arange(frames, dtype=np.float64) * each, each=each, first=each)


def _styled_clock(settings: Settings, footage: Footage) -> _Clock:
    each = settings.integer("iterations", 500, 1, 10**8)
    for name in ("video_length", "input_video_fps", "output_video_fps", "video", "change_prompt_every"):
        settings.read(name)
    return _Clock(fps=footage.fps, begins=np.zeros(footage.frames), each=each, first=each)


def _loop_clock(settings: Settings, loop: FrameLoop, notes: Notes) -> _Clock:
    """The clock of a shell loop that makes one frame per turn; every frame starts with the first prompts."""
    each = settings.integer("iterations", 500, 1, 10**8)
    first = each
    if loop.first and "iterations" in loop.first.options:
        given = str(loop.first.options["iterations"])
        if not re.fullmatch("[0-9]{1,8}", given) or not int(given):
            raise settings.error(
                "iterations", f"expected a whole number of at least 1 for the first picture, got {shown(given)}"
            )
        first = int(given)
    if settings.read("change_prompt_every") is not None:
        notes.add("change_prompt_every: every picture of the loop starts with the first prompts")
    for name in ("video_length", "input_video_fps", "output_video_fps", "video"):
        settings.read(name)
    # A story does not continue from one picture to the next, so iterations are not counted across pictures.
    return _Clock(fps=loop.fps, begins=np.zeros(loop.frames), each=each, first=first)


def _feedback_motion(
    settings: Settings, loop: FrameLoop, size: tuple[int, int], notes: Notes
) -> tuple[dict[str, Keys], str]:
    """Read the rates and the border of the distortions that ImageMagick applies between pictures."""
    try:
        moved = feedback.read_feedback(loop.before, loop.turn, loop.frames, size, notes)
    except feedback.FeedbackError as error:
        raise settings.error("the loop", str(error)) from None
    return _rates(moves(moved.zoom, moved.angle, np.zeros_like(moved.shift), moved.shift), size, loop.fps), moved.border


def _rates(found: Moves, size: tuple[int, int], fps: float) -> dict[str, Keys]:
    series: dict[str, tuple[Array, Kind, list[Wording]]] = {
        "zoom": (found.zoom, ZOOM, []),
        "rotate": (found.rotate, ROTATE, []),
        "pan_x": (100 / size[0] * found.right, PAN, []),
        "pan_y": (100 / size[1] * found.down, PAN, []),
    }
    return rates(series, fps)


def _motion(settings: Settings, size: tuple[int, int], clock: _Clock, notes: Notes) -> tuple[dict[str, Keys], str]:
    """Read the rates and the border: a shrunk picture gets black edges, a shifted one wraps around."""
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
    width = size[0]
    if scale != 1:
        half = width / (2 * scale)
        cropped = round(width / 2 + half) - round(width / 2 - half)
        notes.add(
            f"zoom_scale {scale:g}: generate.py crops whole pixels, so its factor was {width / cropped:.6g} in width"
        )
    return _rates(found, size, clock.fps), "black" if scale < 1 and not (right or down) else "wrap"


def _prompts(settings: Settings, clock: _Clock, notes: Notes) -> Prompts:
    text = str(settings.read("prompts", "A cute, smiling, Nerdy Rodent"))
    every = settings.integer("change_prompt_every", 0, 0, 10**8)
    stops: dict[str, float] = {}
    phrases = [story_weights(phrase, stops, notes) for phrase in text.split("^")]
    frames = len(clock.begins)
    if every and every % clock.each:
        notes.add(
            f"change_prompt_every {every}: generate.py changes the prompt within a frame, here the next frame does"
        )
    if not every and len(phrases) > 1:
        notes.add("change_prompt_every 0: only the first prompts of the story are ever used")
    index = clock.begins // every % len(phrases) if every else np.zeros(frames)
    starts = [0, *(int(at) + 1 for at in np.flatnonzero(np.diff(index)))]
    scenes = [(start, phrases[int(index[start])]) for start in starts]
    if not stops and all(list(weights.values()) == [1.0] for _, weights in scenes):
        return tuple(Scene(frame=frame, text=next(iter(weights))) for frame, weights in scenes)
    try:
        return layers(per_frame(scenes, frames), stops=stops, notes=notes)
    except UnreadableError as error:
        raise settings.error("prompts", str(error)) from None
