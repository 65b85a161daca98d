"""Correlations, robust losses, survival, filtering, gates, preferences and flows."""

import sympy as sp

import matcalc as mc
from tests.textbook.problem import problem

Q = mc.Q
n, d, k = mc.dims("n d k")
N, D = mc.read(n), mc.read(d)
X, U, Y = mc.matrix("X", n, d), mc.matrix("U", n, k), mc.matrix("Y", n, k)
A, B, S, K, P = (mc.matrix(s, n, n) for s in "ABSKP")
M = mc.matrix("M", d, d)
x, y, a, b, mu, z = (mc.vector(s, n) for s in ("x", "y", "a", "b", "mu", "z"))
w, v, t = (mc.vector(s, d) for s in "wvt")
c, s, lam, tau, T = (mc.scalar(name) for name in ("c", "s", "lam", "tau", "T"))
one = mc.ones(n, 1)
tr, inv, logdet, H, div, norm2 = mc.tr, mc.inv, mc.logdet, mc.hadamard, mc.divide, mc.norm2
exp, log, sigmoid, softmax, diag = mc.exp, mc.log, mc.sigmoid, mc.softmax, mc.diag
power, tanh, total = mc.power, mc.tanh, mc.sum

# -- centred columns: xc and ac are what a lecturer writes once and goes on with

xc, ac = mc.vector("xc", n), mc.vector("ac", n)
centred = {"xc": x - mc.mean(x) * one, "ac": a - mc.mean(a) * one}
x0, a0 = centred["xc"], centred["ac"]
ANDERSON = "Anderson, Multivariate Statistical Analysis, "
problem(
    "centred-cosine",
    ANDERSON + "sec. 4.2",
    a.T * x0 / norm2(x0),
    x,
    (ac - (a.T * xc) * xc / norm2(xc) ** 2) / norm2(xc),
    where=centred,
)
problem(
    "correlation",
    ANDERSON + "sec. 4.2",
    a0.T * x0 / (norm2(x0) * norm2(a0)),
    x,
    (ac / norm2(ac) - (ac.T * xc) * xc / (norm2(ac) * norm2(xc) ** 2)) / norm2(xc),
    where=centred,
)
problem(
    "layer-norm-vector",
    "Ba, Kiros and Hinton, Layer normalization, eq. 3",
    a.T * x0 / mc.sqrt(norm2(x0) ** 2 / N + c),
    x,
    (ac - (a.T * xc) * xc / (norm2(xc) ** 2 + N * c)) / mc.sqrt(norm2(xc) ** 2 / N + c),
    where=centred,
)
problem(
    "explained-variance",
    "Greene, Econometric Analysis, sec. 3.5",
    1 - norm2(y - x) ** 2 / norm2(y - mc.mean(y) * one) ** 2,
    x,
    2 * (y - x) / norm2(y - mc.mean(y) * one) ** 2,
)

# -- robust losses and likelihoods

