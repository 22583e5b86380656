"""Pictures from a camera, a video or a reel of clips, each with its own time."""

from __future__ import annotations

import os

# FFmpeg inside OpenCV writes its own complaints to stderr; ours say what to do.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
# A picture beyond this would take the memory of a small device: it is refused, not decoded.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**27))
