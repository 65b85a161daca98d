"""Every public verb, given things of a kind that makes no sense, raises one of our own errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp

import matcalc as mc

n, m = mc.dims("n m")
X, w, c = mc.matrix("X", n, m), mc.vector("w", m), mc.scalar("c")

ODD: list[Any] = [
    None, 0, 1.5, -1, True, "", "X", "Z", "sum(", "X'*X", "\u0000", b"x", [], [X], {}, {"X": 1},
    np.ones((2, 2)), float("nan"), 10**400, complex(1, 2), object(), range(3), type, len,
    X, w, c, mc.sum(X), mc.Network("empty"), sp.Symbol("q"), sp.nan, sp.oo, sp.I,
    sp.Matrix([[1, 2], [3, 4]]), sp.MatrixSymbol("X", 3, 3), sp.Function("f")(sp.Symbol("t")),
    sp.Derivative(sp.Symbol("q"), sp.Symbol("q")),
]  # fmt: skip
SECOND: list[Any] = ["X", None, X, 3, {"X": 1}, np.ones((2, 2)), sp.Symbol("q"), sp.nan, []]

VERBS: dict[str, Callable[[Any, Any], Any]] = {
    "gradient": mc.gradient,
    "jacobian": mc.jacobian,
    "hessian": mc.hessian,
    "derive": mc.derive,
    "check": mc.check,
    "evaluate": lambda a, b: mc.evaluate(a, b if isinstance(b, dict) else {"X": b}),
    "parse": mc.parse,
    "matrix": lambda a, b: mc.matrix(a, b, b),
    "dims": lambda a, b: mc.dims(a),
    "latex": lambda a, b: mc.latex(a),
    "text": lambda a, b: mc.text(a),
    "verify": lambda a, b: mc.verify(a, given=b),
    "verify_document": lambda a, b: mc.verify_document(a),
    "read_latex": lambda a, b: mc.read_latex(a),
    "hadamard": mc.hadamard,
    "kron": mc.kron,
    "solve": mc.solve,
    "sum": lambda a, b: mc.sum(a, axis=b),
    "softmax": lambda a, b: mc.softmax(a, axis=b),
    "power": mc.power,
    "vstack": mc.vstack,
    "ones": mc.ones,
    "compile": lambda a, b: mc.compile(a, backend=b),
    "expand": lambda a, b: mc.expand(a),
    "simplify": lambda a, b: mc.simplify(a, assume=b),
    "assume": lambda a, b: mc.derive(mc.sum(X), X, assume=a),
    "layout": lambda a, b: mc.gradient(mc.sum(X), X, layout=a),
    "Notation": lambda a, b: mc.Notation(layer=a, transpose=b),
    "let": lambda a, b: mc.Network("t").let(a, b),
    "input": lambda a, b: mc.Network("t").input(a, b, b),
    "add": lambda a, b: X + a,
    "times": lambda a, b: X * a,
    "to the": lambda a, b: X**a,
    "entry": lambda a, b: X[a, b],
}


def named(name: str) -> Callable[[Any, Any], Any]:
    """A public function of one argument, or of a matrix and an odd second one."""
    function = getattr(mc, name)

    def call(a: Any, b: Any) -> None:
        for arguments in ((a,), (X, b)):
            try:
                function(*arguments)
            except TypeError as error:  # how many it takes is Python's question
                if "positional argument" not in str(error):
                    raise

    return call


OTHERS = {
    name: named(name)
    for name in mc.__all__
    if name not in VERBS and callable(getattr(mc, name)) and not isinstance(getattr(mc, name), type)
}


@pytest.mark.parametrize("name", [*VERBS, *OTHERS])
def test_a_request_that_makes_no_sense_raises_our_own_error(name: str) -> None:
    """Or it makes sense after all; a bare TypeError from deep inside is neither."""
    call = VERBS.get(name) or OTHERS[name]
    leaks = []
    for a in ODD:
        for b in SECOND:
            try:
                call(a, b)
            except mc.MatcalcError as error:
                if not str(error):
                    leaks.append(f"{name}({a!r:.40}, {b!r:.30}): no message")
            except Exception as error:
                leaks.append(f"{name}({a!r:.40}, {b!r:.30}): {type(error).__name__} {error}"[:200])
    assert not leaks, "\n".join(leaks[:5])


DERIVED = {
    "a loss": mc.parse("X : n x d; param w : d x 1; r = X*w; L = r'*r/2; minimize L"),
    "an output": mc.parse("X : n x d; param W : d x k; Y = tanh(X*W)"),
    "loops": mc.parse(
        "X : n x d\nparam W[l] : d x d\nfor l = 1..L: A[l] = A[l-1]*W[l], A[0] = X\n"
        "minimize norm2(A[L])^2"
    ),
}
OPTIONS = (
    "view", "detail", "lines", "hide", "stop_at", "of", "entry", "opened", "fold", "shapes",
    "batch", "graph", "program", "notation", "layout", "numbered", "width", "env", "label",
)  # fmt: skip
METHODS: dict[str, Callable[[mc.Derivation, Any], Any]] = {
    "gradient": lambda D, a: D.gradient(a),
    "adjoint": lambda D, a: D.adjoint(a),
    "expand": lambda D, a: D.expand(a),
    "line": lambda D, a: D.line(a),
    "entry": lambda D, a: D.entry("w", a, a),
    "check": lambda D, a: D.check(seed=a),
    "trials": lambda D, a: D.check(trials=a) if not isinstance(a, int) else None,
    "evaluate": lambda D, a: D.evaluate(a),
    "dims": lambda D, a: D.evaluate({"X": np.ones((2, 2))}, dims=a),
    "verify": lambda D, a: D.verify(a, "X"),
    "verify_code": lambda D, a: D.verify_code(lambda **values: values, seed=a),
    "sizes": lambda D, a: D.source(sizes=a),
    "backend": lambda D, a: D.source(a),
}


def option(name: str) -> Callable[[mc.Derivation, Any], Any]:
    """A page with one option."""
    return lambda D, a: D.to_latex(**{name: a})


METHODS |= {name: option(name) for name in OPTIONS}


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("network", DERIVED)
def test_a_derivation_refuses_odd_options(network: str, name: str) -> None:
    """What a method is asked for is looked at before anything is computed."""
    D = mc.derive(DERIVED[network])
    leaks = []
    for a in ODD:
        try:
            METHODS[name](D, a)
        except mc.MatcalcError as error:
            if not str(error):
                leaks.append(f"{name}({a!r:.40}): no message")
        except Exception as error:
            leaks.append(f"{name}({a!r:.40}): {type(error).__name__} {error}"[:200])
    assert not leaks, "\n".join(leaks[:5])


def test_one_name_stands_for_a_list_of_one() -> None:
    """``hide="dP"`` hides that line, and does not look for lines d and P."""
    D = mc.derive(DERIVED["a loss"])
    assert D.to_latex(lines="dw") == D.to_latex(lines=["dw"])
    assert D.to_latex(hide="dw") == D.to_latex(hide=["dw"])


def test_what_was_not_derived_is_not_verified() -> None:
    """X is an input: the answer names what there is."""
    with pytest.raises(mc.UnknownNameError, match="nothing was derived for X; there are"):
        mc.derive(DERIVED["a loss"]).verify("X", "w")
