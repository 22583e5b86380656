"""The benchmark of start-up time and installed size."""

from __future__ import annotations

import pytest

from benchmarks import start

pytestmark = pytest.mark.bench


def test_an_extra_adds_its_packages_and_what_they_need() -> None:
    daemon = start.closure(["rich"])
    assert daemon == {"rich", "markdown-it-py", "mdurl", "pygments"}
    assert start.size_bytes("rich") > 100_000


def test_all_extras_are_larger_than_the_daemon_and_than_each() -> None:
    sizes = {name: int(megabytes) for name, _, megabytes in start.sizes()}
    assert min(sizes.values()) == sizes["the daemon"]
    assert max(sizes.values()) == sizes["with all extras"]


def test_a_command_that_answers_has_a_time_and_a_part_of_it_computed() -> None:
    seconds, cpu_s = start.started(("-c", "pass"))
    assert 0 < cpu_s < 10 * seconds
