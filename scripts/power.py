"""Says how many days an experiment by blocks needs on a screen until it tells a lift.

From a journal: of its experiment, where it has one; otherwise as if every other block had been
another arm's. Or, before there is one, from what the plays are thought to earn.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from signage.analysis.experiment import analysed, described, open_journal
from signage.errors import SignageError
from signage.experiments.ab_test import contrast_of
from signage.experiments.contrast import ROUNDS, SCALE_UNITS
from signage.experiments.power import spread_of, units_for_one_look, units_needed
from signage.experiments.units import ArmPlay, Design

LIFTS = (0.02, 0.05, 0.1, 0.2, 0.3)


def from_journal(path: Path, block_minutes: int) -> tuple[float, float, int, str]:
    """Spread of a unit's difference, units a day, when it is tightest, and of what."""
    reader = open_journal(path)
    if reader.names():
        design = described(reader, None)
        plays, _ = analysed(reader.plays(design.name), design)
        what = f"the experiment {design.name!r}"
    else:
        design = Design("as if", ("even", "odd"), "block", block_minutes, 0.0, 0)
        plays = []
        for row in reader.all_plays():
            utc = datetime.fromisoformat(row["t_utc"])
            block = int(utc.timestamp() // (60 * block_minutes))
            if row["started_s"] is not None and not row["forced"]:
                arm = design.arms[block % 2]
                ahead = row["utc_offset_min"]
                play = ArmPlay(
                    arm, str(block), utc, row["reward"], frozenset(), utc_offset_min=ahead
                )
                plays.append(play)
        what = f"its plays, in blocks of {block_minutes} minutes"
    contrast = contrast_of(design, plays)
    if len(contrast) <= SCALE_UNITS or contrast.control.sum() <= 0:
        raise SignageError(
            f"{path} has {len(contrast)} pairs of blocks, or visits, with rewards: too few to tell "
            f"how much they vary, which takes more than {SCALE_UNITS}. Let the screen run on, or "
            "give --mean, --sd and --plays-a-day."
        )
    days = len({play.local.date() for play in plays})
    return spread_of(contrast), len(contrast) / days, contrast.tightest_at, what


def from_numbers(chosen: argparse.Namespace) -> tuple[float, float, int, str]:
    blocks = chosen.hours * 60 / chosen.block_minutes
    plays = chosen.plays_a_day / blocks * (1 - chosen.washout_minutes / chosen.block_minutes)
    variance = 2 * (chosen.sd**2 / plays + chosen.block_sd**2)
    what = f"{plays:.1f} rewarded plays in a block of {chosen.block_minutes} minutes"
    return math.sqrt(variance) / chosen.mean, blocks / 2, ROUNDS, what


def table(spread: float, a_day: float, tightest_at: int, lifts: Sequence[float]) -> str:
    lines = [
        "| lift | days, looked at every day | days, looked at once, at the end |",
        "|---|---|---|",
    ]
    for lift in lifts:
        units = units_needed(lift, spread, tightest_at)
        days = "too many" if units is None else str(math.ceil(units / a_day))
        once = math.ceil(units_for_one_look(lift, spread) / a_day)
        lines.append(f"| {lift:.0%} | {days} | {once} |")
    return "\n".join(lines)


def positive(text: str) -> float:
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return value


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="scripts/power", description=__doc__)
    parser.add_argument("journal", type=Path, nargs="?", help="a journal, or its folder")
    parser.add_argument("--mean", type=positive, help="mean reward of a play")
    parser.add_argument("--sd", type=positive, help="standard deviation of a play's reward")
    parser.add_argument("--plays-a-day", type=positive, help="rewarded plays")
    parser.add_argument("--block-minutes", type=int, choices=range(5, 721), default=30, metavar="N")
    parser.add_argument("--washout-minutes", type=float, default=2.0)
    parser.add_argument("--hours", type=positive, default=12.0, help="a day, that the screen is on")
    parser.add_argument(
        "--block-sd", type=float, default=0.03, help="how much blocks differ beside their plays"
    )
    parser.add_argument("--lift", type=positive, nargs="+", default=LIFTS, help="0.1 is 10 %%")
    chosen = parser.parse_args(arguments)
    numbers = (chosen.mean, chosen.sd, chosen.plays_a_day)
    if (chosen.journal is None) == (None in numbers):
        parser.error("give a journal, or --mean, --sd and --plays-a-day, all three")
    if not 0 <= chosen.washout_minutes <= chosen.block_minutes / 2:
        parser.error("--washout-minutes must be from 0 to half of --block-minutes")
    try:
        estimate = (
            from_journal(chosen.journal, chosen.block_minutes)
            if chosen.journal is not None
            else from_numbers(chosen)
        )
    except SignageError as error:
        sys.stderr.write(f"scripts/power: {error}\n")
        return error.exit_code
    spread, a_day, tightest_at, what = estimate
    print(f"From {what}: {a_day:.1f} comparisons a day, each with a spread of {spread:.0%} of")
    print("the mean reward. Until a lift is found with a probability of 80 %:\n")
    print(table(spread, a_day, tightest_at, chosen.lift))
    return 0


if __name__ == "__main__":
    sys.exit(main())
