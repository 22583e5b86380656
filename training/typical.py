"""Prints the constant ``_TYPICAL`` of signage/perception/models/identity.py.

    python -m training.typical --data DIR

DIR holds faces/fairface_train. The constant is the mean of what the network faceres sees in every
third face, one hexadecimal digit a dimension.
"""

from __future__ import annotations

import argparse
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.common.labelled_faces import SingleFaceFinder, read_folder
from benchmarks.common.options import add_data_option
from benchmarks.common.paths import MANIFEST
from signage.perception.models.attributes import FaceFeatures

EMBEDDING = 1024


def main() -> None:
    """Print the digits, and the largest mean that the digit f stands for."""
    parser = argparse.ArgumentParser(prog="python -m training.typical", description=__doc__)
    add_data_option(parser, "faces/fairface_train", required=True)
    print_typical(parser.parse_args().data / "faces" / "fairface_train")


def print_typical(folder: Path) -> None:
    """Print the constant for the labelled faces in ``folder``."""
    finder, features, rooted = SingleFaceFinder(), FaceFeatures(MANIFEST), []
    for item in islice(read_folder(folder), 0, None, 3):
        face = finder.find_face(item.image)
        if face is not None:
            vector = np.sqrt(features.describe(item.image, face.landmarks_px)[:EMBEDDING])
            rooted.append(vector / np.linalg.norm(vector))
    mean = np.mean(rooted, axis=0)
    print("".join(f"{round(float(share)):x}" for share in mean / mean.max() * 15))
    print(f"largest {mean.max():.5f}, {len(rooted)} faces")


if __name__ == "__main__":
    main()
