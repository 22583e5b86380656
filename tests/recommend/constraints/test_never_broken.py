"""No course of audiences, orders and hours breaks a hard constraint, whatever the catalogue."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signage.content.catalogue import Content
from signage.evaluation.constraints_kept import is_open
from signage.types.audience import Viewer
from signage.types.decisions import Decision
from tests.support.builders import utc, viewer
from tests.support.playing import Playing, Weighing

WINDOW = 20
AGES = (45, 9, None, 19, 70)

clock = st.sampled_from([time(0), time(6, 30), time(9), time(13), time(18), time(22), time(23, 59)])
daypart = st.tuples(clock, clock).filter(lambda part: part[0] != part[1])
day = st.integers(3, 6).map(lambda number: date(2026, 3, number))
hours: dict[str, st.SearchStrategy[Any]] = {
    "dayparts": st.lists(daypart, min_size=1, max_size=2).map(tuple),
    "weekdays": st.sampled_from([("wed",), ("thu", "fri"), ("sat", "sun", "mon")]),
    "from_date": day,
}
limits: dict[str, st.SearchStrategy[Any]] = {
    "adults_only": st.just(True),
    "min_age": st.sampled_from([12, 21]),
    "max_per_hour": st.integers(1, 6),
    "max_per_viewer": st.integers(1, 3),
    "share_min": st.sampled_from([0.05, 0.2]),
    "share_max": st.sampled_from([0.2, 0.5]),
    "competes": st.sampled_from(["cola", "cars"]),
}
contents = st.fixed_dictionaries(
    {name: st.fixed_dictionaries({}, optional=limits | hours) for name in "abcd"}
    | {
        "alarm": st.fixed_dictionaries({"mandatory": st.just(True)}, optional=hours),
        "house": st.just({}),
    }
)
moments = st.lists(
    st.tuples(
        st.sets(st.integers(0, len(AGES) - 1), max_size=3),
        st.sampled_from([8.0, 60.0, 900.0, 20_000.0]),
        st.sampled_from(["shown", "shown", "shown", "never shown", "no camera"]),
        st.sampled_from([None] * 12 + ["a", "alarm", "gone"]),
        st.sampled_from([None] * 6 + ["b", "gone"]),
    ),
    min_size=5,
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(
    contents,
    moments,
    st.sampled_from(["UTC", "Asia/Kolkata", "America/St_Johns"]),
    st.integers(0, 2),
)
def test_no_hard_constraint_is_ever_broken(
    chosen: dict[str, dict[str, Any]], course: list[Any], zone: str, apart: int
) -> None:
    policy = Weighing(estimates=True, a=0.01, b=20.0)
    on = Playing(
        chosen,
        policy,
        timezone=zone,
        max_per_hour=9,
        share_window_plays=WINDOW,
        separation_plays=apart,
        repeat_min_attention=0.3,
        exploration_max=0.4,
    )
    shown: list[tuple[datetime, Decision]] = []
    had: Counter[tuple[str, str]] = Counter()
    door = Door(on.config.perception.remember_s)
    for who, passed_s, fate, emergency, pinned in course:
        on.t_s += passed_s
        on.order(emergency=emergency, pinned=pinned)
        people = door.admit(who, on.t_s)
        decision = on.decide(*people, observed=fate != "no camera")
        _is_whole(decision, on)
        _is_right(decision, on, people if fate != "no camera" else None)
        if not decision.forced:
            _keeps_caps(decision, on, shown, apart)
            for person in people:
                visits = {*person.earlier_visits, person.visit_id}
                plays = sum(had[visit, decision.content_id] for visit in visits)
                assert plays < (_content(decision, on).max_per_viewer or 99)
        if fate == "never shown":
            on.recommender.withdraw(decision.decision_id)
            continue
        on.end_play(attention=0.2 if len(shown) % 3 else 0.6)
        on.recommender.note_start(decision, utc(on.t_s))
        on.showing, on._seen_by = decision, people
        shown.append((utc(on.t_s), decision))
        had.update((person.visit_id, decision.content_id) for person in people)


class Door:
    """Whoever leaves and comes back is on another visit, known from those not yet forgotten."""

    def __init__(self, remember_s: float) -> None:
        self._remember_s = remember_s
        self._present: dict[int, str] = {}
        self._left_s: dict[int, dict[str, float]] = {index: {} for index in range(len(AGES))}

    def admit(self, who: set[int], t_s: float) -> tuple[Viewer, ...]:
        """Those who are there now; everybody else has left."""
        for index in self._present.keys() - who:
            self._left_s[index][self._present.pop(index)] = t_s
        return tuple(self._viewer(index, t_s) for index in sorted(who))

    def _viewer(self, index: int, t_s: float) -> Viewer:
        left_s = self._left_s[index]
        visit_id = self._present.setdefault(index, f"{index}.{len(left_s)}")
        earlier = [visit for visit, at_s in left_s.items() if t_s - at_s < self._remember_s]
        return viewer(
            f"{index}.0", visit_id=visit_id, age=AGES[index], earlier_visits=tuple(earlier)
        )


def _content(decision: Decision, on: Playing) -> Content:
    return on.recommender.catalogue[decision.content_id]


def _is_whole(decision: Decision, on: Playing) -> None:
    assert sum(decision.eligible.values()) == pytest.approx(1.0)
    assert decision.propensity == decision.eligible[decision.content_id] > 0
    assert min(decision.eligible.values()) > 0
    assert not decision.eligible.keys() & decision.masked.keys()
    assert decision.eligible.keys() | decision.masked.keys() == set(on.recommender.catalogue)
    assert decision.forced <= (len(decision.eligible) == 1)
    assert all(": " in why for why in (*decision.masked.values(), *decision.gave_way.values()))


def _is_right(decision: Decision, on: Playing, people: tuple[Viewer, ...] | None) -> None:
    """Who is called plays; nobody sees what is not for them, and nothing plays out of its hours."""
    content, orders = _content(decision, on), on.recommender.orders
    now = utc(on.t_s).astimezone(ZoneInfo(on.config.timezone or "UTC")).replace(tzinfo=None)
    if orders.emergency in on.recommender.catalogue:
        assert (decision.content_id, decision.forced) == (orders.emergency, True)
        return
    if orders.emergency:
        assert decision.gave_way["gone"] == "emergency: not in the catalogue"
    alarm = on.recommender.catalogue["alarm"]
    if not alarm.always and is_open(alarm, now):
        assert (decision.content_id, decision.forced) == ("alarm", True)
        return
    assert decision.content_id != "alarm"
    assert is_open(content, now)
    limit_years = max(18 if content.adults_only else 0, content.min_age or 0)
    if limit_years:
        assert people is not None
        probs = [person.prob_younger_than(limit_years) for person in people]
        assert all(prob is not None and prob <= 0.10 for prob in probs)
    if orders.pinned == "b":
        assert (decision.content_id == "b" and decision.forced) or "b" in decision.gave_way
    elif decision.forced:
        assert decision.content_id == on.recommender.catalogue.fallback.content_id
        assert decision.gave_way[decision.content_id].endswith("; nothing else was allowed")


def _keeps_caps(
    decision: Decision, on: Playing, shown: list[tuple[datetime, Decision]], apart: int
) -> None:
    content = _content(decision, on)
    name, now = content.content_id, utc(on.t_s)
    in_hour = [d.content_id for when, d in shown if when > now - timedelta(hours=1)]
    assert in_hour.count(name) < min(9, content.max_per_hour or 9)
    drawn = [d.content_id for _, d in shown if not d.forced][-(WINDOW - 1) :]
    assert drawn.count(name) < max(1, (content.share_max or 1) * WINDOW)
    before = [d.content_id for _, d in shown][len(shown) - min(apart, len(shown)) :]
    for other in (on.recommender.catalogue[which] for which in before):
        assert other is content or other.competes is None or other.competes != content.competes
