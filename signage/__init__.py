"""Audience-adaptive signage that perceives, decides and learns on the device."""

import os

__version__ = "0.1.0"

# The matrices here are small: a second thread is waited for longer than it helps, most of all
# where models and other processes use the cores; and the last bits of a product hang on their
# number. Read when NumPy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# FFmpeg inside OpenCV writes its own complaints to stderr; ours say what to do.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
# A picture beyond this would take the memory of a small device: it is refused, not decoded.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**27))
# MediaPipe writes its own notes to stderr, too.
os.environ.setdefault("GLOG_minloglevel", "2")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
