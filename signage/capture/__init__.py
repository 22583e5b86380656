"""Pictures from a camera, a video or a reel of clips, each with its own time."""

from __future__ import annotations

import os

# FFmpeg inside OpenCV writes its own complaints to stderr; ours say what to do.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
