"""The recommender: catalogue, constraints and policy make a decision, rewards teach it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from signage.config.clock import local_time, utc_offset_min
from signage.config.config import Config
from signage.content.catalogue import Catalogue, Content
from signage.recommend.constraints.rules import Constraints, ForcedContent, Situation
from signage.recommend.context import ADVISED, SEEN, audience_context
from signage.recommend.history import VisitHistory
from signage.recommend.policies.apprentice import shadow_of
from signage.recommend.policies.base import Answer, Learner, Policy, Question
from signage.recommend.policies.experiment import Experiment
from signage.recommend.policies.rules import Rules
from signage.types.audience import AudienceSnapshot, JoinedVisit, Viewer
from signage.types.decisions import Decision, TrainingExample, Trigger
from signage.types.experiments import Assignment
from signage.types.orders import Orders
from signage.types.plays import Play
from signage.types.rewards import Reward


@dataclass(frozen=True, slots=True)
class RecommenderState:
    """What a recommender decides with. It is replaced as a whole."""

    catalogue: Catalogue
    policy: Policy
    orders: Orders = field(default_factory=Orders)
    """The operator's, as they are now."""


class Recommender:
    """Decides and learns. Its draws depend on the seed and the decision's number alone."""

    def __init__(self, config: Config, catalogue: Catalogue, policy: Policy) -> None:
        self.state = RecommenderState(catalogue, policy)
        """Changed by ``apply`` alone."""
        self.constraints = Constraints(config, catalogue)
        self._rules = Rules(config.policies.rules)
        self._config = config
        self._id_prefix = f"{config.screen_id}-"
        self._visits: dict[str, VisitHistory] = {}
        self._ended_s: dict[str, float] = {}
        self._last_decided: dict[str, datetime] = {}

    def begin_run(self, token: str) -> None:
        """Name decisions with ``token`` from now on, so that no other run has the same ids."""
        self._id_prefix = "-".join(filter(None, (self._config.screen_id, token))) + "-"

    def apply(self, state: RecommenderState) -> None:
        """Decide with ``state`` from now on. No count of plays and no visit is lost."""
        if state.catalogue is not self.state.catalogue:
            self.constraints.replace_catalogue(state.catalogue)
        self.state = state

    @property
    def catalogue(self) -> Catalogue:
        return self.state.catalogue

    @property
    def policy(self) -> Policy:
        return self.state.policy

    @property
    def orders(self) -> Orders:
        """What the operator has ordered and not taken back."""
        return self.state.orders

    def content(self, content_id: str) -> Content:
        """A content of this catalogue, or of one before it."""
        return self.constraints.known[content_id]

    def recall(self, plays: Sequence[Play]) -> None:
        """Take up the plays of an earlier run, oldest first."""
        for play in plays:
            self._note(play)

    def forced_content(self, utc: datetime) -> ForcedContent | None:
        """What has to play alone at ``utc``, by the operator's order or by the hour."""
        return self.constraints.forced_content(self.orders, utc)

    def excludes(self, content_id: str, audience: AudienceSnapshot) -> bool:
        """Whether ``content_id`` must leave the screen because of who is in view."""
        if content_id == self.orders.emergency:
            return False
        return self.constraints.audience_excludes(self.content(content_id), audience) is not None

    def decide(
        self,
        number: int,
        trigger: Trigger,
        audience: AudienceSnapshot,
        on_screen: str | None = None,
    ) -> Decision:
        """Draw a content; ``number`` counts the screen's decisions.

        ``on_screen`` is the content that is running, which those present have seen, too.
        """
        self._forget_who_is_gone(audience)
        histories = {viewer.visit_id: self._history(viewer) for viewer in audience.viewers}
        verdict = self.constraints.judge(Situation(audience, self.orders, histories, on_screen))
        allowed = verdict.allowed
        question = self._ask(allowed, audience, histories, on_screen)
        acting, assignment = self._acting(audience)
        answer = Answer(np.ones(1)) if verdict.forced else acting.answer(question)
        probabilities = self.constraints.shape(verdict, answer)
        rng = np.random.default_rng([self._config.seed, number])
        index = int(rng.choice(len(allowed), p=probabilities))
        decision = Decision(
            decision_id=f"{self._id_prefix}{number}",
            t_s=audience.t_s,
            utc=audience.utc,
            trigger=trigger,
            content_id=allowed[index],
            propensity=float(probabilities[index]),
            eligible=_by_name(allowed, probabilities),
            masked=verdict.masked,
            context=question.context,
            policy=acting.name,
            policy_version=acting.version,
            catalogue_version=self.catalogue.version,
            actions=question.actions,
            forced=verdict.forced,
            estimates={} if answer.estimates is None else _by_name(allowed, answer.estimates),
            gave_way=verdict.gave_way,
            reasons=_reasons(acting, question, allowed[index]),
            shadow={} if verdict.forced else shadow_of(answer, index),
            utc_offset_min=utc_offset_min(audience.utc, self._config.timezone),
            assignment=assignment,
        )
        self._note(_play(decision, decision.utc, started=False))
        return decision

    def _acting(self, audience: AudienceSnapshot) -> tuple[Policy, Assignment | None]:
        """The policy that decides now, and the arm's assignment in an experiment."""
        if not isinstance(self.policy, Experiment):
            return self.policy, None
        main = audience.main
        assignment = self.policy.assign(audience.utc, main.visit_id if main else None)
        return self.policy.acting(assignment), assignment

    def with_advice(self, question: Question) -> Question:
        """``question`` with what the rules table would choose."""
        advice = {ADVISED + content_id: 1.0 for content_id in self._rules.advised(question)}
        return replace(question, context={**question.context, **advice})

    def note_start(self, decision: Decision, utc: datetime) -> None:
        """The screen shows it: caps count from now, not from when it was decided."""
        self.constraints.note_play(_play(decision, utc, started=True))

    def withdraw(self, decision_id: str) -> None:
        """A decision that never reached the screen does not count against any cap."""
        self.constraints.forget_play(decision_id)

    def note_failure(self, content_id: str, reason: str, t_s: float) -> None:
        """The screen could not show it: it waits before it is tried again."""
        self.constraints.failing.note_failure(content_id, reason, t_s)

    def note_success(self, content_id: str) -> None:
        """The screen showed it to its end."""
        self.constraints.failing.forget([content_id])

    @property
    def failing(self) -> dict[str, str]:
        """Contents whose last play failed, each with why."""
        return self.constraints.failing.reasons

    def note_reaction(self, content_id: str, reward: Reward) -> None:
        """Remember what each viewer made of a play, as long as they are here, or may return."""
        kinds = self.content(content_id).kinds
        for impression in reward.impressions:
            visit = self._visits.setdefault(impression.visit_id, VisitHistory())
            visit.add(content_id, kinds, impression)
            if not impression.stayed:  # out of sight, perhaps not for good
                self._ended_s[impression.visit_id] = reward.t_s

    def end_visit(self, visit_id: str, t_s: float) -> None:
        """The viewer has left. Where nobody is recognised that is the end of it."""
        self._ended_s[visit_id] = t_s if self._remembers else float("-inf")
        self._forget(t_s)

    def join_visits(self, joined: JoinedVisit) -> None:
        """What was shown to somebody in both visits was shown to one person in one."""
        histories = [
            self._visits.pop(v) for v in (joined.into, joined.visit_id) if v in self._visits
        ]
        if histories:
            self._visits[joined.into] = VisitHistory.joined(histories)
        self._ended_s.pop(joined.visit_id, None)

    def _forget_who_is_gone(self, audience: AudienceSnapshot) -> None:
        present = {viewer.visit_id for viewer in audience.viewers}
        for visit_id in present & self._ended_s.keys():
            del self._ended_s[visit_id]
        for visit_id in self._visits.keys() - present - self._ended_s.keys():
            self._ended_s[visit_id] = audience.t_s  # taken for nobody, on a poster: perhaps wrongly
        self._forget(audience.t_s)

    def _forget(self, t_s: float) -> None:
        perception, audience = self._config.perception, self._config.audience
        # Until a visit has ended, it may go on.
        keep_s = perception.remember_s if self._remembers else audience.depart_after_s
        for ended in [v for v, ended_s in self._ended_s.items() if t_s - ended_s >= keep_s]:
            del self._ended_s[ended]
            self._visits.pop(ended, None)

    @property
    def remembered_viewers(self) -> int:
        """Of how many viewers the visit so far is known."""
        return len(self._visits)

    def learn(self, example: TrainingExample) -> None:
        self.policy.learn(example)

    @property
    def _remembers(self) -> bool:
        return self._config.perception.returning

    def _history(self, viewer: Viewer) -> VisitHistory:
        """What somebody was shown in this visit, and in earlier ones where they are known."""
        visits = (*viewer.earlier_visits, viewer.visit_id)
        return VisitHistory.joined(self._visits[v] for v in visits if v in self._visits)

    def _ask(
        self,
        allowed: Sequence[str],
        audience: AudienceSnapshot,
        histories: Mapping[str, VisitHistory],
        on_screen: str | None,
    ) -> Question:
        demographics = self._config.perception.demographics
        local = local_time(audience.utc, self._config.timezone)
        context = audience_context(audience, local, demographics=demographics)
        if audience.main is not None:
            context |= histories[audience.main.visit_id].features()
            if on_screen is not None:
                context[SEEN + on_screen] = context.get(SEEN + on_screen, 0.0) + 1
        question = Question(
            context=context,
            actions={content_id: self.catalogue[content_id].features for content_id in allowed},
            last_decided=dict(self._last_decided),
            hour=local.hour,
        )
        return self.with_advice(question)

    def _note(self, play: Play) -> None:
        self.constraints.note_play(play)
        self._last_decided[play.content_id] = play.utc


def _reasons(policy: Policy, question: Question, content_id: str) -> Mapping[str, float]:
    if isinstance(policy, Learner) and len(question.actions) > 1:
        return policy.explain(question, content_id)
    return {}


def _play(decision: Decision, utc: datetime, *, started: bool) -> Play:
    return Play(utc, decision.content_id, decision.decision_id, decision.forced, started)


def _by_name(
    names: Sequence[str], values: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> Mapping[str, float]:
    return dict(zip(names, (float(value) for value in values), strict=True))
