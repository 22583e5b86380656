"""Whose each visit is: counted over the pictures in which a detector found somebody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

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

    @property
    def counts(self) -> Counter[str]:
        """Looks by person."""
        return Counter(person for _, person in self.looks)

    @property
    def owner(self) -> str | None:
        """The person with the most looks; None where it never followed anybody."""
        return max(self.counts, key=lambda person: (self.counts[person], person), default=None)

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
    looks: dict[str, list[tuple[float, str]]] = {
        viewer.visit_id: []
        for viewer in sorted(recording.watched.viewers, key=lambda viewer: viewer.first_seen_s)
    }
    for index, t_s in enumerate(recording.times_s):
        for visit, person in recording.owners(index).items():
            if visit in looks:
                looks[visit].append((t_s, person))
    return [Ownership(visit, found) for visit, found in looks.items()]
