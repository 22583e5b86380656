"""How well a person who comes back is distinguished from all others, on the product's own path.

The pictures are those of ``faces/lfw`` and, for strangers of all groups, of ``faces/fairface``.
Every picture is looked at as the product looks: detector, landmarks, then the vector. Smaller
faces are made by shrinking the picture, before anything is looked for in it. The labels of race
serve to report errors by group, and for nothing else.
"""

from __future__ import annotations

import csv
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.common.labelled_faces import SingleFaceFinder, read_folder
from benchmarks.common.paths import MANIFEST
from benchmarks.common.tables import Row
from signage.perception.models.faces import Face
from signage.perception.models.identity import FaceEncoder, Gallery, threshold
from signage.types.arrays import Floats, Image

_SIZES_PX = {100: 1, 60: 3, 48: 1, 40: 3, 32: 1}
"""Height of the face, and of how many folds: the pictures of all take a minute a size."""
_VISIT_PX = (60, 40)
_GOALS = {60: "goal 95 %", 40: "goal 85 %"}
_STREAMS = {30: 12, 100: 6, 300: 2}
"""How many people come, and how often that is tried."""
_MAX_YAW_DEG, _CLEAR_PX = 45.0, 80.0
_SEED = 7

Picture = str
Looks = Mapping[Picture, "Look"]


