"""Files that an administrator's command makes belong to whoever runs the screen."""

from __future__ import annotations

import os
from pathlib import Path


def give_to_owner(of: Path, *made: Path) -> None:
    """Let ``made`` belong to the owner of ``of``, where this process may say so.

    A command that is run as root in the data folder of a daemon would else leave files there that
    the daemon may not write.
    """
    if os.name != "posix" or os.geteuid() != 0:
        return
    owner = of.stat()
    for path in made:
        os.chown(path, owner.st_uid, owner.st_gid)
