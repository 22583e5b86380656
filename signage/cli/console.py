"""The terminal's view of a running kiosk: live on a terminal, a line per event elsewhere."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from rich.console import Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from signage.engine.engine import Step
from signage.text.terminal import Console, grid, line, log_warnings
from signage.types.audience import AudienceSnapshot, Viewer
from signage.types.decisions import Decision
from signage.types.orders import Orders
from signage.types.rewards import Reward
from signage.types.vision import MOODS

_BAR = 24
_VIEWER_CELLS = 9
_LAST_REWARDS = 6
_MOST_CONTENTS = 10
_MOST_VIEWERS = 12
"""Lines of the view; more are counted, so that all of it fits a terminal."""


class KioskView:
    """Shows who is there, what was chosen and why, and what came back."""

    def __init__(self, length_s: float | None, token_path: Path) -> None:
        """Logs never hold a token; they name the file ``token_path`` instead."""
        self.title: Callable[[str], str] = str
        """Title of a content, by its id."""
        self._length_s = length_s
        self._token_path = token_path
        self._console = Console()
        self._url = ""
        self._begin_s = time.monotonic()
        self._decision: Decision | None = None
        self._rewards: deque[tuple[Decision, Reward]] = deque(maxlen=_LAST_REWARDS)
        self._audience: AudienceSnapshot | None = None
        self._orders = Orders()
        self._live = (
            Live(console=self._console, refresh_per_second=8, get_renderable=self._render)
            if self._console.is_terminal and not self._console.is_dumb_terminal
            else None
        )
        log_warnings(self._console)

    def __enter__(self) -> KioskView:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._live is not None and self._live.is_started:
            self._live.stop()

    def ready(self, url: str) -> None:
        """The player is served at ``url``."""
        self._url, self._begin_s = url, time.monotonic()
        self._console.print(f"Player: {url}", soft_wrap=True)
        address = urlsplit(url)
        dashboard = address._replace(path="/dashboard").geturl()
        self._console.print(f"Dashboard: {dashboard}", soft_wrap=True)
        if address.query and self._live is None:
            self._console.print(f"The token for both is in {self._token_path}.")
        if self._live is not None:
            self._live.start()

    def watch(self, step: Step) -> None:
        """Take in what one frame changed."""
        self._audience = step.audience
        if step.orders != self._orders:
            self._orders = step.orders
            if self._live is None:
                self._line(f"orders    {_orders_text(step.orders) or 'none'}")
        self._rewards.extend(step.rewards)
        if step.decision is not None:
            self._decision = step.decision
        if self._live is None:
            for decision, reward in step.rewards:
                self._line(f"reward    {decision.content_id}: {_reward_text(reward)}")
            if step.decision is not None:
                self._line(f"decision  {_decision_text(step.decision, step.audience)}")

    def _line(self, text: str) -> None:
        passed_s = time.monotonic() - self._begin_s
        self._console.print(f"{passed_s:6.1f} s  {text}", soft_wrap=True)

    def _render(self) -> Group:
        passed_s = time.monotonic() - self._begin_s
        left = "" if self._length_s is None else f" of {self._length_s:.0f}"
        title = line(
            ("signage ", "bold"), self._url, (f"   {passed_s:.0f}{left} s   Ctrl-C to stop", "dim")
        )
        ordered = _orders_text(self._orders)
        orders = [line((f"Orders: {ordered}", "bold yellow"))] if ordered else []
        return Group(title, *orders, self._viewers(), self._choice(), self._reactions())

    def _viewers(self) -> Panel:
        audience = self._audience
        if audience is not None and not audience.observed:
            unseen = "The camera cannot see, so nobody can be counted."
            return _panel(Text(unseen, "yellow"), "in front of the screen")
        table = grid(_VIEWER_CELLS)
        viewers = audience.viewers if audience else ()
        for viewer in viewers[:_MOST_VIEWERS]:
            table.add_row(*_viewer_cells(viewer))
        more = len(viewers) - _MOST_VIEWERS
        if not viewers or more > 0:
            table.add_row("", Text(f"and {more} more" if viewers else "nobody", "dim"))
        return _panel(table, "in front of the screen")

    def _choice(self) -> Panel:
        decision = self._decision
        if decision is None:
            return _panel(Text("waiting for the player page", "dim"), "chosen")
        table = grid(5)
        by_chance = sorted(decision.eligible.items(), key=lambda item: -item[1])
        for content_id, probability in by_chance[:_MOST_CONTENTS]:
            chosen = content_id == decision.content_id
            estimate = decision.estimates.get(content_id)
            table.add_row(
                Text("▶" if chosen else " ", "green"),
                line((content_id, "bold green" if chosen else "")),
                Text("█" * max(1, round(probability * _BAR)), "green" if chosen else "blue"),
                f"{probability:.0%}",
                Text("" if estimate is None else f"expected {estimate:.2f}", "dim"),
            )
        if (more := len(by_chance) - _MOST_CONTENTS) > 0:
            table.add_row("", Text(f"and {more} more", "dim"))
        barred = grid(2)
        for names, reason in _masked(decision):
            barred.add_row(line((names, "dim strike")), line((reason, "dim red")))
        why = decision.trigger.replace("_", " ")
        by = f"{decision.policy} {decision.policy_version}"
        title = self.title(decision.content_id)
        shown = Group(table, *([barred] if decision.masked else []))
        return _panel(shown, f"chosen: {title} ({why}, by {by})")

    def _reactions(self) -> Panel:
        table = grid(2)
        for decision, reward in reversed(tuple(self._rewards)):
            table.add_row(decision.content_id, _reward_text(reward))
        if not self._rewards:
            table.add_row(Text("none yet", "dim"))
        return _panel(table, "rewards")


def _panel(inside: RenderableType, title: str) -> Panel:
    # A title that is a string would be read as markup.
    return Panel(inside, title=line(title), title_align="left")


def _masked(decision: Decision) -> list[tuple[str, str]]:
    """Names of the contents that were not allowed, by reason: those with the most first."""
    together: dict[str, list[str]] = {}
    for name, reason in decision.masked.items():
        together.setdefault(reason, []).append(name)
    by_number = sorted(together.items(), key=lambda item: -len(item[1]))[:_MOST_CONTENTS]
    return [(_few(names), reason) for reason, names in by_number]


def _few(names: list[str]) -> str:
    more = len(names) - _MOST_CONTENTS
    return ", ".join(names[:_MOST_CONTENTS]) + (f" and {more} more" if more > 0 else "")


def _viewer_cells(viewer: Viewer) -> tuple[str | Text, ...]:
    female, age, spread = viewer.female_prob, viewer.age_years, viewer.age_sd
    if female is None or viewer.gender is None:
        gender = "gender unknown"
    else:
        gender = f"{viewer.gender} {max(female, 1 - female):.0%}"
    return (
        Text("◉" if viewer.attentive else "○", "green" if viewer.attentive else "dim"),
        f"viewer {viewer.viewer_id}",
        gender,
        "age unknown" if age is None else f"{age:.0f} ± {spread:.0f} years",
        "looks unknown"
        if viewer.attention_s is None
        else f"watched {viewer.attention_s:.1f} of {viewer.dwell_s:.1f} s",
        _mood_text(viewer),
        "" if viewer.movement is None else viewer.movement.replace("_", " "),
        "" if viewer.distance_m is None else f"{viewer.distance_m:.1f} m",
        _behaviour_text(viewer),
    )


def _behaviour_text(viewer: Viewer) -> str:
    phrases = ["was here before"] if viewer.returning else []
    phrases += ["reads"] if viewer.reading else []
    phrases += [f"wears {logo.brand}" for logo in viewer.logos or ()]
    return ", ".join(phrases)


def _mood_text(viewer: Viewer) -> str:
    if viewer.mood_probs is None:
        return f"smile {viewer.expression.get('smile', 0.0):.1f}"
    best = int(viewer.mood_probs.argmax())
    return f"{MOODS[best]} {viewer.mood_probs[best]:.0%}"


def _reward_text(reward: Reward) -> str:
    if reward.value is None:
        if fault := reward.parts.get("camera"):
            return f"none (the camera could not see: {fault})"
        return f"none ({str(reward.parts['absent']).replace('_', ' ')})"
    parts = reward.parts
    return (
        f"{reward.value:.2f}  watched {parts['attention_s']:.1f} of "
        f"{parts['possible_s']:.1f} s, stayed {parts['stayed']:.0%}, reaction "
        f"{parts['reaction']:+.2f}"
    )


def _orders_text(orders: Orders) -> str:
    phrases = [] if orders.emergency is None else [f"emergency: only {orders.emergency} plays"]
    phrases += [] if orders.pinned is None else [f"{orders.pinned} is pinned"]
    phrases += ["learning is frozen"] if orders.frozen else []
    return ", ".join(phrases)


def _decision_text(decision: Decision, audience: AudienceSnapshot) -> str:
    people = len(audience.viewers)
    why = decision.trigger.replace("_", " ")
    masked = "; ".join(f"{names} ({reason})" for names, reason in _masked(decision))
    barred = f"; not allowed: {masked}" if masked else ""
    there = f"{people} in front of the screen" if audience.observed else "the camera cannot see"
    return (
        f"{decision.content_id} ({decision.propensity:.0%} likely, "
        f"{len(decision.eligible)} allowed; {why}; {there}){barred}"
    )
