"""What one frame tells about the people in it: Frame → list of Sighting."""

import sys

# MediaPipe would load a library for microphones. That takes longer than all the rest of it, and a
# screen has no use for one.
sys.modules.setdefault("sounddevice", None)  # type: ignore[arg-type]
