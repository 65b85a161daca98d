"""Facts: used by the laws, handed on with names, cited in the result."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import sympy as sp

import matcalc as mc
from matcalc.errors import MatcalcError
from matcalc.expr import is_symbol, postorder
from matcalc.facts import KNOWN, Fact, as_facts
from matcalc.numeric.checking import facts_by_name
from matcalc.numeric.draws import FACTS, with_facts
from matcalc.numeric.oracle import Claim, check_claims

Q = mc.Q
n, d, k = mc.dims("n d k")
A, B, K, S = (mc.matrix(s, d, d) for s in "ABKS")
X, Y, W = mc.matrix("X", n, d), mc.matrix("Y", n, k), mc.matrix("W", d, k)
w, y = mc.vector("w", d), mc.vector("y", n)

GRADIENTS = [
    (w.T * K * w, w, Q.symmetric(K), "2*K*w"),
    (w.T * mc.inv(K) * w / 2, w, Q.positive_definite(K), "inv(K)*w"),
    (mc.norm2(A * X.T) ** 2, X, Q.orthogonal(A), "2*X"),
    (w.T * A * A * w, w, (Q.idempotent(A), Q.symmetric(A)), "2*A*w"),
    (mc.tr(mc.tril(A) * S), S, (Q.lower_triangular(A), ()), "A'"),
    (mc.cross_entropy(mc.softmax(X * W), Y), W, Q.rows_sum_to_one(Y), "X'*(softmax(X*W) - Y)/n"),
]


@pytest.mark.parametrize(("f", "wrt", "fact", "wanted"), GRADIENTS)
def test_a_fact_shortens_the_gradient(f, wrt, fact, wanted: str) -> None:
    """Without the fact the form is longer; with it the closed form of the books."""
    with_fact = mc.gradient(f, wrt, assume=fact)
    assert mc.text(with_fact) == wanted
    assert mc.gradient(f, wrt) is not with_fact


# Every fact: a problem, the variable, the facts, the form of the books, and the fact that is cited.
z = mc.vector("z", d)
p_ = mc.vector("p", d)
one = mc.ones(n, 1)
SHORTENED = {
    "symmetric": (w.T * K * w, w, Q.symmetric(K), "2*K*w"),
    "positive_definite": (w.T * mc.inv(K) * w / 2, w, Q.positive_definite(K), "inv(K)*w"),
    "orthogonal": (mc.norm2(A * X.T) ** 2, X, Q.orthogonal(A), "2*X"),
    "diagonal": (w.T * A * w, w, Q.diagonal(A), "2*A*w"),
    "invertible": (mc.det(A**3), A, Q.invertible(A), "3*det(A^3)*inv(A)'"),
    "idempotent": (w.T * A * A * z, w, Q.idempotent(A), "A*z"),
    "lower_triangular": (mc.tr(mc.tril(A) * S), S, Q.lower_triangular(A), "A'"),
    "upper_triangular": (mc.tr(mc.triu(A) * S), S, Q.upper_triangular(A), "A'"),
    "rows_sum_to_one": (
        mc.cross_entropy(mc.softmax(X * W), Y, mean=False),
        W,
        Q.rows_sum_to_one(Y),
        "X'*(softmax(X*W) - Y)",
    ),
    "one_hot": (mc.sum(mc.hadamard(Y, X * W, Y)), W, Q.one_hot(Y), "X'*Y"),
    "cols_sum_to_one": (
        -p_.T * mc.log(mc.softmax(z)),
        z,
        Q.cols_sum_to_one(p_),
        "softmax(z) - p",
    ),
    "cols_sum_to_zero": (
        one.T * X * w + w.T * w,
        w,
        Q.cols_sum_to_zero(X),
        "2*w",
    ),
    "rows_sum_to_zero": (
        mc.sum(mc.hadamard(X, y * mc.ones(1, d))) + y.T * y,
        y,
        Q.rows_sum_to_zero(X),
        "2*y",
    ),
}


def test_every_fact_is_in_the_table() -> None:
    """A fact that shortens nothing is no fact; constant says by what nothing is differentiated."""
    assert set(SHORTENED) | {"constant"} == set(KNOWN)


@pytest.mark.parametrize("fact", SHORTENED)
def test_every_fact_shortens_and_is_cited_and_sampled(fact: str) -> None:
    """The book's form, which only holds at points with the fact; the line says that it rests on
    it."""
    f, wrt, assumed, wanted = SHORTENED[fact]
    assert mc.text(mc.gradient(f, wrt, assume=assumed)) == wanted
    D = mc.derive(f, wrt, assume=assumed)
    assert any(cited.name == fact for line in D.lines for cited in line.facts)
    assert D.check()
    plain = mc.gradient(f, wrt)
    assert len(mc.text(plain)) > len(wanted)


def network_of(f, facts=()) -> mc.Network:
    """A network whose inputs are the symbols of a loss."""
    net = mc.Network("loss")
    for s in dict.fromkeys(n for n in postorder(f) if is_symbol(n) and n.shape):
        net.input(str(s), *s.shape)
    net.minimize(f)
    net.assume(facts)
    return net


def in_sympy(fact: Fact):
    """Sympy's predicate of the same name, where there is one; else ours."""
    predicate = getattr(sp.Q, fact.name, None)
    return predicate(sp.MatrixSymbol(fact.of, d, d)) if predicate else fact


