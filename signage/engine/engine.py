"""The loop: a frame comes in, viewers are updated, plays are counted, decisions are made.

The kiosk, the simulation and the tests all run this one. Whatever differs between them
(the models or a recording of what they said, a browser or a simulated screen) comes in
through two small ports: ``perceive`` and ``Screen``.
"""

from __future__ import annotations

import logging
import queue
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from signage.audience.audience import open_audience
from signage.config.config import Config
from signage.content.catalogue import Catalogue
from signage.engine.learning import Learning
from signage.engine.orders import Inbox
from signage.engine.ports import Perceive, Screen
from signage.errors import SignageError
from signage.journal.observed_hours import ObservedHours
from signage.journal.writer import Journal
from signage.recommend.constraints.rules import Call
from signage.recommend.course import Courses
from signage.recommend.policies.base import Policy
from signage.recommend.recommender import Recommender
from signage.recommend.reveal import Reveal
from signage.recommend.reward import PlayTally
from signage.types.audience import AudienceSnapshot, Viewer
from signage.types.decisions import Decision, Lesson, Trigger
from signage.types.orders import Order, Orders
from signage.types.plays import PagePlay, PlayEvent, PlayState
from signage.types.rewards import Reward
from signage.types.vision import Frame

log = logging.getLogger(__name__)

_RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Step:
    """What one frame changed."""

    audience: AudienceSnapshot
    decision: Decision | None = None
    rewards: tuple[tuple[Decision, Reward], ...] = ()
    orders: Orders = field(default_factory=Orders)
    """What the operator has ordered and not taken back."""
    ended: tuple[PlayEvent, ...] = ()
    """The ends of plays, also of those that never began."""
    page_plays: tuple[PagePlay, ...] = ()
    """What a page reported of plays that it ended alone."""


@dataclass(slots=True)
class _Play:
    """A decision on its way to the screen, or on it."""

    decision: Decision
    asked_s: float
    now: bool
    """Asked to replace the running play, not to follow it."""
    tally: PlayTally | None = None
    """From the confirmed start on."""
    reveal: Reveal | None = None
    """The same, where there is more of the content."""
    given_up: bool = False
    """On record as failed: the screen took too long. It may begin after all."""

    @property
    def started_s(self) -> float:
        assert self.tally is not None  # noqa: S101 - only a running play is asked
        return self.tally.started_s


