"""The daemon around the engine: camera thread, player server, clean shutdown."""

from __future__ import annotations

import logging
import secrets
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from signage.capture.live import LiveCapture
from signage.config.config import Config
from signage.content.catalogue import Catalogue
from signage.content.watch import ContentWatch
from signage.engine.engine import Engine, Step
from signage.engine.learning import FOLDER
from signage.errors import DamagedJournalError, LostJournalError
from signage.journal.figures.dashboard import DashboardFigures
from signage.journal.file import set_aside
from signage.journal.reader import JournalReader
from signage.journal.writer import Journal
from signage.kiosk.dashboard import Dashboard
from signage.kiosk.health import HealthLog, Vitals, clock_problem, crowd_notes
from signage.kiosk.installation import keep_orders_token, orders_token_path
from signage.kiosk.publisher import Publisher
from signage.perception.perceiver import Perceiver
from signage.player.api.state import LoopState, audience_record
from signage.player.server import PlayerServer, Status
from signage.player.stand_in import TerminalPage
from signage.recommend.policies.make import make_policy
from signage.types.orders import Order, OrderRefusedError, Orders
from signage.types.vision import Frame

log = logging.getLogger(__name__)

_ORDER_PATIENCE_S = 10.0
_NEW_JOURNALS, _WINDOW_S = 5, 3600.0
"""So many are begun within this long in place of lost ones; then something takes them away."""
_CHECK_EVERY_S = 1.0
"""So often the kiosk looks after itself."""
_CATCH_UP = 4
"""Rewards that are learned between two looks for a frame: some hundredths of a second."""


def run_screen(config: Config, begin: Callable[[Kiosk], None]) -> Kiosk:
    """Make the kiosk and let ``begin`` run it; returns the one that ran last.

    A journal that is damaged, or was taken away, does not keep the screen off: a new one is begun
    in its place, and what was ordered stays in force. Where that happens again and again it is an
    error.
    """
    begun_s: deque[float] = deque(maxlen=_NEW_JOURNALS)
    notices: tuple[str, ...] = ()
    orders = Orders()
    while True:
        kiosk = None
        try:
            kiosk = Kiosk(config, notices, orders)
            begin(kiosk)
            return kiosk
        except (DamagedJournalError, LostJournalError) as error:
            now_s = time.monotonic()
            if len(begun_s) == _NEW_JOURNALS and now_s - begun_s[0] < _WINDOW_S:
                raise
            begun_s.append(now_s)
            notice = f"{error} A new journal was started"
            if isinstance(error, DamagedJournalError):
                aside = set_aside(journal_path(config), datetime.now(UTC))
                notice = f"{error} The file is kept as {aside.name}, and a new journal was started"
        log.error("%s.", notice)
        notices = (notice,)
        if kiosk is not None:
            orders = kiosk.loop_state.orders
        if kiosk is not None and kiosk.port is not None:  # where the page looks for it
            server = config.server.model_copy(update={"port": kiosk.port})
            config = config.model_copy(update={"server": server})


def journal_path(config: Config) -> Path:
    """Where the screen's journal is."""
    return config.data_dir / "journal.sqlite"


