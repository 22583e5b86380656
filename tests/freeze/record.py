"""What outside tools rely on, asked of the program as an outside tool would.

``python -m tests.freeze.record [NAME ...]`` writes the answers of today over the recorded ones:
only where a change is meant. The journals and configurations are not made again. They are files
of version 0.1.0, and ``version-6`` is of the program before it.
"""

from __future__ import annotations

import csv
import html
import json
import lzma
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow.parquet

from tests.freeze import addresses, inside
from tests.freeze.shapes import Shape, merged, shape_of

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CLIP = ROOT / "configs" / "footage" / "single_face.mp4"
_VERSION = f'"version": "{version("signage")}"'
SCREEN, EXPERIMENT, OLD = "screen", "experiment", "version-6"


def lay_out(folder: Path) -> Path:
    """Make a copy of the recorded configurations and journals that may be written to."""
    shutil.copytree(HERE / "configs", folder / "configs")
    for name in ("content", "footage", "logos"):
        (folder / "configs" / name).symlink_to(ROOT / "configs" / name)
    (folder / "models").symlink_to(ROOT / "models")
    for journal in (SCREEN, EXPERIMENT, OLD):
        _unpack(f"{journal}.sqlite", folder / journal / "journal.sqlite")
    _unpack("42-86.checkpoint", folder / SCREEN / "checkpoints" / "42-86.checkpoint")
    (folder / "data").mkdir()
    calibration = "gaze_correction = [[1.5, 0.9, 0.0], [-2.0, 0.0, 1.1]]\n"
    (folder / "data" / "calibration.toml").write_text(calibration)
    return folder


def _unpack(name: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lzma.decompress((HERE / "journals" / f"{name}.xz").read_bytes()))


def signage(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "signage", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "400", "TERM": "dumb"},
    )