def in_text(f, facts) -> mc.Network:
    """The same network as a program of the text language, with a line that states the facts."""
    *lines, loss, last = network_of(f).to_text().splitlines()
    said = [f"{fact.of} is {fact.name.replace('_', ' ')}" for fact in facts]
    return mc.parse("\n".join([*lines, *said, loss, last]))


WAYS = {
    "assume=": lambda f, facts: (f, {"assume": facts}),
    "assume= in words": lambda f, facts: (f, {"assume": ", ".join(map(str, facts))}),
    "assume= as sympy has it": lambda f, facts: (f, {"assume": [*map(in_sympy, facts)]}),
    "net.assume": lambda f, facts: (network_of(f, facts), {}),
    "a line of text": lambda f, facts: (in_text(f, facts), {}),
}
# Random matrices are invertible: no point without the fact is ever met.
UNSEEN_BY_NUMBERS = {"invertible"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fact", SHORTENED)
def test_a_fact_counts_however_it_is_stated(fact: str, way: str) -> None:
    """It shortens, is cited, is what the points are drawn with, and is there after a round trip."""
    f, wrt, assumed, wanted = SHORTENED[fact]
    facts = as_facts(assumed)
    given, options = WAYS[way](f, facts)
    found = mc.gradient(given, str(wrt), **options)
    assert mc.text(mc.expand(found)) == wanted
    D = mc.derive(given, [str(wrt)], **options)
    assert [c.name for line in D.lines for c in line.facts] == [fact.name for fact in facts]
    assert D.check(trials=2)
    again = pickle.loads(pickle.dumps(D))
    assert again.record.problem.facts == D.record.problem.facts
    if isinstance(given, mc.Network):
        assert mc.parse(given.to_text()).facts == given.facts == facts
        assert pickle.loads(pickle.dumps(given)).facts == facts


@pytest.mark.parametrize("fact", [name for name in SHORTENED if name not in UNSEEN_BY_NUMBERS])
def test_what_rests_on_a_fact_fails_without_it(fact: str) -> None:
    """The short form is wrong at other points, and the oracle finds one."""
    f, wrt, assumed, _ = SHORTENED[fact]
    short = mc.gradient(f, wrt, assume=assumed)
    claim = Claim("gradient", f, wrt, short)
    assert check_claims([claim], facts=facts_by_name(as_facts(assumed)))
    assert not check_claims([claim])


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ("symmetric(K), positive_definite(K)", "symmetric"),
        ("positive_definite(K), symmetric(K)", "positive_definite"),
        ("diagonal(K), symmetric(K), invertible(K)", "diagonal"),
    ],
)
def test_of_two_facts_that_do_the_same_the_first_is_cited(facts: str, wanted: str) -> None:
    """Either would do, so the one is not cited in vain."""
    D = mc.derive(w.T * K * w, w, assume=facts)
    assert [fact.name for fact in D.line("w").facts] == [wanted]


def test_a_column_that_is_one_hot_sums_to_one() -> None:
    """The softmax of a column runs over its entries, and so do the labels."""
    f = -p_.T * mc.log(mc.softmax(z))
    D = mc.derive(f, z, assume=Q.one_hot(p_))
    assert mc.text(D.gradient(z)) == "softmax(z) - p"
    assert D.check()
    assert mc.derive(f, z).remarks == ("with the entries of p summing to one: dz = softmax(z) - p",)


def test_facts_about_what_varies_are_used_after_the_change() -> None:
    """The square of labels is labels, and its derivative is still that of a square."""
    f = mc.sum(mc.power(Y, 2))
    assert mc.text(mc.gradient(f, Y, assume=Q.one_hot(Y))) == "2*Y"
    assert mc.check(f, Y, assume=Q.one_hot(Y))


