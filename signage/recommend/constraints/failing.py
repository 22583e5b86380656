"""Contents that the screen could not show wait, longer each time, before they are tried again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_FIRST_PAUSE_S = 30.0
_LONGEST_PAUSE_S = 3600.0


@dataclass(frozen=True, slots=True)
class _Failure:
    reason: str
    in_a_row: int
    until_s: float


class FailingContents:
    """By content: how often it failed in a row, why the last time, and how long it waits."""

    def __init__(self) -> None:
        self._failures: dict[str, _Failure] = {}

    def note_failure(self, content_id: str, reason: str, t_s: float) -> None:
        """It failed at ``t_s``: the pause doubles with every failure in a row, up to an hour."""
        before = self._failures.get(content_id)
        in_a_row = before.in_a_row + 1 if before else 1
        pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(in_a_row - 1, 10))
        self._failures[content_id] = _Failure(reason, in_a_row, t_s + pause_s)

    def forget(self, content_ids: Iterable[str]) -> None:
        """They were shown to their end, have changed, or are gone."""
        for content_id in content_ids:
            self._failures.pop(content_id, None)

    def pause(self, content_id: str, t_s: float) -> str | None:
        """Why ``content_id`` waits at ``t_s``; None where it does not."""
        failure = self._failures.get(content_id)
        if failure is None or t_s >= failure.until_s:
            return None
        return f"failed: {failure.reason}; tried again in {failure.until_s - t_s:.0f} s"

    @property
    def reasons(self) -> dict[str, str]:
        """Why each failed the last time; what has played since is not among them."""
        return {name: failure.reason for name, failure in self._failures.items()}
