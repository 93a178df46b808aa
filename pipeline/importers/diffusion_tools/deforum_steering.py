"""Deforum's settings that steer the picture: init image, mask, colour coherence, noise, sub-seeds and cadence.

Source: deforum-art/sd-webui-deforum, scripts/deforum_helpers/render.py, generate.py and colors.py;
    deforum-art/deforum-stable-diffusion, helpers/.
"""

from collections.abc import Callable, Mapping

import numpy as np

from pipeline.importers.files import Entry, File
from pipeline.importers.frame import read_series
from pipeline.importers.notes import Effect, Notes
from pipeline.importers.settings import Settings, shown
from pipeline.importers.values.arithmetic import UnreadableError
from pipeline.importers.values.keyframe_strings import frame_number
from pipeline.importers.values.keys import number, value_keys
from pipeline.importers.values.series import Series

MOVING = ("2D", "3D")  # the modes in which a frame is made from the one before
_EVOLVING = "0.3"  # of the noise that sub-seeds vary: enough to be seen, little enough to keep the picture
_MOST_NOISE = 100.0
_LEAST_CADENCE, _MOST_CADENCE = 1, 1000

Sections = dict[str, Mapping[str, Entry]]


def sections(
    settings: Settings, mode: str, read: Callable[[str], Series], names: Mapping[str, float], notes: Notes
) -> Sections:
    """Read the sections that have no part in motion and prompts.

    Args:
        read: reads a keyframe string.
        names: what a frame number may be computed from.
    """
    init = File(setting="init_image", written=settings.text("init_image")) if _has(settings, "use_init") else None
    found: dict[str, Mapping[str, Entry]] = {}
    if init is not None:
        settings.read("use_init")
        strength = min(max(settings.number("strength", 0.8), 0.0), 1.0)
        found["start"] = {"image": init, "strength": number(strength)}
    found["keep"] = _kept(settings, init)
    if mode in MOVING:
        found["guides"] = _guides(settings, read, names, notes)
        found["colour"] = _colour(settings, notes)
        found["noise"] = _noise(settings, read, notes)
    return {name: entries for name, entries in found.items() if entries}


def cadence(settings: Settings, mode: str) -> dict[str, str]:
    """Read how many frames apart those are that are refined, as an entry of `refine:`."""
    if mode not in MOVING or not settings.is_on("diffusion_cadence"):
        return {}
    every = settings.integer("diffusion_cadence", 1, _LEAST_CADENCE, _MOST_CADENCE)
    return {"cadence": f"{every}"} if every > 1 else {}


def _has(settings: Settings, switch: str) -> bool:
    return settings.is_on(switch) and settings.is_on("init_image")


def _guides(
    settings: Settings, read: Callable[[str], Series], names: Mapping[str, float], notes: Notes
) -> dict[str, Entry]:
    """The guided images, each with the image strength at its frame as its weight."""
    pictures = settings.structured("init_images") if settings.is_on("use_looper") else None
    if not isinstance(pictures, Mapping):
        return {}
    settings.read("use_looper")
    strengths = read_series(settings, "image_strength_schedule", "0: (0.75)", read, notes).values
    found: dict[str, Entry] = {}
    for written, path in pictures.items():
        try:
            frame = frame_number(str(written), names)
        except UnreadableError as error:
            raise settings.error("init_images", str(error)) from None
        if not 0 <= frame < len(strengths):
            notes.add(f"init_images: frame {frame} is not in the video", Effect.PROMPTS)
            continue
        weight = number(min(max(float(strengths[frame]), 0.0), 1.0))
        found[f"{frame}"] = {"image": File(setting="init_images", written=str(path)), "weight": weight}
    notes.add("use_looper: the video goes towards each image until its frame; image strengths are weights", Effect.LOOK)
    return found


def _kept(settings: Settings, init: File | None) -> dict[str, Entry]:
    """What the mask leaves as it is: its black parts in the web UI, its white ones in the notebook."""
    switch, setting = "use_mask", "mask_file"
    if settings.is_on("use_mask_video"):
        switch, setting = "use_mask_video", "video_mask_path"
    if not (settings.is_on(switch) and settings.is_on(setting)):
        return {}
    settings.read(switch)
    file = File(setting=setting, written=settings.text(setting))
    repaints_white = "fill" in settings
    inverse = repaints_white != settings.flag("invert_mask")
    kind = "video" if file.is_video else "image"
    region: Entry = {kind: file, "invert": "true"} if inverse else file
    pixels = {} if init is None else {"image": File(setting=init.setting, written=init.written, optional=True)}
    return {"region": region, **pixels}


def _colour(settings: Settings, notes: Notes) -> dict[str, Entry]:
    """What colours are matched to. The histograms are matched in OKLab, whatever the setting names."""
    if not settings.is_on("color_coherence") or settings.equals("color_coherence", "video input"):
        return {}
    word = settings.text("color_coherence")
    notes.add(f"color_coherence {shown(word)}: the histograms are matched in OKLab", Effect.LOOK)
    if word.strip().lower() == "image":
        match: Entry = File(setting="color_coherence_image_path", written=settings.text("color_coherence_image_path"))
    else:
        match = "first"
    return {"match": match, "method": "histogram"}


def _noise(settings: Settings, read: Callable[[str], Series], notes: Notes) -> dict[str, Entry]:
    """Noise of every frame, or with sub-seeds one noise that wanders between two seeds."""
    if settings.is_on("enable_subseed_scheduling") or settings.is_on("seed_enable_extras"):
        varied = _variation(settings, read, notes)
        if varied:
            notes.add(
                f"sub-seeds: vary a noise in the latent, with an amount of {_EVOLVING}; noise_schedule is left out",
                Effect.LOOK,
            )
            settings.read("noise_schedule")
            return {"amount": _EVOLVING, "variation": varied}
    if "noise_schedule" not in settings:
        return {}
    values = np.clip(read_series(settings, "noise_schedule", "0: (0)", read, notes).values, 0.0, _MOST_NOISE)
    if not values.any():
        return {}
    notes.add("noise_schedule: the noise is added to the latent here, to the pixels in Deforum", Effect.LOOK)
    return {"amount": value_keys(values)}


def _variation(settings: Settings, read: Callable[[str], Series], notes: Notes) -> dict[str, Entry]:
    """The second seed and how far the noise is there: both blend on the sphere. {} if that does not change."""
    scheduled = settings.is_on("enable_subseed_scheduling")
    names = ("subseed_schedule", "subseed_strength_schedule") if scheduled else ("subseed", "subseed_strength")
    for switch in ("enable_subseed_scheduling", "seed_enable_extras"):
        settings.read(switch)
    seeds = read_series(settings, names[0], "0: (1)", read, notes).values
    strengths = read_series(settings, names[1], "0: (0)", read, notes).values
    if not (strengths != strengths[0]).any():
        notes.add(f"{names[1]} = {number(strengths[0])}: does not change, so nothing varies", Effect.LOOK)
        return {}
    if (seeds != seeds[0]).any():
        notes.add(f"{names[0]}: only the first sub-seed is used", Effect.LOOK)
    return {"seed": f"{int(abs(seeds[0])) % 2**63}", "amount": value_keys(strengths)}
