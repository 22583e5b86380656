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

from signage.capture.live import LOST, LiveCapture
from signage.config.config import Config
from signage.content.catalogue import Catalogue
from signage.content.watch import ContentWatch
from signage.engine.engine import Engine, Step
from signage.engine.learning import FOLDER
from signage.engine.totals import Totals
from signage.errors import DamagedJournalError, LostJournalError
from signage.journal.figures import Figures
from signage.journal.file import set_aside
from signage.journal.reader import JournalReader
from signage.journal.writer import Journal
from signage.kiosk.dashboard import Dashboard
from signage.kiosk.health import HealthLog, Vitals, clock_problem
from signage.kiosk.installation import keep_orders_token, orders_token_path
from signage.perception.perceiver import Perceiver
from signage.player.server import PlayerServer, Status
from signage.player.stand_in import TerminalPage
from signage.recommend.policies.base import Learner
from signage.recommend.recommender import make_policy
from signage.types.audience import AudienceSnapshot
from signage.types.orders import Order, OrderRefusedError, Orders
from signage.types.plays import PlayState

log = logging.getLogger(__name__)

_ORDER_PATIENCE_S = 10.0
_NEW_JOURNALS, _WINDOW_S = 5, 3600.0
"""So many are begun within this long in place of lost ones; then something takes them away."""
_FPS_MEMORY_S = 2.0
"""Frames a second are averaged over about this long."""
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
            notice = f"{error} A new journal was begun"
            if isinstance(error, DamagedJournalError):
                aside = set_aside(journal_path(config), datetime.now(UTC))
                notice = f"{error} It is kept as {aside.name}, and a new journal was begun"
        log.error("%s.", notice)
        notices = (notice,)
        if kiosk is not None:
            orders = kiosk.orders
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
        self.titles: dict[str, str] = {}
        """Of every content that was in the catalogue, by id."""
        self.journal_path = journal_path(config)
        self._journal = Journal(self.journal_path)
        self._perceiver = Perceiver(config, live=True)
        self._reader = JournalReader(self.journal_path)
        self._camera = LiveCapture(config.camera)
        self._pulse = _Pulse()
        self._health_log = HealthLog()
        self._dashboard = Dashboard(config, catalogue, Figures(self.journal_path))
        self._server = PlayerServer(
            config.server,
            {},
            Status(
                health=self.health,
                audience=self._audience,
                decisions=self._reader.decisions,
                clock=time.monotonic,
                counters=self._pulse.totals.told,
                orders=self,
                is_as_checked=self._contents.is_as_checked,
                dashboard=self._dashboard,
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
        if orders is not None:
            self._engine.learning.take_over(orders, datetime.now(UTC))
        self._serve(catalogue)

    @property
    def orders(self) -> Orders:
        """What the operator has ordered and not taken back."""
        return self._engine.recommender.orders

    def _serve(self, catalogue: Catalogue) -> None:
        """Serve what is in ``catalogue``."""
        self._server.serve_contents({name: content.folder for name, content in catalogue.items()})
        look = self._config.player
        loop = [content.cue("", now=True) for content in catalogue.loop(look.loop)]
        self._server.set_up(look, loop)
        self._dashboard.catalogue = catalogue
        self._pulse.totals.expect(catalogue)
        self.titles |= {name: content.title for name, content in catalogue.items()}

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
        engine, pulse = self._engine, self._pulse
        newest_before = self._journal.newest_utc()
        engine.begin(frame, self._config.data_dir / FOLDER, secrets.token_hex(4))
        try:
            while not stop.is_set() and frame.t_s < until_s:
                step = engine.step(frame)
                pulse.beat(step, engine)
                if frame.t_s >= pulse.check_due_s:
                    pulse.check_due_s = frame.t_s + _CHECK_EVERY_S
                    self._journal.check_in_place()
                    pulse.clock_problem = clock_problem(frame.utc, newest_before)
                    self._health_log.note(self._vitals())
                width_px = None if frame.image is None else frame.image.shape[1]
                self._dashboard.beat(step, engine.recommender, width_px)
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
        learning.catch_up(utc, _CATCH_UP)
        while learning.behind and not (self._camera.is_waiting or stop.is_set()):
            learning.catch_up(utc, _CATCH_UP)

    def _vitals(self) -> Vitals:
        pulse = self._pulse
        silent_s = time.monotonic() - pulse.last_step_s
        patience_s = max(10.0, 5 * self._config.camera.lost_after_s)
        return Vitals(
            stuck_s=silent_s if silent_s > patience_s else None,
            connected=self._server.connected,
            failed_in_a_row=pulse.failed_in_a_row,
            screen_problem=self._server.screen_problem,
            camera_problem=self._camera_problem(),
            clock_problem=pulse.clock_problem,
            failing=pulse.failing,
            left_out=self._contents.left_out,
            content_problem=self._contents.problem,
            checkpoint_problem=self._engine.learning.problem,
            notices=self._notices,
        )

    def _camera_problem(self) -> str | None:
        camera = self._camera
        if camera.lost:
            why = f": {camera.problem}" if camera.problem else ""
            return f"the camera delivers nothing{why}"
        if camera.fault is not None:
            return f"the camera {camera.fault.reason}"
        if camera.slow:
            return (
                f"too few pictures are worked through to follow anybody "
                f"({self._pulse.fps:.1f} a second)"
            )
        return None

    def health(self) -> dict[str, Any]:
        """The body of ``/health``: ``status`` with its reasons, and the figures behind it."""
        pulse, policy, now_s = self._pulse, self._engine.recommender.policy, time.monotonic()
        vitals, audience = self._vitals(), pulse.audience
        return {
            "status": vitals.status,
            "reasons": vitals.reasons,
            "camera": self._camera.state,
            "fps": round(pulse.fps, 1),
            "dropped_frames": self._camera.dropped,
            "last_decision_age_s": None
            if pulse.last_decision_s is None
            else round(now_s - pulse.last_decision_s, 1),
            "model_version": pulse.model_version,
            "player_connected": self._server.connected,
            "lessons": policy.learned if isinstance(policy, Learner) else None,
            "screen_hangs": self._server.screen_hangs,
            "checking": self._contents.unchecked,
            "learning_behind": pulse.behind,
            "viewers_present": len(audience.viewers) if audience and audience.observed else None,
            "disk_free_bytes": shutil.disk_usage(self._config.data_dir).free,
            "screen_id": self._config.screen_id,
            "version": version("signage"),
            "policy": policy.name,
            "orders": asdict(self._engine.recommender.orders),
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
        return asdict(self._engine.recommender.orders) | {"checkpoints": checkpoints}

    def submit(self, order: Order) -> None:
        """Hand ``order`` to the loop, and wait until it is done. May be called from any thread.

        Raises a SignageError that says why it is not.
        """
        done = self._engine.order(order)
        try:
            done.result(_ORDER_PATIENCE_S)
        except TimeoutError:
            late = f"The loop has not taken it within {_ORDER_PATIENCE_S:.0f} s"
            if done.cancel():
                raise OrderRefusedError(f"{late}: it is not carried out.") from None
            raise OrderRefusedError(f"{late}: see whether it was carried out.") from None

    def _audience(self) -> dict[str, Any]:
        snapshot = self._pulse.audience
        if snapshot is None:
            return {"t_utc": None, "observed": False, "fault": None, "main": None, "viewers": []}
        return {
            "t_utc": snapshot.utc.isoformat(timespec="milliseconds"),
            "observed": snapshot.observed,
            "fault": snapshot.fault,
            "main": snapshot.main.visit_id if snapshot.main else None,
            "viewers": [viewer.record() for viewer in snapshot.viewers],
        }


class _Pulse:
    """What the loop last did. Written by the loop, read by the server's threads."""

    def __init__(self) -> None:
        self.audience: AudienceSnapshot | None = None
        self.fps = 0.0
        self.last_step_s = time.monotonic()
        self.last_decision_s: float | None = None
        self.model_version: str | None = None
        self.behind = 0
        self.frame_s: float | None = None
        """When the newest frame with a picture was taken."""
        self.failed_in_a_row = 0
        self.failing: dict[str, str] = {}
        self.check_due_s = float("-inf")
        self.clock_problem: str | None = None
        self.totals = Totals()

    def beat(self, step: Step, engine: Engine) -> None:
        self._count_frame(step.audience)
        self.audience, self.last_step_s = step.audience, time.monotonic()
        self.model_version, self.behind = engine.recommender.policy.version, engine.learning.behind
        self.failing = engine.recommender.failing
        for event in step.ended:
            if event.state is PlayState.FAILED:
                self.failed_in_a_row += 1
            elif event.state is not PlayState.SUPERSEDED:
                self.failed_in_a_row = 0
        self.totals.count(step)
        if step.decision is not None:
            self.last_decision_s = step.decision.t_s

    def _count_frame(self, audience: AudienceSnapshot) -> None:
        """A tick without a picture is no frame."""
        passed_s = max(1e-6, audience.t_s - (self.frame_s or audience.t_s))
        if audience.fault == LOST:
            self.fps = 0.0 if passed_s > _FPS_MEMORY_S else self.fps
            return
        if self.frame_s is not None:
            share = min(1.0, passed_s / _FPS_MEMORY_S)
            self.fps += share * (1 / passed_s - self.fps)
        self.frame_s = audience.t_s