@dataclass(frozen=True, slots=True, repr=False)
class Look:
    """What was seen of one picture."""

    vector: Floats
    weight: float
    height_px: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures, and whether they show the same person."""

    a: Picture
    b: Picture
    same: bool
    fold: str


class Looker:
    """Finds the face of a picture and describes it."""

    def __init__(self) -> None:
        self._finder, self._encoder = SingleFaceFinder(), FaceEncoder(MANIFEST)
        self.times_s: list[float] = []

    def look(self, image: Image, scale: float = 1.0) -> Look | None:
        """At ``image``, made smaller by ``scale`` before anything is looked for in it."""
        if scale < 1:
            small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            image = np.asarray(small, dtype=np.uint8)
        face = self._finder.find_face(image)
        if face is None:
            return None
        start = time.perf_counter()
        vector = self._encoder.embed(image, face)
        self.times_s.append(time.perf_counter() - start)
        return Look(vector, _weight(face), _height(face))


def identity_rows(data: Path) -> Iterator[Row]:
    """Rows about ``faces`` in the folder ``data``: lfw, and fairface where it is there."""
    folder = data / "faces" / "lfw"
    pairs, looker = read_pairs(folder), Looker()
    clear = looks_at(folder, _pictures(pairs, 5), looker)
    sized = {
        px: looks_at(folder, _pictures(pairs, folds), looker, clear, px)
        for px, folds in _SIZES_PX.items()
    }
    for px, looks in ({None: clear} | sized).items():
        size = "as they are" if px is None else f"{px} px"
        yield from pair_rows(looks, pairs, size, _GOALS.get(px or 0, ""))
        yield from threshold_rows(looks, size)
    yield from several_rows(clear)
    yield from stream_rows([clear, *(sized[px] for px in _VISIT_PX)])
    if (strangers := data / "faces" / "fairface").is_dir():
        yield from stranger_rows(strangers, looker)
    yield "one look", f"{np.median(looker.times_s) * 1e3:.0f} ms", "goal 40 ms"


def looks_at(
    folder: Path,
    names: Sequence[Picture],
    looker: Looker,
    clear: Looks | None = None,
    height_px: int = 0,
) -> dict[Picture, Look]:
    """Looks at pictures, as they are or, where they were found ``clear``, at ``height_px``."""
    looks: dict[Picture, Look] = {}
    for name in names:
        if clear is not None and name not in clear:
            continue
        scale = 1.0 if clear is None else height_px / clear[name].height_px
        look = looker.look(_read(folder / name), scale)
        if look is not None:
            looks[name] = look
    return looks


def read_pairs(folder: Path) -> list[Pair]:
    """The pairs of LFW, in their folds."""
    with (folder / "pairs.csv").open(encoding="utf-8", newline="") as file:
        return [
            Pair(row["a"], row["b"], row["same"] == "1", row["fold"])
            for row in csv.DictReader(file)
        ]


def pair_rows(looks: Looks, pairs: Sequence[Pair], size: str, goal: str) -> Iterator[Row]:
    """Pairs judged rightly, and how many of the same person at fixed rates of false matches."""
    known = [p for p in pairs if p.a in looks and p.b in looks]
    scores = np.array([float(looks[p.a].vector @ looks[p.b].vector) for p in known])
    same, folds = np.array([p.same for p in known]), np.array([p.fold for p in known])
    right = []
    for fold in sorted(set(folds)) if len(set(folds)) > 1 else []:
        other = folds != fold
        # The threshold is the best one for the other folds.
        candidates = np.unique(scores[other])
        best = max(candidates, key=lambda t: ((scores[other] >= t) == same[other]).mean())
        right += list((scores[~other] >= best) == same[~other])
    if right:
        yield (
            f"pairs judged rightly, {size}",
            f"{np.mean(right):.1%} of {len(right)}",
            "99.4 % (dlib)",
        )
    impostors, _ = all_pairs(looks)
    for rate, name, wanted in ((1e-3, "0.1 %", goal), (1e-4, "0.01 %", "")):
        hits = scores[same] >= np.quantile(impostors, 1 - rate)
        what = f"found again at {name} false matches, {size}"
        yield what, f"{hits.mean():.1%} of {len(hits)}", wanted


def threshold_rows(looks: Looks, size: str) -> Iterator[Row]:
    """What the thresholds in the product do."""
    impostors, genuine = all_pairs(looks)
    for comparisons in (1, 100):
        limit = threshold(comparisons)
        what = f"shipped threshold of {comparisons}, {limit:.3f}, {size}"
        wrong, found = (impostors >= limit).mean(), (genuine >= limit).mean()
        here = f"found {found:.1%} of {len(genuine)}, false {wrong:.3%} of {len(impostors)}"
        yield what, here, "false 0.1 %"


def several_rows(looks: Looks) -> Iterator[Row]:
    """Some pictures of a person against some others, the best of all scores."""
    rng = np.random.default_rng(_SEED)
    people = _by_person(looks)
    for known, seen in ((1, 1), (2, 1), (3, 1), (2, 2)):
        genuine: list[float] = []
        impostors: list[float] = []
        for _ in range(5):
            chosen = {who: rng.permutation(names).tolist() for who, names in people.items()}
            kept = {w: names[:known] for w, names in chosen.items() if len(names) >= 4}
            for who, names in chosen.items():
                mine = _stack(looks, names[known:][:seen] if who in kept else names[:seen])
                for other, views in kept.items():
                    score = float((mine @ _stack(looks, views).T).max())
                    (genuine if who == other else impostors).append(score)
        hits = np.array(genuine) >= np.quantile(impostors, 0.999)
        what = f"found again at 0.1 % false matches, {known} views known, {seen} seen"
        yield what, f"{hits.mean():.1%} of {len(hits)}", ""


def stream_rows(sizes: Sequence[Looks]) -> Iterator[Row]:
    """People come in random order, each picture of theirs a visit, which is looked at in
    several sizes; the gallery forgets nobody."""
    names = sorted(set.intersection(*(set(looks) for looks in sizes)))
    for people, times in _STREAMS.items():
        count: Counter[str] = Counter()
        for seed in range(times):
            count += _stream(sizes, names, people, seed)
        back, new = count["back"], count["new"]
        yield f"{people} people come: found again", f"{count['found'] / back:.1%} of {back}", ""
        wrong = f"{count['wrong'] / back:.1%} of {back}"
        yield f"{people} people come: taken for another who was there", wrong, ""
        false = f"{count['false'] / new:.2%} of {new}"
        yield f"{people} people come: a new one taken for somebody", false, "1 %"


def _stream(
    sizes: Sequence[Looks], names: Sequence[Picture], people: int, seed: int
) -> Counter[str]:
    rng = np.random.default_rng(seed)
    everybody = sorted({_person(name) for name in names})
    chosen = set(rng.permutation(everybody)[:people])
    visits = rng.permutation([name for name in names if _person(name) in chosen])
    gallery, who, count = Gallery(float("inf"), len(names)), list[str](), Counter[str]()
    for track, name in enumerate(visits):
        answer: tuple[int, ...] | None = None
        for number in range(2 * len(sizes)):
            look = sizes[number % len(sizes)][name]
            gallery.add(track, 10.0 * track + number, look.vector, look.weight)
            answer = gallery.earlier(track, {track})
        came_before = _person(name) in who
        count["back" if came_before else "new"] += 1
        if answer:
            # Most of the tracks: one wrong link does not make the whole chain wrong.
            guess, _ = Counter(who[other] for other in answer).most_common(1)[0]
            right = "found" if guess == _person(name) else "wrong"
            count[right if came_before else "false"] += 1
        who.append(_person(name))
    return count


def stranger_rows(folder: Path, looker: Looker) -> Iterator[Row]:
    """False matches among faces of all groups, of which no two are one person's."""
    looks, groups = [], []
    for item in read_folder(folder):
        look = looker.look(item.image)
        if look is not None:
            looks.append(look.vector)
            groups.append((item.labels["race"], item.labels["gender"], item.labels["age_band"]))
    scores = np.stack(looks) @ np.stack(looks).T
    for comparisons in (1, 100):
        limit = threshold(comparisons)

        def false(
            among: Sequence[bool], limit: float = limit, scores: Floats = scores
        ) -> tuple[float, int]:
            chosen = np.flatnonzero(among)
            part = scores[np.ix_(chosen, chosen)][np.triu_indices(len(chosen), 1)]
            return float((part >= limit).mean()), len(part)

        name = f"strangers taken for one person at {limit:.3f}"
        rate, of = false([True] * len(groups))
        yield f"{name}, all", f"{rate:.3%} of {of} pairs", "0.1 %"
        for race in sorted({g[0] for g in groups}):
            for sex in ("Female", "Male"):
                rate, of = false([g[:2] == (race, sex) for g in groups])
                yield f"{name}, {race} {sex} among themselves", f"{rate:.2%} of {of} pairs", ""
        rate, of = false([g[2] == "3-9" for g in groups])
        yield f"{name}, children of 3 to 9 among themselves", f"{rate:.2%} of {of} pairs", ""


