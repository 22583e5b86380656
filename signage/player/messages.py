"""What the server tells the pages.

The protocol of ``/ws/player?page=ID``, one JSON document a message:

server → page
    ``{"type": "setup", "transition", "transition_ms", "background", "notice", "loop"}``: how the
    screen looks, and the contents that it plays over and over when it is left alone, each as in
    ``show``. On connecting, and whenever that changes.

    ``{"type": "show", "decision_id", "content_id", "title", "medium", "url", "duration_s", "now",
    "adults_only", "fit", "background", "sound", "more"}``: show this content, as soon as it is
    loaded (``now``) or when the running play ends. A later cue replaces one that still waits. On
    connecting come what another page shows, at once, and the newest, unless its play is over. What
    is for ``adults_only`` leaves the screen when its play is over or the connection is lost.

    ``{"type": "unfold", "decision_id", "region"}``: unfold what is ``more`` of the running content,
    beside ``region`` (left, top, right, bottom in shares of the page; null: anywhere). The play
    does not end before it is folded: ``{"type": "fold"}``.

    ``{"type": "point", "x", "y"}``: show a point to look at, in shares of the page from the left
    and the top, over everything else; without ``x`` and ``y``, take it away.

    ``{"type": "kept", "play_ids"}``: the ends of these plays are on record.

page → server
    Each may have ``sent_ms``: when it was sent, by a clock of the page that nobody can set. With
    it, a message that arrives late is still dated right.

    ``{"type", "decision_id", "age_ms"}``: the play reached the state ``type``, ``age_ms``
    milliseconds before this was sent. ``started``: it is painted on the screen.
    ``unfolded``, ``folded``: so is what is more of it, or not any more.
    ``finished``: its duration is over (the picture stays until the next).
    ``interrupted``: another replaced it before. ``superseded``: another replaced it before
    it was ever shown. ``failed``: it could not be loaded, or broke while it was shown; ``reason``
    says what happened. An end may have ``shown_ms``, for how long it was on the screen.

    ``{"type": "alone", "play_id", "content_id", "state", "started_age_ms", "ended_age_ms"}``: while
    nobody could be told, the page showed this; ``play_id`` is the decision's where one had
    asked for it. Told again on every connection until it is ``kept``.

    ``{"type": "pulse", "screen", "visible", "drawn_age_ms", "problem"}``: every few seconds, the
    page lives. The browser drew it last so long ago; ``problem`` says what it cannot play alone, or
    is empty. ``screen``: it was opened as ``/?screen``, as the one on the screen itself.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import segno

if TYPE_CHECKING:
    from collections.abc import Sequence

    from signage.config.player import PlayerConfig
    from signage.types.plays import Cue, Unfold

FOLD = json.dumps({"type": "fold"})
_OF_CONTENT = ("content_id", "title", "medium", "duration_s", "adults_only")
_OF_LOOK = ("fit", "background", "sound")


def setup(look: PlayerConfig, loop: Sequence[Cue], prefix: str) -> str:
    """How the screen looks. ``prefix`` stands before the address of every content, as below."""
    notice = None if look.notice is None else look.notice.model_dump()
    if notice is not None:
        notice["qr"] = _qr_code(notice.pop("link"))
    return json.dumps(
        {
            "type": "setup",
            "transition": look.transition,
            "transition_ms": look.transition_ms,
            "background": look.background,
            "notice": notice,
            "loop": [_content(cue, prefix) for cue in loop],
        }
    )


def show(cue: Cue, prefix: str) -> str:
    """Show a content, at once or next."""
    asked = {"type": "show", "decision_id": cue.decision_id, "now": cue.now}
    return json.dumps(asked | _content(cue, prefix))


def unfold(target: Unfold) -> str:
    """Unfold what is more of the running content."""
    message = {"type": "unfold", "decision_id": target.decision_id, "region": target.region}
    return json.dumps(message)


def point(place: tuple[float, float] | None) -> str:
    """Show a point to look at, or no more."""
    where = {} if place is None else {"x": place[0], "y": place[1]}
    return json.dumps({"type": "point"} | where)


def kept(play_ids: Sequence[str]) -> str:
    """These plays are on record."""
    return json.dumps({"type": "kept", "play_ids": list(play_ids)})


def content_address(prefix: str, content_id: str, version: str, file: str) -> str:
    """Where a file of a content is. Another version is at another address: whatever keeps copies
    by their address, as browsers do, never answers with what was there before."""
    return f"{prefix}/content/{quote(content_id, safe='')}/{quote(version, safe='')}/{quote(file)}"


def _content(cue: Cue, prefix: str) -> dict[str, Any]:
    fields = {name: getattr(cue, name) for name in (*_OF_CONTENT, *_OF_LOOK)}

    def address(file: str) -> str:
        return content_address(prefix, cue.content_id, cue.version, file)

    more = None
    if cue.more is not None:
        more = {
            "title": cue.more.title,
            "text": cue.more.text,
            "qr": _qr_code(cue.more.link),
            "medium": cue.more.medium,
            "url": cue.more.file and address(cue.more.file),
        }
    return fields | {"url": address(cue.file), "more": more}


def _qr_code(link: str | None) -> str | None:
    """A picture of ``link``, as the address of an SVG that holds it."""
    if link is None:
        return None
    return segno.make(link, micro=False).svg_data_uri(border=2, dark="#000", light="#fff")
