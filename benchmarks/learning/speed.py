"""Microseconds to decide and to learn, beside the bare call of VW on the same features."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from benchmarks.common.tables import Table
from benchmarks.learning.contestants import MabWiser, Ours, VwAlone, everything, missing
from benchmarks.learning.world import Turn

_CONTEXT, _ITEMS = 30, (10, 50, 200, 1000)
_WARM, _TIMED = 60, 200
_PEER_EVERY = 10


def table() -> Table:
    """The times, p50 and p99."""
    title = f"Microseconds, p50 / p99; {_CONTEXT} context features, 8 of each content"
    columns = (
        "contents",
        "",
        "ours",
        "VW, built and asked",
        "ours / VW",
        "VW, asked only",
        "MABWiser",
    )
    return Table(columns, rows(), title)


def rows() -> Iterator[Sequence[str]]:
    """Two rows for each number of contents."""
    for items in _ITEMS:
        times_us = measure(items)
        for what in ("decide", "learn"):
            own, vw = times_us[what], times_us[f"vw {what}"]
            yield (
                str(items),
                what,
                quantiles(own),
                quantiles(vw),
                f"{np.median(own) / np.median(vw):.2f}",
                quantiles(times_us["vw bare"]) if what == "decide" else "",
                quantiles(times_us.get(f"peer {what}", [])),
            )


def measure(items: int) -> Mapping[str, list[float]]:
    """Time every call of every learner on a screen with so many contents."""
    rng = np.random.default_rng(items)
    ours, vw = Ours(everything), VwAlone(["--squarecb", "--cb_type", "mtr"])
    with_mabwiser = not any(name.startswith("MABWiser") for name in missing())
    peer = MabWiser("LinUCB", 0.3) if with_mabwiser else None
    times_us: dict[str, list[float]] = defaultdict(list)

    def timed(name: str, work: Callable[[], object]) -> None:
        began_s = time.perf_counter()
        work()
        times_us[name].append((time.perf_counter() - began_s) * 1e6)

    actions = _actions(items, rng)
    for number in range(_WARM + _TIMED):
        if number == _WARM:
            times_us.clear()
        turn = _turn(number, actions, rng)
        index, reward = int(rng.integers(items)), float(rng.random())
        timed("decide", partial(ours.choose, turn, 0.5))
        timed("vw decide", partial(vw.choose, turn, 0.5))
        timed("vw bare", partial(vw.ask, vw.examples(turn)))
        timed("learn", partial(ours.learn, turn, index, reward, 0.5))
        timed("vw learn", partial(vw.learn, turn, index, reward, 0.5))
        if peer is not None and number % _PEER_EVERY == 0:
            timed("peer decide", partial(peer.choose, turn, 0.5))
            timed("peer learn", partial(peer.learn, turn, index, reward, 1.0))
    return times_us


def _actions(items: int, rng: np.random.Generator) -> dict[str, tuple[str, ...]]:
    return {
        f"c{n}": (
            f"category={n % 12}",
            *(f"tag={tag}" for tag in rng.choice(40, 4, replace=False)),
            "medium=html",
            "motion",
            f"id=c{n}",
        )
        for n in range(items)
    }


def _turn(t: int, actions: dict[str, tuple[str, ...]], rng: np.random.Generator) -> Turn:
    context = {f"f{n}={rng.integers(3)}": 1.0 for n in range(_CONTEXT)}
    return Turn(t, context, actions, np.zeros(len(actions)), frozenset())


def quantiles(times_us: Sequence[float]) -> str:
    """The median and the 99 % quantile; empty where nothing was timed."""
    if not times_us:
        return ""
    return f"{np.percentile(times_us, 50):.0f} / {np.percentile(times_us, 99):.0f}"
