"""The loop: a frame comes in, viewers are updated, plays are counted, decisions are made.

The kiosk, the simulation and the tests all run this one. Whatever differs between them
(the models or a recording of what they said, a browser or a simulated screen) comes in
through two small ports: ``perceive`` and ``Screen``.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Self

from signage.audience.audience import open_audience
from signage.config.config import Config
from signage.content.catalogue import Catalogue
from signage.engine.learning import Learning
from signage.engine.orders import OrderBook, OrderQueue
from signage.engine.playback import Change, Ended, Playback
from signage.engine.ports import Perceive, Screen
from signage.engine.triggers import Due, Triggers
from signage.errors import SignageError
from signage.journal.observed_hours import ObservedHours
from signage.journal.writer import Journal
from signage.recommend.policies.base import Policy
from signage.recommend.recommender import Recommender
from signage.types.audience import AudienceSnapshot, JoinedVisit, Viewer
from signage.types.decisions import Decision, TrainingExample, Trigger
from signage.types.orders import Order, Orders
from signage.types.plays import PagePlay, PlayEvent, PlayState
from signage.types.rewards import Reward
from signage.types.vision import Frame

log = logging.getLogger(__name__)


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
    joined: tuple[JoinedVisit, ...] = ()
    """Visits that turned out to be part of another."""

    @classmethod
    def from_changes(
        cls,
        audience: AudienceSnapshot,
        decision: Decision | None,
        ended: Sequence[Ended],
        page_plays: Sequence[PagePlay],
        orders: Orders,
        joined: Sequence[JoinedVisit] = (),
    ) -> Self:
        """Put together at the end of a step."""
        return cls(
            audience,
            decision,
            tuple((play.decision, play.reward) for play in ended if play.reward is not None),
            orders,
            tuple(play.event for play in ended),
            tuple(page_plays),
            tuple(joined),
        )


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
        self.playback = Playback(config)
        self._triggers = Triggers(config.decision, self.recommender)
        self.orders = OrderBook(self.recommender, self.learning, journal)
        self._order_queue = OrderQueue()
        self._catalogues: queue.SimpleQueue[Catalogue] = queue.SimpleQueue()
        self._config = config
        self._journal = journal
        self._perceive = perceive
        self.unfollowed: Callable[[], int] = lambda: 0
        """How many more people the last frame shows than ``perceive`` follows."""
        self._screen = screen
        self._audience = open_audience(config)
        self._seen: AudienceSnapshot | None = None
        self._observed = ObservedHours(journal)
        self._run = 0
        self._number = 0

    def begin(self, first: Frame, checkpoints: Path | None = None, token: str = "") -> None:
        """Start a run at the time of ``first``: take up what the journal knows.

        ``checkpoints`` is the folder that a learner is kept in. It goes on from the newest there;
        what the journal has beyond that is learned by ``learning.catch_up``, beside the steps.
        ``token`` makes the ids of decisions and visits unique for ever, also where the journal is
        replaced by an older copy; without one they can be foretold.
        """
        self._run = self._journal.begin_run(
            first.utc, self._config.screen_id, token, self._config.audience
        )
        self.recommender.begin_run(token)
        self._audience.begin_run(f"{self._run}-{token}".rstrip("-"))
        self._record_catalogue(self.recommender.catalogue)
        self._number = self._journal.next_number()
        window = self._config.constraints.share_window_plays
        day_ago = first.utc - timedelta(days=1)
        self.recommender.recall(self._journal.decided_since(day_ago, window, first.utc))
        self.learning.begin(checkpoints)

    def order(self, order: Order) -> Future[None]:
        """Hand in an order, from any thread. It is applied at the beginning of the next step.

        The future raises a SignageError that says why it was not. Raises OrderRefusedError when
        too many wait.
        """
        return self._order_queue.put(order)

    def replace_catalogue(self, catalogue: Catalogue) -> None:
        """Hand in a new catalogue, from any thread. The next step decides on it.

        What plays and is in it no more plays to its end; what was to follow it is decided anew.
        """
        self._catalogues.put(catalogue)

    def step(self, frame: Frame, publish: Callable[[Step, Frame], None] = lambda *_: None) -> Step:
        """Take in one frame: obey, see, count, learn, decide.

        Whoever gave an order hears of it after ``publish`` was called with this step.
        """
        self._apply_catalogue(frame.utc)
        answers = self._apply_orders(frame.utc)
        audience, joined = self._see(frame)
        self.playback.observe(audience)
        ended, page_plays = self._hear(audience)
        self._unfold(audience)
        due = self._triggers.due(audience, self.playback) if self._screen.connected else None
        if due is not None and due.trigger is Trigger.PLAY_FAILED:
            ended += self._apply(self.playback.time_out(audience), audience.t_s)
        decision = None if due is None else self._decide(due, audience)
        step = Step.from_changes(
            audience, decision, ended, page_plays, self.recommender.orders, joined
        )
        publish(step, frame)
        for answer in answers:
            answer()
        return step

    def end(self, last: Frame) -> None:
        """Flush everything: the last plays' confirmations, the viewers, the model."""
        self._hear(self._seen or AudienceSnapshot(last.t_s, last.utc))
        for viewer in self._audience.close():
            self._record_viewer(viewer, last)
        for visit_id in self._audience.take_withdrawn():
            self._journal.withdraw_visit(visit_id)
        self._observed.note_passed(self._audience.passed)
        self._observed.write()
        self.learning.save(last.utc)

    @property
    def policy(self) -> Policy:
        """The one that decides now; a rollback replaces it."""
        return self.recommender.policy

    @property
    def on_screen(self) -> Decision | None:
        """What the screen confirmed to be showing."""
        running = self.playback.running
        return running.decision if running else None

    def _apply_catalogue(self, utc: datetime) -> None:
        while not self._catalogues.empty():
            catalogue = self._catalogues.get()
            self._record_catalogue(catalogue)
            orders = self.orders.in_force(catalogue)
            state = replace(self.recommender.state, catalogue=catalogue, orders=orders)
            self.recommender.apply(state)
            self._triggers.note_catalogue(utc)

    def _record_catalogue(self, catalogue: Catalogue) -> None:
        self._journal.record_catalogue(catalogue.version, catalogue.as_json())

    def _apply_orders(self, utc: datetime) -> list[Callable[[], None]]:
        """Apply what was ordered; returns the answers to those who wait for it."""
        answers: list[Callable[[], None]] = []
        for order, done in self._order_queue.take():
            try:
                self.orders.apply(order, utc)
            except SignageError as refusal:
                answers.append(partial(done.set_exception, refusal))
            else:
                answers.append(partial(done.set_result, None))
        return answers

    def _see(self, frame: Frame) -> tuple[AudienceSnapshot, list[JoinedVisit]]:
        """Who is there now; whoever has left goes on record."""
        sightings = self._perceive(frame)
        audience = self._seen = self._audience.update(
            frame, None if frame.fault else sightings, self.unfollowed()
        )
        self._observed.note(audience)
        for join in (joined := self._audience.take_joined()):
            self.playback.drop(join.visit_id)
            self.recommender.join_visits(join)
            self._journal.record_joined(join)
        for visit_id in self._audience.take_withdrawn():
            self.playback.drop(visit_id)
            self.recommender.end_visit(visit_id, frame.t_s)
            self._journal.withdraw_visit(visit_id)
        for viewer in self._audience.take_departed():
            self._record_viewer(viewer, frame)
            self.recommender.end_visit(viewer.visit_id, frame.t_s)
        return audience, joined

    def _record_viewer(self, viewer: Viewer, frame: Frame) -> None:
        arrived_utc = frame.utc - timedelta(seconds=max(0.0, frame.t_s - viewer.first_seen_s))
        self._journal.record_viewer(viewer, self._run, frame.utc, arrived_utc)

    def _hear(self, audience: AudienceSnapshot) -> tuple[list[Ended], list[PagePlay]]:
        """Take in what the screen has confirmed, and tell it what is on record."""
        changes = self.playback.receive(self._screen.events(), audience)
        ended = self._apply(changes, audience.t_s)
        if page_plays := self._screen.page_plays():
            begun = self._journal.record_page_plays(
                (play, audience.utc_at(play.started_s)) for play in page_plays
            )
            self.recommender.recall(begun)  # they count for caps and shares as all others do
        recorded = [play.event.decision_id for play in ended]
        recorded += [play.play_id for play in page_plays]
        if recorded:
            self._screen.acknowledge(recorded)
        return ended, page_plays

    def _apply(self, changes: Sequence[Change], t_s: float) -> list[Ended]:
        """Put what has happened to plays on record, and learn from it; returns what is over."""
        for change in changes:
            if isinstance(change, Ended):
                self._note_outcome(change.event, change.decision.content_id, t_s)
                self._close(change)
            else:
                self._journal.record_start(change.event, change.utc)
                self.recommender.note_start(change.decision, change.utc)
        return [change for change in changes if isinstance(change, Ended)]

    def _close(self, play: Ended) -> None:
        """Journal first: a reward is on record before it is learned."""
        event, decision, reward = play.event, play.decision, play.reward
        learn = not self.recommender.orders.frozen
        seq = self._journal.record_end(event, play.utc, reward, learn=learn)
        if reward is None:
            self._withdraw(event)
            return
        self.recommender.note_reaction(decision.content_id, reward)
        if seq is not None and reward.value is not None:
            self.learning.learn(
                seq, TrainingExample.from_decision(decision, reward.value), play.utc
            )

    def _withdraw(self, event: PlayEvent) -> None:
        self.recommender.withdraw(event.decision_id)
        if event.state is PlayState.FAILED:
            reason = f": {event.reason}." if event.reason else "."
            log.warning("The screen could not show decision %s%s", event.decision_id, reason)

    def _note_outcome(self, event: PlayEvent, content_id: str, t_s: float) -> None:
        """A content that fails on the screen waits before it is tried again."""
        if event.state is PlayState.FINISHED:
            self.recommender.note_success(content_id)
        elif event.state is PlayState.FAILED and event.reason:  # else it is the screen that left
            self.recommender.note_failure(content_id, event.reason, t_s)

    def _unfold(self, audience: AudienceSnapshot) -> None:
        changed, unfold = self.playback.update_reveal(audience)
        if changed:
            self._screen.unfold(unfold)

    def _decide(self, due: Due, audience: AudienceSnapshot) -> Decision:
        on_screen = self.on_screen
        decision = self.recommender.decide(
            self._number, due.trigger, audience, on_screen.content_id if on_screen else None
        )
        self._journal.record_decision(self._number, self._run, decision)
        self._number += 1
        content = self.recommender.catalogue[decision.content_id]
        self.playback.ask(decision, content, now=due.now)
        self._triggers.note(decision, audience)
        self._screen.show(content.cue(decision.decision_id, now=due.now))
        return decision
