"""Names of steps in results: beside equal parts, in powers of roots, in quotients, at kinks."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

import matcalc as mc
from matcalc.expr import Node
from matcalc.rewrite.flip import flip
from matcalc.rewrite.names import Names
from tests.textbook.problem import size

NETWORKS = {
    "positive where the rectifier is": (
        "X : n x d; param W : d x h; Y : n x h; H = relu(X*W); L = norm2(H - Y)^2/2",
        ("W", "X'*(dH.*step(H))"),
    ),
    "a pre-activation that has a name": (
        "X : n x d; param W : d x h; Y : n x h; Z = X*W; H = relu(Z); L = norm2(H - Y)^2/2",
        ("Z", "dH.*step(Z)"),
    ),
    "powers of an inverse root": (
        "X : n x d; v = rowmean(X.^2); r = 1./sqrt(1 + v); L = sum(log(r))",
        ("v", "-dr.*r.^3/2"),
    ),
    "a definition that begins with a number": (
        "x : d x 1; y : d x 1; u = 1 + exp(x); L = sum(log(u).*y)",
        ("x", "y.*exp(x)./u"),
    ),
    "a product of scalars": (
        "a : d x 1; b : d x 1; c = a'*b/(norm2(a)*norm2(b)); L = (1 - c)^2",
        ("a", "dc*(b/norm2(b) - c*a/norm2(a))/norm2(a)"),
    ),
    "no root of a square": (
        "x : d x 1; s = x.^2; L = sum(sqrt(s).*x)",
        ("x", None),
    ),
    "the meeting of two ways": (
        """X : n x d; param W : d x h; e : scalar; Y : n x h; Z = X*W; v = colmean(Z.^2)
        r = (v + e*ones(1, h)).^(-1/2); H = Z.*(ones(n, 1)*r); L = norm2(H - Y)^2/2""",
        ("Z", "(dH - H.*(ones(n, 1)*colmean(H.*dH))).*(ones(n, 1)*r)"),
    ),
}


SHAPES = {"X": ("n", "d"), "y": ("n", 1), "w": ("d", 1), "S": ("d", "d"), "E": ("n", 1), "c": None}
USED = {
    # a definition, an expression, and the expression in the name
    ("S = X'*X/n", "3*X'*X*w/(2*n)"): "3*S*w/2",
    ("E = y - X*w", "X'*(X*w - y)/n"): "-X'*E/n",
    ("E = y - X*w", "w'*X' - y'"): "-E'",
    ("c = norm2(y)*norm2(w)", "w*sum(E)/(norm2(y)*norm2(w)^3)"): "sum(E)*w/(c*norm2(w)^2)",
    ("c = 1/sqrt(1 + norm2(y))", "w*(1 + norm2(y))^(-3/2)"): "c^3*w",
    ("E = y.^2", "sqrt(y.^2)"): "sqrt(E)",
    ("E = sqrt(y.^2)", "y.*(y.^2)"): "y.*(y.^2)",  # the root of a square is no y
    ("E = relu(X*w)", "y.*step(X*w)"): "y.*step(E)",
    ("E = relu(y)", "X'*step(y)"): "X'*step(y)",
}


def read(text: str) -> Node:
    """An expression in the symbols of these tests."""
    return mc.read(
        mc.parse(text, {k: s for k, s in SHAPES.items() if re.search(rf"\b{k}\b", text)}).expression
    )


@pytest.mark.parametrize(("definition", "expression"), USED)
def test_a_definition_is_found_in_an_expression(definition: str, expression: str) -> None:
    """Up to sign, scale, transpose and the powers of a root; never where it would be wrong."""
    name, _, value = definition.partition(" = ")
    step = SimpleNamespace(symbol=read(name), definition=read(value))
    found = Names([step]).used_in(read(expression), flip)
    assert found is read(USED[definition, expression]), mc.text(found)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_result_speaks_in_names(name: str) -> None:
    """As many symbols as the line a person would write in the names of the steps."""
    program, (of, wanted) = NETWORKS[name]
    D = mc.derive(mc.parse(program))
    assert D.check()
    if wanted is not None:
        found = mc.text(D.line(f"d{of}").value)
        assert size(found) <= size(wanted), found
