"""Gradients through loops: against differences of looped forward passes, and unrolled."""

from __future__ import annotations

import numpy as np
import pytest

import matcalc as mc
from tests.families import networks as nets

CASES = [
    pytest.param(lambda: nets.recurrent("every"), nets.recurrent_values,
                 lambda v: nets.recurrent_loss(v, "every"), id="a loss at every time"),
    pytest.param(lambda: nets.recurrent("last"), nets.recurrent_values,
                 lambda v: nets.recurrent_loss(v, "last"), id="a loss at the last time"),
    pytest.param(lambda: nets.recurrent("both"), nets.recurrent_values,
                 lambda v: nets.recurrent_loss(v, "both"), id="both losses"),
    pytest.param(nets.deep, nets.deep_values, nets.deep_loss, id="L layers"),
    pytest.param(nets.lstm, nets.lstm_values, nets.lstm_loss, id="LSTM"),
]  # fmt: skip


@pytest.mark.parametrize(("network", "values", "loss"), CASES)
@pytest.mark.parametrize("length", [1, 2, 3, 7])
def test_gradients_are_those_of_the_looped_forward_pass(network, values, loss, length):
    """Value and gradients, by lines and by generated code, agree with differences."""
    rng = np.random.default_rng(length)
    v, D = values(length, rng), mc.derive(network())
    found = D.evaluate(v)
    value, gradients = D.function()(**v)
    assert found.value == pytest.approx(loss(v), rel=1e-12)
    assert value == pytest.approx(loss(v), rel=1e-12)
    for name, gradient in found.gradients.items():
        for at in range(len(gradient)) if isinstance(gradient, list) else [None]:
            wanted = nets.differences(loss, v, name, at)
            line = gradient if at is None else gradient[at]
            code = gradients[name] if at is None else gradients[name][at]
            np.testing.assert_allclose(line, wanted, rtol=1e-5, atol=1e-7)
            np.testing.assert_allclose(code, line, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("network", "values", "loss"), CASES)
@pytest.mark.parametrize("length", [1, 2, 3, 7])
def test_the_recursion_equals_the_unrolled_derivation(network, values, loss, length):
    """The plain network of that length has the same gradients."""
    net = network()
    [end] = (s.name for s in net.extents)
    v = values(length, np.random.default_rng(10 + length))
    plain = net.unroll(**{end: length})
    spread = {
        f"{name}{k + 1}" if isinstance(value, list) else name: part
        for name, value in v.items()
        for k, part in enumerate(value if isinstance(value, list) else [value])
    }
    found, unrolled = mc.derive(net).evaluate(v), mc.derive(plain).evaluate(spread)
    assert found.value == pytest.approx(unrolled.value, rel=1e-12)
    for name, gradient in found.gradients.items():
        if isinstance(gradient, list):
            for k, part in enumerate(gradient):
                np.testing.assert_allclose(part, unrolled.gradients[f"{name}{k + 1}"], atol=1e-12)
        else:
            np.testing.assert_allclose(gradient, unrolled.gradients[name], atol=1e-12)


@pytest.mark.parametrize(("network", "values", "loss"), CASES)
def test_the_check_holds(network, values, loss):
    """D.check() compares the lines with differences at several lengths."""
    assert mc.derive(network()).check()


@pytest.mark.parametrize(("network", "values", "loss"), CASES[:4])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_the_recursion_written_out_is_the_unrolled_gradient(network, values, loss, length):
    """After expansion both are the same expression in the inputs."""
    net = network()
    [end] = (s.name for s in net.extents)
    D, P = mc.derive(net), mc.derive(net.unroll(**{end: length}))
    for name, family in [(n, n in net.families) for n in D.gradients]:
        found = D.expand(name, **{end: length})
        for k, one in enumerate(found if family else [found]):
            assert mc.simplify(one - P.expand(f"{name}{k + 1}" if family else name)) == 0 * one


