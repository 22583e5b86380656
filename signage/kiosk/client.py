"""Gives orders to the screen that runs on this machine, over its own API."""

from __future__ import annotations

import http.client
import ipaddress
import json
from typing import Any

from signage.config.config import Config
from signage.errors import ConfigError, SignageError
from signage.kiosk.installation import orders_token_path
from signage.types.orders import Order

_PATIENCE_S = 30.0


def ask_screen(config: Config, order: Order | None) -> dict[str, Any]:
    """The state of the screen, after ``order`` if one is given.

    Raises SignageError when no screen runs there, or when it refuses.
    """
    token_path = orders_token_path(config.data_dir)
    try:
        token = token_path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise SignageError(
            f"No screen runs on the data folder {config.data_dir}: it has no "
            f"{token_path.name}. Start the screen with `signage run`, or name its folder "
            "with --data or its configuration with --config."
        ) from None
    except OSError as error:
        raise SignageError(
            f"{token_path} cannot be read: {error.strerror}. Run this command as the user "
            "that runs the screen."
        ) from error
    host, port = _address(config)
    # Not urllib: this goes straight there, whatever proxy the environment names.
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE_S)
    try:
        connection.request(
            "GET" if order is None else "POST",
            "/api/orders",
            body=None if order is None else order.model_dump_json(exclude_none=True),
            headers={"Authorization": f"Bearer {token}"},
        )
        answer = connection.getresponse()
        status, body = answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise SignageError(
            f"No screen answers at {host} port {port} ({error}). Start the screen with "
            "`signage run`, or name its address with --host and --port."
        ) from error
    finally:
        connection.close()
    return _understood(status, body, f"{host} port {port}")


def _address(config: Config) -> tuple[str, int]:
    server = config.server
    if server.port == 0:
        raise ConfigError(
            "`server.port` is 0, which means any free port. Name the port that the "
            "screen printed with --port."
        )
    try:
        everywhere = ipaddress.ip_address(server.host).is_unspecified
    except ValueError:
        everywhere = False
    return ("127.0.0.1" if everywhere else server.host), server.port


def _understood(status: int, body: bytes, where: str) -> dict[str, Any]:
    try:
        state = json.loads(body)
        refused = state["refused"]
    except (ValueError, TypeError, KeyError):
        if status == 401:
            raise SignageError(
                f"The screen at {where} refuses the token of this data folder, so it is "
                "another screen. Name the folder with --data, or the address with --host and "
                "--port."
            ) from None
        raise SignageError(
            f"The server at {where} is not a screen of this version (status {status}). "
            "Name the screen's address with --host and --port."
        ) from None
    if refused is not None:
        raise SignageError(f"The screen refused the order. {refused}")
    return dict(state)
