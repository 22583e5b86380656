"""Our own head for age and gender: a linear layer on what three networks see in a face."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.common.labelled_faces import BAND_YEARS
from signage.types.arrays import Floats

YEARS = 101
EMBEDDING, FACERES_AGES, DLIB_AGES = 1024, 100, 81
# Correction of the networks' ages: a smooth function of the year, flat where no face of the
# training set is, so that they alone tell 65 from 85 and a newborn from a child of two.
CENTRES = np.array([2.0, 6.0, 10.0, 15.0, 21.0, 28.0, 36.0, 45.0, 54.0, 63.0])
SMOOTH_YEARS = 2.5
# Chosen by held-out faces of the training set: lower ones learn it by heart.
AGE_PENALTY, GENDER_PENALTY = 0.2, 0.5


def inputs(raw: Floats) -> tuple[Floats, Floats]:
    """Of features, (n, 1206): linear ones, (n, 1027), and the networks' ages in logarithms,
    (n, 2, 101)."""
    a, b = EMBEDDING + FACERES_AGES, EMBEDDING + FACERES_AGES + DLIB_AGES
    faceres, dlib = raw[:, EMBEDDING:a], raw[:, a:b]
    means = np.stack([faceres @ np.arange(FACERES_AGES), dlib @ np.arange(DLIB_AGES)], axis=1)
    linear = np.concatenate([raw[:, :EMBEDDING], means, raw[:, b:]], axis=1)
    return linear, np.stack([np.log(p @ spread(p.shape[1]) + 1e-3) for p in (faceres, dlib)], 1)


def spread(rows: int, sigma: float = 4.0) -> Floats:
    """Gaussian kernel from ``rows`` years to all, shape (rows, 101); rows sum to 1."""
    kernel = np.exp(-0.5 * ((np.arange(rows)[:, None] - np.arange(YEARS)) / sigma) ** 2)
    return np.asarray(kernel / kernel.sum(axis=1, keepdims=True))


def basis() -> Floats:
    """Shape (len(CENTRES), 101): hat functions of the year, the outermost flat beyond."""
    return np.stack([np.interp(np.arange(YEARS), CENTRES, row) for row in np.eye(len(CENTRES))])


SMOOTH = spread(YEARS, SMOOTH_YEARS)
IN_BAND = np.array([[lo <= year <= hi for year in range(YEARS)] for lo, hi in BAND_YEARS]) * 1.0


class Head:
    """Standardise, one linear layer, and temperatures."""

    def __init__(self, raw: Floats, band: Floats, female: Floats, group: Floats) -> None:
        """``raw``, shape (n, 2, 1206): the clear face and the degraded one."""
        weights = np.tile(balance(band, female, group), 2)
        both = np.concatenate([raw[:, 0], raw[:, 1]])
        linear, logs = inputs(both)
        self.mean, self.scale = linear.mean(0), 1 / (linear.std(0) + 1e-3)
        x = (linear - self.mean) * self.scale
        x[:, -1] *= 4  # the one feature made for gender, beside a thousand others
        self.gender = fit_gender(x, np.tile(female, 2), weights)
        self.age, self.trust = fit_age(x, logs, np.tile(band, 2), weights)
        self.age_temperature = self.gender_temperature = 1.0

    def logits(self, raw: Floats) -> tuple[Floats, Floats]:
        """Of features, (n, 1206): logits of the years, (n, 101), and of a woman, (n,)."""
        linear, logs = inputs(raw)
        x = (linear - self.mean) * self.scale
        x[:, -1] *= 4
        x1 = np.concatenate([x, np.ones((len(x), 1))], axis=1)
        return x1 @ self.age @ basis() + np.einsum("j,njy->ny", self.trust, logs), x1 @ self.gender

    def predict(self, raw: Floats) -> tuple[Floats, Floats]:
        years, female = self.logits(raw)
        return (
            softmax(years / self.age_temperature) @ SMOOTH,
            1 / (1 + np.exp(-female / self.gender_temperature)),
        )


def balance(band: Floats, female: Floats, group: Floats) -> Floats:
    """Weights that make every band count alike, within it gender and group; few are not blown up
    beyond measure."""
    cells = (band * 2 + female) * 8 + group
    per_cell = np.bincount(cells)[cells]
    per_band = np.bincount(band)[band]
    weights = 1 / np.maximum(per_band, 15) * np.sqrt(per_band / (14 * per_cell))
    return np.asarray(weights / weights.mean())


def softmax(logits: Floats) -> Floats:
    """Probabilities of the rows of ``logits``."""
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def fit_gender(x: Floats, female: Floats, weights: Floats) -> Floats:
    """Ridge-penalised logistic regression by Newton's method, shape (features + 1,)."""
    x1 = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    penalty = np.full(x1.shape[1], GENDER_PENALTY * weights.sum())
    penalty[-1] = 1e-6
    target = 0.02 + 0.96 * female
    w = np.zeros(x1.shape[1])
    for _ in range(8):
        p = 1 / (1 + np.exp(-x1 @ w))
        gradient = x1.T @ (weights * (p - target)) + penalty * w
        hessian = (x1 * (weights * p * (1 - p))[:, None]).T @ x1 + np.diag(penalty)
        w -= np.linalg.solve(hessian, gradient)
    return w


def fit_age(x: Floats, logs: Floats, band: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Likelihood of the bands, by Adam: shape (features + 1, centres), and trust in each network,
    shape (2,)."""
    x1 = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    b, inside = basis(), IN_BAND[band]
    parameters = [np.zeros((x1.shape[1], len(CENTRES))), np.array([0.3, 0.7])]
    moments = [[np.zeros_like(p), np.zeros_like(p)] for p in parameters]
    n = weights.sum()
    penalty = np.full((x1.shape[1], 1), AGE_PENALTY)
    penalty[-1] = 0
    rounds = 150
    for step in range(1, rounds + 1):
        w, trust = parameters
        p = softmax(x1 @ w @ b + np.einsum("j,njy->ny", trust, logs))
        likely = SMOOTH @ inside.T  # (101, n): chance of the band from each year
        posterior = p * likely.T
        posterior /= posterior.sum(axis=1, keepdims=True)
        d = weights[:, None] * (p - posterior) / n
        gradients = [x1.T @ (d @ b.T) + penalty * w, np.einsum("ny,njy->j", d, logs)]
        rate = 0.01 * (0.5 + 0.5 * math.cos(math.pi * step / rounds))
        for k, gradient in enumerate(gradients):
            first, second = moments[k]
            first += 0.1 * (gradient - first)
            second += 0.01 * (gradient**2 - second)
            parameters[k] = parameters[k] - rate * (first / (1 - 0.9**step)) / (
                np.sqrt(second / (1 - 0.99**step)) + 1e-8
            )
    return parameters[0], parameters[1]
