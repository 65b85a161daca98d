"""What every test shares: the seed, golden files, and what a marked test needs.

Runs are repeatable: `rng` draws from `--seed` (0 unless told) and the test's own name, so a test
sees the same numbers alone and in the full suite, and hypothesis is derandomized. Another seed
gives other numbers everywhere; the seed stands in the header and under every failure.
"""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Generator
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import settings

pytest.register_assert_rewrite("tests.golden")

NEEDS = {
    "browser": (lambda: find_spec("playwright"), "needs playwright"),
    "torch": (lambda: find_spec("torch"), "needs PyTorch"),
    "tex": (
        lambda: any(map(shutil.which, ("tectonic", "pdflatex", "lualatex"))),
        "needs a LaTeX compiler",
    ),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of our own."""
    ours = parser.getgroup("matcalc")
    ours.addoption("--seed", type=int, default=0, help="seed of all random numbers (default 0)")
    ours.addoption("--slow", action="store_true", help="run the tests marked slow as well")
    ours.addoption("--update-golden", action="store_true", help="rewrite the golden files")


def pytest_configure(config: pytest.Config) -> None:
    """Hypothesis repeats itself on seed 0 and explores on any other; machines may be slow."""
    settings.register_profile("house", deadline=None, derandomize=config.getoption("--seed") == 0)
    settings.load_profile("house")


def pytest_report_header(config: pytest.Config) -> str:
    """The seed, at the top of every run."""
    return f"matcalc: --seed={config.getoption('--seed')}"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, with the reason, what this machine or this run can't do."""
    if item.get_closest_marker("slow") and not item.config.getoption("--slow"):
        pytest.skip("slow: run with --slow")
    for name, (available, reason) in NEEDS.items():
        if item.get_closest_marker(name) and not available():
            pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure that saw random numbers says how to see them again."""
    report = yield
    if report.failed and "rng" in getattr(item, "fixturenames", ()):
        report.sections.append(("random numbers", f"--seed={item.config.getoption('--seed')}"))
    return report


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Random numbers from `--seed` and the test's name."""
    own = zlib.crc32(request.node.nodeid.encode())
    return np.random.default_rng([request.config.getoption("--seed") % 2**32, own])


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be rewritten rather than compared."""
    return bool(request.config.getoption("--update-golden"))
