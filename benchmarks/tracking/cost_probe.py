"""Shows pictures to the product that Python finds, and prints what a picture cost in CPU, in ms.

python cost_probe.py PICTURES CONFIG, with the source tree to measure in PYTHONPATH. It uses
nothing that an older tree lacks.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np

from signage.audience.audience import open_audience
from signage.config.file import load_config
from signage.perception.perceiver import Perceiver
from signage.types.vision import Frame

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
