"""The files of the contents, which come and go while the screen runs."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

PATH = "/content/{content_id}/{file:path}"


class ContentFiles:
    """Serves the folder of each content, and nothing beside it."""

    def __init__(self, folders: Mapping[str, Path], is_as_checked: Callable[[Path], bool]) -> None:
        """``is_as_checked`` says of a path whether it may be served, from any thread."""
        self._is_as_checked = is_as_checked
        self._folders: dict[str, StaticFiles] = {}
        self._paths: dict[str, Path] = {}
        self.stock(folders)

    def stock(self, folders: Mapping[str, Path]) -> None:
        """Serve ``folders`` from now on, and those before: one may be on screen still.

        May be called from any thread.
        """
        self._paths = self._paths | dict(folders)
        served = {
            # One that has gone meanwhile is not found when it is asked for.
            name: StaticFiles(directory=folder, check_dir=False)
            for name, folder in folders.items()
        }
        self._folders = self._folders | served

    async def answer(self, request: Request) -> Response:
        """One file; raises HTTPException 404 for what is none."""
        name, file = request.path_params["content_id"], request.path_params["file"]
        folder, path = self._folders.get(name), posixpath.normpath(file.lstrip("/"))
        if folder is None or not await run_in_threadpool(
            self._is_as_checked, self._paths[name] / path
        ):
            raise HTTPException(404)
        return await folder.get_response(path, request.scope)
