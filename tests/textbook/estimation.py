"""Estimators, kernels, graphs and embeddings."""

import matcalc as mc
from tests.textbook.problem import problem

Q = mc.Q
n, d, k, m = mc.dims("n d k m")
X, U, V, Y, W = (
    mc.matrix("X", n, d),
    mc.matrix("U", n, k),
    mc.matrix("V", n, k),
    mc.matrix("Y", n, k),
    mc.matrix("W", d, k),
)
A, B, C, K, L, M, P, S = (mc.matrix(s, n, n) for s in "ABCKLMPS")
R, F, H0, N = (
    mc.matrix("R", n, m),
    mc.matrix("F", n, k),
    mc.matrix("H", k, m),
    mc.matrix("N", m, n),
)
Ad, Bd, G = mc.matrix("A", d, d), mc.matrix("B", d, d), mc.matrix("G", n, m)
a, b, q, t, x, y = (mc.vector(s, n) for s in "abqtxy")
w, v = mc.vector("w", d), mc.vector("v", d)
c, g, lam, nu, s, T = (mc.scalar(name) for name in ("c", "g", "lambda", "nu", "s", "T"))
one = mc.ones(n, 1)
tr, inv, logdet, H, div, diag, eye = (
    mc.tr,
    mc.inv,
    mc.logdet,
    mc.hadamard,
    mc.divide,
    mc.diag,
    mc.eye,
)
norm2, exp, log, sqrt, power, read = mc.norm2, mc.exp, mc.log, mc.sqrt, mc.power, mc.read
sigmoid, softmax, tanh, log_softmax = mc.sigmoid, mc.softmax, mc.tanh, mc.log_softmax
e = y - X * w
E = Y - X * W

# -- regressions

problem(
    "cauchy-loss",
    "Hartley and Zisserman, Multiple View Geometry, app. 6.8",
    mc.sum(log(1 + H(e, e) / c**2)),
    w,
    -2 * X.T * div(e, c**2 * one + power(e, 2)),
)
problem(
    "charbonnier",
    "Barron, A general and adaptive robust loss function, eq. 4",
    mc.sum(sqrt(H(e, e) + c**2 * one)),
    w,
    -X.T * div(e, sqrt(power(e, 2) + c**2 * one)),
)
problem(
    "welsch-loss",
    "Barron, A general and adaptive robust loss function, eq. 6",
    c**2 * mc.sum(1 - exp(-H(e, e) / (2 * c**2))),
    w,
    -X.T * H(e, exp(-power(e, 2) / (2 * c**2))),
)
problem(
    "group-lasso",
    "Yuan and Lin, Model selection with grouped variables, eq. 2.2",
    norm2(e) ** 2 / 2 + lam * norm2(w),
    w,
    -X.T * e + lam * w / norm2(w),
)
problem(
    "profile-likelihood",
    "Davidson and MacKinnon, Econometric Theory and Methods, sec. 10.2",
    read(n) / 2 * log(norm2(e) ** 2),
    w,
    -read(n) * X.T * e / norm2(e) ** 2,
)
problem(
    "concentrated-likelihood",
    "Davidson and MacKinnon, Econometric Theory and Methods, eq. 12.41",
    read(n) / 2 * logdet(E.T * E),
    W,
    -read(n) * X.T * E * inv(E.T * E),
)
problem(
    "generalised-least-squares-covariance",
    "Greene, Econometric Analysis, sec. 9.3",
    logdet(S) / 2 + e.T * inv(S) * e / 2,
    S,
    (inv(S) - inv(S) * e * e.T * inv(S)) / 2,
    assume=Q.positive_definite(S),
)
problem(
    "ridge-degrees-of-freedom",
    "Hastie, Tibshirani and Friedman, eq. 3.50",
    tr(X * inv(X.T * X + s * eye(d)) * X.T),
    s,
    -tr(X * inv(X.T * X + s * eye(d)) ** 2 * X.T),
)
problem(
    "inverse-gaussian",
    "McCullagh and Nelder, Generalized Linear Models, table 2.1",
    mc.sum(div(H(y - x, y - x), H(power(x, 2), y))),
    x,
    -2 * div(y - x, power(x, 3)),
)
problem(
    "conditional-logit-hessian",
    "McFadden, Conditional logit analysis, sec. 2",
    mc.logsumexp(X * w) - a.T * X * w,
    w,
    X.T * (diag(softmax(X * w)) - softmax(X * w) * softmax(X * w).T) * X,
    verb="hessian",
)

