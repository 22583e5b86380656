"""Arrays that flow between the stages."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""A picture, shape (height, width, 3), BGR, 0 to 255."""


Floats = NDArray[np.float64]
"""A vector or matrix of numbers; the shape is documented where it is used."""
