"""From named features to numbers, alike for every regression of the learner.

A context is a sparse vector over context features, an action a sparse vector over action
features; what is learned is a weight for each, and for each pair of one and the other. What
the visit so far says about one content is said of the content, not of the viewer: one weight
then serves all categories, and that people stay with what they liked is learned once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from signage.recommend.features import EARNED, LIKED, MOVED, SEEN
from signage.types import Floats

Index = npt.NDArray[np.int64]
VISIT = (LIKED, MOVED, SEEN, EARNED)
VISIT_FEATURES = {
    *(name for kind in ("category", "tag") for name in (f"liked {kind}", f"liked {kind} more")),
    *("moved by category", "moved by tag", "fresh", "seen", "earned"),
}
"""What ``of_visit`` says of a content."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """One question in numbers."""

    context: Index
    """Which context features there are; feature 0 is always there, with value 1."""
    context_values: Floats
    actions: Floats
    """Shape (K, number of action features); feature 0 is always 1."""


class Encoding:
    """Numbers features in the order in which they are first seen."""

    def __init__(self, context: Iterable[str] = (), action: Iterable[str] = ()) -> None:
        self.context = _Names(["", *context])
        self.action = _Names(["", *action])
        self._rows: dict[tuple[str, ...], Index] = {}

    def encode(
        self, context: Mapping[str, float], actions: Mapping[str, tuple[str, ...]]
    ) -> Encoded:
        """Raises ValueError where a value is not a finite number."""
        shared = {name: v for name, v in context.items() if v and not name.startswith(VISIT)}
        visit = {name: value for name, value in context.items() if name.startswith(VISIT)}
        rows = [self._row(features) for features in actions.values()]
        said = [
            {self.action[name]: value for name, value in of_visit(content_id, features, visit)}
            for content_id, features in (actions.items() if visit else ())
        ]
        numbers = np.fromiter((self.context[name] for name in shared), np.int64, len(shared))
        values = np.fromiter(shared.values(), np.float64, len(shared))
        matrix = np.zeros((len(actions), len(self.action)))
        at = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        matrix[at, np.concatenate(rows)] = 1.0
        for row, features_of in zip(matrix, said, strict=False):
            for number, value in features_of.items():
                row[number] = value
        for name, value in context.items():
            if not math.isfinite(value):
                raise ValueError(f"feature {name} is {value}")
        return Encoded(np.append(0, numbers), np.append(1.0, values), matrix)

    def _row(self, features: tuple[str, ...]) -> Index:
        if features not in self._rows:
            self._rows[features] = np.array([0, *(self.action[f] for f in features)], np.int64)
        return self._rows[features]


class _Names:
    """Names and their numbers."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(names)
        self._number = {name: number for number, name in enumerate(self.names)}

    def __getitem__(self, name: str) -> int:
        number = self._number.get(name)
        if number is None:
            number = self._number[name] = len(self.names)
            self.names.append(name)
        return number

    def __len__(self) -> int:
        return len(self.names)


def group_of(name: str) -> str:
    """The group that a feature belongs to: ``age`` for ``age=25-34``."""
    return name.partition("=")[0]


def of_visit(
    content_id: str, features: tuple[str, ...], visit: Mapping[str, float]
) -> list[tuple[str, float]]:
    """What the visit so far says about one content, as features of the content."""
    said = []
    liked = {k.removeprefix(LIKED): v for k, v in visit.items() if k.startswith(LIKED)}
    for kind in ("category", "tag"):
        known = {k: v for k, v in liked.items() if k.startswith(kind)}
        if not known:
            continue
        usual = sum(known.values()) / len(known)
        mine = [name for name in features if name in known]
        if mine:
            attention = sum(known[name] for name in mine) / len(mine)
            moved = sum(visit.get(MOVED + name, 0.0) for name in mine) / len(mine)
            said += [(f"liked {kind}", attention), (f"liked {kind} more", attention - usual)]
            said.append((f"moved by {kind}", moved))
        elif kind == "category":
            said.append(("fresh", 1.0))
    if seen := visit.get(SEEN + content_id):
        said.append(("seen", min(seen, 3.0) / 3))
        if (earned := visit.get(EARNED + content_id)) is not None:
            said.append(("earned", earned))
    return said