# -- likelihoods

MIXTURE = "Bishop, Pattern Recognition and Machine Learning, eq. 9.16"
problem(
    "inverse-wishart",
    "Gelman et al., Bayesian Data Analysis, table A.1",
    (nu + read(n) + 1) / 2 * logdet(S) + tr(P * inv(S)) / 2,
    S,
    ((nu + read(n) + 1) * inv(S) - inv(S) * P * inv(S)) / 2,
    assume=(Q.positive_definite(S), Q.positive_definite(P)),
)
problem(
    "independent-components",
    "MacKay, Information Theory, Inference, and Learning Algorithms, eq. 34.16",
    mc.sum(log(mc.cosh(M * x))) - log(mc.abs(mc.det(M))),
    M,
    tanh(M * x) * x.T - inv(M).T,
)
problem(
    "two-gaussians",
    MIXTURE,
    log(s * exp(-(norm2(x - a) ** 2) / 2) + c * exp(-(norm2(x - b) ** 2) / 2)),
    x,
    (s * exp(-(norm2(x - a) ** 2) / 2) * (a - x) + c * exp(-(norm2(x - b) ** 2) / 2) * (b - x))
    / (s * exp(-(norm2(x - a) ** 2) / 2) + c * exp(-(norm2(x - b) ** 2) / 2)),
)
problem(
    "responsible-mean",
    MIXTURE,
    mc.sum(H(q, mc.rowsum(power(X - one * v.T, 2)))) / 2,
    v,
    -(X - one * v.T).T * q,
)
problem(
    "point-process-kernel",
    "Kulesza and Taskar, Determinantal point processes, eq. 2.13",
    logdet(L) - logdet(eye(n) + L),
    L,
    (inv(L) - inv(eye(n) + L)).T,
)
problem(
    "itakura-saito",
    "Fevotte, Bertin and Durrieu, Nonnegative matrix factorization, eq. 19",
    mc.sum(div(R, U * H0) + log(U * H0)),
    H0,
    U.T * div(U * H0 - R, power(U * H0, 2)),
)
problem(
    "factor-analysis",
    "Bishop, Pattern Recognition and Machine Learning, eq. 12.66",
    logdet(F * F.T + diag(q)) / 2 + tr(inv(F * F.T + diag(q)) * S) / 2,
    F,
    inv(F * F.T + diag(q)) * (F - S * inv(F * F.T + diag(q)) * F),
    assume=Q.symmetric(S),
)
problem(
    "kalman-gain",
    "Anderson and Moore, Optimal Filtering, sec. 3.1",
    tr((eye(n) - G * N) * P * (eye(n) - G * N).T + G * mc.matrix("Z", m, m) * G.T),
    G,
    2 * (G * (N * P * N.T + mc.matrix("Z", m, m)) - P * N.T),
    assume=(Q.symmetric(P), Q.symmetric("Z")),
)

# -- components, quotients, graphs

problem(
    "trace-ratio",
    "Ngo, Bellalij and Saad, The trace ratio optimization problem, sec. 2",
    tr(W.T * Ad * W) / tr(W.T * Bd * W),
    W,
    2 * (Ad * W - tr(W.T * Ad * W) / tr(W.T * Bd * W) * Bd * W) / tr(W.T * Bd * W),
    assume=(Q.symmetric("A"), Q.symmetric("B")),
)
problem(
    "fisher-trace",
    "Fukunaga, Introduction to Statistical Pattern Recognition, eq. 10.15",
    tr(inv(W.T * Ad * W) * (W.T * Bd * W)),
    W,
    2 * (Bd * W - Ad * W * inv(W.T * Ad * W) * W.T * Bd * W) * inv(W.T * Ad * W),
    assume=(Q.symmetric("A"), Q.symmetric("B")),
)
problem(
    "sharpe-ratio",
    "Boyd and Vandenberghe, Convex Optimization, sec. 4.4",
    (a.T * x) / sqrt(x.T * S * x),
    x,
    (a - (a.T * x) / (x.T * S * x) * S * x) / sqrt(x.T * S * x),
    assume=Q.symmetric(S),
)
problem(
    "graph-smoothness",
    "von Luxburg, A tutorial on spectral clustering, prop. 1",
    mc.sum(H(A, power(x * mc.ones(1, n) - one * x.T, 2))) / 2,
    x,
    2 * (diag(mc.rowsum(A)) - A) * x,
    assume=Q.symmetric(A),
)
problem(
    "kernel-alignment",
    "Cristianini et al., On kernel-target alignment, def. 1",
    tr(K * L) / (norm2(K) * norm2(L)),
    K,
    (L / norm2(L) - tr(K * L) * K / (norm2(K) ** 2 * norm2(L))) / norm2(K),
    assume=(Q.symmetric(K), Q.symmetric(L)),
)
problem(
    "log-barrier",
    "Boyd and Vandenberghe, Convex Optimization, sec. 11.2",
    a.T * x - mc.sum(log(b - A * x)),
    x,
    a + A.T * div(one, b - A * x),
)
problem(
    "scaled-determinant",
    "Ma et al., Segmentation of multivariate mixed data, eq. 8",
    logdet(eye(n) + X * X.T / c),
    X,
    2 * inv(c * eye(n) + X * X.T) * X,
)

