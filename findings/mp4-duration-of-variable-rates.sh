#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg's MP4 and QuickTime muxers, x264).
#
# Five pictures, shown at 0, 0.1, 0.15, 0.2 and 1.2 s, as slides and screen recordings are. With the
# default encoder, which reorders pictures (B-frames), the header of the MP4 promises a duration of
# a third of a second, although the last packet ends at 1.25 s; browsers play all of it. The same
# pictures in Matroska, or without B-frames, are promised right. So whoever takes the promise of an
# MP4 for its length (to seek to "the last second", or to tell a file that was cut off) is wrong by
# most of the clip.
#
# Seen: "with B-frames: promised 0.33 s, last packet ends at 1.25 s"
#       "without: promised 1.23 s, last packet ends at 1.23 s"
# Remedy: read the packets (demux, without decoding) and take the end of the last.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.3.4 2>/dev/null
said=$("$folder/venv/bin/python" - "$folder/clip.mp4" <<'PY'
import sys
from fractions import Fraction

import av
import numpy as np

for name, options in (("with B-frames", {}), ("without", {"bf": "0"})):
    with av.open(sys.argv[1], "w") as clip:
        stream = clip.add_stream("libx264", rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = 128, 64, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        packets = []
        for number, shown_ms in enumerate((0, 100, 150, 200, 1200)):
            grey = np.full((64, 128, 3), 40 * number, np.uint8)
            picture = av.VideoFrame.from_ndarray(grey, format="rgb24")
            picture.pts, picture.time_base = shown_ms, Fraction(1, 1000)
            packets += stream.encode(picture)
        for packet in [*packets, *stream.encode(None)]:
            clip.mux(packet)
    with av.open(sys.argv[1]) as clip:
        promised_s = clip.duration / av.time_base
        ends_s = [
            float((packet.pts + packet.duration) * packet.time_base)
            for packet in clip.demux(video=0)
            if packet.pts is not None
        ]
    print(f"{name}: promised {promised_s:.2f} s, last packet ends at {max(ends_s):.2f} s")
PY
)
echo "$said"
[[ "$said" == "with B-frames: promised 0.33 s, last packet ends at 1.25 s
without: promised 1.23 s, last packet ends at 1.23 s" ]]
