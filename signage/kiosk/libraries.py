"""The system libraries that the Python packages load, and the Debian packages that hold them.

Uses the standard library alone, since it runs before anything is installed:
``python -m signage.kiosk.libraries`` prints the Debian packages that are missing, one a line.
"""

from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LIBRARIES: Mapping[str, str] = {
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libxcb.so.1": "libxcb1",
}
"""Library and its Debian package: what OpenCV links to and its wheel does not bring.

MediaPipe, ONNX Runtime and Vowpal Wabbit need nothing beyond the C and C++ libraries.
"""


def missing(libraries: Mapping[str, str] = LIBRARIES) -> dict[str, str]:
    """Return those of ``libraries`` that cannot be loaded, with their Debian packages.

    Always empty elsewhere than on Linux, where the wheels bring everything.
    """
    if not sys.platform.startswith("linux"):
        return {}
    return {name: package for name, package in libraries.items() if not _loads(name)}


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.stdout.writelines(f"{package}\n" for package in sorted(set(missing().values())))
