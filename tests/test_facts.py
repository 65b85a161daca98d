"""How facts are stated, and which statements are refused."""

from __future__ import annotations

import pytest
import sympy as sp

import matcalc as mc
from matcalc.facts import as_facts

Q = mc.Q
n, d = mc.dims("n d")
K, S = mc.matrix("K", d, d), mc.matrix("S", d, d)
X, w, y = mc.matrix("X", n, d), mc.vector("w", d), mc.vector("y", n)

WORDS = {
    "symmetric(K)": "symmetric(K)",
    "assume symmetric(K)": "symmetric(K)",
    "K symmetric": "symmetric(K)",
    "K is a symmetric matrix": "symmetric(K)",
    "K and S are symmetric": "symmetric(K) symmetric(S)",
    "symmetric(K, S), K invertible": "symmetric(K) symmetric(S) invertible(K)",
    "K is symmetric positive definite": "symmetric(K) positive_definite(K)",
    "K is symmetric, idempotent and S is orthogonal": ("symmetric(K) idempotent(K) orthogonal(S)"),
    "K is spd; S unitary": "positive_definite(K) orthogonal(S)",
    "Y is one-hot": "one_hot(Y)",
    "one hot(Y)": "one_hot(Y)",
    "the rows of Y are one-hot": "one_hot(Y)",
    "rows of Y sum to one, columns of X sum to 0": "rows_sum_to_one(Y) cols_sum_to_zero(X)",
    "W[l] is lower triangular": "lower_triangular(W)",
    "each row of Y sums to one": "rows_sum_to_one(Y)",
    "the columns of X are centred": "cols_sum_to_zero(X)",
    "Y is row-stochastic, K is SPD": "rows_sum_to_one(Y) positive_definite(K)",
    "P is a projection, A is non-singular": "idempotent(P) invertible(A)",
}


@pytest.mark.parametrize("said", WORDS)
def test_words_are_facts(said: str) -> None:
    """As a predicate or as people say it, several at once, with the names in front."""
    assert " ".join(map(str, as_facts(said))) == WORDS[said]


@pytest.mark.parametrize(
    "said",
    ["", "symmetric", "K", "K is", "K quick", "symmetric(K) S", "symmetric(K", "K, S", "(K)"],
)
def test_what_is_no_fact_is_refused(said: str) -> None:
    """Nothing is passed over in silence; the error shows how a fact is written."""
    with pytest.raises(mc.ParseError, match="a fact is written as in"):
        as_facts(said)


def test_columns_of_labels_are_refused() -> None:
    """One-hot is a fact about rows; said of columns it would be wrong, not unread."""
    with pytest.raises(mc.DomainError, match="of rows"):
        as_facts("columns of Y are one-hot")


def test_long_words_are_read_in_linear_time() -> None:
    """No pattern goes back and forth over them."""
    for said in ("one_" * 5000, "K " * 5000, "K, " * 5000 + "is", "symmetric(" * 3000):
        with pytest.raises(mc.MatcalcError):
            as_facts(said)


def test_predicates_of_sympy() -> None:
    """One, a conjunction, and those that hold of every symbol here."""
    M = sp.MatrixSymbol("K", d, d)
    both = as_facts(sp.Q.symmetric(M) & sp.Q.invertible(M))
    assert sorted(map(str, both)) == ["invertible(K)", "symmetric(K)"]
    assert as_facts([sp.Q.real_elements(M), sp.Q.unitary(M)]) == [Q.orthogonal(K)]
    for said in (sp.Q.symmetric(M) | sp.Q.invertible(M), ~sp.Q.symmetric(M), sp.Q.normal(M)):
        with pytest.raises(mc.MatcalcError):
            as_facts(said)


def test_a_predicate_that_is_none() -> None:
    """The error has the near ones, and is what Python expects of a missing attribute."""
    with pytest.raises(mc.MatcalcError, match="did you mean symmetric"):
        Q.symetric
    assert not hasattr(Q, "quick")
    with pytest.raises(mc.MatcalcError, match="stated of a symbol, not of X'"):
        Q.symmetric(X.T * X)
    assert as_facts(Q.symmetric(K, S)) == [Q.symmetric(K), Q.symmetric(S)]


