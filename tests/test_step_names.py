"""Named steps and named parts: used where they fit, never in the way of a name of the user's."""

from __future__ import annotations

import pytest

import matcalc as mc
from matcalc.expr import is_symbol, postorder, substitute, symbol, symbol_name

NETWORKS = {
    "batch norm": """X : n x d; param g : 1 x d; param b : 1 x d; T : n x d
        mu = colmean(X); Xc = X - ones(n, 1)*mu; sd = sqrt(colmean(Xc.^2))
        Xhat = Xc./(ones(n, 1)*sd); Y = Xhat.*(ones(n, 1)*g) + ones(n, 1)*b
        L = norm2(Y - T)^2/2""",
    "Gaussian process": """K : n x n; y : n; param s : scalar; K is symmetric
        C = K + s^2*eye(n); alpha = inv(C)*y; L = y'*alpha/2 + logdet(C)/2""",
    "attention, named as adjoints and parts are": """
        D : n x d; param S : d x k; param P : d x k; param delta : d x k; T : n x k
        S1 = softmax(D*S*(D*P)'); dA = S1*(D*delta); L = norm2(dA - T)^2/2""",
    "variational autoencoder": """
        X : n x d; param We : d x k; param Ws : d x k; param Wd : k x d; E : n x k
        mu = X*We; s = X*Ws; sigma = exp(s/2); Z = mu + sigma.*E; Xhat = sigmoid(Z*Wd)
        R = -sum(X.*log(Xhat) + (1 - X).*log(1 - Xhat)); KL = -sum(1 + s - mu.^2 - exp(s))/2
        L = R + KL""",
    "two softmaxes": """x : d; param W1 : h x d; param W2 : k x h; y : k; y is one-hot
        z1 = W1*x; a1 = softmax(z1); z2 = W2*a1; p = softmax(z2); L = -y'*log(p)""",
    "discriminant": """param w : d; Sb : d x d; Sw : d x d; Sb is symmetric; Sw is spd
        num = w'*Sb*w; den = w'*Sw*w; J = num/den""",
    "Kalman filter": """P : d x d; param H : k x d; R : k x k; z : k; x : d; P is spd; R is spd
        S = H*P*H' + R; K = P*H'*inv(S); e = z - H*x; L = e'*inv(S)*e/2 + logdet(S)/2""",
    "Student's t": """X : n x d; param m : d; param S : d x d; nu : scalar; S is positive definite
        R = X - ones(n, 1)*m'; q = rowsum((R*inv(S)).*R)
        L = (nu + d)/2*sum(log(1 + q/nu)) + n*logdet(S)/2""",
    "factor analysis": """S : d x d; param W : d x k; param p : d; S is symmetric
        C = W*W' + diag(p); L = logdet(C) + tr(inv(C)*S)""",
    "contrastive": """X : n x d; Y : n x d; param W : d x k; tau : scalar
        U = X*W; V = Y*W; S = U*V'/tau; L = -tr(log_softmax(S))/n""",
}


def derivation(name: str):
    """By everything declared with ``param``."""
    return mc.derive(mc.parse(NETWORKS[name]))


@pytest.mark.parametrize("name", NETWORKS)
def test_no_name_has_two_meanings(name: str) -> None:
    """Adjoints and parts get names that nobody has given, and none is a dimension."""
    D = derivation(name)
    nodes = [n for line in D.lines for n in postorder([line.symbol, line.value])]
    here = {n for n in nodes if is_symbol(n)}
    assert len({symbol_name(n) for n in here}) == len(here)
    sizes = {s.name for n in nodes for dim in n.shape for s in dim.free_symbols}
    assert not sizes & {symbol_name(n) for n in here if n.shape}
    assert D.check(trials=2)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_printed_is_read_back(name: str) -> None:
    """Every line, and every gradient written out with the parts that it names."""
    D = derivation(name)
    values = [line.value for line in D.lines] + [D.expand(w) for w in D.gradients]
    for value in values:
        owned = {n for n in postorder(value) if is_symbol(n)}
        plain = substitute(value, {n: symbol(symbol_name(n), n.shape) for n in owned})
        dims = {s.name for n in owned for dim in n.shape for s in dim.free_symbols}
        given = {symbol_name(n): n.shape or None for n in owned}
        again = mc.parse(mc.text(value), {k: s for k, s in given.items() if k not in dims})
        assert again.expression is plain


LINES = {
    "Gaussian process": ("C", "(inv(C) - alpha*alpha')/2"),
    "two softmaxes": ("z2", "p - y"),
    "Student's t": ("R", "2*S1*inv(S)"),
    "discriminant": ("w", "2*(dnum*Sb + dden*Sw)*w"),
    "contrastive": ("S", "(softmax(S) - eye(n))/n"),
}


@pytest.mark.parametrize("name", LINES)
def test_named_steps_are_used(name: str) -> None:
    """A result is written with the names at hand."""
    of, wanted = LINES[name]
    assert mc.text(derivation(name).adjoint(of)) == wanted


def test_names_cancel_where_their_definitions_did_not() -> None:
    """The gain of a Kalman filter is the best one: nothing arrives at it, and Joseph's form is
    left."""
    D = mc.derive(
        mc.parse(
            """P : d x d; H : k x d; R : k x k; P is positive definite; R is positive definite
            S = H*P*H' + R; K = P*H'*inv(S); J = (eye(d) - K*H)*P*(eye(d) - K*H)' + K*R*K'
            L = tr(J)"""
        ),
        ["P"],
    )
    assert mc.text(D.adjoint("K")) == "zeros(d, k)"
    assert mc.text(D.gradient("P")) == "(eye(d) - K*H)'*(eye(d) - K*H)"


def test_what_a_step_shows_is_known_in_the_symmetric_gradient() -> None:
    """The inverse of a symmetric matrix is one, also where it is only a name."""
    net = mc.parse("S : d x d; x : d; S is symmetric; P = inv(S); L = x'*P*x + tr(P*P)")
    found = mc.gradient(net, "S")
    assert "P'" not in mc.text(found)
    assert mc.text(mc.derive(net, ["S"]).gradient("S")) == mc.text(found)
    assert mc.check(net, ["S"])