def all_pairs(looks: Looks) -> tuple[Floats, Floats]:
    """Scores of all pairs of different people, and of the same."""
    names = sorted(looks)
    vectors = _stack(looks, names)
    people = np.array([_person(name) for name in names])
    upper = np.triu_indices(len(names), 1)
    scores = (vectors @ vectors.T)[upper]
    same = (people[:, None] == people)[upper]
    return scores[~same], scores[same]


def _pictures(pairs: Sequence[Pair], folds: int) -> list[Picture]:
    return sorted({n for p in pairs if int(p.fold) <= folds for n in (p.a, p.b)})


def _by_person(looks: Looks) -> dict[str, list[Picture]]:
    people: dict[str, list[Picture]] = {}
    for name in sorted(looks):
        people.setdefault(_person(name), []).append(name)
    return people


def _person(picture: Picture) -> str:
    return picture.rpartition("_")[0]


def _stack(looks: Looks, names: Sequence[Picture]) -> Floats:
    return np.stack([looks[name].vector for name in names])


def _read(path: Path) -> Image:
    image = cv2.imread(str(path))
    if image is None:
        raise SystemExit(f"Cannot read {path}.")
    return np.asarray(image, dtype=np.uint8)


def _height(face: Face) -> float:
    return face.box_xyxy_px[3] - face.box_xyxy_px[1]


def _weight(face: Face) -> float:
    """As the product weighs looks, which are not blurred here."""
    yaw_deg = abs(face.head_pose.yaw_deg)
    if yaw_deg > _MAX_YAW_DEG:
        return 0.0
    return float(min(1.0, _height(face) / _CLEAR_PX) * np.cos(np.radians(yaw_deg)) ** 2)