class Kiosk:
    """One screen with its camera, from start to stop, in the thread that calls ``run``.

    Raises the SignageError of whatever cannot be had at the start: a model, the content,
    the journal, the port. A camera that is not there is waited for beside the plays.
    """

    def __init__(
        self, config: Config, notices: tuple[str, ...] = (), orders: Orders | None = None
    ) -> None:
        """``notices`` is what ``/health`` says as long as it runs; ``orders`` were given before
        its journal was begun."""
        self._config = config
        self._notices = notices
        self.port: int | None = None
        """That the server listens on, once it does."""
        self._contents = ContentWatch(config.content, config.player.loop)
        catalogue = self._contents.catalogue
        self.journal_path = journal_path(config)
        self._journal = Journal(self.journal_path)
        self._perceiver = Perceiver(config, live=True)
        self._reader = JournalReader(self.journal_path)
        self._camera = LiveCapture(config.camera)
        self._publisher = Publisher(config, catalogue)
        self._clock_problem: str | None = None
        self._check_due_s = float("-inf")
        self._health_log = HealthLog()
        self._server = PlayerServer(
            config.server,
            {},
            Status(
                health=self.health,
                audience=lambda: audience_record(self.loop_state),
                decisions=self._reader.decisions,
                clock=time.monotonic,
                counters=lambda: self.loop_state.counters,
                orders=self,
                is_as_checked=self._contents.is_as_checked,
                dashboard=Dashboard(
                    config, lambda: self.loop_state, DashboardFigures(self.journal_path)
                ),
            ),
        )
        self._engine = Engine(
            config,
            catalogue,
            make_policy(config.decision.policy, config),
            self._journal,
            self._perceiver.perceive,
            self._server,
        )
        self._engine.unfollowed = lambda: self._perceiver.unfollowed
        if orders is not None:
            self._engine.orders.take_over(orders, datetime.now(UTC))
        self._publisher.begin(self._engine)
        self._serve(catalogue)

    @property
    def loop_state(self) -> LoopState:
        """The loop after its newest step. May be read from any thread."""
        return self._publisher.state

    def title(self, content_id: str) -> str:
        """Of a content that is, or was, in the catalogue. May be called from any thread."""
        return self.loop_state.titles.get(content_id, content_id)

    def _publish(self, step: Step, frame: Frame) -> None:
        self._publisher.publish(self._engine, step, frame)

    def _serve(self, catalogue: Catalogue) -> None:
        """Serve what is in ``catalogue``."""
        self._server.serve_contents({name: content.folder for name, content in catalogue.items()})
        look = self._config.player
        loop = [content.cue("", now=True) for content in catalogue.loop(look.loop)]
        self._server.set_up(look, loop)

    def _replace_catalogue(self, catalogue: Catalogue) -> None:
        """Serve and decide on another catalogue."""
        self._serve(catalogue)
        self._engine.replace_catalogue(catalogue)

    def run(
        self,
        stop: threading.Event,
        *,
        ready: Callable[[str], None] = lambda _: None,
        watch: Callable[[Step], None] = lambda _: None,
        stand_in: bool = False,
        length_s: float | None = None,
    ) -> None:
        """Run until ``stop`` is set or ``length_s`` seconds are over; then flush everything.

        ``ready`` is told the player's address, ``watch`` every step. With ``stand_in`` the
        plays are confirmed by a page without a picture as long as no browser has opened one.
        """
        page = TerminalPage()
        try:
            self._camera.start()
            url = self._server.start()
            self.port = urlsplit(url).port
            keep_orders_token(self._config.data_dir, self._server.orders_token)
            self._contents.start(self._replace_catalogue)
            ready(url)
            if stand_in:
                page.start(url)
            self._loop(stop, watch, length_s)
        finally:
            self._contents.stop()
            page.stop()
            self._server.stop()
            orders_token_path(self._config.data_dir).unlink(missing_ok=True)
            self._camera.stop()
            self._perceiver.close()
            self._journal.close()

    def _loop(
        self, stop: threading.Event, watch: Callable[[Step], None], length_s: float | None
    ) -> None:
        frame = self._camera.next()
        until_s = float("inf") if length_s is None else frame.t_s + length_s
        engine = self._engine
        newest_before = self._journal.newest_utc()
        engine.begin(frame, self._config.data_dir / FOLDER, secrets.token_hex(4))
        try:
            while not stop.is_set() and frame.t_s < until_s:
                step = engine.step(frame, self._publish)
                if frame.t_s >= self._check_due_s:
                    self._check_due_s = frame.t_s + _CHECK_EVERY_S
                    self._journal.check_in_place()
                    self._clock_problem = clock_problem(frame.utc, newest_before)
                    self._health_log.note(self._vitals())
                watch(step)
                self._catch_up(frame.utc, stop)
                frame = self._camera.next()
        finally:
            # The pages leave first, so that what they were showing is closed and counted.
            self._server.stop()
            if self._journal.is_in_place:
                engine.end(frame)

    def _catch_up(self, utc: datetime, stop: threading.Event) -> None:
        """Learn what the journal has beyond the model, in the time between two frames."""
        learning = self._engine.learning
        if not learning.behind:
            return
        learning.catch_up(utc, _CATCH_UP)
        while learning.behind and not (self._camera.is_waiting or stop.is_set()):
            learning.catch_up(utc, _CATCH_UP)
        self._publisher.note_learning(self._engine)

    def _vitals(self) -> Vitals:
        state = self.loop_state
        silent_s = time.monotonic() - state.step_s
        patience_s = max(10.0, 5 * self._config.camera.lost_after_s)
        return Vitals(
            stuck_s=silent_s if silent_s > patience_s else None,
            connected=self._server.connected,
            failed_in_a_row=state.failed_in_a_row,
            last_failure=state.last_failure,
            screen_problem=self._server.screen_problem,
            camera_problem=self._camera_problem(),
            clock_problem=self._clock_problem,
            failing=state.failing,
            left_out=self._contents.left_out,
            content_problem=self._contents.problem,
            checkpoint_problem=state.checkpoint_problem,
            notices=self._notices,
        )

    def _camera_problem(self) -> str | None:
        camera = self._camera
        if camera.lost:
            why = f": {camera.problem}" if camera.problem else ""
            return f"the camera sends no pictures{why}"
        if camera.fault is not None:
            return f"the camera {camera.fault.reason}"
        if camera.slow:
            return (
                f"too few pictures are processed to follow anyone ({self.loop_state.fps:.1f} "
                "a second)"
            )
        return None

    def health(self) -> dict[str, Any]:
        """The body of ``/health``: ``status`` with its reasons, and the figures behind it."""
        state, now_s = self.loop_state, time.monotonic()
        vitals, audience = self._vitals(), state.audience
        return {
            "status": vitals.status,
            "reasons": vitals.reasons,
            "camera": self._camera.state,
            "fps": round(state.fps, 1),
            "dropped_frames": self._camera.dropped,
            "last_decision_age_s": None
            if state.decision_s is None
            else round(now_s - state.decision_s, 1),
            "model_version": state.model_version,
            "player_connected": self._server.connected,
            "lessons": state.learned,
            "screen_hangs": self._server.screen_hangs,
            "checking": self._contents.unchecked,
            "learning_behind": state.learning_behind,
            "viewers_present": len(audience.viewers) if audience and audience.observed else None,
            "traffic_present": audience.traffic if audience and audience.observed else None,
            "unfollowed_present": audience.unfollowed if audience and audience.observed else None,
            "notes": crowd_notes(audience, self._config.perception.max_people),
            "disk_free_bytes": shutil.disk_usage(self._config.data_dir).free,
            "screen_id": self._config.screen_id,
            "version": version("signage"),
            "policy": state.policy,
            "orders": asdict(self.loop_state.orders),
            "left_out": dict(vitals.left_out),
            "failing": dict(vitals.failing),
        }

    def state(self) -> dict[str, Any]:
        """What the operator has ordered, and what may be rolled back to."""
        checkpoints = [
            {
                "name": header.name,
                "t_utc": header.t_utc,
                "learned": header.learned,
                "reward_seq": header.reward_seq,
            }
            for header in self._engine.learning.checkpoints()
        ]
        return asdict(self.loop_state.orders) | {"checkpoints": checkpoints}

    def submit(self, order: Order) -> None:
        """Hand ``order`` to the loop, and wait until it is done. May be called from any thread.

        Raises a SignageError that says why it is not.
        """
        done = self._engine.order(order)
        try:
            done.result(_ORDER_PATIENCE_S)
        except TimeoutError:
            late = f"The screen did not take the order within {_ORDER_PATIENCE_S:.0f} s"
            if done.cancel():
                raise OrderRefusedError(f"{late}. It has no effect: give it again.") from None
            raise OrderRefusedError(
                f"{late}. Check whether it took effect before you give it again."
            ) from None