VERBS = {
    "gradient": lambda f, facts: mc.gradient(f, w, assume=facts),
    "jacobian": lambda f, facts: mc.jacobian(f, w, assume=facts),
    "hessian": lambda f, facts: mc.hessian(f, w, assume=facts),
    "derive": lambda f, facts: mc.derive(f, w, assume=facts),
    "check": lambda f, facts: mc.check(f, w, assume=facts),
    "simplify": lambda f, facts: mc.simplify(f, assume=facts),
    "differential": lambda f, facts: mc.differential(f, assume=facts),
    "compile": lambda f, facts: mc.compile(f, assume=facts),
    "parse": lambda f, facts: mc.parse("w'*K*w", assume=facts),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_fact_about_an_unknown_name_is_refused(verb: str) -> None:
    """A misspelt name is not ignored; the error has the one that was meant."""
    with pytest.raises(mc.UnknownNameError, match=r"symmetric\(K_\): there is no K_ here"):
        VERBS[verb](w.T * K * w, "symmetric(K_)")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_refuses_what_cannot_be(verb: str) -> None:
    """Facts that exclude each other."""
    with pytest.raises(mc.DomainError, match="rows sum to one excludes rows sum to zero"):
        VERBS[verb](w.T * K * w, "rows_sum_to_one(K), rows_sum_to_zero(K)")


def test_a_declared_symbol_need_not_occur() -> None:
    """Facts of a whole chapter may be given to each of its formulas, but not with another shape."""
    assert mc.text(mc.gradient(w.T * K * w, w, assume=(Q.symmetric(K), Q.diagonal(S)))) == "2*K*w"
    assert mc.text(mc.gradient(w.T * w, S, assume="symmetric(S)")) == "zeros(d, d)"
    with pytest.raises(mc.NameClashError, match=r"d x d.*3 x 3"):
        mc.gradient(w.T * K * w, w, assume=Q.symmetric(mc.matrix("K", 3, 3)))
    with pytest.raises(mc.ShapeError, match="only a square matrix"):
        mc.gradient(w.T * w, w, assume=Q.symmetric(X))


def test_a_network_declares_all_there_is() -> None:
    """There a symbol that was not declared is an error, as it is in a step, and at once."""
    net = mc.parse("X : n x d; w : d; L = norm2(X*w)^2")
    with pytest.raises(mc.UnknownNameError, match="there is no K here"):
        mc.derive(net, assume=Q.symmetric(K))
    with pytest.raises(mc.UnknownNameError, match="there is no K here"):
        net.assume(Q.symmetric(K))
    with pytest.raises(mc.ShapeError, match="only a square matrix"):
        net.assume("X is symmetric")
    assert net.facts == []


CONTRADICTIONS = [
    "rows_sum_to_one(K), cols_sum_to_zero(K)",
    "invertible(K), rows_sum_to_zero(K)",
    "K is positive definite, columns of K sum to zero",
    "K is orthogonal, rows of K sum to zero",
    "K is one-hot, rows of K sum to zero",
]


@pytest.mark.parametrize("facts", CONTRADICTIONS)
def test_contradictions_are_refused(facts: str) -> None:
    """Also where they follow from what was stated."""
    with pytest.raises(mc.DomainError, match="no matrix has all of"):
        mc.gradient(w.T * K * w, w, assume=facts)


def test_the_rows_of_a_column_are_single_entries() -> None:
    """That they sum to one is never what was meant."""
    with pytest.raises(mc.ShapeError, match=r"cols_sum_to_one\(w\)"):
        mc.gradient(w.T * K * w, w, assume=Q.rows_sum_to_one(w))


IMPLIED = {
    ("symmetric(K), rows of K sum to one", "sum(K*w)"): "ones(d, 1)",
    ("symmetric(K), columns of K sum to zero", "sum(exp(w)) + ones(1, d)*K'*w"): "exp(w)",
    ("K is symmetric and upper triangular", "w'*diag(diag(K))*w"): "2*K*w",
    ("K is lower triangular, upper triangular", "w'*K'*w"): "2*K*w",
}


@pytest.mark.parametrize(("facts", "f"), IMPLIED)
def test_facts_that_follow_from_two(facts: str, f: str) -> None:
    """What both together say is known to the laws, and the points have it."""
    node = mc.parse(f, {"K": ("d", "d"), "w": ("d", 1)}).expression
    assert mc.text(mc.gradient(node, w, assume=facts)) == IMPLIED[facts, f]
    assert mc.check(node, w, assume=facts)


STRUCTURED = {
    "K is diagonal": "K is diagonal: its gradient is by independent entries, I.*G within",
    "K is lower triangular": "independent entries, tril(G) within the lower triangular",
    "upper_triangular(K)": "independent entries, triu(G) within the upper triangular",
    "K is orthogonal": "independent entries, (G - K*G'*K)/2 within the orthogonal",
}


@pytest.mark.parametrize("fact", STRUCTURED)
def test_the_gradient_by_a_structured_matrix_says_what_it_is(fact: str) -> None:
    """Only some entries of a diagonal matrix are free: the line is by all of them, and is said to be
    where that makes a difference."""
    remarks = mc.derive(w.T * K * mc.vector("v", d), K, assume=fact).remarks
    assert len(remarks) == 1
    assert STRUCTURED[fact] in remarks[0]
    if "orthogonal" not in fact:
        assert mc.derive(mc.sum(mc.power(K, 2)), K, assume=fact).remarks == ()
