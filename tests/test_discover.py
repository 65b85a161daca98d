"""Remarks by numbers: what holds at random points and the laws do not see."""

from __future__ import annotations

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