# -- networks and embeddings

problem(
    "weight-normalisation",
    "Salimans and Kingma, Weight normalization, eq. 3",
    norm2(y - g * X * v / norm2(v)) ** 2 / 2,
    v,
    -g * (eye(d) - v * v.T / norm2(v) ** 2) * X.T * (y - g * X * v / norm2(v)) / norm2(v),
)
problem(
    "attention-bias",
    "Raffel et al., Exploring the limits of transfer learning, sec. 2.1",
    mc.sum(H(V, softmax(A + B) * U)),
    B,
    H(P, V * U.T - mc.rowsum(H(P, V * U.T)) * mc.ones(1, n)),
    where={"P": softmax(A + B)},
)
problem(
    "attention-pooling",
    "Yang et al., Hierarchical attention networks, eq. 7",
    w.T * X.T * softmax(X * v),
    v,
    X.T * (H(softmax(X * v), X * w) - (softmax(X * v).T * X * w) * softmax(X * v)),
)
problem(
    "modern-hopfield",
    "Ramsauer et al., Hopfield networks is all you need, eq. 2",
    norm2(w) ** 2 / 2 - mc.logsumexp(c * X * w) / c,
    w,
    w - X.T * softmax(c * X * w),
)
problem(
    "attention-entropy",
    "Cover and Thomas, Elements of Information Theory, sec. 2.1",
    mc.sum(H(softmax(A), log(softmax(A)))),
    A,
    H(
        softmax(A),
        log_softmax(A) - mc.rowsum(H(softmax(A), log_softmax(A))) * mc.ones(1, n),
    ),
)
problem(
    "pairwise-sigmoid",
    "Zhai et al., Sigmoid loss for language image pre-training, alg. 1",
    mc.sum(mc.softplus(-T * H(B, U * V.T))),
    U,
    -T * H(B, sigmoid(-T * H(B, U * V.T))) * V,
)
problem(
    "skip-gram",
    "Mikolov et al., Distributed representations of words, eq. 4",
    -log(sigmoid(w.T * v)) - mc.sum(log(sigmoid(-X * w))),
    w,
    X.T * sigmoid(X * w) - sigmoid(-w.T * v) * v,
)
problem(
    "policy-entropy",
    "Sutton and Barto, Reinforcement Learning, sec. 13.2",
    mc.sum(H(softmax(x), a - c * log_softmax(x))),
    x,
    H(
        softmax(x),
        a - c * log_softmax(x) - (softmax(x).T * (a - c * log_softmax(x))) * one,
    ),
)
problem(
    "dice-loss",
    "Milletari, Navab and Ahmadi, V-Net, sec. 3",
    1 - 2 * (x.T * a) / (mc.sum(x) + mc.sum(a)),
    x,
    2 * ((x.T * a) * one / (mc.sum(x) + mc.sum(a)) - a) / (mc.sum(x) + mc.sum(a)),
)
problem(
    "sinkhorn-dual",
    "Peyre and Cuturi, Computational Optimal Transport, eq. 4.30",
    a.T * x + b.T * t - c * mc.sum(exp((x * mc.ones(1, n) + one * t.T - C) / c)),
    x,
    a - mc.rowsum(exp((x * mc.ones(1, n) + one * t.T - C) / c)),
)
