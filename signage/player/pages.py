"""The sockets of the player pages: what each was sent, and what it says.

What the pages are told, and say, is in ``messages.py``, whose word counts in ``play_ledger.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from typing import TYPE_CHECKING

from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from signage.player import messages
from signage.player.play_ledger import PageMessage, PageReport, Plays
from signage.player.screen_watch import Pulse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from signage.config.player import PlayerConfig
    from signage.types.plays import Cue, Unfold

_MAX_UNSENT = 64
_MAX_PAGES = 64
"""One screen has one; who has opened the page elsewhere may look on."""
_HANG_UP = ""
"""In place of a message: a page that has missed some connects anew, and is told what is so now."""
_TRY_AGAIN_LATER = 1013

_log = logging.getLogger(__name__)


class Pages:
    """Every page that is connected. ``answer`` runs in the server's loop, the rest in any thread.

    ``prefix`` stands before the address of every content; ``clock`` gives monotonic seconds.
    """

    def __init__(self, plays: Plays, prefix: Callable[[], str], clock: Callable[[], float]) -> None:
        self._plays, self._prefix, self._clock = plays, prefix, clock
        self.loop: asyncio.AbstractEventLoop | None = None
        """The server's, while it serves."""
        self._unsent: dict[int, asyncio.Queue[str]] = {}
        self._point: tuple[float, float] | None = None
        self._setup = self._unfolded = ""

    def show(self, cue: Cue) -> None:
        """Send ``cue`` to every page, and to those that connect while it is of use."""
        self._plays.ask(cue, self._clock())
        self._broadcast(messages.show(cue, self._prefix()))

    def set_up(self, look: PlayerConfig, loop: Sequence[Cue]) -> None:
        """Tell every page how the screen looks, and what it plays when it is left alone."""
        self._setup = messages.setup(look, loop, self._prefix())
        self._broadcast(self._setup)

    def unfold(self, unfold: Unfold | None) -> None:
        """Unfold what is more of the running content, or fold it."""
        # Pages that connect later are told, too: it says itself which play it is of.
        self._unfolded = messages.FOLD if unfold is None else messages.unfold(unfold)
        self._broadcast(self._unfolded)

    def acknowledge(self, play_ids: Sequence[str]) -> None:
        """Tell every page that the ends of these plays are on record."""
        self._broadcast(messages.kept(play_ids))

    def point(self, place: tuple[float, float] | None) -> None:
        """Show every page a point to look at, in shares of its width and height, or no more."""
        if place != self._point:
            self._point = place
            self._broadcast(messages.point(place))

    async def answer(self, websocket: WebSocket) -> None:
        """Talk with the page that opens ``websocket``, until it leaves."""
        page = websocket.query_params.get("page", "")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", page):
            page = "unnamed"
        if len(self._unsent) >= _MAX_PAGES and not self._make_room():
            await websocket.close(_TRY_AGAIN_LATER)
            return
        await websocket.accept()
        connection, cues = self._plays.join(page)
        unsent = self._unsent[connection] = asyncio.Queue(_MAX_UNSENT)
        shown = (messages.show(cue, self._prefix()) for cue in cues)
        point = "" if self._point is None else messages.point(self._point)
        for message in (self._setup, *shown, self._unfolded, point):
            if message:
                unsent.put_nowait(message)
        _log.info("page %s connected", page)
        sender = asyncio.create_task(_send(websocket, unsent))
        try:
            await self._listen_to(websocket, connection, page)
        finally:
            sender.cancel()
            self._unsent.pop(connection, None)
            self._plays.leave(connection, self._clock())
            _log.info("page %s left", page)

    def _make_room(self) -> bool:
        """Hang up on a page that does not say that it lives; no screen is among those."""
        silent = [each for each in self._unsent if not self._plays.watch.has_heard(each)]
        if silent:
            self._hang_up(silent[0])
        return bool(silent)

    async def _listen_to(self, websocket: WebSocket, connection: int, page: str) -> None:
        complained = False
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            try:
                heard = PageMessage.validate_json(message.get("text") or b"")
            except ValidationError as error:
                if not complained:
                    complained = True
                    reason = error.errors()[0]["msg"]
                    _log.warning("page %s sends invalid messages: %s", page, reason)
                continue
            now_s = self._clock()
            if isinstance(heard, Pulse):
                self._plays.hear(connection, heard, now_s)
                continue
            if isinstance(heard, PageReport):
                done = self._plays.accept_report(connection, heard, now_s) and heard.play_id
            else:
                done = self._plays.confirm(connection, heard, now_s) and heard.decision_id
            if done:
                self._send(connection, messages.kept([done]))

    def _broadcast(self, message: str) -> None:
        if self.loop is not None:
            # A loop that closes in this moment has no pages left to tell.
            with contextlib.suppress(RuntimeError):
                self.loop.call_soon_threadsafe(self._send_all, message)

    def _send_all(self, message: str) -> None:
        for connection in self._unsent:
            self._send(connection, message)

    def _send(self, connection: int, message: str) -> None:
        unsent = self._unsent[connection]
        if unsent.full():
            _log.warning("a page (connection %d) does not read its messages", connection)
            self._hang_up(connection)
        else:
            unsent.put_nowait(message)

    def _hang_up(self, connection: int) -> None:
        unsent = self._unsent[connection]
        while not unsent.empty():
            unsent.get_nowait()
        unsent.put_nowait(_HANG_UP)


async def _send(websocket: WebSocket, unsent: asyncio.Queue[str]) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        while (message := await unsent.get()) != _HANG_UP:
            await websocket.send_text(message)
        await websocket.close(_TRY_AGAIN_LATER)
