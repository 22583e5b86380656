"""Detects reading from the path of the gaze over the screen.

Reading has a signature that watching and searching lack: small steps along the line and quick
sweeps back to the next one (Rayner 1998). Biedert et al. 2012 ("A robust realtime
reading-skimming classifier", ETRA) tell it from saccades. A camera's gaze is too noisy to cut
saccades out of it one by one, so here they show in how the path changes over times from 67 ms
to 1 s: differences of neighbouring means (Haar wavelets), whose noise shrinks as they grow
longer. Logistic regression weighs the features, with weights for each length of the past
looked at and for each strength of the noise.

``training/reading.py`` makes the weights.
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from signage.errors import AssetError
from signage.types.arrays import Floats

Script = Literal["ltr", "rtl", "vertical"]
"""Which way lines run; vertical ones from top to bottom, and the next one to the left."""

GRID_HZ = 15.0
"""Samples are averaged in steps of this rate: what the slowest good camera gives."""
SCREEN_DEG = np.array([47.0, 27.0])
"""Width and height of the screen as seen by the viewer: 0.52 by 0.29 m from 0.6 m. Wrong by a
factor of 1.5 either way costs little: the weights are trained on text of varied size."""
SCREEN_ASPECT = float(SCREEN_DEG[0] / SCREEN_DEG[1])
DIAGONAL_DEG = float(np.linalg.norm(SCREEN_DEG))
"""Taken of every screen, whatever its shape: what is near is read in smaller letters."""
LENGTHS_S = (1.5, 3.0, 5.0)
"""Of the past looked at: the short one is quick, the long one is sure."""
NOISES_DEG = (0.0, 0.5, 1.0, 1.5, 2.2, 3.5, 5.0, 8.0)
"""Standard deviations of the gaze on the grid that there are weights for."""

_LAGS = (1, 2, 4, 8, 16)
# Keeps logarithms and quotients finite where the eye stands still.
_FLOOR_DEG = 0.03
_CLIP = 3.0

# At this noise (on the grid) the balanced accuracy against watching is 76 % with windows of 5 s,
# and 72 % with those of 3 s; beyond, nothing is told: see models/README.md.
_MAX_NOISE_DEG = 3.0
_MIN_HZ = 8.0
# At nearly every look: to wait for more of them would only make the answer later.
_STEP_S = 0.06
# A blink takes 0.1 to 0.4 s; whoever is away for longer than this looks elsewhere.
_MAX_GAP_S = 0.6
# The lengths vote alike, and the shortest suffices alone where it is this much surer: a trade of
# errors for a quick answer, chosen on people left out.
_SURER_LOG_ODDS = 0.6
_BEGIN_LOG_ODDS = 0.3
_END_LOG_ODDS = -0.3


def features(path_deg: Floats) -> Floats:
    """What the shape of paths says.

    ``path_deg``: shape (paths, steps, 2), along the lines and across them, on the grid.
    Returns shape (paths, features): the spread, and for each time scale that fits: the median
    change beside the mean one (reading creeps forward), the skew (and jumps back), the largest
    changes each way, the shares of steps forward, back, small and forward, and level, and the
    correlation of both directions (the slope of the lines).
    """
    paths, steps, _ = path_deg.shape
    centred = np.ascontiguousarray(path_deg.transpose(0, 2, 1))
    centred -= centred.mean(axis=2, keepdims=True)
    columns = [np.log(np.sqrt(_mean(centred * centred, 2)) + 0.1)]
    sums = np.zeros((paths, 2, steps + 1))
    np.cumsum(centred, axis=2, out=sums[..., 1:])
    for lag in lags(steps):
        means = (sums[..., lag:] - sums[..., :-lag]) / lag
        change = means[..., lag:] - means[..., :-lag]
        along, size, ranked = change[:, 0], np.abs(change), np.sort(change, axis=2)
        square = change * change
        variance = _mean(square, 2)
        level = size[:, 1] < 0.5 * size[:, 0]
        product = _mean(along * change[:, 1], 1)
        directions = [along > 0.3, along < -0.3, level & (along > 0.5) & (along < 4), level]
        columns += [
            ranked[..., ranked.shape[2] // 2] / (_mean(size, 2) + _FLOOR_DEG),
            np.cbrt(_mean(square * change, 2)) / (np.sqrt(variance) + _FLOOR_DEG),
            np.log(np.maximum(ranked[..., -1], 0) + 0.1),
            np.log(np.maximum(-ranked[..., 0], 0) + 0.1),
            _mean(np.stack(directions, axis=1), 2),
            (product / np.sqrt(variance[:, 0] * variance[:, 1] + 0.01))[:, np.newaxis],
        ]
    return np.concatenate(columns, axis=1)


def _mean(values: Floats | npt.NDArray[np.bool_], axis: int) -> Floats:
    """As `numpy.mean`, whose checks take longer than such short sums."""
    return np.asarray(np.add.reduce(values, axis, dtype=np.float64) / values.shape[axis])


def _quantiles(values: Floats, shares: Sequence[float]) -> list[list[float]]:
    """As `numpy.quantile` over the first axis, which is asked for at every look."""
    ranked, last = np.sort(values, axis=0), len(values) - 1
    quantiles = []
    for share in shares:
        below = int(share * last)
        part = share * last - below
        low, high = ranked[below], ranked[min(below + 1, last)]
        quantiles.append((low + part * (high - low)).tolist())
    return quantiles


def lags(steps: int) -> list[int]:
    """The time scales that fit a path of ``steps``, in steps."""
    return [lag for lag in _LAGS if 2 * lag < 0.8 * steps]


def steps_of(length_s: float) -> int:
    """The steps of the grid in that time."""
    return int(length_s * GRID_HZ)


def on_grid(t_s: Floats, points: Floats, steps: int) -> tuple[Floats, float]:
    """Average samples in even steps that end with the last one, and bridge what is missing.

    ``t_s``: shape (samples,), rising; ``points``: shape (paths, samples, 2). Returns shape
    (paths, steps, 2), and how many samples a step has on average.
    """
    step = steps - 1 - np.floor((t_s[-1] - t_s) * GRID_HZ + 1e-6).astype(int)
    inside = step >= 0
    filled, starts, counts = np.unique(step[inside], return_index=True, return_counts=True)
    means = np.add.reduceat(points[:, inside], starts, axis=1) / counts[:, np.newaxis]
    at = np.interp(np.arange(steps), filled, np.arange(len(filled)))
    low = np.floor(at).astype(int)
    high = np.ceil(at).astype(int)
    part = (at - low)[:, np.newaxis]
    return (1 - part) * means[:, low] + part * means[:, high], float(counts.sum()) / steps


def grid_noise_deg(sd_deg: float, samples_a_step: float) -> float:
    """Noise that is left after averaging; the errors of two frames are taken as independent."""
    return sd_deg / math.sqrt(max(1.0, samples_a_step))


@dataclass(frozen=True, slots=True)
class Weights:
    """Logistic regression on standardised features; each shape (features,)."""

    mean: Floats
    scale: Floats
    """One over the standard deviation."""
    weight: Floats
    bias: float

    def log_odds(self, found: Floats) -> Floats:
        """Of reading: shape (paths,), from features of shape (paths, features)."""
        # No single feature may decide: what lies far outside the training counts as its edge.
        standard = np.clip((found - self.mean) * self.scale, -_CLIP, _CLIP)
        return np.asarray(standard @ self.weight + self.bias)


@dataclass(frozen=True, slots=True)
class ReadingModel:
    """Weights by length of the path in s and noise on the grid in degrees."""

    weights: Mapping[tuple[float, float], Weights]

    def log_odds(self, path_deg: Floats, length_s: float, noise_deg: float) -> Floats:
        """Of reading, shape (paths,), of paths of that length, shape (paths, steps, 2)."""
        nearest = min(NOISES_DEG, key=lambda noise: abs(noise - noise_deg))
        return self.weights[length_s, nearest].log_odds(features(path_deg))


def load_reading_model(path: Path) -> ReadingModel:
    """Read the weights. Raises ``AssetError`` where the file is missing or broken."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["weights"]
        by_path = {(e["length_s"], e["noise_deg"]): _weights(e) for e in entries}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AssetError(
            f"{path}: the weights of the reading detector cannot be read ({error!r}). "
            "Restore the file, or train it again with `python -m training.reading`."
        ) from error
    for length_s in LENGTHS_S:
        count = 2 + 13 * len(lags(steps_of(length_s)))
        for noise_deg in NOISES_DEG:
            weights = by_path.get((length_s, noise_deg))
            if weights is None or {len(weights.mean), len(weights.scale), len(weights.weight)} != {
                count
            }:
                raise AssetError(
                    f"{path}: weights for paths of {length_s} s with noise of {noise_deg}° should "
                    f"be {count} numbers. The file belongs to another version: train it again "
                    "with `python -m training.reading`."
                )
    return ReadingModel(by_path)


