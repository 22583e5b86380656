"""The figures of one recording: visits, owners, watchers, directions, returns."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from benchmarks.accuracy.tracking import TrackingScore, score_tracking
from benchmarks.tracking.ownership import Ownership, ownerships
from benchmarks.tracking.recording import Recording, visit_name
from signage.scenes.truth import ActorTruth, direction_of
from signage.types.audience import Viewer

_LOOK_S = 0.5
"""Who looks for less is no watcher."""
_MOVED_M = 0.5
"""Who moves less has stood."""


@dataclass(slots=True)
class Figures:
    """What was counted; those of several recordings can be added."""

    people: int = 0
    """True visits."""
    visits: int = 0
    """Visits that the product counts, without those of people who need not be followed."""
    visits_of_people: int = 0
    """Of those, the ones that belong to somebody with a name."""
    visits_of_others: int = 0
    """Visits of people who need not be followed."""
    missed: int = 0
    """True visits that no counted visit belongs to."""
    mixed: int = 0
    looks: int = 0
    own_looks: int = 0
    lookers: int = 0
    """True visits of people who look at the screen for long enough."""
    lookers_missed: int = 0
    others: int = 0
    """Visits counted of people who do not look, or of nobody."""
    others_watching: int = 0
    directions: Counter[bool] = field(default_factory=Counter)
    returns_true: int = 0
    returns_told: int = 0
    returns_false: int = 0
    tracking: TrackingScore = field(default_factory=TrackingScore)

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            **{name: getattr(self, name) + getattr(other, name) for name in self.__slots__}
        )

    @property
    def ids_per_person(self) -> float:
        """Visits counted for each true one."""
        return self.visits / self.people if self.people else math.nan


def figures_of(recording: Recording, owned: Sequence[Ownership]) -> Figures:
    """Count one recording. Watchers, directions and returns are counted for made scenes alone."""
    counted = {person.name for people in recording.people for person in people if person.counts}
    optional = {person.name for people in recording.people for person in people} - counted
    of_people = [each for each in owned if each.owner not in optional]
    result = Figures(
        people=len(counted),
        visits=len(of_people),
        visits_of_people=sum(each.owner is not None for each in of_people),
        visits_of_others=len(owned) - len(of_people),
        missed=len(counted - {each.owner for each in owned}),
        mixed=sum(each.is_mixed for each in owned),
        looks=sum(len(each.looks) for each in owned),
        own_looks=sum(each.own_looks for each in owned),
        tracking=score_tracking(recording.moment(i) for i in range(len(recording.times_s))),
    )
    if recording.actors:
        viewers = {viewer.visit_id: viewer for viewer in recording.watched.viewers}
        _compare_with_truth(result, _ways(recording, counted), of_people, viewers)
    return result


def _compare_with_truth(
    result: Figures,
    ways: Mapping[str, Sequence[tuple[float, ActorTruth]]],
    owned: Sequence[Ownership],
    viewers: Mapping[str, Viewer],
) -> None:
    by_owner: dict[str, list[Viewer]] = defaultdict(list)
    lookers = {name for name, way in ways.items() if _looks_s(way) >= _LOOK_S}
    for each in owned:
        viewer = viewers[each.visit_id]
        if each.owner is not None:
            by_owner[each.owner].append(viewer)
        if each.owner not in lookers:
            result.others += 1
            result.others_watching += viewer.is_watcher
        has_returned = any(actor.visit > 0 for _, actor in ways.get(each.owner or "", ()))
        result.returns_told += bool(viewer.returning) and has_returned
        result.returns_false += bool(viewer.returning) and not has_returned
    for name, way in ways.items():
        own = by_owner[name]
        result.returns_true += way[0][1].visit > 0
        if name in lookers:
            result.lookers += 1
            result.lookers_missed += not any(viewer.is_watcher for viewer in own)
        direction = _direction(way)
        if own and direction is not None:
            longest = max(own, key=lambda viewer: viewer.dwell_s)
            result.directions[longest.movement == direction] += 1


def _ways(
    recording: Recording, names: Collection[str]
) -> dict[str, list[tuple[float, ActorTruth]]]:
    """The moments in which each visit of ``names`` is in view."""
    ways: dict[str, list[tuple[float, ActorTruth]]] = defaultdict(list)
    for truth in recording.actors:
        for actor in truth.actors:
            if actor.in_view and visit_name(actor) in names:
                ways[visit_name(actor)].append((truth.t_s, actor))
    return ways


def _looks_s(way: Sequence[tuple[float, ActorTruth]]) -> float:
    """For how long somebody in view looks at the screen."""
    return sum(after - before for (before, actor), (after, _) in pairwise(way) if actor.looks)


def _direction(way: Sequence[tuple[float, ActorTruth]]) -> str | None:
    """Where a visit leads from its beginning to its end; None where a person might say either.

    The way as a whole and the longest part of its time must agree.
    """
    (begin_s, first), (end_s, last) = way[0], way[-1]
    across_m, along_m = last.x_m - first.x_m, last.z_m - first.z_m
    longest = Counter(actor.direction for _, actor in way).most_common(1)[0][0]
    if math.hypot(across_m, along_m) < _MOVED_M:
        return "standing" if longest == "standing" else None
    whole = direction_of(across_m / (end_s - begin_s), along_m / (end_s - begin_s))
    return whole if whole == longest else None


def measure(recording: Recording) -> tuple[Figures, list[Ownership]]:
    """The figures of a recording, and whose each of its visits is."""
    owned = ownerships(recording)
    return figures_of(recording, owned), owned
