"""Dense inverse search: optical flow without weights, by OpenCV.

Source: Kroeger, Timofte, Dai, Van Gool, "Fast Optical Flow using Dense Inverse Search" (2016).
"""

from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from render.device.copies import on_device
from render.errors import InputError
from render.models.model import ModelFiles

INSTALL = "pip install '.[video]'"
SMOOTHNESS = 40.0  # of the variational refinement; OpenCV's 20 is less accurate on noisy and on clean pictures


class DenseInverseSearch:
    """See `render.motion.flow.estimators.Estimator`. It runs on the processor, on one thread.

    Raises:
        InputError: OpenCV is not installed.


    OpenCV's medium preset computes a vector for every patch of half the resolution.
    """

    @property
    def identity(self) -> str:
        """See `Estimator`."""
        return f"dis, medium, smoothness {SMOOTHNESS:g}, OpenCV {self._cv2.__version__}"

    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        threads = self._cv2.getNumThreads()
        self._cv2.setNumThreads(1)  # so that vectors do not depend on where the picture was divided between threads
        try:
            moved = self._search.calc(self._grey(first), self._grey(second), None)
        finally:
            self._cv2.setNumThreads(threads)
        return on_device(torch.from_numpy(np.ascontiguousarray(moved)), first.device).movedim(-1, 0)[None]

    @cached_property
    def _search(self) -> Any:
        search = self._cv2.DISOpticalFlow.create(self._cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        search.setVariationalRefinementAlpha(SMOOTHNESS)
        return search

    @cached_property
    def _cv2(self) -> Any:
        try:
            import cv2
        except ImportError as error:
            raise InputError(f"the motion of footage needs OpenCV: {INSTALL}") from error
        return cv2

    def _grey(self, picture: Tensor) -> Any:
        pixels = (picture[0].movedim(0, -1) * 255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
        return self._cv2.cvtColor(np.ascontiguousarray(pixels), self._cv2.COLOR_RGB2GRAY)


def load(files: ModelFiles, device: torch.device) -> DenseInverseSearch:
    """Return the estimator. OpenCV is imported at its first search."""
    return DenseInverseSearch()
