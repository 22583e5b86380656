"""The end of the daemon's process."""

from __future__ import annotations

import atexit
import os
import sys
import threading


def leave_stuck_threads() -> None:
    """End the process now where a thread is still inside a library; else return.

    Opening a stream, or decoding a film, may take as long as it likes. When such a call returns
    while the interpreter shuts down, CPython ends the thread amid C++, and that aborts the process.
    Call it at the very end, when the journal is closed.
    """
    atexit._run_exitfuncs()  # noqa: SLF001 - the log is written to its end, with what waits there
    if any(thread.daemon for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
