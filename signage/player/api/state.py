"""What the loop publishes of itself, and the bodies that are made of nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from signage.content.catalogue import Catalogue
from signage.types.audience import AudienceSnapshot
from signage.types.orders import Orders

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request


@dataclass(frozen=True, slots=True)
class LoopState:
    """The loop after one step. It is replaced as a whole, so that any thread may read it."""

    catalogue: Catalogue
    titles: Mapping[str, str]
    """Of every content that was in the catalogue since the start, by id."""
    step_s: float
    """When the step ended, in seconds of the monotonic clock."""
    audience: AudienceSnapshot | None = None
    places: Mapping[str, float] = field(default_factory=dict)
    """Where in the picture everybody is, by visit: shares of its width, from its left edge."""
    frame_s: float | None = None
    """When the newest frame with a picture was taken."""
    fps: float = 0.0
    """Frames with a picture, a second, averaged over about two seconds."""
    decision_s: float | None = None
    """When the newest decision was made."""
    policy: str = ""
    model_version: str | None = None
    learned: int | None = None
    """Rewards in the model; None where the policy does not learn."""
    learning_behind: int = 0
    """Rewards on record that the model has yet to learn."""
    orders: Orders = field(default_factory=Orders)
    failed_in_a_row: int = 0
    """Plays, of whatever content."""
    last_failure: str = ""
    """What went wrong with the last of them, where the screen said it."""
    failing: Mapping[str, str] = field(default_factory=dict)
    """Why the last play of a content failed, by id."""
    checkpoint_problem: str | None = None
    beliefs: Mapping[str, Any] | None = None
    """What the policy expects of each content (``dashboard.py``)."""
    believed_s: float = float("-inf")
    """When it was asked."""
    counters: Mapping[str, Any] = field(default_factory=dict)
    """Totals since the start (``metrics.py``)."""


def audience_record(state: LoopState) -> dict[str, Any]:
    """The body of ``/api/audience``."""
    snapshot = state.audience
    if snapshot is None:
        return {
            "t_utc": None,
            "observed": False,
            "fault": None,
            "main": None,
            "unfollowed": 0,
            "traffic": 0,
            "viewers": [],
        }
    return {
        "t_utc": snapshot.utc.isoformat(timespec="milliseconds"),
        "observed": snapshot.observed,
        "fault": snapshot.fault,
        "main": snapshot.main.visit_id if snapshot.main else None,
        "unfollowed": snapshot.unfollowed,
        "traffic": snapshot.traffic,
        "viewers": [viewer.record() for viewer in snapshot.viewers],
    }


def route(audience: Callable[[], dict[str, Any]]) -> Route:
    """``GET /api/audience``: who is in front of the screen."""

    def answer(_request: Request) -> Response:
        return JSONResponse(audience())

    return Route("/api/audience", answer)