class Engine:
    """One screen. Everything happens in ``step``, in the thread that calls it."""

    def __init__(
        self,
        config: Config,
        catalogue: Catalogue,
        policy: Policy,
        journal: Journal,
        perceive: Perceive,
        screen: Screen,
    ) -> None:
        self.recommender = Recommender(config, catalogue, policy)
        self.learning = Learning(config, self.recommender, journal)
        self._inbox = Inbox()
        self._stock: queue.SimpleQueue[Catalogue] = queue.SimpleQueue()
        self._config = config
        self._journal = journal
        self._perceive = perceive
        self._screen = screen
        self._running: _Play | None = None
        self._pending: _Play | None = None
        # Asked and then replaced: the screen may have started them before it heard of it.
        self._overtaken: dict[str, _Play] = {}
        self._ended: list[PlayEvent] = []
        self._page_plays: list[PagePlay] = []
        self._has_decided = False
        self._not_before_s = float("-inf")
        self._audience_now: AudienceSnapshot | None = None
        self._courses = Courses()
        self._observed = ObservedHours(journal)
        # The main viewer that the newest decision was made for, and since when it is another.
        self._decided_for: str | None = None
        self._other_main_since_s: float | None = None
        # What had to play alone when the newest decision was made.
        self._called: Call | None = None

    def begin(self, first: Frame, checkpoints: Path | None = None, token: str = "") -> None:
        """Start a run at the time of ``first``: take up what the journal knows.

        ``checkpoints`` is the folder that a learner is kept in. It goes on from the newest there;
        what the journal has beyond that is learned by ``learning.catch_up``, beside the steps.
        ``token`` makes the ids of decisions and visits unique for ever, also where the journal is
        replaced by an older copy; without one they can be foretold.
        """
        self._run = self._journal.begin_run(first.utc, self._config.screen_id, token)
        self.recommender.begin_run(token)
        self._audience = open_audience(self._config, f"{self._run}-{token}".rstrip("-"))
        catalogue = self.recommender.catalogue
        self._journal.record_catalogue(catalogue.version, catalogue.as_json())
        self._number = self._journal.next_number()
        window = self._config.constraints.share_window_plays
        day_ago = first.utc - timedelta(days=1)
        self.recommender.recall(self._journal.decided_since(day_ago, window, first.utc))
        self.learning.begin(checkpoints)

    def order(self, order: Order) -> Future[None]:
        """Hand in an order, from any thread. It is carried out at the beginning of the next step.

        The future raises a SignageError that says why it was not. Raises OrderRefusedError when
        too many wait.
        """
        return self._inbox.put(order)

    def restock(self, catalogue: Catalogue) -> None:
        """Hand in a new catalogue, from any thread. The next step decides on it.

        What plays and is in it no more plays to its end; what was to follow it is decided anew.
        """
        self._stock.put(catalogue)

    def step(self, frame: Frame) -> Step:
        """Take in one frame: obey, see, count, learn, decide."""
        self._take_stock(frame.utc)
        self._obey(frame.utc)
        sightings = self._perceive(frame)
        audience = self._audience.update(frame, None if frame.fault else sightings)
        self._audience_now = audience
        self._observed.note(audience)
        self._courses.update(audience)
        for viewer in self._audience.take_departed():
            self._record_viewer(viewer, frame)
            self.recommender.end_visit(viewer.visit_id, frame.t_s)
        if self._running and self._running.tally:
            self._running.tally.update(audience)
        rewards = self._hear(audience)
        self._unfold(audience)
        decision = None
        if (due := self._due(audience)) is not None:
            decision = self._decide(*due, audience)
        ended, self._ended = tuple(self._ended), []
        page_plays, self._page_plays = tuple(self._page_plays), []
        orders = self.recommender.orders
        return Step(audience, decision, tuple(rewards), orders, ended, page_plays)

    def end(self, last: Frame) -> None:
        """Flush everything: the last plays' confirmations, the viewers, the model."""
        self._hear(self._audience_now or AudienceSnapshot(last.t_s, last.utc))
        for viewer in self._audience.close():
            self._record_viewer(viewer, last)
        self._observed.write()
        self.learning.save(last.utc)

    def _record_viewer(self, viewer: Viewer, frame: Frame) -> None:
        arrived_utc = frame.utc - timedelta(seconds=max(0.0, frame.t_s - viewer.first_seen_s))
        self._journal.record_viewer(viewer, self._run, frame.utc, arrived_utc)

    @property
    def on_screen(self) -> Decision | None:
        """What the screen confirmed to be showing."""
        return self._running.decision if self._running else None

    def _take_stock(self, utc: datetime) -> None:
        while not self._stock.empty():
            catalogue = self._stock.get()
            self._journal.record_catalogue(catalogue.version, catalogue.as_json())
            self.recommender.restock(catalogue)
            self.learning.review_orders()
            if self._called and self._called.content_id not in catalogue:
                self._called = self.recommender.call(utc)  # nobody took it back: it may end

    def _obey(self, utc: datetime) -> None:
        for order, done in self._inbox.take():
            try:
                self.learning.carry_out(order, utc)
            except SignageError as refusal:
                done.set_exception(refusal)
            else:
                done.set_result(None)

    # What the screen says

    def _hear(self, audience: AudienceSnapshot) -> list[tuple[Decision, Reward]]:
        """Take in what the screen has confirmed, and tell it what is on record."""
        before = len(self._ended)
        rewards = [
            closed
            for event in self._screen.events()
            if (closed := self._on_event(event, audience)) is not None
        ]
        if told := self._screen.page_plays():
            begun = self._journal.record_page_plays(
                (play, _utc(audience, play.started_s)) for play in told
            )
            self.recommender.recall(begun)  # they count for caps and shares as all others do
            self._page_plays += told
        recorded = [event.decision_id for event in self._ended[before:]]
        recorded += [play.play_id for play in told]
        if recorded:
            self._screen.acknowledge(recorded)
        return rewards

    def _on_event(
        self, event: PlayEvent, audience: AudienceSnapshot
    ) -> tuple[Decision, Reward] | None:
        utc = _utc(audience, event.t_s)
        running = self._running
        if event.state is PlayState.STARTED:
            closed = None
            if (play := self._take_asked(event.decision_id)) is not None:
                play.given_up = False
                if running is not None:  # another page began it before the first had ended
                    over = running.decision.decision_id
                    cut = PlayEvent(over, PlayState.INTERRUPTED, event.t_s, event.page)
                    closed = self._on_event(cut, audience)
                play.tally = PlayTally(event.decision_id, event.t_s, audience, self._courses)
                play.reveal = self._reveal_of(play.decision, event.t_s)
                self._running = play
                self._journal.record_start(event, utc)
                self.recommender.note_start(play.decision, utc)
            return closed
        if running and running.tally and running.decision.decision_id == event.decision_id:
            if event.state is PlayState.UNFOLDED:
                if running.reveal and (wanted := running.reveal.wanted):
                    running.tally.unfold(wanted.reason, event.t_s, utc)
                return None
            if event.state is PlayState.FOLDED:
                running.tally.fold(event.t_s)
                return None
            self._running = None
            reward = running.tally.close(audience, self._config.reward, event.t_s)
            if event.state is PlayState.FAILED:  # what people made of a broken picture says nothing
                parts = {**reward.parts, "absent": "play_failed"}
                reward = replace(reward, value=None, parts=parts)
            self._note_outcome(event, running.decision.content_id, audience.t_s)
            self._close(event, utc, running.decision, reward)
            return running.decision, reward
        if (play := self._take_asked(event.decision_id)) is not None and not play.given_up:
            if event.state is not PlayState.SUPERSEDED:  # whatever it says: it never began
                event = replace(event, state=PlayState.FAILED)
            self._note_outcome(event, play.decision.content_id, audience.t_s)
            self._withdraw(event, utc)
        return None

    def _reveal_of(self, decision: Decision, started_s: float) -> Reveal | None:
        more = self.recommender.content(decision.content_id).more
        if more is None:
            return None
        config, duration_s = self._config.reveal, self._duration_s(decision.content_id)
        end_s = started_s + duration_s + config.hold_max_s
        return Reveal(config, decision.decision_id, more.on, end_s)

    def _unfold(self, audience: AudienceSnapshot) -> None:
        reveal = self._running.reveal if self._running else None
        if reveal is not None:
            before = reveal.wanted
            if (wanted := reveal.update(audience)) != before:
                self._screen.unfold(wanted)
            if wanted is not None and self._pending is not None and not self._pending.now:
                # It waits for the fold: only then the screen is slow to begin it.
                self._pending.asked_s = audience.t_s

    def _take_asked(self, decision_id: str) -> _Play | None:
        """The play asked for under this id, which is then no longer waited for."""
        if self._pending and self._pending.decision.decision_id == decision_id:
            play, self._pending = self._pending, None
            return play
        return self._overtaken.pop(decision_id, None)

    def _close(self, event: PlayEvent, utc: datetime, decision: Decision, reward: Reward) -> None:
        learn = not self.recommender.orders.frozen
        seq = self._journal.record_end(event, utc, reward, learn=learn)
        self._ended.append(event)
        self.recommender.note_reaction(decision.content_id, reward)
        if seq is not None and reward.value is not None:
            lesson = Lesson(
                decision.decision_id,
                decision.context,
                decision.actions,
                decision.content_id,
                reward.value,
                decision.propensity,
                decision.shadow,
                decision.assignment,
            )
            self.learning.learn(seq, lesson, utc)

    def _withdraw(self, event: PlayEvent, utc: datetime) -> None:
        self._journal.record_end(event, utc, None)
        self._ended.append(event)
        self.recommender.withdraw(event.decision_id)
        if event.state is PlayState.FAILED:
            # A screen that can show nothing is not asked at every frame.
            self._not_before_s = event.t_s + _RETRY_S
            log.warning(
                "The screen could not show decision %s%s",
                event.decision_id,
                f": {event.reason}." if event.reason else ".",
            )

    def _note_outcome(self, event: PlayEvent, content_id: str, t_s: float) -> None:
        """A content that fails on the screen waits before it is tried again."""
        if event.state is PlayState.FAILED:
            if event.reason:  # without one it is the screen that went away
                self.recommender.note_failure(content_id, event.reason, t_s)
        elif event.state is PlayState.FINISHED:
            self.recommender.note_success(content_id)

    # When to decide

    def _due(self, audience: AudienceSnapshot) -> tuple[Trigger, bool] | None:
        """Why a decision is due and whether it should show at once; None if it is not."""
        if not self._screen.connected:
            return None
        changed = self._audience_changed(audience)
        urgent = self._urgent(audience)
        if urgent is not None:
            return urgent
        if self._running is None:
            if self._pending is not None or audience.t_s < self._not_before_s:
                return None
            return (Trigger.PLAY_ENDS if self._has_decided else Trigger.START), True
        return self._due_while(self._running, changed, audience.t_s)

    def _due_while(
        self, running: _Play, changed: Trigger | None, t_s: float
    ) -> tuple[Trigger, bool] | None:
        rules = self._config.decision
        elapsed_s = t_s - running.started_s
        duration_s = self._duration_s(running.decision.content_id)
        if running.reveal is not None and running.reveal.holds(t_s + rules.lead_s):
            return None  # somebody reads on
        if changed is not None and elapsed_s >= rules.min_play_s and not self._plays_called:
            return changed, True
        ends_soon = elapsed_s >= duration_s - rules.lead_s
        return (Trigger.PLAY_ENDS, False) if ends_soon and self._pending is None else None

    def _urgent(self, audience: AudienceSnapshot) -> tuple[Trigger, bool] | None:
        """Whether what is shown, or is about to be, has to give way whatever the time."""
        running, pending = self._running, self._pending
        called = self.recommender.call(audience.utc)
        if called != self._called and (running or pending):
            return _called_by(called, self._called), True
        leaving = pending is not None and pending.now
        pending_excluded = pending is not None and (
            pending.decision.content_id not in self.recommender.catalogue
            or self._excludes(pending.decision, audience)
        )
        stays = running is not None and (not leaving or pending_excluded)
        if running and stays and self._excludes(running.decision, audience):
            return Trigger.NO_LONGER_ALLOWED, True
        if pending_excluded:
            return Trigger.NO_LONGER_ALLOWED, leaving or running is None
        if pending and audience.t_s - pending.asked_s > self._patience_s(pending):
            self._give_up(pending, audience)
            return Trigger.PLAY_FAILED, True
        return None

    def _give_up(self, pending: _Play, audience: AudienceSnapshot) -> None:
        """The screen takes too long. If it begins after all, that counts, and the play is on."""
        decision_id = pending.decision.decision_id
        pending.given_up = True
        self._pending, self._overtaken[decision_id] = None, pending
        late = PlayEvent(decision_id, PlayState.FAILED, audience.t_s, "")
        self._withdraw(late, audience.utc)

    def _audience_changed(self, audience: AudienceSnapshot) -> Trigger | None:
        """Whether the newest decision was made for somebody else."""
        main = audience.main
        if main is None:
            self._decided_for, self._other_main_since_s = None, None
            return None
        if self._decided_for is None:
            return Trigger.FIRST_PERSON
        if main.visit_id == self._decided_for:
            self._other_main_since_s = None
            return None
        if self._other_main_since_s is None:
            self._other_main_since_s = audience.t_s
        settled = audience.t_s - self._other_main_since_s >= self._config.decision.settle_s
        return Trigger.NEW_MAIN_VIEWER if settled else None

    def _decide(self, trigger: Trigger, now: bool, audience: AudienceSnapshot) -> Decision:  # noqa: FBT001
        on_screen = self._running.decision.content_id if self._running else None
        decision = self.recommender.decide(self._number, trigger, audience, on_screen)
        self._journal.record_decision(self._number, self._run, decision)
        self._number += 1
        self._has_decided = True
        self._called = self.recommender.call(audience.utc)
        if self._pending:
            self._overtaken[self._pending.decision.decision_id] = self._pending
        self._pending = _Play(decision, audience.t_s, now)
        self._decided_for = audience.main.visit_id if audience.main else None
        self._other_main_since_s = None
        content = self.recommender.catalogue[decision.content_id]
        self._screen.show(content.cue(decision.decision_id, now=now))
        return decision

    @property
    def _plays_called(self) -> bool:
        """Whether what runs was called to play alone: whoever comes, it is not begun anew."""
        running, called = self._running, self._called
        return bool(running and called and running.decision.content_id == called.content_id)

    def _excludes(self, decision: Decision, audience: AudienceSnapshot) -> bool:
        return self.recommender.excludes(decision.content_id, audience)

    def _duration_s(self, content_id: str) -> float:
        return self.recommender.content(content_id).duration_s

    def _patience_s(self, pending: _Play) -> float:
        """How long the screen may take to confirm ``pending`` before it has failed."""
        wait_s = self._config.decision.start_timeout_s
        return wait_s if pending.now else wait_s + self._config.decision.lead_s


def _utc(audience: AudienceSnapshot, t_s: float) -> datetime:
    """The time of day at ``t_s``. The screen may have spoken after ``audience`` was seen."""
    return audience.utc + timedelta(seconds=t_s - audience.t_s)


def _called_by(*calls: Call | None) -> Trigger:
    """Who changed what has to play alone, from one of ``calls`` to the other."""
    kinds = {call.kind for call in calls if call}
    is_by_the_hour = "mandatory" in kinds and "emergency" not in kinds
    return Trigger.MANDATORY if is_by_the_hour else Trigger.ORDERED
