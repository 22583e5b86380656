"""Whether the page on the screen lives, by its own word."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, Field

_SILENT_S = 20.0
"""A page says every 5 s that it lives."""


class Pulse(BaseModel):
    """A page's word that it lives."""

    type: Literal["pulse"]
    sent_ms: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    screen: bool = False
    """Whether it is the one on the screen itself, and not one that looks on from elsewhere."""
    visible: bool = True
    """Whether the browser shows it at all: a page behind another is not drawn."""
    drawn_age_ms: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    problem: Annotated[str, Field(max_length=300)] = ""


@dataclass(frozen=True, slots=True)
class _Heard:
    pulse: Pulse
    t_s: float


class ScreenWatch:
    """Hears the pages. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._heard: dict[int, _Heard] = {}
        self._has_screen = False

    def hear(self, connection: int, pulse: Pulse, t_s: float) -> None:
        """A page lives."""
        with self._lock:
            self._heard[connection] = _Heard(pulse, t_s)
            self._has_screen |= pulse.screen

    def has_heard(self, connection: int) -> bool:
        """Whether the page has ever sent a pulse."""
        with self._lock:
            return connection in self._heard

    def leave(self, connection: int) -> None:
        """A page has gone."""
        with self._lock:
            self._heard.pop(connection, None)

    def hangs(self, now_s: float) -> str | None:
        """Why the page itself must be opened anew, or None."""
        with self._lock:
            seen = [heard for heard in self._heard.values() if heard.pulse.visible]
            if self._has_screen:
                seen = [heard for heard in seen if heard.pulse.screen]
                if not seen:
                    return "the screen's own player page is not connected"
        for heard in seen:
            silent_s = now_s - heard.t_s
            if silent_s > _SILENT_S:
                return f"the player page has sent nothing for {silent_s:.0f} s"
            if heard.pulse.drawn_age_ms > 1000 * _SILENT_S:
                return (
                    "the browser has not drawn the page for "
                    f"{heard.pulse.drawn_age_ms / 1000:.0f} s"
                )
        return None

    def problem(self, now_s: float) -> str | None:
        """What keeps the screen from showing what it should, for the operator, or None."""
        if (hangs := self.hangs(now_s)) is not None:
            return hangs
        with self._lock:
            for heard in self._heard.values():
                if heard.pulse.problem:
                    return (
                        f"the screen has no loop to play without the kiosk: {heard.pulse.problem}"
                    )
        return None
