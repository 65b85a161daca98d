"""Every law, on expressions at whose root it applies: value, shape, decrease, and its page."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcalc import shapes
from matcalc.rewrite.catalogue import page
from matcalc.rewrite.cost import cost
from matcalc.rewrite.laws import CATALOGUE, LAWS
from tests.golden import assert_golden
from tests.rewrite.instances import INSTANCES
from tests.rewrite.values import assert_same_value

ROOT = Path(__file__).resolve().parents[2]
CASES = [(name, k) for name, nodes in INSTANCES.items() for k in range(len(nodes))]


def test_every_law_has_an_instance() -> None:
    """A law that never fires in tests is no law."""
    assert set(INSTANCES) == set(CATALOGUE)


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_law_states_an_equation(name: str) -> None:
    """The docstring holds an equation in LaTeX and says what is gained."""
    said = CATALOGUE[name].law.__doc__ or ""
    assert said.count("$") >= 2, said


@pytest.mark.parametrize(("name", "k"), CASES)
def test_a_law_keeps_value_and_shape(name: str, k: int) -> None:
    """At random values of random sizes, facts respected."""
    node = INSTANCES[name][k]
    after = CATALOGUE[name].law(node)
    assert after is not None, f"{name} does not apply to {node}"
    assert node.op.name in CATALOGUE[name].at
    assert shapes.same_shape(node.shape, after.shape)
    assert_same_value(node, after)


@pytest.mark.parametrize(("name", "k"), CASES)
def test_a_law_shortens(name: str, k: int) -> None:
    """The page gets shorter; a law that only brings into order does not apply to what it made."""
    node, entry = INSTANCES[name][k], CATALOGUE[name]
    after = entry.law(node)
    assert after is not None
    if entry.orders:
        assert after is not node
        again = entry.law(after) if after.op.name in entry.at else None
        assert again is None or cost(again) < cost(after)
    else:
        assert cost(after) < cost(node), f"{node} -> {after}"


def test_laws_stand_where_they_say() -> None:
    """The register by operation and the catalogue are the same laws."""
    listed = {(rule.__name__, op) for op, rules in LAWS.items() for rule in rules}
    assert listed == {(e.name, op) for e in CATALOGUE.values() for op in e.at}


def test_the_page_of_laws(request: pytest.FixtureRequest) -> None:
    """docs/laws.md is made from the docstrings."""
    update = request.config.getoption("--update-golden")
    assert_golden(ROOT / "docs" / "laws.md", page(), update=update)
