"""Motion of footage, against motion that is known exactly."""

from pathlib import Path

import torch
from torch import Tensor

from render.motion.flow.flows import Flows
from render.spec.footage import Flow, SourceImage
from render.spec.pictures import ImageFile

CLIP = ImageFile(path=Path("clip.mp4"), sha256="0" * 64)


def texture(height: int, width: int, right: float = 0.0) -> Tensor:
    """A picture of waves, `right` pixels to the right."""
    down, across = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    x = across - right
    waves = [torch.sin(x * a + down * b + a) for a, b in ((0.3, 0.1), (-0.2, 0.25), (0.11, -0.17), (0.05, 0.4))]
    return (0.5 + sum(waves, torch.zeros(())) / 8).expand(1, 3, -1, -1).float()


class Panning:
    """A clip whose picture moves by 3 pixels a frame."""

    def picture(self, image: SourceImage, size: tuple[int, int]) -> Tensor:
        return texture(size[1], size[0], 3.0 * (image.number or 0))


def test_a_pan_is_found() -> None:
    flows = Flows(Panning(), torch.device("cpu"))
    field = flows.field(Flow(before=SourceImage(file=CLIP, number=0), after=SourceImage(file=CLIP, number=1)), (96, 64))
    inner = field.backward[:, :, 8:-8, 8:-8]
    assert (inner[:, 0] + 3).abs().mean() < 0.1
    assert inner[:, 1].abs().mean() < 0.1
    assert (field.forward[:, 0, 8:-8, 8:-8] - 3).abs().mean() < 0.1
    assert field.seen[:, :, 8:-8, 8:-8].mean() > 0.95
