"""The schema of ``[server]``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from signage.config.base import Section


class ServerConfig(Section):
    """The web server of the player's page, the dashboard and the API."""

    host: str = Field(default="127.0.0.1", description="Network address to listen on.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        default=8080, description="Port to serve on. 0 takes any free port."
    )
    token: str | None = Field(
        default=None,
        description="Token that every client needs when `host` is not a loopback address. Without "
        "it the screen makes up a new one at each start.",
    )
    local_users: tuple[str, ...] = Field(
        default=("signage-screen",),
        description="Users of this machine who may open the page and the dashboard over loopback, "
        "besides root and the user of the kiosk. Other users need the token of the orders.",
    )
