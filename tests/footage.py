"""Clips and pictures of tests, as files without loss, and as a source names them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from render.spec.footage import SourceImage
from render.spec.pictures import ImageFile
from tests.known_motion import Floats


def bytes_of(picture: Floats) -> Any:
    return (picture * 255).round().astype(np.uint8)


def written(path: Path, pictures: Sequence[Floats], fps: int = 25) -> ImageFile:
    """Write pictures (H, W, 3) in [0, 1] as a clip: FFV1 of 8 bits a channel, in Matroska."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=fps)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "bgr0"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(bytes_of(picture), "rgb24")))
        container.mux(stream.encode())
    return named(path)


def drawn(path: Path, picture: Floats) -> ImageFile:
    """Write a picture file."""
    Image.fromarray(bytes_of(picture)).save(path)
    return named(path)


def named(path: Path) -> ImageFile:
    return ImageFile(path=path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def frame(file: ImageFile, number: int | None = None, **settings: Any) -> SourceImage:
    return SourceImage(file=file, number=number, **settings)
