"""The newest decisions: ``GET /api/decisions?limit=20``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

_MAX_DECISIONS = 1000


def route(decisions: Callable[[int], list[dict[str, Any]]]) -> Route:
    """``decisions`` gives at most so many, newest first."""

    def answer(request: Request) -> Response:
        text = request.query_params.get("limit", "20")
        limit = int(text) if re.fullmatch(r"[0-9]{1,6}", text) else 0
        if not 1 <= limit <= _MAX_DECISIONS:
            reason = f"limit must be a whole number from 1 to {_MAX_DECISIONS}, not {text[:40]!r}"
            return JSONResponse({"error": reason}, 400)
        return JSONResponse(decisions(limit))

    return Route("/api/decisions", answer)
