"""How well paths keep to people, in the figures of the multi-object tracking benchmarks.

CLEAR MOT (Bernardin & Stiefelhagen, 2008): recall, precision, MOTA, identity switches and
fragments. IDF1 (Ristani et al., 2016): how much of everybody's time is followed by the one
path that is theirs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from signage.types.arrays import Floats
from signage.types.vision import Box

IMPOSSIBLE = math.inf
"""Cost of taking a path for a person who cannot be meant."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame: who was there, and which paths were given."""

    people: Sequence[str]
    tracks: Sequence[str]
    costs: Floats
    """Shape (people, tracks): how badly they fit, or ``IMPOSSIBLE``."""
    optional: Collection[str] = ()
    """Of ``people``: may be found, but need not be, as someone hidden."""


@dataclass(frozen=True, slots=True)
class TrackingScore:
    """What was counted, in boxes; scores of several recordings can be added."""

    present: int = 0
    found: int = 0
    false: int = 0
    switches: int = 0
    """How often someone goes on under another path than before."""
    fragments: int = 0
    """How often someone who had been lost was found again."""
    own: int = 0
    """Boxes of the one path that is best for the person, each path for one person."""

    def __add__(self, other: TrackingScore) -> TrackingScore:
        sums = (getattr(self, f.name) + getattr(other, f.name) for f in fields(self))
        return TrackingScore(*sums)

    @property
    def recall(self) -> float:
        return _share(self.found, self.present)

    @property
    def precision(self) -> float:
        return _share(self.found, self.found + self.false)

    @property
    def mota(self) -> float:
        return 1 - _share(self.present - self.found + self.false + self.switches, self.present)

    @property
    def idf1(self) -> float:
        return _share(2 * self.own, self.present + self.found + self.false)


def score_tracking(moments: Iterable[Moment]) -> TrackingScore:
    """Count over one recording, whose ``moments`` are in order of time."""
    present = found = false = switches = fragments = 0
    pairs: Counter[tuple[str, str]] = Counter()
    last: dict[str, str] = {}
    lost: set[str] = set()
    for moment in map(_without_optional, moments):
        present += len(moment.people)
        matched = _continued(moment, last)
        for row, column in matched:
            person, track = moment.people[row], moment.tracks[column]
            switches += last.get(person, track) != track
            fragments += person in lost
            last[person] = track
        seen = {moment.people[row] for row, _ in matched}
        lost = (lost | set(last).intersection(moment.people)) - seen
        found += len(matched)
        false += len(moment.tracks) - len(matched)
        for row, column in zip(*np.nonzero(np.isfinite(moment.costs)), strict=True):
            pairs[moment.people[row], moment.tracks[column]] += 1
    return TrackingScore(present, found, false, switches, fragments, _own(pairs))


def matches(moment: Moment) -> list[tuple[str, str]]:
    """Who is followed by which path in one frame, taken by itself."""
    return [(moment.people[row], moment.tracks[column]) for row, column in assign(moment.costs)]


def assign(costs: Floats) -> list[tuple[int, int]]:
    """Rows and columns paired one to one: as many pairs as possible, then the cheapest.

    ``costs``, shape (rows, columns), has ``IMPOSSIBLE`` for pairs that must not be. The
    Hungarian method by shortest augmenting paths (Jonker & Volgenant, 1987).
    """
    if costs.shape[0] > costs.shape[1]:
        return sorted((row, column) for column, row in assign(costs.T))
    rows, columns = costs.shape
    possible = np.isfinite(costs)
    # One pair more must be worth any detour of all others.
    largest = 1.0 + 2.0 * np.abs(costs[possible]).sum() if possible.any() else 1.0
    padded = np.zeros((rows + 1, columns + 1))
    padded[1:, 1:] = np.where(possible, costs, largest)
    row_price, column_price = np.zeros(rows + 1), np.zeros(columns + 1)
    row_of = np.zeros(columns + 1, dtype=int)
    for row in range(1, rows + 1):
        row_of[0], column = row, 0
        reach = np.full(columns + 1, math.inf)
        came_from = np.zeros(columns + 1, dtype=int)
        done = np.zeros(columns + 1, dtype=bool)
        while row_of[column]:
            done[column] = True
            reduced = padded[row_of[column]] - row_price[row_of[column]] - column_price
            nearer = ~done & (reduced < reach)
            reach[nearer], came_from[nearer] = reduced[nearer], column
            following = int(np.where(done, math.inf, reach).argmin())
            step = reach[following]
            row_price[row_of[done]] += step
            column_price[done] -= step
            reach[~done] -= step
            column = following
        while column:
            row_of[column] = row_of[came_from[column]]
            column = int(came_from[column])
    pairs = ((int(row_of[column]) - 1, column - 1) for column in range(1, columns + 1))
    return sorted((row, column) for row, column in pairs if row >= 0 and possible[row, column])


def box_costs(people: Sequence[Box], tracks: Sequence[Box], min_overlap: float) -> Floats:
    """Shape (people, tracks): 1 - intersection over union, ``IMPOSSIBLE`` where too little."""
    if not people or not tracks:
        return np.zeros((len(people), len(tracks)))
    a, b = np.array(people)[:, np.newaxis], np.array(tracks)[np.newaxis]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    common = sides.clip(min=0).prod(axis=-1)
    areas = [(boxes[..., 2:] - boxes[..., :2]).prod(axis=-1) for boxes in (a, b)]
    overlap = common / (areas[0] + areas[1] - common)
    return np.where(overlap >= min_overlap, 1 - overlap, IMPOSSIBLE)


def _without_optional(moment: Moment) -> Moment:
    """Only those who must be found, and without the paths of the others."""
    if not moment.optional:
        return moment
    rows = [i for i, person in enumerate(moment.people) if person not in moment.optional]
    excused = {
        column for row, column in assign(moment.costs) if moment.people[row] in moment.optional
    }
    columns = [i for i in range(len(moment.tracks)) if i not in excused]
    return Moment(
        [moment.people[row] for row in rows],
        [moment.tracks[column] for column in columns],
        moment.costs[np.ix_(rows, columns)],
    )


def _continued(moment: Moment, last: Mapping[str, str]) -> list[tuple[int, int]]:
    """Pairs of one frame. Who can go on under the same path does, even if another is nearer."""
    costs = moment.costs.copy()
    kept = []
    for row, person in enumerate(moment.people):
        if (track := last.get(person)) is None or track not in moment.tracks:
            continue
        column = moment.tracks.index(track)
        if math.isfinite(costs[row, column]):
            kept.append((row, column))
            costs[row, :] = costs[:, column] = IMPOSSIBLE
    return kept + assign(costs)


def _own(pairs: Mapping[tuple[str, str], int]) -> int:
    """Boxes in common, when every person is given the one path that is best for all."""
    if not pairs:
        return 0
    people = sorted({person for person, _ in pairs})
    tracks = sorted({track for _, track in pairs})
    common = np.zeros((len(people), len(tracks)))
    for (person, track), count in pairs.items():
        common[people.index(person), tracks.index(track)] = count
    return int(sum(common[row, column] for row, column in assign(-common)))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
