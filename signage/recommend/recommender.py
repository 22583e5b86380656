"""The recommender: catalogue, constraints and policy make a decision, rewards teach it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from signage.config import Config, PolicyName
from signage.recommend.baselines import Playlist, Rules, Uniform
from signage.recommend.catalogue import Catalogue
from signage.recommend.checkpoint import Checkpoint
from signage.recommend.constraints import Constraints
from signage.recommend.ensemble import EnsemblePolicy
from signage.recommend.features import ADVISED, SEEN, audience_context
from signage.recommend.history import VisitHistory
from signage.recommend.policy import Answer, Policy, Question
from signage.types import AudienceSnapshot, Decision, Lesson, Orders, Reward, Trigger, Viewer


def make_policy(name: PolicyName, config: Config, saved: Checkpoint | None = None) -> Policy:
    """The policy called ``name``; ``saved`` is what a learner continues from."""
    if name == "vw":
        if saved is not None:
            return EnsemblePolicy(config.policies.vw, saved.model, saved.header.learned)
        return EnsemblePolicy(config.policies.vw)
    if name == "rules":
        return Rules(config.policies.rules)
    return Playlist() if name == "playlist" else Uniform()


class Recommender:
    """Decides and learns. Its draws depend on the seed and the decision's number alone."""

    def __init__(self, config: Config, catalogue: Catalogue, policy: Policy) -> None:
        self.catalogue = catalogue
        self.policy = policy
        self.orders = Orders()
        self.constraints = Constraints(config.constraints)
        self._rules = Rules(config.policies.rules)
        self._config = config
        self._visits: dict[str, VisitHistory] = {}
        self._ended_s: dict[str, float] = {}
        self._last_decided: dict[str, datetime] = {}

    def recall(self, decided: Sequence[tuple[datetime, str, str]]) -> None:
        """Take up the plays (UTC, content, decision) of an earlier run, oldest first."""
        for utc, content_id, decision_id in decided:
            self._note(utc, content_id, decision_id)

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
        present = {viewer.visit_id for viewer in audience.viewers}
        for visit_id in self._visits.keys() - present - self._ended_s.keys():
            self._ended_s[visit_id] = audience.t_s  # it turned out to be nobody, on a poster
        self._forget(audience.t_s)
        masked = self.constraints.mask(self.catalogue, audience)
        allowed = [content_id for content_id in self.catalogue if content_id not in masked]
        history = self._history(audience.main)
        again = self.constraints.repeats(history, allowed)
        if len(again) < len(allowed):
            masked |= again
            allowed = [content_id for content_id in allowed if content_id not in again]
        forced = not allowed
        if forced:
            allowed = [self.catalogue.fallback.content_id]
        question = self._ask(allowed, audience, history, on_screen)
        answer = Answer(np.ones(1)) if forced else self.policy.answer(question)
        rng = np.random.default_rng([self._config.seed, number])
        index = int(rng.choice(len(allowed), p=answer.probabilities))
        decision = Decision(
            decision_id=f"{self._config.screen_id}-{number}",
            t_s=audience.t_s,
            utc=audience.utc,
            trigger=trigger,
            content_id=allowed[index],
            propensity=float(answer.probabilities[index]),
            eligible=_by_name(allowed, answer.probabilities),
            masked=masked,
            context=question.context,
            policy=self.policy.name,
            policy_version=self.policy.version,
            catalogue_version=self.catalogue.version,
            actions=question.actions,
            forced=forced,
            estimates={} if answer.estimates is None else _by_name(allowed, answer.estimates),
        )
        self._note(decision.utc, decision.content_id, decision.decision_id)
        return decision

    def note_start(self, decision: Decision, utc: datetime) -> None:
        """The screen shows it: caps count from now, not from when it was decided."""
        self.constraints.note_play(utc, decision.content_id, decision.decision_id)

    def withdraw(self, decision_id: str) -> None:
        """A decision that never reached the screen does not count against any cap."""
        self.constraints.forget_play(decision_id)

    def note_reaction(self, content_id: str, reward: Reward) -> None:
        """Remember what each viewer made of a play, as long as they are here, or may return."""
        kinds = self.catalogue[content_id].kinds
        for impression in reward.impressions:
            if impression.stayed or self._remembers:
                visit = self._visits.setdefault(impression.visit_id, VisitHistory())
                visit.add(content_id, kinds, impression)
                if not impression.stayed:
                    self._ended_s[impression.visit_id] = reward.t_s

    def end_visit(self, visit_id: str, t_s: float) -> None:
        """The viewer has left. Where nobody is recognised that is the end of it."""
        self._ended_s[visit_id] = t_s
        self._forget(t_s)

    def _forget(self, t_s: float) -> None:
        keep_s = self._config.perception.remember_s if self._remembers else 0.0
        for ended in [v for v, ended_s in self._ended_s.items() if t_s - ended_s >= keep_s]:
            del self._ended_s[ended]
            self._visits.pop(ended, None)

    @property
    def remembered_viewers(self) -> int:
        """Of how many viewers the visit so far is known."""
        return len(self._visits)

    def learn(self, lesson: Lesson) -> None:
        self.policy.learn(lesson)

    @property
    def _remembers(self) -> bool:
        return self._config.perception.returning

    def _history(self, viewer: Viewer | None) -> VisitHistory:
        """What somebody was shown in this visit, and in earlier ones where they are known."""
        if viewer is None:
            return VisitHistory()
        visits = (*viewer.earlier_visits, viewer.visit_id)
        return VisitHistory.of(self._visits[v] for v in visits if v in self._visits)

    def _ask(
        self,
        allowed: Sequence[str],
        audience: AudienceSnapshot,
        history: VisitHistory,
        on_screen: str | None,
    ) -> Question:
        demographics = self._config.perception.demographics
        context = audience_context(audience, demographics=demographics)
        if audience.main is not None:
            context |= history.features()
            if on_screen is not None:
                context[SEEN + on_screen] = context.get(SEEN + on_screen, 0.0) + 1
        question = Question(
            context=context,
            actions={content_id: self.catalogue[content_id].features for content_id in allowed},
            last_decided=dict(self._last_decided),
            hour=audience.utc.astimezone().hour,
        )
        advice = {ADVISED + content_id: 1.0 for content_id in self._rules.advised(question)}
        return replace(question, context=context | advice)

    def _note(self, utc: datetime, content_id: str, decision_id: str) -> None:
        self.constraints.note_play(utc, content_id, decision_id)
        self._last_decided[content_id] = utc


def _by_name(
    names: Sequence[str], values: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> Mapping[str, float]:
    return dict(zip(names, (float(value) for value in values), strict=True))