def _weights(entry: Any) -> Weights:
    mean, scale, weight = (
        np.array(entry[name], dtype=np.float64) for name in ("mean", "scale", "weight")
    )
    bias = float(entry["bias"])
    if not all(np.isfinite(part).all() for part in (mean, scale, weight, bias)):
        raise ValueError("a number is not finite")
    return Weights(mean, scale, weight, bias)


class ReadingDetector:
    """One viewer's eyes."""

    def __init__(
        self, model: ReadingModel, script: Script = "ltr", aspect: float = SCREEN_ASPECT
    ) -> None:
        """``aspect``: width of the screen divided by its height."""
        self._model = model
        across = np.array([aspect, 1.0])
        self._screen_deg: Floats = DIAGONAL_DEG * across / np.linalg.norm(across)
        self._script = script
        # t_s, x, y, and variances of x and y.
        self._samples: deque[tuple[float, float, float, float, float]] = deque()
        self._last_s = -math.inf
        self._judged_s = -math.inf
        self._reading_since_s = math.inf
        self.is_reading: bool | None = None
        """None: cannot be told (too noisy, too few samples a second, too little seen yet)."""

    def add(self, t_s: float, point: tuple[float, float] | None, sd: tuple[float, float]) -> None:
        """Go on to ``t_s``, later than any before.

        ``point``: where on the screen they look, in shares of its width and height from the left
        and top as the viewer sees it; may lie outside 0 to 1. None: elsewhere, or eyes shut.
        ``sd``: its standard deviation in the same units, independent from sample to sample.
        """
        if self._last_s == -math.inf:
            self._last_s = t_s
        if point is None:
            if t_s - self._last_s > _MAX_GAP_S:
                self.forget()
                # Whoever looks elsewhere does not read.
                self.is_reading = False
            return
        if t_s - self._last_s > _MAX_GAP_S:
            self.forget()
        self._last_s = t_s
        self._samples.append((t_s, *point, sd[0] ** 2, sd[1] ** 2))
        while self._samples[0][0] <= t_s - LENGTHS_S[-1]:
            self._samples.popleft()
        if t_s - self._judged_s >= _STEP_S:
            self._judged_s = t_s
            self._judge()

    @property
    def region(self) -> tuple[float, float, float, float] | None:
        """Left, top, right, bottom of what they read in these seconds, in shares of the screen."""
        if not self.is_reading:
            return None
        t_s, x, y, *_ = np.array(self._samples).T
        recent = t_s >= self._reading_since_s
        path, _ = on_grid(t_s[recent], np.stack([x, y], axis=1)[np.newaxis, recent], self._seen())
        # Means of the length of a fixation, for the noise; a glance aside is no line.
        steps = path[0]
        smooth = (steps[:-3] + steps[1:-2] + steps[2:-1] + steps[3:]) / 4
        (left, top), (right, bottom) = _quantiles(smooth, (0.04, 0.96))
        return left, top, right, bottom

    def forget(self) -> None:
        """Nothing is known of the eyes any more."""
        self._samples.clear()
        self.is_reading = None

    def _seen(self) -> int:
        """Steps of the grid since they began to read, or to look."""
        begin_s = max(self._samples[0][0], min(self._reading_since_s, self._last_s))
        return max(steps_of(LENGTHS_S[0]), int((self._last_s - begin_s) * GRID_HZ) + 1)

    def _judge(self) -> None:
        samples = np.array(self._samples)
        t_s = samples[:, 0]
        seen_s = t_s[-1] - t_s[0] + 1 / GRID_HZ
        if seen_s < LENGTHS_S[0]:
            return
        lately = t_s > t_s[-1] - LENGTHS_S[0]
        sd_deg = math.sqrt(float((samples[lately, 3:].mean(axis=0) * self._screen_deg**2).mean()))
        path_deg, _ = on_grid(
            t_s,
            self._as_lines(samples[:, 1:3] * self._screen_deg)[np.newaxis],
            steps_of(LENGTHS_S[-1]),
        )
        samples_a_step = lately.sum() / steps_of(LENGTHS_S[0])
        noise_deg = grid_noise_deg(sd_deg, samples_a_step)
        if noise_deg > _MAX_NOISE_DEG or samples_a_step * GRID_HZ < _MIN_HZ:
            self.is_reading = None
            return
        log_odds = self._log_odds(path_deg, seen_s, noise_deg)
        was_reading = bool(self.is_reading)
        self.is_reading = bool(log_odds > (_END_LOG_ODDS if was_reading else _BEGIN_LOG_ODDS))
        if self.is_reading and not was_reading:
            self._reading_since_s = t_s[-1] - LENGTHS_S[0]

    def _log_odds(self, path_deg: Floats, seen_s: float, noise_deg: float) -> float:
        """Mean over the lengths that have been seen in full, or what the shortest alone says."""
        seen = [length_s for length_s in LENGTHS_S if length_s <= seen_s]
        log_odds = [
            float(self._model.log_odds(path_deg[:, -steps_of(s) :], s, noise_deg)[0]) for s in seen
        ]
        return max(sum(log_odds) / len(log_odds), log_odds[0] - _SURER_LOG_ODDS)

    def _as_lines(self, points_deg: Floats) -> Floats:
        """Turned so that lines run to the right and follow each other downwards."""
        if self._script == "rtl":
            return points_deg * (-1.0, 1.0)
        if self._script == "vertical":
            return points_deg[:, ::-1] * (1.0, -1.0)
        return points_deg