@pytest.mark.parametrize("fact", KNOWN)
def test_points_have_the_fact(fact: str) -> None:
    """What the oracle draws has the property, at every size that allows it."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        rows = 1 + seed % 4
        A = with_facts("A", rng.normal(size=(rows + 1, rows + 1)), [fact], rng)
        assert FACTS[fact].holds(A)


def test_a_constant_is_no_variable() -> None:
    """It is left out where nothing is said, and asking for it is an error."""
    f, data = mc.norm2(X * w - y) ** 2, (Q.constant(X), Q.constant(y))
    assert list(mc.derive(f, assume=data).gradients) == ["w"]
    with pytest.raises(MatcalcError, match="X is assumed constant"):
        mc.gradient(f, X, assume=data)
    with pytest.raises(MatcalcError, match="everything is assumed constant"):
        mc.derive(f, assume=(*data, Q.constant(w)))


def test_a_step_cannot_be_constant() -> None:
    """It is computed from others; the error says what to do."""
    net = mc.Network("frozen")
    P = net.let("P", mc.softmax(net.input("X", n, d) * net.param("W", d, k)))
    net.minimize(mc.norm2(P) ** 2)
    net.assume(Q.constant(P))
    with pytest.raises(MatcalcError, match="P is a step"):
        mc.derive(net)


def softmax_net(*facts):
    net = mc.Network("softmax")
    P = net.let("P", mc.softmax(net.input("X", n, d) * net.param("W", d, k)))
    net.minimize(mc.cross_entropy(P, net.input("Y", n, k), mean=False))
    net.assume(*facts)
    return net


def test_without_the_fact_the_short_form_is_a_remark() -> None:
    """Softmax cross-entropy: the general form in the line, P - Y beside it."""
    net = mc.Network("softmax")
    Z = net.let("Z", net.input("X", n, d) * net.param("W", d, k))
    P = net.let("P", mc.softmax(Z))
    net.minimize(mc.cross_entropy(P, net.input("Y", n, k), mean=False))
    D = mc.derive(net)
    assert mc.text(D.adjoint("Z")) == "diag(rowsum(Y))*P - Y"
    assert "with rows of Y summing to one: dZ = P - Y" in D.remarks


def test_a_fact_used_is_cited() -> None:
    """The line knows the fact and shows its equation; a fact that was not needed is not cited."""
    D = mc.derive(softmax_net(Q.rows_sum_to_one("Y"), Q.constant("X")))
    line = D.line("W")
    assert [str(fact) for fact in line.facts] == ["rows_sum_to_one(Y)"]
    assert r"Y\,\mathbf{1} = \mathbf{1}" in line.law
    assert "assume rows_sum_to_one(Y)" in D.to_text()
    assert D.check()


def test_what_a_definition_shows_is_known_of_its_name() -> None:
    """A step K = X X' + a I is symmetric, so inv(K)' is inv(K) in later lines."""
    net = mc.Network("gp")
    X_, y_ = net.input("X", n, d), net.input("y", n, 1)
    K_ = net.let("K", X_ * X_.T + net.input("a") * mc.eye(n))
    net.minimize(y_.T * mc.inv(K_) * y_)
    assert mc.text(mc.gradient(net, "K")) == "-inv(K)*y*y'*inv(K)"


def test_an_expression_that_equals_a_step_is_its_name() -> None:
    """With alpha = inv(K) y the gradient by K is written with alpha."""
    net = mc.Network("gp")
    K_, y_ = net.input("K", n, n), net.input("y", n, 1)
    alpha = net.let("alpha", mc.inv(K_) * y_)
    net.assume(Q.symmetric(K_))
    net.minimize((y_.T * alpha + mc.logdet(K_)) / 2)
    assert mc.text(mc.gradient(net, "K")) == "(inv(K) - alpha*alpha')/2"


MEANINGS = {
    "independent": "inv(S) + A'",
    "projected": "(A + A')/2 + inv(S)",
    "cookbook": "2*inv(S) + A + A' - diag(diag(inv(S) + A))",
}


@pytest.mark.parametrize("meaning", MEANINGS)
def test_three_gradients_by_a_symmetric_matrix(meaning: str) -> None:
    """Independent entries, the projection, and the Cookbook's; derive and gradient agree."""
    f, options = mc.tr(A * S) + mc.logdet(S), {"assume": Q.positive_definite(S)}
    found = mc.gradient(f, S, symmetric_gradient=meaning, **options)
    assert mc.text(found) == MEANINGS[meaning]
    D = mc.derive(f, S, symmetric_gradient=meaning, **options)
    assert D.gradient(S) is found
    assert D.check()
    assert any("S is symmetric" in r for r in D.remarks) == (meaning != "independent")


def test_another_meaning_is_refused_by_name() -> None:
    """The error lists the three."""
    with pytest.raises(MatcalcError, match="independent, projected, cookbook"):
        mc.gradient(mc.tr(S), S, assume=Q.symmetric(S), symmetric_gradient="upper")
