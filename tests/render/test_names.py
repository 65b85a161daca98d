"""Two things on one page never look alike: names that would, and what has no name of its own."""

import pytest

import matcalc as mc
from matcalc.notation import Notation


def page(text: str, **options: object) -> str:
    """The backward pass of a program, in Unicode."""
    return mc.derive(mc.parse(text)).to_text(view="backprop", opening=False, **options)


@pytest.mark.parametrize(
    ("declared", "formula", "shown"),
    [
        ("W1 : d x d; param W_1 : d x d", "W1*W_1", r"W_{1} \, \mathtt{W\_1}"),
        ("alpha : d x d; param α : d x d", "alpha*α", r"\mathtt{alpha} \, \alpha"),
        ("x1 : scalar; param x : d x 1", "x1*x(1)*x", r"x_{1} \left(x\right)_{1} x"),
        ("sigma : scalar; param Z : d x d", "sigma*sigmoid(Z)", r"\sigma \operatorname{sigmoid}"),
    ],
)
def test_a_second_thing_is_written_another_way(declared: str, formula: str, shown: str) -> None:
    """W1 and W_1 are both W_{1}, x1 is the first entry of x, sigma is a function: one of them
    gives way."""
    net = mc.parse(f"{declared}; Y = {formula}")
    assert shown in mc.latex(net.expression)
    assert shown in mc.derive(net).to_latex(opening=False)


def test_a_name_beside_nothing_alike_is_a_letter() -> None:
    """Without a second one, an underscore and a Greek letter are set as usual."""
    A, b = mc.matrix("W_1", "n", "n"), mc.vector("β", "n")
    assert mc.latex(A * b) == r"W_{1} \beta"


def test_what_arrives_from_above_is_no_input() -> None:
    """Beside an input G, what arrives at the output is G with a bar."""
    said = page("G : d x d; param W : d x d; Y = G*W")
    assert "∂L/∂W = Gᵀ Ḡ" in said


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("param L : n x n; X : n x d; Y = L*X", "∂ℓ/∂L = G Xᵀ"),
        ("param W : L x d; X : n x L; Y = X*W", "∂ℓ/∂W = Xᵀ G"),
        ("param L : n x n; ell : n x n; Y = L*ell", "∂J/∂L = G ellᵀ"),
        (
            "X : n x d; param W[l] : d x d; for l = 1..L: A[l] = A[l-1]*W[l], A[0] = X",
            "∂ℓ/∂A_L = G",
        ),
    ],
)
def test_a_loss_without_a_name_is_not_called_like_an_input(text: str, line: str) -> None:
    """The derivative by L is not of L: the loss is the first letter that is free."""
    said = page(text.replace("; ", "\n"))
    assert line.replace("ell", "ℓ") in said


def test_an_adjoint_gives_way_to_an_input() -> None:
    """An input delta keeps its letter; what arrives at the step is a derivative."""
    said = page(
        "X : n x d; param w : d x 1; delta : scalar; r = X*w; L = delta*sum(r.^2)",
        notation=Notation(adjoint="delta"),
    )
    assert "∂L/∂r = 2 δ r" in said


def test_an_index_of_a_sum_is_no_input() -> None:
    """With an input i the entries of a sum are counted by j."""
    assert "∂L/∂i = ∑ⱼ₌₁ᵈ wⱼ" in page("param i : scalar; w : d x 1; L = i*sum(w)")


def test_a_matrix_called_like_the_identity() -> None:
    """Where I is an input, the identity shows its size also in a notation that leaves it out."""
    said = page("param I : n x n; X : n x n; Y = inv(eye(n) + X)*I", notation=Notation(sized=False))
    assert "Y = (Iₙ + X)⁻¹ I" in said
