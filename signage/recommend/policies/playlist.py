"""The policy that plays the contents in turn."""

from __future__ import annotations

from signage.recommend.policies.base import Answer, Fixed, Question, certain, least_recent


class Playlist(Fixed):
    """Round robin: chooses the content that was shown least recently."""

    name = "playlist"

    def answer(self, question: Question) -> Answer:
        return certain(question, least_recent(question, list(question.actions)))
