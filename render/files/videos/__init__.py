"""Read videos of strangers: as clips, whose frames are counted, and as grey masks that change over time."""

from render.files.videos.masks import VideoFrames
from render.files.videos.opening import require_video

__all__ = ["VideoFrames", "require_video"]
