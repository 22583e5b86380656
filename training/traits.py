"""Trains our own head for age and gender, calibrates it, and writes models/traits.onnx.

    python -m training.traits --data DIR

DIR holds faces/fairface_train (FairFace, CC BY 4.0). The three networks that look at a face stay
as they are: only a linear head is learned, on what they say. It needs no package that the
product does not bring. The label `race` balances the weights; no output infers it.
"""

from __future__ import annotations

import argparse
import itertools
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from benchmarks.common.labelled_faces import (
    BAND_MIDDLES,
    BAND_YEARS,
    BANDS,
    SingleFaceFinder,
    read_folder,
)
from benchmarks.common.paths import MANIFEST, MODELS
from signage.perception.models.attributes import FaceFeatures
from signage.perception.models.inference import load_model
from signage.types.arrays import Floats, Image

SEED = 0
FOLDS = 6
YEARS = 101
EMBEDDING, FACERES_AGES, DLIB_AGES = 1024, 100, 81
# Correction of the networks' ages: a smooth function of the year, flat where no face of the
# training set is, so that they alone tell 65 from 85 and a newborn from a child of two.
CENTRES = np.array([2.0, 6.0, 10.0, 15.0, 21.0, 28.0, 36.0, 45.0, 54.0, 63.0])
SMOOTH_YEARS = 2.5
# Chosen by held-out faces of the training set: lower ones learn it by heart.
AGE_PENALTY, GENDER_PENALTY = 0.2, 0.5