residual = y - X * w
problem(
    "cauchy-location",
    "Lehmann and Casella, Theory of Point Estimation, ch. 6",
    total(log(1 + power(x - c * one, 2))),
    c,
    -2 * total(div(x - c * one, 1 + power(x - c * one, 2))),
)
problem(
    "cauchy-hessian",
    "Lehmann and Casella, Theory of Point Estimation, ch. 6",
    total(log(1 + power(residual, 2))),
    w,
    2 * X.T * diag(div(1 - power(residual, 2), power(1 + power(residual, 2), 2))) * X,
    verb="hessian",
)
problem(
    "biweight",
    "Huber, Robust Statistics, sec. 4.8",
    total(1 - power(1 - power(x, 2) / c**2, 3)),
    x,
    6 * H(x, power(1 - power(x, 2) / c**2, 2)) / c**2,
)
problem(
    "quantile",
    "Koenker, Quantile Regression, sec. 1.3",
    total(mc.max(tau * residual, (tau - 1) * residual)),
    w,
    X.T * (mc.step(X * w - y) - tau * one),
)
problem(
    "weibull-scale",
    "Lawless, Statistical Models and Methods for Lifetime Data, sec. 5.2",
    total(power(x / s, c)) + N * c * log(s),
    s,
    c * (N - total(power(x / s, c))) / s,
)
problem(
    "partial-likelihood",
    "Cox, Regression models and life-tables, sec. 3",
    log(total(exp(X * w))) - t.T * w,
    w,
    X.T * softmax(X * w) - t,
)
problem(
    "mean-direction",
    "Mardia and Jupp, Directional Statistics, sec. 9.3",
    c * w.T * v / norm2(w),
    w,
    c * (v - (w.T * v) * w / norm2(w) ** 2) / norm2(w),
)
problem(
    "matrix-normal",
    "Gupta and Nagar, Matrix Variate Distributions, def. 2.2.1",
    tr(inv(K) * X * inv(M) * X.T) / 2 + D * logdet(K) / 2,
    K,
    (D * inv(K) - inv(K) * X * inv(M) * X.T * inv(K)) / 2,
    assume=(Q.positive_definite(K), Q.positive_definite(M)),
)
problem(
    "multivariate-t",
    "Kotz and Nadarajah, Multivariate t-Distributions and Their Applications, eq. 1.1",
    logdet(S) / 2 + (c + N) / 2 * log(1 + x.T * inv(S) * x / c),
    S,
    (inv(S) - (c + N) * inv(S) * x * x.T * inv(S) / (c + x.T * inv(S) * x)) / 2,
    assume=Q.positive_definite(S),
)
problem(
    "experts",
    "Jacobs, Jordan, Nowlan and Hinton, Adaptive mixtures of local experts, eq. 1.3",
    log(softmax(z).T * a),
    z,
    H(softmax(z), a) / (softmax(z).T * a) - softmax(z),
)
problem(
    "mean-field",
    "Wainwright and Jordan, Graphical models, exponential families, sec. 5.3",
    total(H((1 + x) / 2, log((1 + x) / 2)) + H((1 - x) / 2, log((1 - x) / 2))) - x.T * A * x / 2,
    x,
    (log(1 + x) - log(1 - x)) / 2 - A * x,
    assume=Q.symmetric(A),
)

# -- kernels, filters, control

problem(
    "noise-by-input",
    "Goldberg, Williams and Bishop, Regression with input-dependent noise, sec. 2",
    y.T * inv(K + diag(x)) * y + logdet(K + diag(x)),
    x,
    mc.diag(inv(K + diag(x))) - power(inv(K + diag(x)) * y, 2),
    assume=Q.positive_definite(K),
)
problem(
    "kernel-logistic",
    "Zhu and Hastie, Kernel logistic regression and the import vector machine, sec. 2",
    total(log(1 + exp(-H(y, K * a)))) + lam * a.T * K * a / 2,
    a,
    K * (lam * a - H(y, sigmoid(-H(y, K * a)))),
    assume=Q.symmetric(K),
)
problem(
    "joseph-form",
    "Simon, Optimal State Estimation, sec. 3.3",
    tr((mc.eye(n) - A * B) * P * (mc.eye(n) - A * B).T + A * S * A.T),
    A,
    2 * (A * S - (mc.eye(n) - A * B) * P * B.T),
    assume=(Q.symmetric(P), Q.symmetric(S)),
)
problem(
    "linear-quadratic",
    "Bertsekas, Dynamic Programming and Optimal Control, sec. 4.1",
    (A * x + B * y).T * P * (A * x + B * y) + y.T * S * y,
    y,
    2 * (B.T * P * (A * x + B * y) + S * y),
    assume=(Q.symmetric(P), Q.symmetric(S)),
)
V = A * P * A.T + S
problem(
    "innovations",
    "Harvey, Forecasting, Structural Time Series Models and the Kalman Filter, sec. 3.4",
    y.T * inv(V) * y + logdet(V),
    P,
    A.T * (inv(V) - inv(V) * y * y.T * inv(V)) * A,
    assume=(Q.positive_definite(P), Q.positive_definite(S)),
)
problem(
    "brockett",
    "Absil, Mahony and Sepulchre, Optimization Algorithms on Matrix Manifolds, sec. 4.8",
    tr(X.T * A * X * M),
    X,
    2 * A * X * M,
    assume=(Q.symmetric(A), Q.symmetric(M)),
)

# -- activations, gates and normalised directions

