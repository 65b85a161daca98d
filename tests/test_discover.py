"""Remarks by numbers: what holds at random points and the laws do not see."""

from __future__ import annotations

import re
import time

import pytest

import matcalc as mc
from matcalc.discover import conjectures, remarks

n, d = mc.dims("n d")
X, y = mc.matrix("X", n, d), mc.vector("y", n)


def projection():
    net = mc.Network("projection")
    X_, y_ = net.input("X", n, d), net.input("y", n, 1)
    P = net.let("P", X_ * mc.inv(X_.T * X_) * X_.T)
    r = net.let("r", y_ - P * y_)
    net.minimize(r.T * r)
    return mc.derive(net, ["X"])


def test_a_product_that_is_zero_is_mentioned() -> None:
    """The residual of a projection is orthogonal to the data, as the adjoint of P shows."""
    D = projection()
    assert "numerically X'*dP = 0" in D.discover()
    assert D.remarks == ()  # only on request


def test_what_the_laws_see_is_not_mentioned() -> None:
    """X'X is plainly symmetric, and A inv(A) is gone before anyone looks."""
    A = mc.matrix("A", d, d)
    assert conjectures([X.T * X, mc.inv(A) * (A + mc.eye(d))]) == ()


def test_symmetric_and_identity() -> None:
    """Hidden from the laws by their form, plain in numbers."""
    A = mc.matrix("A", d, d)
    triangles = mc.tril(A) + mc.tril(A).T
    assert [str(r) for r in conjectures([triangles])] == [f"numerically {triangles} is symmetric"]
    turn = mc.commutation(d, d) * mc.commutation(d, d).T
    assert all(r.kind != "zero" for r in conjectures([turn * mc.kron(A, A)]))


def test_the_seed_makes_it_the_same_again() -> None:
    """Two runs say the same."""
    D = projection()
    assert remarks(D.record, seed=3) == remarks(D.record, seed=3)


# A network, by what it is differentiated, and what is zero, the identity or symmetric in the result.
SPECIAL = {
    "least squares": (
        "w = inv(X'*X)*X'*y; r = y - X*w; L = norm2(r)^2/2",
        ["X'*r = 0"],
    ),
    "least squares by a solver": (
        "w = solve(X'*X, X'*y); r = y - X*w; L = norm2(r)^2/2",
        ["X'*r = 0"],
    ),
    "weighted least squares": (
        "assume positive_definite(V); b = inv(X'*inv(V)*X)*X'*inv(V)*y; r = y - X*b; "
        "L = r'*inv(V)*r + 0*tr(V)",
        ["X'*dr = 0"],
    ),
    "hat matrix": ("H = X*inv(X'*X)*X'; e = y - H*y; L = norm2(e)^2", ["H*e = 0", "X'*dH = 0"]),
    "ridge": (
        "w = inv(X'*X + a*eye(d))*X'*y; r = y - X*w; L = norm2(r)^2 + a*norm2(w)^2",
        ["a*w - X'*r = 0"],
    ),
    "kernel ridge": (
        "assume positive_definite(K); c = inv(K + a*eye(n))*y; r = y - K*c; "
        "L = norm2(r)^2/2 + a*c'*K*c/2",
        ["a*c - r = 0"],
    ),
    "pseudoinverse": (
        "P = inv(A'*A)*A'; E = A*P*A - A; L = sum(E.*B) + tr(P*B)",
        ["A'*P' = I"],
    ),
    "centred data": (
        "assume positive_definite(S); m = colmean(X); C = X - ones(n, 1)*m; g = C'*ones(n, 1); "
        "L = tr(C*inv(S)*C') + g'*inv(S)*g",
        ["colsum(dC) = 0"],
    ),
    "Jacobian of a softmax": (
        "p = softmax(z); J = diag(p) - p*p'; u = J*ones(n, 1); L = y'*W*u",
        ["p.*dp - (p'*dp)*p = 0"],
    ),
    "reflection": (
        "H = eye(n) - 2*v*v'/(v'*v); G = H*H; L = y'*G*x",
        ["S1*v - (dH + dH')*v/(v'*v) = 0"],
    ),
}
SHAPES = {
    "X": "n d", "A": "n d", "B": "n d", "y": "n 1", "V": "n n", "K": "n n", "S": "d d", "W": "n n",
    "z": "n 1", "v": "n 1", "x": "n 1",
}  # fmt: skip


def derived(program: str):
    """A program in the usual shapes, and its derivation by everything it is given."""
    words = set(re.findall(r"\w+", program))
    shapes = {name: tuple(s.split()) for name, s in SHAPES.items() if name in words}
    given = {n: (a, int(b) if b == "1" else b) for n, (a, b) in shapes.items()}
    defined = set(re.findall(r"(\w+) = ", program))
    return mc.derive(mc.parse(program, {n: s for n, s in given.items() if n not in defined}))


@pytest.mark.parametrize("name", SPECIAL)
def test_what_a_statistician_knows_is_found(name: str) -> None:
    """The smallest part that is special, and nothing that only follows from it."""
    program, wanted = SPECIAL[name]
    found = derived(program).discover()
    assert [said.removeprefix("numerically ") for said in found] == wanted


# Small values, saturated functions, kinks, symmetry at small sizes: nothing of it is special.
ORDINARY = {
    "saturated": "B = tanh(W*V*W*V); C = softmax(B*V*W*W); L = sum(C.*V)",
    "tiny": "B = exp(-10*X*X'); L = sum(B.*V)",
    "behind a kink": "B = relu(V - 10); L = sum(B.*W) + tr(B*W)",
    "conditions": "B = where(V, W, W'); L = sum(B.*V)",
    "attention": "P = softmax(X*A'); O = P*B; L = norm2(O - X)^2",
    "hinge": "h = max(1 - y.*(X*w), 0); L = sum(h)/n + norm2(w)^2",
    "layer norm, flat at two columns": (
        "m = rowmean(X); C = X - m*ones(1, d); s = sqrt(rowmean(C.^2)); "
        "N = C./(s*ones(1, d)); L = sum(N.*B)"
    ),
    "rotations commute at two rows": "S = V - V'; T = W - W'; L = tr(S*T*S*W)",
    "plainly symmetric": "C = X'*X; L = logdet(C)",
    "a power": "L = y'*V^6*x/1000000",
    "two losses": "r = X*w - y; L = norm2(r)^2 + a*norm2(w)^2",
}


@pytest.mark.parametrize("name", ORDINARY)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_nothing_is_said_where_nothing_is(name: str, seed: int) -> None:
    """Chance, rounding, saturation and small sizes do not make a remark."""
    assert derived(ORDINARY[name]).discover(seed=seed) == ()


def test_remarks_cost_little_in_a_deep_network() -> None:
    """A bounded number of parts is looked at, with names as they stand."""
    layers = "; ".join(f"A{k + 1} = tanh(A{k}*W{k})" for k in range(40))
    D = mc.derive(mc.parse(f"A0 : n x d; {layers}; L = sum(A40)", {"W0": ("d", "d")}), ["W0"])
    start = time.perf_counter()
    assert D.discover() == ()
    assert time.perf_counter() - start < 5
