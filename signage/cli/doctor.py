"""The command that checks a machine."""

from __future__ import annotations

from dataclasses import asdict

import typer

from signage.cli.options import ConfigOption, JsonOption
from signage.cli.output import print_json


def doctor(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check whether this machine can run the screen."""
    from signage.capture.live import probe_camera
    from signage.config.file import load_config
    from signage.config.locations import find_screen_config
    from signage.kiosk.doctor import run_checks
    from signage.text.terminal import Console, grid, line, mark

    path = find_screen_config(config)
    checks = run_checks(load_config(path), path, probe_camera)
    is_fit = all(check.ok for check in checks)
    if as_json:
        print_json({"ok": is_fit, "checks": [asdict(check) for check in checks]})
    else:
        rows = grid(3)
        for check in checks:
            rows.add_row(mark(ok=check.ok), check.name, check.detail)
            if check.remedy:
                rows.add_row("", "", line((f"→ {check.remedy}", "yellow")))
        Console().print(rows)
    if not is_fit:
        raise typer.Exit(1)