def document(*words: str | Path) -> Any:
    done = signage(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def evaluation(folder: Path) -> Any:
    questions = "--policy uniform --policy playlist --policy vw --without shoes --cap wine=0.2"
    config = folder / "configs" / "kiosk.toml"
    answer = document("evaluate", folder / SCREEN, *questions.split(), "--config", config)
    return answer | {"journal": ""}


def experiment(journal: str, folder: Path) -> Any:
    return document("experiment", folder / journal)


def exported(form: str, folder: Path) -> Any:
    """Return the columns with their values; of a Parquet file also their types."""
    out = folder / f"export.{form}"
    done = signage("export", folder / SCREEN, "--format", form, "--out", out)
    assert done.returncode == 0, done.stderr
    if form == "dsjson":
        lines = out.read_text("utf-8").replace(_VERSION, '"version": ""').splitlines()
        return [json.loads(line) for line in lines[::4]]
    if form == "csv":
        rows = list(csv.DictReader(out.read_text("utf-8-sig").splitlines(keepends=True)))
        return {name: [_value(row[name]) for row in rows] for name in rows[0] if name != "version"}
    table = pyarrow.parquet.read_table(out)
    types = {field.name: str(field.type) for field in table.schema}
    values = json.loads(json.dumps(table.slice(0, 40).to_pydict(), default=str))
    values.pop("version", None)
    return {"rows": table.num_rows, "types": types, "values": values}


def _value(cell: str) -> str | float:
    try:
        return float(cell)
    except ValueError:
        return cell


def report(journal: str, folder: Path) -> Any:
    """Return the figures in the tiles and tables of the report, without their words."""
    out = folder / "report.html"
    done = signage("report", folder / journal, "--out", out)
    assert done.returncode == 0, done.stderr
    text = out.read_text("utf-8")
    tiles = re.findall(r'class="tile"><b>(.*?)</b>', text, re.DOTALL)
    rows = re.findall(r"<tr>(<td.*?)</tr>", text, re.DOTALL)
    cells = [re.findall(r"<td>(.*?)</td>", row, re.DOTALL) for row in rows]
    return {
        "tiles": Counter(_figures(tile) for tile in tiles),
        "rows": Counter("|".join(map(_figures, row)) for row in cells if row),
    }


def _figures(cell: str) -> str:
    plain = html.unescape(re.sub("<[^>]+>", " ", cell)).replace("−", "-").replace(",", "")
    return ",".join(re.findall(r"-?\d+(?:\.\d+)?", plain))


def rebuilt(folder: Path) -> Any:
    """Learn the journal again, beside its checkpoint: the writer and the learner of today."""
    config = folder / "configs" / "screen.toml"
    return document("rebuild", folder / SCREEN, "--config", config) | {"took_s": 0}


def older_journal(folder: Path) -> Any:
    """Bring a journal of the version before up to date, and judge it."""
    config = folder / "configs" / "demo.toml"
    document("rebuild", folder / OLD, "--config", config)
    answer = document("evaluate", folder / OLD, "--config", config)
    return {"schema": tables(OLD, folder), "evaluation": answer | {"journal": ""}}


def tables(journal: str, folder: Path) -> Any:
    """Return the tables, views and columns of a journal that the program has just written to."""
    with sqlite3.connect(folder / journal / "journal.sqlite") as db:
        found = db.execute("SELECT name, type FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        columns = {
            f"{kind} {name}": {
                column: {"type": of, "not_null": not_null, "default": default, "key": key}
                for _, column, of, not_null, default, key in db.execute(
                    f"PRAGMA table_info('{name}')"
                )
            }
            for name, kind in found
        }
        number = db.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()[0]
        user_version = db.execute("PRAGMA user_version").fetchone()[0]
    db.close()
    return {"version": number, "user_version": user_version, "columns": columns}


def written_schema(folder: Path) -> Any:
    rebuilt(folder)
    return tables(SCREEN, folder)


def figures(folder: Path) -> Any:
    return inside.dashboard_figures(folder / SCREEN / "journal.sqlite")


def configs(folder: Path) -> Any:
    return inside.loaded_configs(folder / "configs")


def keys(_folder: Path) -> Any:
    return inside.toml_keys()


def commands(_folder: Path) -> Any:
    """Return the options and arguments of every command, as its help names them."""
    found: dict[str, Any] = {}
    waiting: list[tuple[str, ...]] = [()]
    for words in waiting:  # grows
        done = signage(*words, "--help")
        assert done.returncode == 0, done.stderr
        _, *sections = re.split(r"\n(?=Arguments:|Options:|Commands:)", done.stdout)
        options = "\n".join(text for text in sections if not text.startswith("Commands:"))
        commands = "\n".join(text for text in sections if text.startswith("Commands:"))
        # An entry begins with two spaces; what follows is indented more.
        entries = re.findall(r"^  (?=--|[a-z])(\S.*(?:\n {3,}.*)*)", options, re.M)
        rows = [re.match(r"(--[a-z-]+|[a-z][\w|]*)(?: <(\w+\|[\w|]+)>)?", one) for one in entries]
        inner = re.findall(r"^  ([a-z][\w-]*)", commands, re.M)
        waiting += [(*words, name) for name in inner]
        found[" ".join(("signage", *words))] = {
            row[1]: ("*" if "[required]" in entry else "") + (row[2] or "")
            for row, entry in zip(rows, entries, strict=True)
            if row is not None
        } | dict.fromkeys(inner, "command")
    return found


def exit_codes(folder: Path) -> Any:
    bad = folder / "configs" / "bad.toml"
    bad.write_text("[camera]\nsauce = 1\n")
    usages: tuple[str, ...] = (
        "--version",
        "",
        "nothing",
        "export none --format xml --out x",
        "export none --format csv --out x",
        "evaluate",
        "run --config none.toml",
        f"doctor --config {bad}",
        f"order show --data {folder}/nobody",
        f"simulate --out {folder}/x --policy none",
    )
    found = {use: signage(*use.split()).returncode for use in usages}
    return {use.replace(str(folder), "."): code for use, code in found.items()}


def printed(folder: Path) -> Any:
    """Return the shape of every other ``--json`` output, and the files of a simulation."""
    demo = ("--config", folder / "configs" / "demo.toml")
    cache = ("--cache", folder / "cache")
    played = ("simulate", CLIP, "--policy", "rules", "--plays", "20", "--workers", "1", *cache)
    found: dict[str, Shape] = {
        "audience": shape_of(document("audience", CLIP, *demo)),
        "simulate": shape_of(document(*played, "--out", folder / "one", *demo)),
        "simulate --seeds": shape_of(
            document(*played, "--out", folder / "many", "--seeds", "1", *demo)
        ),
        "doctor": shape_of(document("doctor", *demo)),
        "models list": shape_of(document("models", "list", *demo)),
        "models verify": shape_of(document("models", "verify", *demo)),
        "content check": shape_of(document("content", "check", ROOT / "configs" / "content")),
        "rebuild": shape_of(document("rebuild", folder / "one", *demo)),
        "simulate --fit": shape_of(
            document("simulate", "--fit", folder / SCREEN, "--out", folder / "fit")
        ),
    }
    files = {
        out: {str(path.relative_to(folder / out)): "" for path in sorted((folder / out).rglob("*"))}
        for out in ("one", "many", "fit")
    }
    return {"shapes": found, "files": files}


def running(folder: Path, wanted: Any = None) -> Any:
    """Run the recorded screen, and return all that it says over the network."""
    config, data = folder / "configs" / "screen.toml", folder / SCREEN
    with addresses.Screen(config, data) as screen:
        shapes = addresses.documents(screen, wanted and wanted["documents"])
        answers = addresses.statuses(screen)
        messages = addresses.messages(screen)
        order = document("order", "show", "--data", data, "--port", screen.port, "--config", config)
    return {
        "documents": shapes,
        "statuses": answers,
        "messages": messages,
        "order": merged([shape_of(order)]),
    }


CLOSE: Any = {"tolerance": 1e-4, "prose": True}
"""Of numbers that a fit or the learner computes, beside texts for people."""
EXACT: Any = {}
ANSWERS: dict[str, tuple[Callable[[Path], Any], Any]] = {
    "evaluate": (evaluation, CLOSE),
    "experiment": (partial(experiment, SCREEN), CLOSE),
    "experiment-blocks": (partial(experiment, EXPERIMENT), CLOSE),
    "csv": (partial(exported, "csv"), EXACT),
    "parquet": (partial(exported, "parquet"), EXACT),
    "decisions": (partial(exported, "decisions"), EXACT),
    "dsjson": (partial(exported, "dsjson"), EXACT),
    "report": (partial(report, SCREEN), CLOSE),
    "report-blocks": (partial(report, EXPERIMENT), CLOSE),
    "dashboard": (figures, EXACT),
    "rebuild": (rebuilt, EXACT),
    "older-journal": (older_journal, CLOSE),
    "schema": (written_schema, EXACT),
    "configs": (configs, EXACT),
    "keys": (keys, EXACT),
    "commands": (commands, EXACT),
    "exit-codes": (exit_codes, EXACT),
}


RUNS: dict[str, Callable[[Path], Any]] = {"printed": printed, "running": running}
"""Of these the shape is recorded alone: what is in them is not the same twice."""


def answer_path(name: str) -> Path:
    return HERE / "answers" / f"{name}.json"


def main(names: list[str]) -> None:
    for name in names or [*ANSWERS, *RUNS]:
        record = RUNS[name] if name in RUNS else ANSWERS[name][0]
        with tempfile.TemporaryDirectory() as folder:
            answer = record(lay_out(Path(folder)))
        text = json.dumps(answer, indent=None if len(str(answer)) > 20_000 else 1)
        answer_path(name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
