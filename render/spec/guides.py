"""Pictures that a frame goes towards."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from render.spec.pictures import Picture, PriorStart
from render.spec.prompts import PromptWeight


@dataclass(frozen=True, kw_only=True)
class ImageGuide:
    """A picture file that a frame is pulled towards.

    Attributes:
        weight: of the loss that compares the frame with it.
        share: of the latent that refinement starts from, in [0, 1]: the rest stays as motion, or the start, left it.
        transforms: how far the picture has moved since its time, as in `FrameSpec`; before its time, the other way.
    """

    picture: Picture
    weight: float
    share: float
    transforms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class GuidePicture:
    """A picture that a scene's prior proposes, and how far a frame goes towards it.

    Attributes:
        prompt: what the picture is proposed for.
        share: of the latent that refinement starts from, in (0, 1]: the rest stays as the motion left it.
        moment: the scene's time in milliseconds, which the prior's random numbers are made from as if it were a frame's
            number; so another frame rate has the same pictures, and a scene at 0 that of the first frame.
        start: the prior and its settings.
    """

    prompt: PromptWeight
    share: float
    moment: int
    start: PriorStart
