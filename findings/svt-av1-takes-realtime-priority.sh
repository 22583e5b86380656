#!/usr/bin/env bash
# PyAV 18.1.0 (its wheel carries FFmpeg with SVT-AV1 4.1.0), Linux, run as root.
#
# Encoding a single AV1 picture with "libsvtav1" moves the *calling* thread to the real-time class
# SCHED_FIFO, and leaves it there after the encoder is closed. Whatever that thread starts later
# inherits the class: a test that encoded one small clip and then opened a browser kept both cores
# from every other process, with a load average above 100. Without the right to do so (any user but
# root) nothing happens.
#
# Seen: "before 0, after 1" (0 is SCHED_OTHER, 1 is SCHED_FIFO). Remedy: another encoder
# ("libaom-av1"), or `os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))` afterwards.
set -euo pipefail
[[ $(id -u) -eq 0 ]] || { echo "Only root may take real-time priority: run as root." >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.3.4 2>/dev/null
said=$("$folder/venv/bin/python" - "$folder/clip.mp4" 2>/dev/null <<'PY'
import os
import sys

import av
import numpy as np

before = os.sched_getscheduler(0)
with av.open(sys.argv[1], "w") as clip:
    stream = clip.add_stream("libsvtav1", rate=10)
    stream.width, stream.height, stream.pix_fmt = 128, 64, "yuv420p"
    picture = av.VideoFrame.from_ndarray(np.zeros((64, 128, 3), np.uint8), format="rgb24")
    for packet in [*stream.encode(picture), *stream.encode(None)]:
        clip.mux(packet)
print(f"before {before}, after {os.sched_getscheduler(0)}", file=sys.stdout)
PY
)
said=$(printf '%s\n' "$said" | grep '^before' || true)
echo "$said"
[[ "$said" == "before 0, after 1" ]]
