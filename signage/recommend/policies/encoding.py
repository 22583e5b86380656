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

from signage.recommend.context import ADVISED, EARNED, LIKED, MOVED, SEEN
from signage.types.arrays import Floats
from signage.types.decisions import TrainingExample

Index = npt.NDArray[np.int64]
OF_CONTENT = (LIKED, MOVED, SEEN, EARNED, ADVISED)
"""Prefixes of context features that speak of a content, or of its kind."""
ADVICE = "advised"
VISIT_FEATURES = {
    *(name for kind in ("category", "tag") for name in (f"liked {kind}", f"liked {kind} more")),
    *("moved by category", "moved by tag", "fresh", "seen", "earned", ADVICE),
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
        """What is known of the question; a feature that no example has had yet says nothing.

        Raises ValueError where a value is not a finite number.
        """
        for name, value in context.items():
            if not math.isfinite(value):
                raise ValueError(f"feature {name} is {value}")
        shared = {
            number: value
            for name, value in context.items()
            if value and (number := self.context.number.get(name)) is not None
        }
        return Encoded(
            np.fromiter((0, *shared), np.int64),
            np.array([1.0, *shared.values()]),
            self._of(context, actions),
        )

    def named(self, context: int, action: int) -> str:
        """A pair of features in words."""
        return " with ".join(filter(None, (self.action.names[action], self.context.names[context])))

    def meet(self, example: TrainingExample) -> None:
        """Number the features of ``example`` that are new."""
        for name in example.context:
            if not name.startswith(OF_CONTENT):
                self.context.add(name)
        before = len(self.action)
        visit = _of_contents(example.context)
        for content_id, features in example.actions.items():
            for name in features:
                self.action.add(name)
            for name, _ in _of_content(content_id, features, visit):
                self.action.add(name)
        if len(self.action) > before:
            self._rows.clear()

    def _of(self, context: Mapping[str, float], actions: Mapping[str, tuple[str, ...]]) -> Floats:
        rows = [self._row(features) for features in actions.values()]
        matrix = np.zeros((len(rows), len(self.action)))
        matrix[
            np.repeat(np.arange(len(rows)), [len(row) for row in rows]), np.concatenate(rows)
        ] = 1
        visit = _of_contents(context)
        if visit.named:
            for row, (content_id, features) in zip(matrix, actions.items(), strict=True):
                for name, value in _of_content(content_id, features, visit):
                    if (number := self.action.number.get(name)) is not None:
                        row[number] = value
        return matrix

    def _row(self, features: tuple[str, ...]) -> Index:
        if features not in self._rows:
            known = (self.action.number.get(name) for name in features)
            numbers = [0, *(number for number in known if number is not None)]
            self._rows[features] = np.array(numbers, np.int64)
        return self._rows[features]


class _Names:
    """Names, and the number of each."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(names)
        self.number = {name: number for number, name in enumerate(self.names)}

    def add(self, name: str) -> int:
        """The number of ``name``, which is given one if it has none."""
        if name not in self.number:
            self.number[name] = len(self.names)
            self.names.append(name)
        return self.number[name]

    def __len__(self) -> int:
        return len(self.names)


def group_of(name: str) -> str:
    """The group that a feature belongs to: ``age`` for ``age=25-34``."""
    return name.partition("=")[0]


@dataclass(frozen=True, slots=True)
class _VisitFeatures:
    """What a context says of contents."""

    named: dict[str, float]
    liked: dict[str, dict[str, float]]
    """By kind: attention that each category, or tag, got so far."""


def _of_contents(context: Mapping[str, float]) -> _VisitFeatures:
    named = {k: v for k, v in context.items() if k.startswith(OF_CONTENT)}
    liked: dict[str, dict[str, float]] = {"category": {}, "tag": {}}
    for name, value in named.items():
        kind = name.removeprefix(LIKED)
        if kind != name and group_of(kind) in liked:
            liked[group_of(kind)][kind] = value
    return _VisitFeatures(named, liked)


def _of_content(
    content_id: str, features: tuple[str, ...], context: _VisitFeatures
) -> list[tuple[str, float]]:
    """What the visit so far, and the rules table, say about one content: features of it."""
    values, named = [], context.named
    for kind, known in context.liked.items():
        known_names = [name for name in features if name in known]
        if known_names:
            usual = sum(known.values()) / len(known)
            attention = sum(known[name] for name in known_names) / len(known_names)
            moved = sum(named.get(MOVED + name, 0.0) for name in known_names) / len(known_names)
            values += [(f"liked {kind}", attention), (f"liked {kind} more", attention - usual)]
            values.append((f"moved by {kind}", moved))
        elif known and kind == "category":
            values.append(("fresh", 1.0))
    if seen := named.get(SEEN + content_id):
        values.append(("seen", min(seen, 3.0) / 3))
        if (earned := named.get(EARNED + content_id)) is not None:
            values.append(("earned", earned))
    if ADVISED + content_id in named:
        values.append((ADVICE, 1.0))
    return values
