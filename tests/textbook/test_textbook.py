"""The textbook problems: our closed form has the value of the book's and is no longer.

``python -m tests.textbook`` prints the table; ``pytest --update-golden`` writes docs/textbook.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import matcalc as mc
from matcalc.expr import is_symbol, postorder, substitute, symbol, symbol_name
from matcalc.facts import as_facts
from matcalc.network import expanded
from matcalc.numeric.checking import facts_by_name
from matcalc.numeric.evaluate import Program, evaluate_nodes
from matcalc.numeric.sampling import Sampler, fitting_sizes
from tests.golden import assert_golden
from tests.textbook.page import page
from tests.textbook.problem import Derived, opened
from tests.textbook.tables import TABLE, answer

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("key", TABLE)
def test_the_closed_form_is_the_books(key: str) -> None:
    """Same value at a random point, and at most 1.15 times as many symbols and numbers."""
    found = answer(key)
    assert same_value(found), f"ours {found.our_text}\nbook {found.book_text}"
    assert found.ratio <= 1.15, f"ours {found.our_text}\nbook {found.book_text}"


@pytest.mark.parametrize("key", TABLE)
def test_what_is_printed_reads_back(key: str) -> None:
    """The text of the answer, read with the shapes of its symbols, is the same node; a step of a
    network comes back as a symbol of that name."""
    node = answer(key).ours
    symbols = [s for s in postorder(node) if is_symbol(s)]
    dims = {name for s in postorder(node) for size in s.shape for name in names_in(size)}
    shapes = {
        symbol_name(s): tuple(map(written, s.shape)) if s.shape else None
        for s in symbols
        if s.shape or symbol_name(s) not in dims
    }
    back = mc.parse(mc.text(node), shapes).expression
    plain = substitute(node, {s: symbol(symbol_name(s), s.shape) for s in symbols})
    assert back is plain, f"{mc.text(node)} came back as {mc.text(back)}"


def names_in(size: Any) -> set[str]:
    """The dimensions a size is made of."""
    return {s.name for s in getattr(size, "free_symbols", ())}


def written(size: Any) -> int | str:
    """A size as ``mc.parse`` takes it."""
    return int(size) if size.is_Integer else str(size)


def test_most_closed_forms_are_as_short_as_the_books() -> None:
    """At least 85 of 100 are at most as long as the book's."""
    short = sum(1 for key in TABLE if answer(key).ratio <= 1)
    assert short >= 0.85 * len(TABLE), f"{short} of {len(TABLE)}"


def test_there_are_many_problems() -> None:
    """The table covers the families with well over 120 problems."""
    assert len(TABLE) >= 120


def test_the_page_shows_the_table(request: pytest.FixtureRequest) -> None:
    """docs/textbook.md is what comes out now."""
    update = request.config.getoption("--update-golden")
    assert_golden(ROOT / "docs" / "textbook.md", page(), update=update)


def same_value(found: Derived) -> bool:
    """Whether both formulas agree at a random point with the facts."""
    problem = found.problem
    roots = [expanded(found.ours), opened(found.book, problem.where)]
    program = Program(roots)
    facts = facts_by_name([*as_facts(list(problem.assume)), *getattr(problem.of, "facts", [])])
    for seed in range(30):  # a tall matrix must come out tall
        rng = np.random.default_rng(seed)
        sizes = fitting_sizes([program], rng, False)
        symbols = [s for s in program.inputs() if s.shape or s.params[0] not in sizes]
        try:
            point = Sampler(program, symbols, rng, facts).point(sizes, {})
        except Exception as error:
            if seed == 29 or "found no point" not in str(error):
                raise
            continue
        values = evaluate_nodes(roots, point.values, sizes)
        ours, book = (np.asarray(values[r]) for r in roots)
        return bool(np.allclose(ours, book, rtol=1e-7, atol=1e-9))
    return False