SHAPES_OF_LOOPS = {
    "a batch of sequences": """
        x[i,t] : k x 1
        y[i] : d x 1
        h0[i] : d x 1
        param W : d x d
        param U : d x k
        for i = 1..N, t = 1..T: h[i,t] = tanh(W*h[i,t-1] + U*x[i,t]), h[i,0] = h0[i]
        minimize isum(norm2(h[i,T] - y[i])^2/2, i, 1, N)/N""",
    "heads": """
        index k = 1..H
        X, Y : n x d
        param Q[k], K[k], V[k] : d x p
        param O[k] : p x d
        S[k] = X*Q[k]*K[k]'*X'/sqrt(p)
        A[k] = softmax(S[k])
        F = isum(A[k]*X*V[k]*O[k], k, 1, H)
        minimize norm2(F - Y)^2/2""",
    "neighbours compared": """
        x[t] : k x 1
        h0 : d x 1
        param W : d x d
        param U : d x k
        for t = 1..T: h[t] = tanh(W*h[t-1] + U*x[t]), h[0] = h0
        minimize isum(norm2(h[t] - h[t-1])^2/2, t, 2, T) + sum(h[1])""",
    "both directions": """
        x[t] : k x 1
        y[t] : m x 1
        h0 : d x 1
        param W, R : d x d
        param U, S : d x k
        param V, P : m x d
        for t = 1..T: h[t] = tanh(W*h[t-1] + U*x[t]), h[0] = h0
        for t = 1..T: g[t] = tanh(R*g[t-1] + S*x[T+1-t]), g[0] = h0
        minimize isum(norm2(V*h[t] + P*g[T+1-t] - y[t])^2/2, t, 1, T)/T""",
    "one loop after another": """
        x[t] : k x 1
        h0 : d x 1
        g0 : m x 1
        param W : d x d
        param U : d x k
        param R : m x m
        param S : m x d
        for t = 1..T: h[t] = tanh(W*h[t-1] + U*x[t]), h[0] = W*h0
        for t = 1..T: g[t] = tanh(R*g[t-1] + S*h[t]), g[0] = g0
        minimize norm2(g[T])^2/2 + sum(W)""",
    "numbers": """
        y[t], a : scalar
        param w, c : scalar
        for t = 0..T: h[t] = tanh(w*h[t-1] + c*y[t]), h[-1] = a
        minimize isum((h[t] - y[t])^2/(t + 1), t, 0, T)""",
    "layers over time": """
        x[t] : d x 1
        h0[l] : d x 1
        param W[l], U[l] : d x d
        for l = 1..L, t = 1..T: h[l,t] = tanh(W[l]*h[l,t-1] + U[l]*x[t]), h[l,0] = h0[l]
        minimize isum(isum(norm2(h[l,t])^2, t, 1, T), l, 1, L)""",
    "attention member by member": """
        index t = 1..T
        index s = 1..T
        x[t] : d x 1
        param Q, K : d x d
        for t = 1..T: q[t] = Q*x[t], k[t] = K*x[t]
        for t = 1..T, s = 1..T: e[t,s] = exp(tanh(q[t]'*k[s]))
        for t = 1..T: n[t] = isum(e[t,s], s, 1, T), o[t] = isum(e[t,s]*x[s], s, 1, T)/n[t]
        minimize isum(norm2(o[t])^2, t, 1, T)""",
    "an upstream": """
        X : n x d
        param W[l] : d x d
        for l = 1..L: A[l] = tanh(A[l-1]*W[l]), A[0] = X
        output A[L]""",
}


@pytest.mark.parametrize("name", SHAPES_OF_LOOPS)
def test_loops_of_every_shape_pass_the_check(name):
    """By parameters and by data, at several lengths."""
    net = mc.parse("\n".join(line.strip() for line in SHAPES_OF_LOOPS[name].split("\n")))
    declared = [f for n, f in net.families.items() if net.roles[n] != "step"]
    D = mc.derive(net, [*net.inputs.values(), *net.params.values(), *declared])
    report = D.check()
    assert report, str(report)


@pytest.mark.parametrize("name", SHAPES_OF_LOOPS)
def test_each_goal_alone_has_the_gradient_it_has_among_all(name):
    """What leads to a goal is found through loops and through their starts."""
    net = mc.parse("\n".join(line.strip() for line in SHAPES_OF_LOOPS[name].split("\n")))
    declared = [f for n, f in net.families.items() if net.roles[n] != "step"]
    goals = [*net.inputs.values(), *net.params.values(), *declared]
    together = mc.derive(net, goals).gradients
    for goal, (said, gradient) in zip(goals, together.items(), strict=True):
        alone = mc.derive(net, goal).gradients
        assert list(alone) == [said]
        assert str(alone[said]) == str(gradient)


def test_a_goal_assumed_symmetric_is_refused():
    """Its gradient has several meanings, which are not told apart in loops."""
    with pytest.raises(mc.NoRuleError, match="assumed symmetric"):
        mc.derive(nets.recurrent(), assume=mc.Q.symmetric("W"))
    assert mc.derive(nets.recurrent(), "U", assume=mc.Q.symmetric("W")).check()
