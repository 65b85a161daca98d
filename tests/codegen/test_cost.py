"""Costs as formulas: against counting numbers, by step, for every operation a plan can have."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

import numpy as np
import pytest

import matcalc as mc
from matcalc.codegen.cost import KNOWN, cost_of
from matcalc.codegen.words import Words
from tests.codegen.networks import ALL, deep

n, m, d, h, k = mc.dims("n m d h k")
SIZES = {"n": 17, "m": 13, "d": 11, "h": 7, "k": 5}


class Counted:
    """A number that counts what is done to it."""

    done: ClassVar[Counter[str]] = Counter()

    def __init__(self, value: float) -> None:
        self.value = value

    def _after(self, other: Any, f: Any, what: str) -> Counted:
        Counted.done[what] += 1
        return Counted(f(self.value, getattr(other, "value", other)))

    def __add__(self, other: Any) -> Counted:
        return self._after(other, lambda a, b: a + b, "+")

    def __sub__(self, other: Any) -> Counted:
        return self._after(other, lambda a, b: a - b, "-")

    def __mul__(self, other: Any) -> Counted:
        return self._after(other, lambda a, b: a * b, "*")

    def __truediv__(self, other: Any) -> Counted:
        return self._after(other, lambda a, b: a / b, "/")

    def __rtruediv__(self, other: Any) -> Counted:
        return self._after(other, lambda a, b: b / a, "/")

    def reciprocal(self) -> Counted:
        return self._after(1, lambda a, b: b / a, "/")

    def __pow__(self, other: Any) -> Counted:
        return self._after(other, lambda a, b: a**b, "^")

    def __rsub__(self, other: Any) -> Counted:
        return self._after(other, lambda a, b: b - a, "-")

    __radd__, __rmul__ = __add__, __mul__

    def conjugate(self) -> Counted:
        return self

    def tanh(self) -> Counted:
        return self._after(0, lambda a, b: np.tanh(a), "tanh")

    def exp(self) -> Counted:
        return self._after(0, lambda a, b: np.exp(a), "exp")


A, B, C = mc.matrix("A", n, m), mc.matrix("B", m, d), mc.matrix("C", d, h)
x, y = mc.vector("x", m), mc.vector("y", n)
COUNTED = {
    "product": A * B,
    "chain": A * B * C,
    "vector": A * B * C * mc.vector("z", h),
    "trace": mc.tr(A * B * mc.matrix("D", d, n)),
    "sum of products": mc.sum(mc.hadamard(A, A)),
    "row sums": mc.rowsum(A * B),
    "entrywise": mc.tanh(A * B) + mc.exp(A * B),
    "diagonal": mc.diag(y) * A * mc.diag(x),
    "Kronecker": mc.kron(A, C) * mc.vector("u", m * h),
    "blocks": mc.kron(mc.eye(k), A) * mc.matrix("U", k * m, d),
    "across": mc.kron(A, mc.eye(k)) * mc.matrix("U", m * k, d),
    "outer": y * x.T,
    "quotients": mc.divide(A, A + 2),
}


@pytest.mark.parametrize("name", COUNTED)
def test_formulas_count_what_is_done(name: str) -> None:
    """The generated code on counting numbers does as much as the formula says, up to lower order."""
    function = mc.compile(COUNTED[name])
    given = {}
    for a in function.arguments:
        shape = next(x.shape for x in function.plan.arguments if x.name == a)
        size = [int(s.subs({t: SIZES[t.name] for t in s.free_symbols})) for s in shape]
        given[a] = np.vectorize(Counted, otypes=[object])(np.linspace(0.1, 0.9, np.prod(size)))
        given[a] = given[a].reshape(size)
    Counted.done.clear()
    function._run(**{a.word: given[a.name] for a in function.plan.arguments})
    formula = cost_of(function.plan).at(SIZES)["flops"]
    assert 0.9 * formula <= Counted.done.total() <= 1.001 * formula


def test_every_operation_has_a_cost() -> None:
    """What can be written can be counted: no operation is met by a guess."""
    written = {
        name[1:]
        for name in vars(Words) | vars(Words.__mro__[1])
        if name.startswith("_") and not name.startswith("__")
    }
    helpers = {
        "positive", "power", "mixes", "along", "span", "triangle", "stack", "with_size",
        "function_of", "alone", "integer_text", "read",
    }  # fmt: skip
    assert written - helpers - set(KNOWN) == set()


@pytest.mark.parametrize("name", ALL)
def test_steps_add_up(name: str) -> None:
    """The whole is the sum of the steps, and of forward and backward."""
    cost = mc.derive(ALL[name]()).cost()
    for what in ("flops", "memory"):
        steps = sum(getattr(s, what) for s in cost.steps)
        halves = getattr(cost.forward, what) + getattr(cost.backward, what)
        assert (getattr(cost, what) - steps).expand() == 0
        assert (getattr(cost, what) - halves).expand() == 0
    assert {s.name for s in cost.forward.steps}.isdisjoint(s.name for s in cost.backward.steps)


@pytest.mark.parametrize("layers", [1, 5])
def test_a_deep_net_costs_its_products(layers: int) -> None:
    """Forward L products, backward 2 L - 1: 2 n h^2 operations each."""
    cost = mc.derive(deep(layers)).cost()
    assert cost.products == 3 * layers - 1
    assert cost.forward.flops.coeff(n * h**2) == 2 * layers
    assert cost.backward.flops.coeff(n * h**2) == 2 * (2 * layers - 1)


def test_factorisations_and_solves() -> None:
    """A third of n^3 for Cholesky, two thirds for LU, 2 n^2 for each right side."""
    S, b = mc.matrix("S", n, n), mc.vector("b", n)
    general = mc.derive(mc.sum(mc.inv(S) * b), b).cost().flops
    definite = mc.derive(mc.sum(mc.inv(S) * b), b, assume=mc.Q.positive_definite(S)).cost().flops
    assert general.coeff(n, 3) * 3 == 2
    assert definite.coeff(n, 3) * 3 == 1


def test_loops_count_as_often_as_they_run() -> None:
    """A sum over an index."""
    from matcalc.expr import BUILD

    i = BUILD["fresh_index"]("i")
    total = BUILD["isum"](mc.tanh(A * mc.diag(A[2, i] * x)), i, 0, m - 1)
    function = mc.compile(total)
    assert any(s.body for s in function.plan.statements)
    assert cost_of(function.plan).flops.coeff(n, 1).coeff(m, 2) >= 2
