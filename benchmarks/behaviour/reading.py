"""How well reading is distinguished from other uses of the eyes, on recordings of an eye tracker.

The recordings are those of ``eyemove/gazegraph``. "Left out": weights learned from the other people
only. "As shipped": models/reading.json, which has learned from these very people.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.common.paths import MODELS
from benchmarks.common.tables import Row
from signage.audience.reading import (
    SCREEN_DEG,
    ReadingDetector,
    ReadingModel,
    grid_noise_deg,
    load_reading_model,
    on_grid,
    steps_of,
)
from signage.audience.reading_time import ReadingTime
from signage.types.arrays import Floats
from training.reading import READ, RECORDED_HZ, Examples, load, windows

LENGTHS_S = (3.0, 5.0)
RATES_HZ = (30, 20, 15)
NOISES_DEG = (0.0, 1.0, 2.0, 3.0, 5.0, 7.0, 11.0)
WATCHING = ("WATCH", "PLAY")
ALL = "all the rest"
LIVE_NOISES_DEG = (2.0, 4.0)
# Of each recording, where it is not run in full, to keep the bench short.
EXCERPT_S = 60.0
SPLICES = 20
PART_S = 12.0

ModelOf = Callable[[str], ReadingModel]
"""The weights that judge a person."""


def reading_rows(data: Path) -> Iterator[Row]:
    """Rows about the recordings in ``data``."""
    recordings = load(data)
    examples = Examples(recordings)
    people = examples.people
    if len(people) > 1:
        left_out = {p: examples.model([q for q in people if q != p]) for p in people}
        yield from window_rows("left out", recordings, left_out.__getitem__)
        yield from noise_rows(recordings, left_out.__getitem__)
        yield from live_rows("left out", recordings, left_out.__getitem__, 0.0)
        for noise_deg in LIVE_NOISES_DEG:
            yield from live_rows("left out", recordings, left_out.__getitem__, noise_deg)
    shipped = load_reading_model(MODELS / "reading.json")
    name = "as shipped (trained on these people, which flatters)"
    yield from window_rows(name, recordings, lambda _: shipped)
    yield from live_rows(name, recordings, lambda _: shipped, 0.0)


def window_rows(
    name: str, recordings: Mapping[tuple[str, str], Floats], of: ModelOf
) -> Iterator[Row]:
    """How often single windows are right, by their length."""
    for length_s in LENGTHS_S:
        shares = reading_shares(recordings, of, length_s, RECORDED_HZ, 0.0)
        for others, tasks in comparisons(recordings):
            each = [balanced(shares, [person], tasks) for person in people_of(recordings)]
            spread = " ".join(f"{value:.0%}" for value in each)
            yield (
                f"{name}: {READ} against {others}, {length_s:.0f} s",
                f"{np.mean(each):.1%} (each person: {spread})",
                "baseline, a dozen features: " + ("68 %" if others == ALL else "75 to 77 %"),
            )


def noise_rows(recordings: Mapping[tuple[str, str], Floats], of: ModelOf) -> Iterator[Row]:
    """The same with noise, at the rates of cameras."""
    for length_s in LENGTHS_S:
        for rate_hz in RATES_HZ:
            shares = {n: reading_shares(recordings, of, length_s, rate_hz, n) for n in NOISES_DEG}
            for others, tasks in comparisons(recordings):
                people = people_of(recordings)
                curve = " ".join(
                    f"{n:.0f}°: {np.mean([balanced(t, [p], tasks) for p in people]):.1%}"
                    for n, t in shares.items()
                )
                yield (
                    f"left out: {READ} against {others}, {length_s:.0f} s, {rate_hz} Hz",
                    curve,
                    "",
                )


def comparisons(recordings: Mapping[tuple[str, str], Floats]) -> Iterator[tuple[str, list[str]]]:
    """What reading is compared with: watching alone, and everything else."""
    rest = sorted({task for _, task in recordings} - {READ})
    if watching := [task for task in rest if task in WATCHING]:
        yield " and ".join(watching), watching
    yield ALL, rest


def people_of(recordings: Mapping[tuple[str, str], Floats]) -> list[str]:
    """Everybody who was recorded."""
    return sorted({person for person, _ in recordings})


def reading_shares(
    recordings: Mapping[tuple[str, str], Floats],
    of: ModelOf,
    length_s: float,
    rate_hz: float,
    noise_deg: float,
) -> dict[tuple[str, str], float]:
    """Share of each recording's windows, side by side, that count as reading. A slower
    camera takes the nearest samples; the noise is drawn anew for each that is left."""
    rng = np.random.default_rng(1)
    length = int(length_s * RECORDED_HZ)
    kept = np.floor(np.arange(int(length_s * rate_hz)) * RECORDED_HZ / rate_hz).astype(int)
    shares = {}
    for (person, task), gaze in recordings.items():
        seen = windows(gaze, length, length)[:, kept]
        seen = seen + rng.normal(0, noise_deg, seen.shape)
        paths, samples_a_step = on_grid(kept / RECORDED_HZ, seen, steps_of(length_s))
        left_deg = grid_noise_deg(noise_deg, samples_a_step)
        log_odds = of(person).log_odds(paths, length_s, left_deg)
        shares[person, task] = float((log_odds > 0).mean())
    return shares


def balanced(
    shares: Mapping[tuple[str, str], float], people: Sequence[str], tasks: Sequence[str]
) -> float:
    """Mean of the shares that are right of reading and of the rest, each task counting alike."""
    reading = [shares[p, READ] for p in people if (p, READ) in shares]
    rest = [1 - shares[p, task] for p in people for task in tasks if (p, task) in shares]
    return float(np.mean(reading) + np.mean(rest)) / 2


@dataclass
class Live:
    """What the detector did."""

    states: dict[str, list[float]] = field(default_factory=dict)
    """Shares of the time that count as reading, by task."""
    counted: dict[str, list[float]] = field(default_factory=dict)
    """Shares of the time that are counted as spent reading, by task."""
    unknown: list[float] = field(default_factory=list)
    reaction_s: list[float] = field(default_factory=list)
    """From the beginning of reading until it is reported; infinite where it never is."""
    already: list[bool] = field(default_factory=list)
    """Reading was reported, wrongly, before it began."""
    end_s: list[float] = field(default_factory=list)
    flips_per_min: list[float] = field(default_factory=list)
    cost_ms: list[float] = field(default_factory=list)


def live_rows(
    name: str,
    recordings: Mapping[tuple[str, str], Floats],
    of: ModelOf,
    noise_deg: float,
    seconds: float = EXCERPT_S,
) -> Iterator[Row]:
    """What the detector does sample by sample."""
    live = run_live(recordings, of, noise_deg, seconds)
    what = f"{name}: live, {noise_deg:.0f}°"
    reading = np.mean(live.states[READ])
    rest = {task: 1 - np.mean(v) for task, v in sorted(live.states.items()) if task != READ}
    watching = [v for task, v in rest.items() if task in WATCHING] or list(rest.values())
    shares = ", ".join(f"{task} {value:.0%}" for task, value in [(READ, reading), *rest.items()])
    right = (reading + np.mean(watching)) / 2
    yield f"{what}: share of the time right", f"{right:.1%} ({shares})", ""
    counted = ", ".join(f"{task} {np.mean(v):.0%}" for task, v in sorted(live.counted.items()))
    yield f"{what}: share of the time counted as reading", counted, ""
    yield f"{what}: not known, of the time", f"{np.mean(live.unknown):.1%}", ""
    yield f"{what}: changes of the answer", f"{np.mean(live.flips_per_min):.1f} a minute", ""
    reaction, end = live.reaction_s, live.end_s
    yield (
        f"{what}: reaction, {len(reaction)} splices",
        f"median {np.median(reaction):.2f} s, 90 % {late(reaction):.2f} s "
        f"({np.mean(live.already):.0%} more were reported before it began)",
        "",
    )
    yield (
        f"{what}: end, {len(end)} splices",
        f"median {np.median(end):.2f} s, 90 % {late(end):.2f} s",
        "",
    )
    yield f"{what}: cost", f"{np.mean(live.cost_ms):.2f} ms a sample", ""


def late(waits_s: Sequence[float]) -> float:
    """The wait that 90 % do not exceed; infinite where more than a tenth never came."""
    return float(np.quantile(waits_s, 0.9, method="higher"))


def run_live(
    recordings: Mapping[tuple[str, str], Floats], of: ModelOf, noise_deg: float, seconds: float
) -> Live:
    """Over the first ``seconds`` of the recordings; and over watching, reading and watching
    again, spliced of the same person's recordings at random places."""
    rng = np.random.default_rng(2)
    live = Live()
    for (person, task), recording in recordings.items():
        gaze = recording[: int(min(seconds * RECORDED_HZ, len(recording)))]
        began_s = time.perf_counter()
        states = follow(of(person), gaze, noise_deg, rng)
        live.cost_ms.append(1e3 * (time.perf_counter() - began_s) / len(gaze))
        live.states.setdefault(task, []).append(float(np.mean(states == 1)))
        live.counted.setdefault(task, []).append(_counted_s(states) * RECORDED_HZ / len(gaze))
        live.unknown.append(float(np.mean(states == -1)))
        flips = np.count_nonzero(np.diff(states))
        live.flips_per_min.append(flips / len(gaze) * RECORDED_HZ * 60)
    part = int(PART_S * RECORDED_HZ)
    for person in people_of(recordings):
        sources = [task for task in WATCHING if (person, task) in recordings]
        if not sources or (person, READ) not in recordings:
            continue
        for number in range(SPLICES):
            source = sources[number % len(sources)]
            gazes = [recordings[person, task] for task in (source, READ, source)]
            begins = [rng.integers(max(1, len(gaze) - part)) for gaze in gazes]
            gaze = np.concatenate([g[b : b + part] for g, b in zip(gazes, begins, strict=True)])
            reading = follow(of(person), gaze, noise_deg, rng) == 1
            live.already.append(bool(reading[part - 1]))
            if not live.already[-1]:
                live.reaction_s.append(_first_s(reading[part : 2 * part]))
            if reading[2 * part - 1]:
                live.end_s.append(_first_s(~reading[2 * part :]))
    return live


def follow(model: ReadingModel, gaze: Floats, noise_deg: float, rng: np.random.Generator) -> Floats:
    """What is reported at each sample, shape (samples,): 1 reading, 0 not, -1 unknown."""
    detector = ReadingDetector(model)
    width_sd, height_sd = (noise_deg / SCREEN_DEG).tolist()
    points = ((gaze + rng.normal(0, noise_deg, gaze.shape)) / SCREEN_DEG).tolist()
    states = np.empty(len(points))
    for index, (x, y) in enumerate(points):
        detector.add(index / RECORDED_HZ, (x, y), (width_sd, height_sd))
        states[index] = -1 if detector.is_reading is None else detector.is_reading
    return states


def _counted_s(states: Floats) -> float:
    """The time that is counted as spent reading, of what ``follow`` returns."""
    time_read = ReadingTime()
    for state in states.tolist():
        time_read.add(1 / RECORDED_HZ, is_reading=None if state == -1 else bool(state))
    return time_read.total_s or 0.0


def _first_s(reported: Floats) -> float:
    """When it is reported first; infinite where never."""
    return float(np.argmax(reported)) / RECORDED_HZ if reported.any() else float("inf")
