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

import cv2
import numpy as np

from benchmarks.common.labelled_faces import (
    BAND_MIDDLES,
    BAND_YEARS,
    BANDS,
    SingleFaceFinder,
    read_folder,
)
from benchmarks.common.paths import MANIFEST, MODELS
from signage.perception.models.attributes import FaceFeatures
from signage.types.arrays import Floats, Image
from training.head import IN_BAND, SMOOTH, YEARS, Head, balance, basis, softmax
from training.traits_onnx import check, write

SEED = 0
FOLDS = 6


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
    likeliest = (probs @ IN_BAND.T).argmax(axis=1)
    error = middle - BAND_MIDDLES[band]
    edges = np.array(BAND_YEARS)
    covered = (high >= edges[band, 0]) & (low <= edges[band, 1])
    print(
        f"{name}: gender {weights @ right:.3f}, worst group {min(groups):.3f}; "
        f"age band {weights @ (likeliest == band):.3f}, error {weights @ abs(error):.2f} years, "
        f"80 % interval meets the band {weights @ covered:.3f}"
    )
    for i, label in enumerate(BANDS):
        if (at := band == i).any():
            print(
                f"  {label}: n {at.sum()}, gender {right[at].mean():.3f}, "
                f"band {(likeliest == band)[at].mean():.3f}, bias {error[at].mean():+.1f}"
            )
    minor = band <= 2
    says = probs[:, :20].sum(axis=1)
    for lo, hi in ((0, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.01)):
        at = (says >= lo) & (says < hi)
        print(f"  P(under 20) in {lo}..{hi}: n {at.sum()}, truly {minor[at].mean():.3f}")


if __name__ == "__main__":
    main()