typed = mc.parse("sum(a.*x.*sigmoid(1.702*x))", {"x": ("n", 1), "a": ("n", 1)}).expression
rational = mc.read(sp.Rational("1.702"))
problem(
    "sigmoid-gelu",
    "Hendrycks and Gimpel, Gaussian error linear units, sec. 2",
    typed,
    x,
    H(a, sigmoid(rational * x), 1 + rational * H(x, 1 - sigmoid(rational * x))),
)
problem(
    "gelu-hessian",
    "Hendrycks and Gimpel, Gaussian error linear units, sec. 2",
    total(mc.gelu(x)),
    x,
    diag(H(2 - power(x, 2), exp(-power(x, 2) / 2))) / mc.sqrt(2 * mc.read(sp.pi)),
    verb="hessian",
)
inner = mc.sqrt(mc.read(2) / sp.pi) * (x + mc.read(sp.Rational("0.044715")) * power(x, 3))
slope = 1 + mc.read(sp.Rational("0.134145")) * power(x, 2)
curved = 1 + mc.read(sp.Rational("0.26829")) * power(x, 2)
front = mc.sqrt(mc.read(2) / sp.pi)
bent = front * H(x, tanh(inner), power(slope, 2))
problem(
    "tanh-gelu-hessian",
    "Hendrycks and Gimpel, Gaussian error linear units, sec. 2",
    total(mc.gelu_tanh(x)),
    x,
    front * diag(H(1 - power(tanh(inner), 2), curved - bent)),
    verb="hessian",
)
problem(
    "silu-hessian",
    "Elfwing, Uchibe and Doya, Sigmoid-weighted linear units, sec. 2",
    total(mc.silu(x)),
    x,
    diag(H(sigmoid(x), 1 - sigmoid(x), 2 + H(x, 1 - 2 * sigmoid(x)))),
    verb="hessian",
)
problem(
    "one-neuron",
    "MacKay, Information Theory, Inference, and Learning Algorithms, sec. 39.1",
    1 / (1 + exp(-(w.T * v + c))),
    w,
    sigmoid(w.T * v + c) * (1 - sigmoid(w.T * v + c)) * v,
)
problem(
    "highway",
    "Srivastava, Greff and Schmidhuber, Highway networks, eq. 3",
    total(H(a, H(sigmoid(x), b) + H(1 - sigmoid(x), z))),
    x,
    H(a, b - z, sigmoid(x), 1 - sigmoid(x)),
)
problem(
    "mish",
    "Misra, Mish: a self regularized non-monotonic activation function, sec. 3",
    total(H(a, x, tanh(mc.softplus(x)))),
    x,
    H(a, tanh(mc.softplus(x)) + H(x, 1 - power(tanh(mc.softplus(x)), 2), sigmoid(x))),
)
problem(
    "direction-and-size",
    "Liu et al., DoRA: weight-decomposed low-rank adaptation, eq. 6",
    a.T * X * (c * v / norm2(v)),
    v,
    c * (X.T * a - (a.T * X * v) * v / norm2(v) ** 2) / norm2(v),
)

# -- losses of networks

smooth = (1 - c) * U + c * mc.ones(n, k) / mc.read(k)
problem(
    "label-smoothing",
    "Szegedy et al., Rethinking the Inception architecture, sec. 7",
    mc.cross_entropy(softmax(Y), smooth, mean=False),
    Y,
    softmax(Y) - smooth,
    assume=Q.rows_sum_to_one(U),
)
problem(
    "log-partition",
    "Chowdhery et al., PaLM: scaling language modeling with pathways, sec. 5",
    total(power(mc.logsumexp(Y), 2)),
    Y,
    2 * diag(mc.logsumexp(Y)) * softmax(Y),
)
problem(
    "preference",
    "Rafailov et al., Direct preference optimization, eq. 7",
    -mc.logsigmoid(c * (x.T * a - x.T * b - s)),
    x,
    c * sigmoid(c * (s - x.T * a + x.T * b)) * (b - a),
)
problem(
    "siamese-cosine",
    "Chen and He, Exploring simple Siamese representation learning, eq. 1",
    -(x.T * a) / (norm2(x) * norm2(a)),
    x,
    ((x.T * a) * x / norm2(x) ** 2 - a) / (norm2(x) * norm2(a)),
)
problem(
    "free-energy",
    "Hinton, A practical guide to training restricted Boltzmann machines, sec. 16.1",
    -a.T * x - total(log(1 + exp(b + A * x))),
    x,
    -a - A.T * sigmoid(b + A * x),
)
activation = tanh(w.T * t + c)
problem(
    "planar-flow",
    "Rezende and Mohamed, Variational inference with normalizing flows, eq. 12",
    log(1 + (w.T * v) * (1 - activation**2)),
    c,
    -2 * (w.T * v) * activation * (1 - activation**2) / (1 + (w.T * v) * (1 - activation**2)),
)
problem(
    "semi-dual",
    "Peyre and Cuturi, Computational Optimal Transport, sec. 5.3",
    a.T * x - c * b.T * mc.logsumexp((one * x.T - A) / c),
    x,
    a - softmax((one * x.T - A) / c).T * b,
)