def main() -> None:
    """Look at every face, train, and write the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=MODELS / "traits.onnx")
    parser.add_argument("--features", type=Path, help="keep the networks' answers here")
    chosen = parser.parse_args()
    if chosen.features is not None and chosen.features.exists():
        stored = np.load(chosen.features)
        raw, band, female, group = (stored[k] for k in ("raw", "band", "female", "group"))
    else:
        raw, band, female, group = look(chosen.data / "faces" / "fairface_train")
        if chosen.features is not None:
            np.savez(chosen.features, raw=raw, band=band, female=female, group=group)
    train(raw, band, female, group, chosen.out)


def look(folder: Path) -> tuple[Floats, Floats, Floats, Floats]:
    """Features of every face, clear and degraded, shape (n, 2, 1206), and its labels, (n,)."""
    rng = np.random.default_rng(SEED)
    finder, networks = SingleFaceFinder(), FaceFeatures(MANIFEST)
    rows, labels, groups = [], [], []
    for item in read_folder(folder):
        image = item.image
        face = finder.find_face(image)
        if face is None:
            continue
        height = face.box_xyxy_px[3] - face.box_xyxy_px[1]
        worse, scale = degrade(image, height, rng)
        # The landmarks of a small face are less exact.
        shaken = face.landmarks_px * scale + rng.normal(0, 0.01, 2) * height * scale
        rows.append([networks.describe(image, face.landmarks_px), networks.describe(worse, shaken)])
        labels.append((BANDS.index(item.labels["age_band"]), item.labels["gender"] == "Female"))
        groups.append(item.labels["race"])
        if len(rows) % 500 == 0:
            print(f"{len(rows)} faces", flush=True)
    names = sorted(set(groups))
    band, female = np.array(labels).T
    return np.array(rows), band, female, np.array([names.index(name) for name in groups])


def degrade(image: Image, height: float, rng: np.random.Generator) -> tuple[Image, float]:
    """As a far, badly lit or moving face would look; and the scale at which it is drawn."""
    scale = min(1.0, math.exp(rng.uniform(math.log(28), math.log(110))) / height)
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if rng.random() < 0.3:
        small = cv2.GaussianBlur(small, (0, 0), height * scale * rng.uniform(0.008, 0.03))
    light = small.astype(np.float64) * math.exp(rng.normal(0, 0.2)) + rng.normal(0, 15)
    noisy = np.clip(light + rng.normal(0, rng.uniform(0, 8), light.shape), 0, 255).astype(np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(35, 95))]
    decoded = cv2.imdecode(cv2.imencode(".jpg", noisy, quality)[1], cv2.IMREAD_COLOR)
    if decoded is None:
        raise SystemExit("OpenCV cannot read its own JPEG.")
    return np.asarray(decoded, dtype=np.uint8), scale


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


def train(raw: Floats, band: Floats, female: Floats, group: Floats, out: Path) -> None:
    """Choose by held-out faces, fit on all, and write the model."""
    fold = np.random.default_rng(SEED).integers(0, FOLDS, len(raw))
    years, sexes = np.zeros((len(raw), 2, YEARS)), np.zeros((len(raw), 2))
    for held in range(FOLDS):
        kept = fold != held
        head = Head(raw[kept], band[kept], female[kept], group[kept])
        for look_at in range(2):
            years[~kept, look_at], sexes[~kept, look_at] = head.logits(raw[~kept, look_at])
    # Temperatures under which the held-out faces, clear and degraded, are most likely.
    weights = balance(band, female, group)
    candidates = np.geomspace(0.5, 3, 37)

    def age_loss(choice: tuple[float, float]) -> float:
        t, more = choice
        probs = np.stack([softmax((years[:, k] + more * basis()[-1]) / t) @ SMOOTH for k in (0, 1)])
        return -float((weights * np.log((probs * IN_BAND[band]).sum(axis=2))).sum())

    def gender_loss(t: float) -> float:
        margins = (2 * female - 1)[:, None] * sexes / t
        return float((weights[:, None] * np.log1p(np.exp(-margins))).sum())

    # The few old faces are learnt by heart, and no other old face is recognised by that: how much
    # more the old have to be believed in is fitted to held-out faces, too.
    age_t, older = min(itertools.product(candidates[::2], np.arange(0, 6.1, 0.5)), key=age_loss)
    gender_t = min(candidates, key=gender_loss)
    years += older * basis()[-1]
    print(f"temperatures: age {age_t:.2f}, gender {gender_t:.2f}; the old: {older:+.1f}")
    print(f"faces: {len(raw)}")
    for k, name in enumerate(("clear", "degraded")):
        probs = softmax(years[:, k] / age_t) @ SMOOTH
        show(name, probs, 1 / (1 + np.exp(-sexes[:, k] / gender_t)), band, female, group)
    final = Head(raw, band, female, group)
    final.age[-1, -1] += older
    final.age_temperature, final.gender_temperature = float(age_t), float(gender_t)
    print("trust in the ages of faceres and dlib:", final.trust.round(2))
    write(final, out)
    check(final, raw[:64, 0], out)


def show(
    name: str, probs: Floats, women: Floats, band: Floats, female: Floats, group: Floats
) -> None:
    """Held-out figures, every band counting alike."""
    weights = 1 / np.maximum(np.bincount(band), 20)[band]
    weights = weights / weights.sum()
    right = (women > 0.5) == female
    groups = [
        float((weights * right)[group == g].sum() / weights[group == g].sum())
        for g in range(group.max() + 1)
    ]
    cdf = probs.cumsum(axis=1)
    low, middle, high = ((cdf >= q).argmax(axis=1) for q in (0.1, 0.5, 0.9))
    told = (probs @ IN_BAND.T).argmax(axis=1)
    error = middle - BAND_MIDDLES[band]
    edges = np.array(BAND_YEARS)
    covered = (high >= edges[band, 0]) & (low <= edges[band, 1])
    print(
        f"{name}: gender {weights @ right:.3f}, worst group {min(groups):.3f}; "
        f"age band {weights @ (told == band):.3f}, error {weights @ abs(error):.2f} years, "
        f"80 % interval meets the band {weights @ covered:.3f}"
    )
    for i, label in enumerate(BANDS):
        if (at := band == i).any():
            print(
                f"  {label}: n {at.sum()}, gender {right[at].mean():.3f}, "
                f"band {(told == band)[at].mean():.3f}, bias {error[at].mean():+.1f}"
            )
    minor = band <= 2
    says = probs[:, :20].sum(axis=1)
    for lo, hi in ((0, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.01)):
        at = (says >= lo) & (says < hi)
        print(f"  P(under 20) in {lo}..{hi}: n {at.sum()}, truly {minor[at].mean():.3f}")


def write(head: Head, out: Path) -> None:
    """The head as ONNX: features (N, 1206) → age_probs (N, 101), female_prob (N)."""
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []

    def constant(name: str, value: NDArray[Any]) -> str:
        kind = np.int64 if value.dtype == np.int64 else np.float32
        constants.append(numpy_helper.from_array(np.asarray(value, dtype=kind), name))
        return name

    def node(operation: str, names: list[str], output: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(operation, names, [output], output, **attributes))
        return output

    sizes = np.array([EMBEDDING, FACERES_AGES, DLIB_AGES, 1])
    nodes.append(
        helper.make_node(
            "Split",
            ["features", constant("sizes", sizes)],
            ["embedding", "faceres", "dlib", "sex"],
            "split",
            axis=1,
        )
    )
    means, logs = [], []
    for which, (name, rows) in enumerate((("faceres", FACERES_AGES), ("dlib", DLIB_AGES))):
        column = constant(f"{name}_years", np.arange(rows)[:, None] * 1.0)
        means.append(node("MatMul", [name, column], f"{name}_mean"))
        wide = node("MatMul", [name, constant(f"{name}_spread", spread(rows))], f"{name}_wide")
        floor = node("Add", [wide, constant(f"{name}_floor", np.array([1e-3]))], f"{name}_floored")
        log = node("Log", [floor], f"{name}_log")
        trust = constant(f"{name}_trust", head.trust[which : which + 1] / head.age_temperature)
        logs.append(node("Mul", [log, trust], f"{name}_vote"))
    linear = node("Concat", ["embedding", *means, "sex"], "linear", axis=1)
    boost = np.ones(len(head.scale))
    boost[-1] = 4
    # Standardising is folded into the layer.
    factor = head.scale * boost
    age, gender = head.age / head.age_temperature, head.gender / head.gender_temperature
    age_w, gender_w = factor[:, None] * age[:-1], factor * gender[:-1]
    age_b, gender_b = age[-1] - head.mean @ age_w, gender[-1] - head.mean @ gender_w
    bumps = node(
        "Gemm", [linear, constant("age_w", age_w), constant("age_b", age_b)], "corrections"
    )
    corrected = node("MatMul", [bumps, constant("basis", basis())], "correction")
    voted = node("Sum", [corrected, *logs], "age_logits")
    ages = node("Softmax", [voted], "age_sharp", axis=1)
    node("MatMul", [ages, constant("smooth", SMOOTH)], "age_probs")
    margin = node(
        "Gemm",
        [linear, constant("gender_w", gender_w[:, None]), constant("gender_b", gender_b[None])],
        "margin",
    )
    probability = node("Sigmoid", [margin], "female_column")
    node("Squeeze", [probability, constant("one", np.array([1]))], "female_prob")
    width = EMBEDDING + FACERES_AGES + DLIB_AGES + 1
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "traits",
        [value("features", TensorProto.FLOAT, ["N", width])],
        [
            value("age_probs", TensorProto.FLOAT, ["N", YEARS]),
            value("female_prob", TensorProto.FLOAT, ["N"]),
        ],
        constants,
    )
    model = helper.make_model(
        graph, producer_name="signage", opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    onnx.checker.check_model(model)
    out.write_bytes(model.SerializeToString())
    print(f"wrote {out} ({out.stat().st_size} bytes)")


def check(head: Head, raw: Floats, out: Path) -> None:
    """What was written says what was trained."""

    ages, women = load_model(out).run(None, {"features": raw.astype(np.float32)})
    wanted_ages, wanted_women = head.predict(raw)
    worst = max(abs(ages - wanted_ages).max(), abs(women - wanted_women).max())
    if worst > 1e-3:
        raise SystemExit(f"{out} differs from what was trained by {worst:.2g}.")


if __name__ == "__main__":
    main()
