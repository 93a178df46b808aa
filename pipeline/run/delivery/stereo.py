"""Redraws frames for two eyes: each sees the picture from its own side, by the depth that the schedule gives it."""

import dataclasses
import io
from functools import lru_cache

import numpy as np
from PIL import Image

from pipeline.run.delivery.estimated_rooms import EstimatedRooms
from pipeline.run.folder.frames import FrameFolder, Pixels
from pipeline.run.folder.video_plan import VideoPlan
from pipeline.schedule.sections.output_stereo import EYES, SCREEN, SIDE_BY_SIDE
from pipeline.schedule.sections.output_video import Video
from pipeline.storage.png import encode
from pipeline.video.containers import MKV, MOV, MP4, WEBM
from pipeline.video.containers.stereoscopic import mark
from pipeline.video.recipe import Recipe
from pipeline.video.seams import with_parameters

_SIDE_BY_SIDE = 3  # frame_packing_arrangement_type
_KEPT = 16  # pictures: those that a boomerang or an interpolation shows again soon


class ForBothEyes:
    """Redraws the PNG of a frame as `video.stereo` says."""

    def __init__(self, video: Video, plan: VideoPlan, frames: FrameFolder) -> None:
        import torch

        from render.guidance.masks import Masks
        from render.motion.displacements import Fields

        self._video, self._plan = video, plan
        self._fields = Fields(grey=Masks(torch.device("cpu")).grey)
        self._rooms = EstimatedRooms(plan, frames)
        self._redrawn = lru_cache(_KEPT)(self._redraw)

    def __call__(self, number: int, png: bytes) -> bytes:
        """The PNG of frame `number` for two eyes.

        Raises:
            RunError: a picture or video of depth can no longer be read, or the model of one is no longer there.
        """
        return self._redrawn(number, png)

    def _redraw(self, number: int, png: bytes) -> bytes:
        with Image.open(io.BytesIO(png)) as image:
            pixels = self._for_eyes(number, np.array(image.convert("RGB")))
        return encode(pixels, {})

    def _for_eyes(self, number: int, pixels: Pixels) -> Pixels:
        import torch

        from render.motion.stereo import Eyes, anaglyph, seen_by_both, side_by_side

        video = self._video
        eyes = Eyes(
            apart=EYES if video.eyes is None else video.eyes, screen=SCREEN if video.screen is None else video.screen
        )
        picture = torch.from_numpy(pixels).movedim(-1, 0)[None].float() / 255
        with torch.inference_mode():
            seen, fields = self._plan.seen_in(number), self._fields
            if seen.depth.kind == "model":
                size = (len(pixels), len(pixels[0]))
                fields = dataclasses.replace(fields, nearness=self._rooms.nearness(number, size))
            left, right = seen_by_both(picture, seen, eyes, fields)
            made = side_by_side(left, right) if video.stereo == SIDE_BY_SIDE else anaglyph(left, right)
            found: Pixels = (made[0].movedim(0, -1) * 255).round().byte().numpy()
        return found


def marked(recipe: Recipe) -> Recipe:
    """The recipe of a file that says that its pictures are side by side, in the ways that players read.

    In MP4 and MOV this is a box, in Matroska and WebM the element `StereoMode`, and in H.264 the message "frame packing
    arrangement" (ITU-T H.264, D.2.26), which 3D screens read.
    """
    options = dict(recipe.options)
    if options.get("vcodec") == "libx264":
        options = dict(with_parameters(options, "x264-params", f"frame-packing={_SIDE_BY_SIDE}"))
    if recipe.container in (WEBM, MKV):
        options["metadata:s:v:0"] = "stereo_mode=left_right"
    if recipe.container in (MP4, MOV):
        assert recipe.finish is None
        return dataclasses.replace(recipe, options=options, finish=mark)
    return dataclasses.replace(recipe, options=options)
