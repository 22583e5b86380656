#!/usr/bin/env bash
# mediapipe 0.10.31 with sounddevice 0.5.6.
#
# Who imports the vision tasks alone, to find faces in pictures, loads the audio tasks as well, and
# with them sounddevice, which opens PortAudio where the system has it. On our machine that was more
# than half of the time that the import took. An entry None for it in sys.modules, before the import,
# is taken for a package that is not there: the vision tasks work as before.
#
# Seen: "vision alone: sounddevice is run, audio tasks are loaded"
#       "told that it is not there: sounddevice is not run, audio tasks are loaded"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    mediapipe==0.10.31 sounddevice==0.5.6 2>/dev/null
look() {
    "$folder/venv/bin/python" - "$1" <<'PY' 2>/dev/null
import sys

if sys.argv[1] == "told that it is not there":
    sys.modules["sounddevice"] = None
asked_for = []


class Watch:
    """Notes which modules are looked for, and finds none."""

    @staticmethod
    def find_spec(name, path, target=None):
        asked_for.append(name)


sys.meta_path.insert(0, Watch)
import mediapipe.tasks.python.vision  # noqa: E402

sounds = "is run" if "sounddevice" in asked_for else "is not run"
audio = "are loaded" if "mediapipe.tasks.python.audio" in sys.modules else "are not loaded"
print(f"{sys.argv[1]}: sounddevice {sounds}, audio tasks {audio}")
PY
}
seen=$(look "vision alone"; look "told that it is not there")
printf '%s\n' "$seen"
[[ $seen == "vision alone: sounddevice is run, audio tasks are loaded
told that it is not there: sounddevice is not run, audio tasks are loaded" ]]
