"""How the screen is: ``GET /health``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request


def route(health: Callable[[], dict[str, Any]]) -> Route:
    """``health`` gives the body, with ``status``; the answer has status 503 where it failed."""

    def answer(_request: Request) -> Response:
        body = health()
        return JSONResponse(body, 503 if body.get("status") == "failed" else 200)

    return Route("/health", answer)
