"""Microseconds to decide and to learn, beside the bare call of VW on the same features."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.learning.contestants import MabWiser, Ours, VwAlone, everything, missing
from benchmarks.learning.worlds import Turn

_CONTEXT, _ITEMS = 30, (10, 50, 200, 1000)
_WARM, _TIMED = 60, 200


def print_speed() -> None:
    print(f"Microseconds, p50 / p99; {_CONTEXT} context features, 8 of each content\n")
    print("| contents | | ours | VW, built and asked | ours / VW | VW, asked only | MABWiser |")
    print("|---|---|---|---|---|---|---|")
    with_mabwiser = not any(name.startswith("MABWiser") for name in missing())
    for items in _ITEMS:
        rng = np.random.default_rng(items)
        ours, vw = Ours(everything), VwAlone(["--squarecb", "--cb_type", "mtr"])
        peer = MabWiser("LinUCB", 0.3) if with_mabwiser else None
        took: dict[str, list[float]] = {}

        def timed(
            name: str, work: Callable[[], object], took: dict[str, list[float]] = took
        ) -> None:
            began_s = time.perf_counter()
            work()
            took.setdefault(name, []).append((time.perf_counter() - began_s) * 1e6)

        actions = {
            f"c{n}": (
                f"category={n % 12}",
                *(f"tag={tag}" for tag in rng.choice(40, 4, replace=False)),
                "medium=html",
                "motion",
                f"id=c{n}",
            )
            for n in range(items)
        }
        for round_ in range(_WARM + _TIMED):
            if round_ == _WARM:
                took.clear()
            turn = _turn(round_, actions, rng)
            index, reward = int(rng.integers(items)), float(rng.random())
            timed("decide", partial(ours.choose, turn, 0.5))
            timed("vw decide", partial(vw.choose, turn, 0.5))
            timed("vw bare", partial(vw.ask, vw.examples(turn)))
            timed("learn", partial(ours.learn, turn, index, reward, 0.5))
            timed("vw learn", partial(vw.learn, turn, index, reward, 0.5))
            if peer is not None and round_ % 10 == 0:
                timed("peer decide", partial(peer.choose, turn, 0.5))
                timed("peer learn", partial(peer.learn, turn, index, reward, 1.0))
        for what in ("decide", "learn"):
            ratio = np.median(took[what]) / np.median(took[f"vw {what}"])
            bare = _told(took["vw bare"]) if what == "decide" else ""
            beside = _told(took.get(f"peer {what}", []))
            print(
                f"| {items} | {what} | {_told(took[what])} | {_told(took[f'vw {what}'])} | "
                f"{ratio:.2f} | {bare} | {beside} |",
                flush=True,
            )


def _turn(t: int, actions: dict[str, tuple[str, ...]], rng: np.random.Generator) -> Turn:
    context = {f"f{n}={rng.integers(3)}": 1.0 for n in range(_CONTEXT)}
    return Turn(t, context, actions, np.zeros(len(actions)), frozenset())


def _told(took: list[float]) -> str:
    if not took:
        return ""
    return f"{np.percentile(took, 50):.0f} / {np.percentile(took, 99):.0f}"
