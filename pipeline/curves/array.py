"""Numbers over time as arrays."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
