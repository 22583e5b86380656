"""Lists the benchmarks, or runs one of them and writes its page of results."""

from __future__ import annotations

import argparse
import inspect
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common.page import RESULTS, how_made, origin, write_page
from benchmarks.common.tables import markdown
from benchmarks.subjects import SUBJECTS, Subject
from signage.errors import SignageError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the subject that the first argument names; without any, list all."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog="What a benchmark measures and takes: python -m benchmarks NAME --help",
    )
    parser.add_argument(
        "name", nargs="?", choices=SUBJECTS, metavar="NAME", help=", ".join(SUBJECTS)
    )
    name = parser.parse_args(given[:1]).name
    if name is None:
        print_list()
        return 0
    try:
        run(SUBJECTS[name], given)
    except SignageError as error:
        sys.stderr.write(f"benchmarks: {error}\n")
        return error.exit_code
    return 0


def print_list() -> None:
    """Print every subject with its question and its usual time."""
    width = max(map(len, SUBJECTS))
    for subject in SUBJECTS.values():
        print(f"{subject.name:<{width}}  {subject.usual_time:>6}  {subject.question}")


def run(subject: Subject, arguments: Sequence[str]) -> None:
    """Measure ``subject`` and write its page. ``arguments`` begins with its name."""
    benchmark = subject.load()
    method = inspect.cleandoc(benchmark.__doc__ or "")
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks {subject.name}",
        description=f"{subject.question}\n\n{method}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="fewer repetitions: wider intervals")
    parser.add_argument(
        "--out", type=Path, default=RESULTS, metavar="DIR", help="folder of the page"
    )
    benchmark.add_options(parser)
    if "--quick" in arguments:
        parser.set_defaults(**benchmark.QUICK)
    options = parser.parse_args(arguments[1:])
    made, began_s = origin(arguments, options), time.perf_counter()
    lines = []
    for line in markdown(benchmark.run(options)):
        print(line, flush=True)
        lines.append(line)
    if lines:
        page = options.out / f"{subject.page_name(options)}.md"
        title = page.stem.replace("-", " ").capitalize()
        section = how_made(made, time.perf_counter() - began_s)
        write_page(page, title, subject.question, method, "\n".join(lines), section)
        sys.stderr.write(f"Wrote {page}\n")


if __name__ == "__main__":
    sys.exit(main())
