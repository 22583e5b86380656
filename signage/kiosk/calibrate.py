"""`signage calibrate`: show points, watch the eyes, keep the correction beside the journal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from signage.audience.calibration import Calibration, CalibrationFit
from signage.capture.live import LiveCapture
from signage.config.config import Config
from signage.errors import SourceError
from signage.kiosk.installation import keep_calibration
from signage.perception.perceiver import Perceiver
from signage.player.server import PlayerServer, Status


def calibrate(
    config: Config, stop: threading.Event, ready: Callable[[str], None]
) -> CalibrationFit | None:
    """Let one person look at points on the player's page and write what that says.

    ``ready`` is told the page's address; nothing is measured before somebody opened it. Returns
    None when stopped before the end. Raises ConfigError when the looks were of no use, and the
    SignageError of whatever cannot be had: models, camera, port.
    """
    nothing_else = {"returning": False, "logos_dir": None, "mood": False, "demographics": False}
    settings = config.perception.model_copy(update={"gaze": True, **nothing_else})
    camera, calibration = LiveCapture(config.camera), Calibration(config.screen)
    server = PlayerServer(config.server, {}, _status())
    perceiver = Perceiver(config.model_copy(update={"perception": settings}), live=True)
    try:
        camera.start()
        ready(server.start())
        while not stop.is_set():
            frame = camera.next()
            if camera.problem is not None:
                raise SourceError(camera.problem)
            sightings = perceiver.perceive(frame) or []
            if not server.connected:
                continue
            point = calibration.step(frame.t_s, sightings)
            server.point(point)
            if point is None:
                fit = calibration.fit()
                keep_calibration(config, fit.correction)
                return fit
        return None
    finally:
        server.stop()
        camera.stop()
        perceiver.close()


def _status() -> Status:
    return Status(
        health=lambda: {"status": "ok", "reasons": ["calibration is running"]},
        audience=lambda: {"t_utc": None, "observed": False, "main": None, "viewers": []},
        decisions=lambda _: [],
        clock=time.monotonic,
    )
