"""What one viewer was shown, and how they took it: in this visit, or in all that are known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from signage.recommend.context import EARNED, LIKED, MOVED, SEEN
from signage.types.rewards import Impression


@dataclass(slots=True)
class _Total:
    """Over all plays of a content, or of a category."""

    plays: int = 0
    possible_s: float = 0.0
    """For how long it could be told whether they looked."""
    attention_s: float = 0.0
    reaction: float = 0.0

    def add(self, other: _Total) -> None:
        self.plays += other.plays
        self.possible_s += other.possible_s
        self.attention_s += other.attention_s
        self.reaction += other.reaction

    @property
    def attention(self) -> float:
        """Share of the time for which it could be told."""
        return self.attention_s / self.possible_s if self.possible_s > 0 else 0.0


class VisitHistory:
    """Attention and reactions, by content, and by what it is about: its category and tags."""

    def __init__(self) -> None:
        self._contents: dict[str, _Total] = {}
        self._kinds: dict[str, _Total] = {}

    @classmethod
    def joined(cls, visits: Iterable[VisitHistory]) -> VisitHistory:
        """All of them together."""
        whole = cls()
        for visit in visits:
            whole._merge(visit)
        return whole

    def _merge(self, other: VisitHistory) -> None:
        for own, others in (
            (self._contents, other._contents),
            (self._kinds, other._kinds),
        ):
            for name, total in others.items():
                own.setdefault(name, _Total()).add(total)

    def add(self, content_id: str, kinds: Iterable[str], impression: Impression) -> None:
        """``kinds`` are the content's category and tags, as features."""
        attention_s = impression.attention_s or 0.0
        play = _Total(1, impression.possible_s, attention_s, impression.reaction)
        self._contents.setdefault(content_id, _Total()).add(play)
        for kind in kinds:
            self._kinds.setdefault(kind, _Total()).add(play)

    def plays_of(self, content_id: str) -> int:
        """How often they had it before them."""
        total = self._contents.get(content_id)
        return 0 if total is None else total.plays

    def earned(self) -> dict[str, float]:
        """Of every content shown: the share of their time that they looked at it, in [0, 1].

        It is less where they took it badly. Contents during which no look could be told are left
        out.
        """
        return {
            content_id: total.attention * (1 + min(0.0, total.reaction / total.plays))
            for content_id, total in self._contents.items()
            if total.possible_s > 0
        }

    def features(self) -> dict[str, float]:
        """As the context has them (``context.py``)."""
        named: dict[str, float] = {}
        earned = self.earned()
        for kind, total in self._kinds.items():
            if total.possible_s > 0:
                named[LIKED + kind] = total.attention
            named[MOVED + kind] = total.reaction / total.plays
        for content_id, total in self._contents.items():
            named[SEEN + content_id] = float(total.plays)
            if content_id in earned:
                named[EARNED + content_id] = earned[content_id]
        return {name: round(value, 4) for name, value in named.items()}
