"""docs/operations.md says what the operations say."""

from __future__ import annotations

from pathlib import Path

import tests.instances  # noqa: F401 - registers what every node needs
from matcalc.ops import OPS
from matcalc.ops.page import operations_page, shown
from tests.golden import assert_golden

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"


def test_the_page_is_what_the_operations_say(update_golden: bool):
    """A row of the page changes only with its operation."""
    assert_golden(PAGE, operations_page(), update=update_golden)


def test_every_operation_has_a_row():
    """In the text language and in NumPy, on letters."""
    page = operations_page()
    for op in OPS.values():
        assert all(f"`{part}`" in page for part in shown(op)), op.name
