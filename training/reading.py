"""Trains the reading detector and writes models/reading.json.

    python -m training.reading --data DIR

DIR holds eyemove/gazegraph (Lan et al., GazeGraph, SenSys 2020): P<n>_<TASK>.csv with x and y in
shares of the screen, one line a sample, 30 a second. It needs nothing but numpy.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.common.paths import MODELS
from signage.audience.reading import (
    GRID_HZ,
    LENGTHS_S,
    NOISES_DEG,
    SCREEN_DEG,
    ReadingModel,
    Weights,
    features,
    on_grid,
    steps_of,
)
from signage.types.arrays import Floats

SEED = 0
RECORDED_HZ = 30.0
READ = "READ"
# How much each task counts. Whoever browses, searches or writes also reads now and then: their
# labels are worth less.
TASK_WEIGHTS = {READ: 0.5, "WATCH": 0.18, "PLAY": 0.18, "BROWSE": 0.045, "SEARCH": 0.045}
OTHER_WEIGHT = 0.05
MADE_WEIGHTS = {"PURSUIT": 0.05, "MIRRORED": 0.02}
# Chosen on people left out; anything from 0.003 to 0.1 is as good.
PENALTY = 0.01
STRIDE_STEPS = 11
DRAWS = 1
# Text comes in sizes, and so do screens: one standard deviation of their logarithms.
SIZE_SD = 0.2

Recordings = Mapping[tuple[str, str], Floats]
"""By person and task: gaze in degrees, shape (samples, 2), 30 samples a second."""


def main() -> None:
    """Train on everybody, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=MODELS / "reading.json")
    chosen = parser.parse_args()
    examples = Examples(load(chosen.data))
    write(examples.model(examples.people), chosen.out)
    print(f"wrote {chosen.out} ({chosen.out.stat().st_size} bytes)")


def load(data: Path) -> dict[tuple[str, str], Floats]:
    """Every recording of the folder; a SystemExit that says so where there is none."""
    found = {}
    for file in sorted((data / "eyemove" / "gazegraph").glob("*.csv")):
        if name := re.fullmatch(r"(P\d+)_([A-Z]+)", file.stem):
            found[name[1], name[2]] = np.loadtxt(file, delimiter=",") * SCREEN_DEG
    if not found:
        raise SystemExit(f"{data}/eyemove/gazegraph holds no P<n>_<TASK>.csv.")
    return found


def windows(recording: Floats, length: int, stride: int) -> Floats:
    """Shape (windows, length, 2)."""
    view = np.lib.stride_tricks.sliding_window_view(recording, length, axis=0)
    return np.ascontiguousarray(view[::stride].transpose(0, 2, 1))


class Examples:
    """Features of everybody's windows, of every length and with every noise, computed once."""

    def __init__(self, recordings: Recordings) -> None:
        self.people = sorted({person for person, _ in recordings})
        self._found: dict[tuple[str, float, float], tuple[Floats, Floats, Floats]] = {}
        for person in self.people:
            own = {task: gaze for (who, task), gaze in recordings.items() if who == person}
            # Seeded by the name: nobody's examples depend on who else is there.
            rng = np.random.default_rng([SEED, *person.encode()])
            for length_s in LENGTHS_S:
                for noise_deg in NOISES_DEG:
                    parts = list(_parts(own, length_s, noise_deg, rng))
                    x, y, w = (np.concatenate(column) for column in zip(*parts, strict=True))
                    self._found[person, length_s, noise_deg] = (x, y, w)

    def model(self, people: Sequence[str]) -> ReadingModel:
        """Learned from these people only."""
        weights = {}
        for length_s in LENGTHS_S:
            for noise_deg in NOISES_DEG:
                parts = [self._found[person, length_s, noise_deg] for person in people]
                x, y, w = (np.concatenate(column) for column in zip(*parts, strict=True))
                weights[length_s, noise_deg] = fit(x, y, w)
        return ReadingModel(weights)


def _parts(
    own: Mapping[str, Floats], length_s: float, noise_deg: float, rng: np.random.Generator
) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Features, labels and weights of one person's windows, of each task. The noise is that on
    the grid, so one draw stands for a fast noisy camera and for a slow one."""
    for task, gaze in {**own, **made(own, rng)}.items():
        t_s = np.arange(len(gaze)) / RECORDED_HZ
        grid, _ = on_grid(t_s, gaze[np.newaxis], int(len(gaze) / RECORDED_HZ * GRID_HZ))
        paths = windows(grid[0], steps_of(length_s), STRIDE_STEPS)
        paths = paths * np.exp(rng.normal(0, SIZE_SD, (len(paths), 1, 2)))
        x = features(paths + rng.normal(0, noise_deg, paths.shape))
        weight = (TASK_WEIGHTS | MADE_WEIGHTS).get(task, OTHER_WEIGHT) / len(x)
        yield x, np.full(len(x), float(task == READ)), np.full(len(x), weight)


def made(own: Mapping[str, Floats], rng: np.random.Generator) -> dict[str, Floats]:
    """What the recordings lack and a screen shows: text read the wrong way round, which says
    that the direction counts, and things that move smoothly."""
    t_s = np.arange(120 * RECORDED_HZ) / RECORDED_HZ
    # Every 4 s another thing, on an ellipse or, where one axis hardly moves, to and fro.
    part = np.floor(t_s / 4).astype(int)
    size, phase = rng.uniform(1, 9, (2, 30, 2)) * (1, 0.8), rng.uniform(0, 2 * np.pi, (2, 30, 2))
    pace = rng.uniform(0.1, 0.6, (30, 1))
    angle = 2 * np.pi * pace[part] * t_s[:, np.newaxis] + phase[0][part]
    found = {"PURSUIT": size[0][part] * np.sin(angle) + rng.normal(0, 0.1, angle.shape)}
    if READ in own:
        found["MIRRORED"] = own[READ] * (-1.0, 1.0)
    return found


def fit(x: Floats, y: Floats, w: Floats) -> Weights:
    """Ridge-penalised logistic regression by Newton's method."""
    mean, scale = x.mean(axis=0), 1 / (x.std(axis=0) + 1e-6)
    standard = np.clip((x - mean) * scale, -3, 3)
    x1 = np.concatenate([standard, np.ones((len(x), 1))], axis=1)
    penalty = np.full(x1.shape[1], PENALTY * w.sum())
    penalty[-1] = 1e-6
    b = np.zeros(x1.shape[1])
    for _ in range(7):
        p = 1 / (1 + np.exp(-x1 @ b))
        gradient = x1.T @ (w * (p - y)) + penalty * b
        hessian = (x1 * (w * p * (1 - p))[:, np.newaxis]).T @ x1 + np.diag(penalty)
        b -= np.linalg.solve(hessian, gradient)
    return Weights(mean, scale, b[:-1], float(b[-1]))


def write(model: ReadingModel, out: Path) -> None:
    """Write the weights as JSON."""
    entries = [
        {
            "length_s": length_s,
            "noise_deg": noise_deg,
            "mean": weights.mean.round(4).tolist(),
            "scale": weights.scale.round(3).tolist(),
            "weight": weights.weight.round(4).tolist(),
            "bias": round(weights.bias, 4),
        }
        for (length_s, noise_deg), weights in model.weights.items()
    ]
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in entries)
    out.write_text(f'{{"weights":[\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
