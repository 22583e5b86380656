"""The files of the contents, which come and go while the screen runs."""

from __future__ import annotations

import mimetypes
import posixpath
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from signage.content.charset import HEAD_BYTES, declared_by_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

PATH = "/content/{content_id}/{version}/{file:path}"


class ContentFiles:
    """Serves the folder of each content, and nothing beside it.

    An address holds the version of the content, so that no cache answers with a file that has
    been replaced since.
    """

    def __init__(
        self, folders: Mapping[str, Path], is_as_checked: Callable[[str, str, Path], bool]
    ) -> None:
        """``is_as_checked`` says of an id, a version and a path whether it may be served, from
        any thread."""
        self._is_as_checked = is_as_checked
        self._folders: dict[str, tuple[Path, ...]] = {}
        self.serve_contents(folders)

    def serve_contents(self, folders: Mapping[str, Path]) -> None:
        """Serve ``folders`` from now on, and those before: one may be on screen still.

        May be called from any thread.
        """
        known = self._folders
        self._folders = known | {
            # A link may lead elsewhere now, while what it led to is on screen.
            name: (folder, *(old for old in known.get(name, ())[:1] if old != folder))
            for name, folder in folders.items()
        }

    async def answer(self, request: Request) -> Response:
        """One file; raises HTTPException 404 for what is none."""
        name, version = request.path_params["content_id"], request.path_params["version"]
        path = posixpath.normpath(request.path_params["file"].lstrip("/"))
        for folder in self._folders.get(name, ()):
            if await run_in_threadpool(self._is_as_checked, name, version, folder / path):
                # One that has gone meanwhile is not found.
                files = StaticFiles(directory=folder, check_dir=False)
                response = await files.get_response(path, request.scope)
                kind = await run_in_threadpool(_content_type, folder / path)
                response.headers["Content-Type"] = kind
                return response
        raise HTTPException(404)


_TYPES = mimetypes.MimeTypes()
"""Those of Python alone: what the machine adds or lacks would change what a browser shows."""
for _ending, _type in (
    (".avif", "image/avif"),
    (".apng", "image/png"),
    (".webp", "image/webp"),
    (".m4v", "video/mp4"),
    (".mkv", "video/webm"),
    (".woff", "font/woff"),
    (".woff2", "font/woff2"),
    (".ttf", "font/ttf"),
    (".otf", "font/otf"),
    (".js", "text/javascript"),
    (".mjs", "text/javascript"),
    (".wasm", "application/wasm"),
    (".xhtml", "application/xhtml+xml"),
):
    _TYPES.add_type(_type, _ending)


def _content_type(path: Path) -> str:
    """The content type of a file. Files that declare their encoding get none.

    Style sheets and scripts are read as their page is, where they say nothing.
    """
    kind = _TYPES.guess_type(path.name)[0] or "application/octet-stream"
    if kind != "text/html":
        return f"{kind}; charset=utf-8" if kind == "text/plain" else kind
    try:
        with path.open("rb") as file:
            declared = declared_by_page(file.read(HEAD_BYTES))
    except OSError:
        return kind
    return kind if declared else f"{kind}; charset=utf-8"
