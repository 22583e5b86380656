"""The recommender: catalogue, constraints and policy make a decision, rewards teach it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from signage.config import Config, PolicyName
from signage.recommend import checkpoint
from signage.recommend.baselines import Playlist, Rules, Uniform
from signage.recommend.catalogue import Catalogue
from signage.recommend.constraints import Constraints
from signage.recommend.features import LIKED, SEEN, audience_context
from signage.recommend.policy import Answer, Policy, Question
from signage.recommend.vw import LAYOUT, VwPolicy
from signage.types import AudienceSnapshot, Decision, Lesson, Reward, Trigger


def make_policy(name: PolicyName, config: Config, saved: Path | None = None) -> tuple[Policy, int]:
    """The policy called ``name``, and the last reward (journal sequence) it has learned.

    ``saved`` is the checkpoint that a learner continues from.
    """
    if name == "vw":
        found = checkpoint.load(saved, _layout(config)) if saved else None
        if found:
            return VwPolicy(config.policies.vw, found.model, found.learned), found.reward_seq
        return VwPolicy(config.policies.vw), 0
    if name == "rules":
        return Rules(config.policies.rules), 0
    return (Playlist() if name == "playlist" else Uniform()), 0


class Recommender:
    """Decides and learns. Its draws depend on the seed and the decision's number alone."""

    def __init__(self, config: Config, catalogue: Catalogue, policy: Policy) -> None:
        self.catalogue = catalogue
        self.policy = policy
        self.constraints = Constraints(config.constraints)
        self._config = config
        self._visits: dict[str, _VisitHistory] = {}
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
        masked = self.constraints.mask(self.catalogue, audience)
        allowed = [content_id for content_id in self.catalogue if content_id not in masked]
        forced = not allowed
        if forced:
            allowed = [self.catalogue.fallback.content_id]
        question = self._ask(allowed, audience, on_screen)
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
        """Remember what each viewer still present made of a play, for the rest of their visit."""
        category = self.catalogue[content_id].category
        for impression in filter(lambda each: each.stayed, reward.impressions):
            visit = self._visits.setdefault(impression.viewer_id, _VisitHistory())
            visit.attention_s[category] += impression.attention_s
            visit.present_s[category] += impression.present_s
            visit.seen[content_id] += 1

    def forget_viewer(self, viewer_id: str) -> None:
        """The viewer has left."""
        self._visits.pop(viewer_id, None)

    @property
    def remembered_viewers(self) -> int:
        """Of how many viewers the visit so far is known."""
        return len(self._visits)

    def learn(self, lesson: Lesson) -> None:
        self.policy.learn(lesson)

    def save(self, path: Path, reward_seq: int) -> None:
        """Checkpoint a policy that learns; ``reward_seq`` is the last reward it has seen."""
        if isinstance(self.policy, VwPolicy):
            checkpoint.save(
                checkpoint.Checkpoint(
                    _layout(self._config), self.policy.learned, reward_seq, self.policy.serialize()
                ),
                path,
            )

    def _ask(
        self, allowed: Sequence[str], audience: AudienceSnapshot, on_screen: str | None
    ) -> Question:
        demographics = self._config.perception.demographics
        context = audience_context(audience, demographics=demographics)
        if audience.main is not None:
            if audience.main.viewer_id in self._visits:
                context |= self._visits[audience.main.viewer_id].features()
            if on_screen is not None:
                context[SEEN + on_screen] = context.get(SEEN + on_screen, 0.0) + 1
        return Question(
            context=context,
            actions={content_id: self.catalogue[content_id].features for content_id in allowed},
            last_decided=dict(self._last_decided),
            hour=audience.utc.astimezone().hour,
        )

    def _note(self, utc: datetime, content_id: str, decision_id: str) -> None:
        self.constraints.note_play(utc, content_id, decision_id)
        self._last_decided[content_id] = utc


class _VisitHistory:
    """What one viewer was shown in this visit, and how they took it."""

    def __init__(self) -> None:
        self.attention_s: defaultdict[str, float] = defaultdict(float)
        self.present_s: defaultdict[str, float] = defaultdict(float)
        self.seen: defaultdict[str, int] = defaultdict(int)

    def features(self) -> dict[str, float]:
        return {
            f"{LIKED}{category}": round(self.attention_s[category] / present_s, 4)
            for category, present_s in self.present_s.items()
            if present_s > 0
        } | {f"{SEEN}{content_id}": float(count) for content_id, count in self.seen.items()}


def _layout(config: Config) -> str:
    """What a saved model depends on: with anything else it is learned anew from the journal."""
    vw = config.policies.vw
    return f"{LAYOUT}:{vw.learning_rate:g}:{vw.reward_baseline:g}"


def _by_name(
    names: Sequence[str], values: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> Mapping[str, float]:
    return dict(zip(names, (float(value) for value in values), strict=True))
