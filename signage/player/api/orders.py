"""The operator's orders over HTTP: ``GET /api/orders`` tells what is in force, ``POST`` orders.

The body of a POST is one `signage.types.orders.Order`:
``{"action": "pin", "content_id": "coffee"}`` or
``{"action": "rollback", "before": "2026-03-04T12:00:00Z"}``. The answer to both is the state, with
``refused``: null, or the sentence that says why nothing has changed (status 400 or 413 where it
is no order, 409 where it cannot be carried out). Who may order: ``guard.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import Route

from signage.errors import SignageError
from signage.types.orders import Order

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

PATH = "/api/orders"
_MAX_BODY_BYTES = 4096


class OrderHandler(Protocol):
    """Takes orders. Both may be called from any thread."""

    def state(self) -> dict[str, Any]:
        """What is in force: ``frozen``, ``pinned``, ``emergency``, ``checkpoints``."""
        ...

    def submit(self, order: Order) -> None:
        """Return when it is done. Raises a SignageError that says why it is not."""
        ...


class OrdersApi:
    """Answers requests to ``/api/orders``."""

    def __init__(self, handler: OrderHandler) -> None:
        self._handler = handler

    async def __call__(self, request: Request) -> Response:
        if request.method != "POST":
            return await self._answer(200, None)
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MAX_BODY_BYTES:
                return await self._answer(413, f"An order has at most {_MAX_BODY_BYTES} bytes.")
        try:
            order = Order.model_validate_json(body)
        except ValidationError as error:
            return await self._answer(400, _explained(error))
        try:
            await run_in_threadpool(self._handler.submit, order)
        except SignageError as refusal:
            return await self._answer(409, str(refusal))
        return await self._answer(200, None)

    async def _answer(self, status: int, refused: str | None) -> Response:
        state = await run_in_threadpool(self._handler.state)
        return JSONResponse(state | {"refused": refused}, status)


def _explained(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"This is not a valid order: {where + ': ' if where else ''}{first['msg']}."


def route(handler: OrderHandler) -> Route:
    """Both methods of ``/api/orders``."""
    api = OrdersApi(handler)

    async def answer(request: Request) -> Response:
        return await api(request)

    return Route(PATH, answer, methods=["GET", "POST"])
