"""The tiers of tests, and the browser.

``pytest`` alone runs the units. What is named runs, whatever its tier: ``pytest tests/system``,
``pytest -m models``; ``pytest tests`` is everything.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

import signage  # noqa: F401 - before any NumPy: as in its processes, one thread computes

TESTS = Path(__file__).parent
TIERS = ("system", "browser", "models", "bench")
"""In the order in which they run: the longest first, so that workers end together."""
FOLDERS = {
    "benchmarks": "bench",
    "perception/logos": "models",
    "perception/models": "models",
    "system": "system",
}
FIXTURES = {"browser": "browser"}
UNIT_LIMIT_S = 2.0
"""A test of more processor time belongs to a tier."""
_OVER_LIMIT = "over_limit_s"
_browsers: list[Browser] = []
"""The one of this worker, once it runs."""

# Without bytecode every worker, and every process that a test starts, compiles the product anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A busy machine is no fault of the product.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Where the command line names nothing, run the units, with a worker for each core."""
    if config.args_source is pytest.Config.ArgsSource.ARGS or config.option.markexpr:
        return
    config.option.markexpr = " and ".join(f"not {tier}" for tier in TIERS)  # in workers, too
    worker = "PYTEST_XDIST_WORKER" in os.environ
    if config.option.numprocesses is None and not config.option.usepdb and not worker:
        config.option.numprocesses, config.option.dist = "auto", "loadfile"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests whose folder or fixtures tell their tier."""
    for item in items:
        folders = item.path.relative_to(TESTS).parents
        tiers = {FOLDERS.get(folder.as_posix()) for folder in folders}
        tiers |= {FIXTURES.get(name) for name in getattr(item, "fixturenames", ())}
        for tier in tiers:
            if tier is not None:
                item.add_marker(tier)
    first = {item.path: len(TIERS) for item in items}
    for item in items:
        first[item.path] = min(first[item.path], _tier(item))
    items.sort(key=lambda item: first[item.path])


def _tier(item: pytest.Item) -> int:
    marked = (index for index, tier in enumerate(TIERS) if item.get_closest_marker(tier))
    return next(marked, len(TIERS))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    before_s = _processor_s()
    opened = {context for browser in _browsers for context in browser.contexts}
    try:
        return (yield)
    finally:
        for browser in _browsers:  # a page that is left open goes on drawing beside later tests
            for context in set(browser.contexts) - opened:
                context.close()
        used_s = _processor_s() - before_s
        if used_s > UNIT_LIMIT_S and _tier(item) == len(TIERS):
            item.user_properties.append((_OVER_LIMIT, used_s))


def _processor_s() -> float:
    """The processor time of this process and of its children that have ended."""
    return sum(os.times()[:4])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the tests that are too long for a unit and have no marker."""
    over = [
        (value, report.nodeid)
        for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
        if report.when == "call"
        for name, value in report.user_properties
        if name == _OVER_LIMIT
    ]
    if over:
        terminalreporter.section("Too long for a unit: give these a marker")
        for used_s, name in sorted(over, reverse=True):
            terminalreporter.line(f"{used_s:5.1f} s {name}")


@pytest.fixture(scope="session")
def recordings(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was perceived of clips, for all workers and runs; keyed by all that it depends on."""
    cache = getattr(pytestconfig, "cache", None)  # none with `-p no:cacheprovider`
    return tmp_path_factory.mktemp("recordings") if cache is None else cache.mkdir("recordings")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's real Chromium; one for all tests of a worker."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("The page is tested in a real browser: apt install chromium", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-background-networking"]
        )
        _browsers.append(browser)
        yield browser
        _browsers.remove(browser)
        browser.close()
