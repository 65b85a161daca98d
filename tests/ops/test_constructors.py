"""Constructors fold exactly what is promised, and never more; what they refuse, they mend."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import sympy as sp

import tests.instances  # noqa: F401 - registers what every node needs
from matcalc import shapes
from matcalc.errors import DomainError, ShapeError
from matcalc.expr import Node, matrix, number, read, scalar, symbols, vector
from matcalc.language import read_expression
from matcalc.ops import FUNCTIONS
from matcalc.ops.algebra import (
    add,
    eye,
    had,
    inner,
    minus,
    mul,
    neg,
    ones,
    over,
    plus,
    sub,
    t,
    zeros,
)
from matcalc.ops.blocks import block, hstack, part, place, vstack
from matcalc.ops.determinants import adj, det, logdet, tr
from matcalc.ops.diagonals import diag, diagonal, tril
from matcalc.ops.entries import box, entry, item
from matcalc.ops.entrywise import divide, power
from matcalc.ops.inverses import inv, matrix_power, solve
from matcalc.ops.kronecker import commutation, kron, kron_contract, unvec, vec
from matcalc.ops.norms import dot, norm2, outer
from matcalc.ops.reduce import axis_sum, cumsum, mean, rowsum, sum_all, total
from matcalc.ops.softmax import log_softmax, logsumexp, softmax

n, m, k = shapes.dims("n m k")
A, B, C = matrix("A", n, m), matrix("B", n, m), matrix("C", m, k)
S, R = matrix("S", n, n), matrix("R", n, n)
x, y, row = vector("x", n), vector("y", n), matrix("r", 1, m)
a, b, c = scalar("a"), scalar("b"), scalar("c")
Z = matrix("Z", 1, 1)

FOLDS: dict[str, tuple[Node, Node]] = {
    "sums are flat": (add(add(A, B), A.T.T), add(A, B, A)),
    "equal terms are added": (add(A, B, A), add(mul(2, A), B)),
    "equal terms in another order": (add(had(A, B), had(B, A)), mul(2, had(A, B))),
    "opposite terms vanish": (add(A, neg(A)), zeros(n, m)),
    "scalar opposites vanish": (add(a, neg(a)), number(0)),
    "zero terms drop": (add(A, zeros(n, m)), A),
    "numbers add up": (add(a, 1, sp.Rational(1, 2)), add(a, sp.Rational(3, 2))),
    "products are flat": (mul(mul(A, C), t(C)), mul(A, C, t(C))),
    "numbers come in front": (mul(A, 2, C, 3), mul(6, A, C)),
    "scalars come in front": (mul(A, a, C), mul(a, A, C)),
    "denominators come last among scalars": (mul(power(b, -1), a, A), mul(a, power(b, -1), A)),
    "an inner product is a scalar": (mul(A, mul(t(x), y)), mul(mul(t(x), y), A)),
    "unit factors drop": (mul(1, A), A),
    "identities drop": (mul(eye(n), A, eye(m)), A),
    "an identity alone stays": (mul(eye(n), eye(n)), eye(n)),
    "a zero product keeps its shape": (mul(A, zeros(m, k)), zeros(n, k)),
    "zero times a matrix": (mul(0, A), zeros(n, m)),
    "Hadamard products are flat": (had(had(A, B), A), had(A, B, A)),
    "ones drop out of them": (had(A, ones(n, m)), A),
    "ones alone stay": (had(ones(n, m), ones(n, m)), ones(n, m)),
    "a zero among them": (had(A, zeros(n, m)), zeros(n, m)),
    "scalars come out of them": (had(mul(2, A), mul(a, B)), mul(2, a, had(A, B))),
    "a double transpose is undone": (t(t(A)), A),
    "ones are transposed": (t(ones(n, 1)), ones(1, n)),
    "zeros are transposed": (t(zeros(n, m)), zeros(m, n)),
    "the identity is its own transpose": (t(eye(n)), eye(n)),
    "a double inverse is undone": (inv(inv(S)), S),
    "the power of a power": (power(power(a, 2), 3), power(a, 6)),
    "a scalar product's power": (power(mul(2, a, b), 2), mul(4, power(a, 2), power(b, 2))),
    "a quotient cancels into a power": (over(1, power(a, -1)), a),
    "power 1": (power(A, 1), A),
    "power 0": (power(A, 0), ones(n, m)),
    "matrix power 2 is a product": (matrix_power(S, 2), mul(S, S)),
    "matrix power 0": (matrix_power(S, 0), eye(n)),
    "a negative matrix power": (matrix_power(S, -3), matrix_power(inv(S), 3)),
    "a negative symbolic power": (matrix_power(S, -k), matrix_power(inv(S), k)),
    "a power of a matrix power": (matrix_power(matrix_power(S, k), 3), matrix_power(S, 3 * k)),
    "diag of diag": (diagonal(diag(x)), x),
    "diag of ones": (diag(ones(n, 1)), eye(n)),
    "vec of a column": (vec(x), x),
    "vec of a row": (vec(row), t(row)),
    "unvec of vec": (unvec(vec(A), n, m), A),
    "the trace of an identity": (tr(eye(n)), read(n)),
    "the trace of a transpose": (tr(t(S)), tr(S)),
    "scalars leave a trace": (tr(mul(a, S)), mul(a, tr(S))),
    "the sum of ones": (sum_all(ones(n, m)), mul(read(n), read(m))),
    "row sums of a column": (rowsum(x), x),
    "column sums of a column": (axis_sum(x, 0), sum_all(x)),
    "the whole is its own slice": (part(A, 0, 0, n, m), A),
    "one entry is an entry": (part(A, 1, 2, 1, 1), entry(A, 1, 2)),
    "a scalar placed": (place(mul(2, a), 0, 0, n, m), mul(2, a, place(1, 0, 0, n, m))),
    "kron of identities": (kron(eye(n), eye(m)), eye(n * m)),
    "kron with a scalar": (kron(a, A), mul(a, A)),
    "no commutation of a column": (commutation(n, 1), eye(n)),
    "stacks are flat": (vstack(A, vstack(B, A)), vstack(A, B, A)),
    "a box is opened": (item(box(a)), a),
}


@pytest.mark.parametrize(("found", "expected"), FOLDS.values(), ids=FOLDS)
def test_what_is_folded(found: Node, expected: Node):
    """The promises of docs/conventions.md."""
    assert found is expected


KEPT: dict[str, tuple[Node, str]] = {
    "a product of sums": (mul(add(a, b), add(a, c)), "times"),
    "scalar factors in another order": (sub(mul(a, b), mul(b, a)), "plus"),
    "the transpose of a product": (t(mul(A, C)), "transpose"),
    "the transpose of a sum": (t(add(A, B)), "transpose"),
    "the inverse of a product": (inv(mul(S, R)), "inv"),
    "an inverse beside its matrix": (mul(S, inv(S)), "times"),
    "the trace of a sum": (tr(add(S, R)), "tr"),
    "log of exp": (FUNCTIONS["log"](FUNCTIONS["exp"](A)), "log"),
    "a root of a number": (FUNCTIONS["sqrt"](4), "sqrt"),
    "a power of a product of matrices": (power(had(A, B), 2), "pow"),
    "a square of an inner product": (power(mul(t(x), y), 2), "pow"),
}


@pytest.mark.parametrize(("node", "op"), KEPT.values(), ids=KEPT)
def test_what_is_not_folded(node: Node, op: str):
    """Everything else is a named law."""
    assert node.op.name == op


def test_a_huge_power_stays_a_power():
    """Folding numbers is bounded: 9^9^9 costs nothing."""
    huge = power(9, power(9, 9))
    assert huge.op.name == "pow"
    assert power(power(number(9), 1000), 10**6).op.name == "pow"


def test_division_by_zero_is_refused():
    """A constructor never makes an infinite number."""
    for attempt in (lambda: over(a, 0), lambda: divide(A, 0), lambda: power(zeros(n, m), -1)):
        with pytest.raises(DomainError, match="division by zero"):
            attempt()


def test_numbers_typed_with_a_point_are_exact_and_shown_as_typed():
    """0.1 is 1/10 inside, 0.1 on the page, and stays so in a product."""
    tenth = read(0.1)
    assert tenth.params[0] == sp.Rational(1, 10)
    assert str(mul(tenth, A)) == "0.1*A"
    assert str(mul(tenth, 3, A)) == "0.3*A"
    assert str(add(mul(tenth, A), mul(tenth, A))) == "0.2*A"
    assert str(mul(sp.Rational(1, 10), A)) == "A/10"


def test_pi_is_a_factor_and_not_a_coefficient():
    """2*pi*A keeps its pi as written, and sums of it merge."""
    pi = number(sp.pi)
    assert add(mul(pi, A), mul(pi, A)) is mul(2, pi, A)
    assert add(pi, 1).op.name == "plus"


def test_a_literal_beside_a_matrix_is_in_every_entry():
    """`1 - Y` means ones - Y; a scalar symbol does not broadcast."""
    assert minus(1, A) is sub(ones(n, m), A)
    assert plus(A, 0.5) is add(A, mul(read(0.5), ones(n, m)))
    assert 1 - A is sub(ones(n, m), A)
    with pytest.raises(ShapeError, match=r"write a\*ones\(n, m\)"):
        plus(A, a)


# -- 1 x 1 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "node",
    [
        mul(t(x), x), mul(t(x), S, y), ones(1, 1), zeros(1, 1), eye(1), sum_all(A),
        part(A, 0, 0, 1, 1), logsumexp(x), axis_sum(x, 0), axis_sum(t(x), 1), vec(Z), kron(Z, Z),
        tr(Z), hstack(Z), mean(A), unvec(Z, 1, 1), mul(Z, t(Z)), had(Z, Z), inner(x, x),
        kron_contract(S, S, 0, 1, 1), total(Z, 1),
    ],
    ids=str,
)  # fmt: skip
def test_a_result_of_shape_1_x_1_is_a_scalar(node: Node):
    """Whatever comes out 1 x 1 is a number."""
    assert node.shape == ()


SCALAR_WORDS: dict[str, Callable[[Any], Node]] = {
    "diag": diag, "diagonal": diagonal, "tr": tr, "det": det, "inv": inv, "logdet": logdet,
    "adj": adj, "vec": vec, "sum": sum_all, "rowsum": rowsum, "mean": mean, "norm2": norm2,
    "transpose": t, "softmax": softmax, "log_softmax": log_softmax, "logsumexp": logsumexp,
    "cumsum": cumsum, "tril": tril, "exp": FUNCTIONS["exp"], "power": lambda s: power(s, 3),
    "kron": lambda s: kron(s, A), "vstack": lambda s: vstack(s, x),
    "hstack": lambda s: hstack(s, row),
    "solve": lambda s: solve(s, A), "place": lambda s: place(s, 0, 0, n, m),
    "matrix power": lambda s: matrix_power(s, 3), "dot": lambda s: dot(s, s),
    "outer": lambda s: outer(s, x), "times": lambda s: mul(s, A), "plus": lambda s: add(s, a),
    "over": lambda s: over(A, s), "hadamard": lambda s: had(s, A), "divide": lambda s: divide(A, s),
    "where": lambda s: FUNCTIONS["where"](s, A, B), "max": lambda s: FUNCTIONS["max"](s, A),
    "unvec": lambda s: unvec(s, 1, 1),
}  # fmt: skip


@pytest.mark.parametrize(("word", "build"), SCALAR_WORDS.items(), ids=SCALAR_WORDS)
def test_a_declared_1_x_1_matrix_is_a_scalar_wherever_one_is_meant(word: str, build: Any):
    """Every word takes a scalar and a 1 x 1 matrix alike, and makes the same of them."""
    assert build(Z) is build(item(Z))
    assert build(Z).shape == build(a).shape


def test_the_softmax_of_a_scalar():
    """One entry has all the weight."""
    assert softmax(a) is number(1)
    assert log_softmax(a) is number(0)
    assert logsumexp(a) is a


def test_a_constant_matrix_is_a_block_of_numbers():
    """Rows of numbers stack; a 1 x 1 block is its number."""
    assert block([[1, 2], [3, 4]]).shape == (2, 2)
    assert block([[5]]) is number(5)


# -- what is refused -----------------------------------------------------------------------------


def operands() -> list[Node]:
    """Symbols and small expressions of every shape over n, m and 1."""
    found: list[Node] = [a, matrix("W", m, n), matrix("V", m, m), row, t(row), x, t(x)]
    found += [A, S, add(A, B), neg(A), t(A), mul(2, x), mul(t(x), y), add(S, t(S)), had(A, B), C]
    return found


def repairs(message: str) -> list[str]:
    """The formulas that a message offers."""
    offered = re.findall(r"did you mean (.*)\?", message)
    parts = [p for o in offered for p in o.split(" or ")]
    parts += re.findall(r"write (.+?)(?: to |, or |$)", message)
    parts += re.findall(r", or (.+?) to add", message)
    return [re.sub(r" \((?:transposed|entry by entry)\)$", "", p) for p in parts]


def parsed(formula: str, *nodes: Node) -> Node:
    """A formula of a message as a node; `read_expression` refuses what does not fit."""
    names = {s.params[0]: s for node in nodes for s in symbols(node)}
    return read_expression(formula, names, dims=["n", "m", "k"])


@pytest.mark.parametrize("build", [mul, add, had], ids=["times", "plus", "hadamard"])
def test_every_repair_that_is_offered_fits(build: Callable[..., Node]):
    """On every misfit of two operands: each formula offered is read back and conforms."""
    seen = 0
    for left, right in product(operands(), repeat=2):
        message = refusal(build, left, right)
        for formula in repairs(message):
            seen += 1
            node = parsed(formula, left, right)
            if build is not mul:  # the formula takes the place of one of the two
                assert not all(refusal(build, node, other) for other in (left, right)), message
    assert seen > 20


def refusal(build: Callable[..., Node], one: Node, other: Node) -> str:
    """What is said against these operands, nothing if they fit."""
    try:
        build(one, other)
    except ShapeError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("attempt", "said"),
    [
        (lambda: mul(A, B), r"cannot multiply A \(n x m\) by B \(n x m\): m columns meet n rows"),
        (lambda: mul(A, B), r"did you mean A'\*B or A\*B' or A\.\*B \(entry by entry\)\?"),
        (lambda: add(A, t(B)), r"cannot add A \(n x m\) and B' \(m x n\).*did you mean B"),
        (lambda: add(A, row), r"to add the row r to every row write ones\(n,1\)\*r"),
        (lambda: add(A, x), r"to add the column x to every column write x\*ones\(1,m\)"),
        (lambda: over(A, S), r"cannot divide A \(n x m\) by the matrix S \(n x n\).*mc\.solve"),
        (lambda: inv(A), r"inv needs a square matrix, but A is n x m"),
        (lambda: A**2, r"A \(n x m\) is not square and has no powers; entry by entry write A\.\^2"),
        (lambda: S ** sp.Rational(1, 2), r"a matrix has integer powers only"),
        (lambda: diag(A), r"diag takes a column or a square matrix, but A \(n x m\)"),
        (lambda: diag(row), r"write diag\(r'\)"),
        (lambda: hstack(A, C), r"hstack needs equally many rows: A \(n x m\) beside C \(m x k\)"),
        (lambda: entry(A, -1, 0), r"there is no row -1 \(counted from 0\) in A \(n x m\)"),
        (lambda: entry(matrix("P", 2, 3), 2, 0), r"there is no row 2"),
        (lambda: part(A, 0, 0, n + 1, m), r"rows 1 to n \+ 1 are not all in A \(n x m\)"),
        (lambda: place(A, 1, 0, n, m), r"A \(n x m\) at row 1, column 0 .* not inside a n x m"),
        (lambda: unvec(x, 2, 3), r"unvec wants a column of 6 entries, but x \(n x 1\)"),
        (lambda: solve(S, C), r"as many rows in B as in A: S \(n x n\) against C \(m x k\)"),
        (lambda: FUNCTIONS["max"](A, C), r"cannot apply max to A \(n x m\) and C \(m x k\)"),
        (lambda: softmax(A, mask=C), r"the mask C \(m x k\) of softmax"),
        (lambda: dot(A, C), r"dot needs two operands of one shape"),
        (lambda: total(A, 2), r"axis is 0 \(down each column\) or 1"),
        (lambda: sum(A), r"is not a sequence.*mc\.sum\(A\)"),
        (lambda: abs(A), r"mc\.abs\(A\)"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_met_what(attempt: Callable[[], Node], said: str):
    """Operands, shapes, and what would fit."""
    with pytest.raises(ShapeError, match=said):
        attempt()


def test_python_counts_from_the_end_and_nobody_else():
    """`A[-1, 0]` is the last row; an index that becomes -1 is an error."""
    assert A[-1, 0] is entry(A, n - 1, 0)
    assert A[:, -2:] is part(A, 0, m - 2, n, 2)
    assert A[1:, 0:1].shape == (n - 1, 1)
