"""Options that several benchmarks take."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_data_option(parser: argparse.ArgumentParser, holds: str, *, required: bool = False) -> None:
    """Add ``--data``, a folder of recordings and labelled sets that ``holds`` describes."""
    parser.add_argument(
        "--data",
        type=existing_folder,
        metavar="DIR",
        required=required,
        help=f"folder with {holds}",
    )


def existing_folder(text: str) -> Path:
    """A folder that exists; an error of usage otherwise."""
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"There is no folder {text}.")
    return path


def at_least_one(text: str) -> int:
    """A whole number of 1 or more; an error of usage otherwise."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of 1 or more")
    return int(text)
