"""What one frame tells about the people in it: Frame → list of Sighting."""

from __future__ import annotations

import os

os.environ.setdefault("GLOG_minloglevel", "2")  # MediaPipe's own chatter on stderr
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
