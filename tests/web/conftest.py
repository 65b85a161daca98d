"""One set of workers for all tests of the page: starting them takes a second."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def workers() -> Iterator[object]:
    pytest.importorskip("starlette", reason="needs starlette, of the extra [web]")
    from matcalc.web.workers import Workers

    made = Workers(count=2, seconds=8)
    yield made
    made.stop()
