"""The operator's dashboard: the page ``/dashboard``, and ``GET /api/dashboard?days=1`` behind it.

The page asks for the rest where it is told already: ``/health``, ``/api/audience``,
``/api/decisions``, ``/api/orders``. It gives orders as everybody does (``orders.py``), and who may
come in is the guard's (``guard.py``). Everything that it loads lies in ``static/``.

``/api/dashboard`` answers with one JSON object; ``days`` is 1 or 7, and ends with the hour that
runs:

| field | what |
|---|---|
| ``t_utc``, ``since_utc``, ``days`` | when the figures were added up, from when on they count |
| ``screen_id``, ``timezone``, ``policy`` | of the configuration; ``timezone`` may be null |
| ``aspect_ratio`` | of the screen, width by height |
| ``catalogue`` | by content id: ``title``, ``category``, ``medium``, ``url`` (of its file), \
``duration_s``, ``mandatory``, ``share_min`` and ``share_max`` (its target, or null) |
| ``funnel`` | ``ots``, ``watchers``, ``held``, ``read``: persons (visits); ``impressions``, \
``plays``; ``held_s`` |
| ``by_hour`` | of every hour ``t_utc``, ``plays``, ``ots``, ``watchers``, ``attention_s``, \
``reward`` |
| ``contents`` | by content id, of those that played: ``plays``, ``shown_s``, ``ots``, \
``watchers``, ``impressions``, ``attention_s``, ``attraction``, ``rewarded``, ``reward``, \
``rewards`` (of twelve parts of the period), ``trend`` |
| ``share_of_voice`` | ``plays`` by content id, of the last ``window_plays`` drawn ones |
| ``rewarded`` | plays with a reward, by content id, of the last 20,000 plays: few make a \
belief a guess |
| ``words`` | what ``policies``, ``movements`` and ``facings`` are called by people |
| ``places`` | by visit id: where somebody is in the picture, from its left, in shares of it |
| ``beliefs`` | null where the policy expects nothing; ``t_utc``, ``learned`` (examples), \
``segments``: each ``name`` and ``estimates``, the reward by content id, null where the segment \
must not see it |
| ``experiment`` | ``name``, ``arms`` and ``summary`` (the verdict so far) of the one \
that runs, or null |

What each figure counts: `signage.journal.figures.audience`. A mean of nothing is null.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from signage.player.messages import content_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

_PAGE = Path(__file__).parents[1] / "static" / "dashboard.html"
_DAYS = {"1": 1, "7": 7}


def routes(
    figures: Callable[[int], dict[str, Any]], content_prefix: Callable[[], str]
) -> list[Route]:
    """The page and its figures, of so many days; contents are loaded below ``content_prefix``."""

    def page(_request: Request) -> Response:
        return FileResponse(_PAGE)

    def api(request: Request) -> Response:
        text = request.query_params.get("days", "1")
        if text not in _DAYS:
            return JSONResponse({"error": f"days must be 1 or 7, not {text[:40]!r}"}, 400)
        body = figures(_DAYS[text])
        catalogue = {name: dict(content) for name, content in body["catalogue"].items()}
        for name, content in catalogue.items():
            version, file = content.pop("version"), content.pop("file")
            content["url"] = content_address(content_prefix(), name, version, file)
        return JSONResponse(body | {"catalogue": catalogue})

    return [Route("/dashboard", page), Route("/api/dashboard", api)]
