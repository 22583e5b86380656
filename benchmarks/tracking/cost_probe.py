"""Shows pictures to the product that Python finds, and prints what a picture cost in CPU, in ms.

python cost_probe.py PICTURES CONFIG, with the source tree to measure in PYTHONPATH.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from signage.audience.audience import open_audience
from signage.perception.perceiver import Perceiver

# Trees from before the modules had rooms of their own have them at the root.
_IS_FLAT = find_spec("signage.config_file") is not None
load_config = import_module(
    "signage.config_file" if _IS_FLAT else "signage.config.file"
).load_config
Frame = import_module("signage.types" if _IS_FLAT else "signage.types.vision").Frame

_FPS = 15.0
_WARM_UP = 15
"""Pictures that are not counted."""


def main() -> None:
    """Print the mean over the pictures of a folder, in order of their names."""
    config = load_config(Path(sys.argv[2]))
    perceiver, audience = Perceiver(config), open_audience(config)
    begin, costs_s = datetime(2026, 1, 5, tzinfo=UTC), []
    for index, path in enumerate(sorted(Path(sys.argv[1]).iterdir())):
        image = np.asarray(cv2.imread(str(path)), dtype=np.uint8)
        t_s = index / _FPS
        frame = Frame(t_s, begin + timedelta(seconds=t_s), image)
        before_s = time.process_time()
        audience.update(frame, perceiver.perceive(frame))
        costs_s.append(time.process_time() - before_s)
    perceiver.close()
    print(1000 * float(np.mean(costs_s[_WARM_UP:])))


if __name__ == "__main__":
    main()
