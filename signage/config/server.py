"""The schema of ``[server]``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from signage.config.base import Section


class ServerConfig(Section):
    """The web server of the player page and of the API."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """0: any free one."""
    token: str | None = None
    """Asked of every client when ``host`` is not loopback; made up at each start if not set."""
    local_users: tuple[str, ...] = ("signage-screen",)
    """Users of this machine who may open the page and the dashboard over loopback, besides root and
    the one that the kiosk runs as. Others need the token of the orders."""
