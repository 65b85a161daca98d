"""Facts are stated of what can have them."""

import pytest

import matcalc as mc

n, m = mc.dims("n m")


@pytest.mark.parametrize("fact", ["symmetric", "orthogonal", "diagonal", "idempotent"])
def test_only_a_square_matrix_has_it(fact: str) -> None:
    """The message names the fact, the symbol and its shape."""
    X = mc.matrix("X", n, m)
    with pytest.raises(mc.ShapeError, match=f"{fact}.*X is n x m.*square"):
        mc.gradient(mc.norm2(X), X, assume=getattr(mc.Q, fact)(X))


def test_a_number_has_no_shape() -> None:
    """A number can be constant, but not orthogonal."""
    c, x = mc.scalar("c"), mc.vector("x", n)
    with pytest.raises(mc.ShapeError, match="c is a number"):
        mc.gradient(mc.norm2(c * x), x, assume=mc.Q.orthogonal(c))
    assert mc.text(mc.gradient(c * mc.sum(x), x, assume=mc.Q.constant(c))) == "c*ones(n, 1)"
