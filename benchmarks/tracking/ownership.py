"""Whose each visit is: counted over the pictures in which a detector found somebody."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from benchmarks.accuracy.tracking import matches
from benchmarks.tracking.recording import Recording

MIN_LOOKS = 4
"""So many looks each at two people make a visit a mixed one."""
_MIN_RUN = 3
"""Fewer looks in a row at somebody else are no change of the owner."""


@dataclass(frozen=True, slots=True)
class Ownership:
    """The people whom one visit has followed."""

    visit_id: str
    looks: Sequence[tuple[float, str]]
    """Time in seconds, and the person: each time that a detector found the visit."""
    guess: str | None = None
    """Where there are no looks: on whom it was shown most, detected or not."""

    @property
    def counts(self) -> Counter[str]:
        """Looks by person."""
        return Counter(person for _, person in self.looks)

    @property
    def owner(self) -> str | None:
        """The person with the most looks; None where it never followed anybody."""
        return _most(self.counts) or self.guess

    @property
    def own_looks(self) -> int:
        """Looks at the owner."""
        return max(self.counts.values(), default=0)

    @property
    def is_mixed(self) -> bool:
        """Whether two people own a good part of it."""
        return sum(count >= MIN_LOOKS for count in self.counts.values()) > 1

    def changes(self) -> list[tuple[float, str, str]]:
        """When the owner changes: time in seconds, from whom, to whom."""
        runs = [(who, list(looks)) for who, looks in groupby(self.looks, key=lambda look: look[1])]
        kept = [(who, looks[0][0]) for who, looks in runs if len(looks) >= _MIN_RUN]
        pairs = pairwise(kept)
        return [(t_s, before, after) for (before, _), (after, t_s) in pairs if before != after]


def ownerships(recording: Recording) -> list[Ownership]:
    """Whose each visit of a recording is, in the order of their coming."""
    visits = sorted(recording.watched.viewers, key=lambda viewer: viewer.first_seen_s)
    looks: dict[str, list[tuple[float, str]]] = defaultdict(list)
    shown: dict[str, Counter[str]] = defaultdict(Counter)
    for index, t_s in enumerate(recording.times_s):
        for visit, person in recording.owners(index).items():
            looks[visit].append((t_s, person))
        for person, visit in matches(recording.moment(index)):
            shown[visit][person] += 1
    return [
        Ownership(each.visit_id, looks[each.visit_id], _most(shown[each.visit_id]))
        for each in visits
    ]


def _most(counts: Counter[str]) -> str | None:
    return max(counts, key=lambda person: (counts[person], person), default=None)
