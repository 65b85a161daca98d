"""Estimation by likelihood: covariances, Gaussian processes, filters, survival, metric learning."""

import matcalc as mc
from tests.textbook.problem import problem

Q = mc.Q
n, d, k, p, m = mc.dims("n d k p m")
N, D, P = mc.read(n), mc.read(d), mc.read(p)
X, Y, M = mc.matrix("X", n, d), mc.matrix("Y", n, p), mc.matrix("M", n, p)
S, Psi, Lam, L = (mc.matrix(s, d, d) for s in ("S", "Psi", "Lam", "L"))
U, V = mc.matrix("U", n, n), mc.matrix("V", p, p)
x, mu, sd, w = (mc.vector(s, d) for s in ("x", "mu", "sd", "w"))
y, v = mc.vector("y", n), mc.vector("v", n)
nu, s, c, lam = (mc.scalar(name) for name in ("nu", "s", "c", "lam"))
tr, inv, logdet, norm2, H, div = mc.tr, mc.inv, mc.logdet, mc.norm2, mc.hadamard, mc.divide
exp, log, sigmoid, PD = mc.exp, mc.log, mc.sigmoid, Q.positive_definite
one, I = mc.ones(n, 1), mc.eye
BISHOP = "Bishop, Pattern Recognition and Machine Learning, "
RASMUSSEN = "Rasmussen and Williams, Gaussian Processes for Machine Learning, "
MUIRHEAD = "Muirhead, Aspects of Multivariate Statistical Theory, "

# -- covariances

problem(
    "wishart-scale",
    MUIRHEAD + "thm. 3.2.1",
    (nu - D - 1) / 2 * logdet(S) - tr(inv(Psi) * S) / 2 - nu / 2 * logdet(Psi),
    Psi,
    inv(Psi) * S * inv(Psi) / 2 - nu / 2 * inv(Psi),
    assume=(PD(S), PD(Psi)),
)
problem(
    "normal-inverse-wishart",
    "Gelman et al., Bayesian Data Analysis, sec. 3.6",
    -(nu + D) / 2 * logdet(S) - tr(Psi * inv(S)) / 2 - c / 2 * (mu - x).T * inv(S) * (mu - x),
    S,
    (inv(S) * (Psi + c * (mu - x) * (mu - x).T) * inv(S) - (nu + D) * inv(S)) / 2,
    assume=(PD(S), PD(Psi)),
)
problem(
    "cholesky-factor",
    "Murphy, Probabilistic Machine Learning: An Introduction, sec. 3.2",
    logdet(L * L.T) / 2 + (x - mu).T * inv(L * L.T) * (x - mu) / 2,
    L,
    inv(L).T - inv(L * L.T) * (x - mu) * (x - mu).T * inv(L).T,
)
problem(
    "diagonal-deviation",
    "Kingma and Welling, Auto-encoding variational Bayes, app. C.2",
    mc.sum(log(sd)) + mc.sum(mc.square(div(x - mu, sd))) / 2,
    sd,
    div(mc.ones(d, 1), sd) - div(mc.square(x - mu), mc.power(sd, 3)),
)
problem(
    "matrix-normal-rows",
    "Gupta and Nagar, Matrix Variate Distributions, thm. 2.2.1",
    -tr(inv(V) * (Y - M).T * inv(U) * (Y - M)) / 2 - P / 2 * logdet(U),
    U,
    (inv(U) * (Y - M) * inv(V) * (Y - M).T * inv(U) - P * inv(U)) / 2,
    assume=(PD(U), PD(V)),
)
problem(
    "matrix-t",
    "Gupta and Nagar, Matrix Variate Distributions, def. 4.2.1",
    (nu + N + P - 1) / 2 * logdet(I(p) + inv(V) * (Y - M).T * inv(U) * (Y - M)),
    Y,
    (nu + N + P - 1) * inv(U) * (Y - M) * inv(V + (Y - M).T * inv(U) * (Y - M)),
    assume=(PD(U), PD(V)),
)
Xc = X - one * mc.colmean(X)
problem(
    "generalised-variance",
    "Anderson, An Introduction to Multivariate Statistical Analysis, sec. 7.5",
    logdet(Xc.T * Xc),
    X,
    2 * mc.matrix("C", n, d) * inv(mc.matrix("C", n, d).T * mc.matrix("C", n, d)),
    where={"C": X - one * mc.colsum(X) / N},
)
problem(
    "generalised-variance-shrunk",
    "Ledoit and Wolf, A well-conditioned estimator for covariance matrices, sec. 2",
    logdet(I(d) + Xc.T * Xc / c) / 2,
    X,
    mc.matrix("C", n, d) * inv(c * I(d) + mc.matrix("C", n, d).T * mc.matrix("C", n, d)),
    where={"C": X - one * mc.colsum(X) / N},
)
problem(
    "stein-loss",
    MUIRHEAD + "sec. 4.3",
    tr(S * inv(Psi)) - logdet(S * inv(Psi)),
    S,
    inv(Psi) - inv(S),
    assume=(PD(S), PD(Psi)),
)
problem(
    "bhattacharyya",
    "Fukunaga, Introduction to Statistical Pattern Recognition, eq. 3.152",
    logdet((S + Psi) / 2) / 2 - logdet(S) / 4,
    S,
    inv(S + Psi) / 2 - inv(S) / 4,
    assume=(PD(S), PD(Psi)),
)
problem(
    "score-matching",
    "Hyvarinen, Estimation of non-normalized statistical models by score matching, sec. 3.1",
    tr(Lam * (X - one * mu.T).T * (X - one * mu.T) * Lam) / 2 - N * tr(Lam),
    Lam,
    (
        Lam * mc.matrix("C", n, d).T * mc.matrix("C", n, d)
        + mc.matrix("C", n, d).T * mc.matrix("C", n, d) * Lam
    )
    / 2
    - N * I(d),
    assume=Q.symmetric(Lam),
    where={"C": X - one * mu.T},
)
W = mc.matrix("W", d, k)
problem(
    "factor-uniqueness",
    "Bartholomew, Knott and Moustaki, Latent Variable Models and Factor Analysis, sec. 3.4",
    logdet(W * W.T + mc.diag(sd)) + tr(inv(W * W.T + mc.diag(sd)) * S),
    sd,
    mc.diag(L.I - L.I * S * L.I),
    assume=Q.symmetric(S),
    where={"L": W * W.T + mc.diag(sd)},
)
O = mc.matrix("O", d, d)
problem(
    "spectral-evidence",
    RASMUSSEN + "sec. 5.4.1, in the eigenvectors of K",
    logdet(O * mc.diag(x) * O.T + s * I(d)) + mu.T * inv(O * mc.diag(x) * O.T + s * I(d)) * mu,
    x,
    div(mc.ones(d, 1), x + s * mc.ones(d, 1)) - mc.square(div(O.T * mu, x + s * mc.ones(d, 1))),
    assume=Q.orthogonal(O),
)

# -- Gaussian processes and filters

K, J, T = mc.matrix("K", n, n), mc.matrix("J", m, n), mc.matrix("T", m, m)
f, g = mc.vector("f", n), mc.vector("g", m)
problem(
    "gp-subset-of-regressors",
    RASMUSSEN + "eq. 8.11",
    norm2(y - J.T * g) ** 2 / (2 * s**2) + g.T * T * g / 2,
    g,
    J * (J.T * g - y) / s**2 + T * g,
    assume=Q.symmetric(T),
)
problem(
    "gp-inducing-trace",
    "Titsias, Variational learning of inducing variables in sparse GPs, eq. 9",
    tr(K - J.T * inv(T) * J) / (2 * s**2),
    J,
    -inv(T) * J / s**2,
    assume=PD(T),
)
problem(
    "gp-inducing-logdet",
    "Titsias, Variational learning of inducing variables in sparse GPs, eq. 9",
    logdet(J.T * inv(T) * J + s**2 * I(n)) / 2,
    J,
    inv(T) * J * inv(J.T * inv(T) * J + s**2 * I(n)),
    assume=PD(T),
)
problem(
    "gp-leave-one-out",
    RASMUSSEN + "eq. 5.12",
    norm2(div(inv(K) * y, mc.diag(inv(K)))) ** 2 / 2,
    y,
    inv(K) * div(inv(K) * y, mc.square(mc.diag(inv(K)))),
    assume=PD(K),
)
problem(
    "gp-laplace",
    RASMUSSEN + "eq. 3.13",
    -mc.sum(log(sigmoid(H(y, f)))) + f.T * inv(K) * f / 2,
    f,
    inv(K) * f - H(y, sigmoid(-H(y, f))),
    assume=PD(K),
)
F, Hm, R, Z = mc.matrix("F", d, d), mc.matrix("H", p, d), mc.matrix("R", p, p), mc.matrix("Z", n, d)
e = mc.vector("e", p)
problem(
    "transition-noise",
    "Shumway and Stoffer, Time Series Analysis and Its Applications, sec. 6.3",
    N / 2 * logdet(S) + tr(inv(S) * (X - Z * F.T).T * (X - Z * F.T)) / 2,
    S,
    N / 2 * inv(S) - inv(S) * (X - Z * F.T).T * (X - Z * F.T) * inv(S) / 2,
    assume=PD(S),
)
problem(
    "transition-matrix",
    "Shumway and Stoffer, Time Series Analysis and Its Applications, sec. 6.3",
    tr(inv(S) * (X - Z * F.T).T * (X - Z * F.T)) / 2,
    F,
    inv(S) * (F * Z.T - X.T) * Z,
    assume=PD(S),
)
problem(
    "state-estimate-hessian",
    "Sarkka, Bayesian Filtering and Smoothing, sec. 10.1",
    (x - mu).T * inv(S) * (x - mu) / 2 + (e - Hm * x).T * inv(R) * (e - Hm * x) / 2,
    x,
    inv(S) + Hm.T * inv(R) * Hm,
    verb="hessian",
    assume=(PD(S), PD(R)),
)

# -- regression

r = X * w - y
B, Sp = mc.matrix("B", d, p), mc.matrix("S", p, p)
problem(
    "cauchy-regression",
    "Hampel et al., Robust Statistics, sec. 6.3",
    mc.sum(log(1 + mc.square((y - X * w) / s))),
    w,
    -2 * X.T * div(y - X * w, s**2 * one + mc.square(y - X * w)),
)
problem(
    "geman-mcclure",
    "Black and Rangarajan, On the unification of line processes, sec. 3",
    mc.sum(div(mc.square(r), c * one + mc.square(r))),
    w,
    2 * c * X.T * div(r, mc.square(c * one + mc.square(r))),
)
problem(
    "log-cosh",
    "Green, Bayesian reconstructions from emission tomography data, sec. 3",
    mc.sum(log(mc.cosh(r))),
    w,
    X.T * mc.tanh(r),
)
problem(
    "total-least-squares",
    "Golub and Van Loan, Matrix Computations, sec. 6.3",
    norm2(r) ** 2 / (1 + norm2(w) ** 2),
    w,
    2 * (X.T * r - norm2(r) ** 2 * w / (1 + norm2(w) ** 2)) / (1 + norm2(w) ** 2),
)
Zi = mc.matrix("Z", n, m)
problem(
    "two-stage-least-squares",
    "Greene, Econometric Analysis, sec. 8.3",
    r.T * Zi * inv(Zi.T * Zi) * Zi.T * r / 2,
    w,
    X.T * Zi * inv(Zi.T * Zi) * Zi.T * r,
)
problem(
    "concentrated-likelihood-of-systems",
    "Zellner, An efficient method of estimating seemingly unrelated regressions, sec. 2",
    N / 2 * logdet((Y - X * B).T * (Y - X * B)),
    B,
    -N * X.T * (Y - X * B) * inv((Y - X * B).T * (Y - X * B)),
)
problem(
    "evidence-precision",
    BISHOP + "eq. 3.86",
    D / 2 * log(lam) - logdet(lam * I(d) + X.T * X) / 2,
    lam,
    (D / lam - tr(inv(lam * I(d) + X.T * X))) / 2,
)
problem(
    "firth-penalty",
    "Firth, Bias reduction of maximum likelihood estimates, sec. 3",
    logdet(X.T * mc.diag(exp(v)) * X) / 2,
    v,
    H(exp(v), mc.diag(X * inv(X.T * mc.diag(exp(v)) * X) * X.T)) / 2,
)
problem(
    "exponential-survival",
    "Lawless, Statistical Models and Methods for Lifetime Data, sec. 6.3",
    mc.sum(H(y, exp(X * w))) - v.T * X * w,
    w,
    X.T * (H(y, exp(X * w)) - v),
)
Yk = mc.matrix("Y", n, k)
problem(
    "group-sparse-tasks",
    "Obozinski, Taskar and Jordan, Joint covariate selection, eq. 2",
    norm2(X * W - Yk) ** 2 / 2 + lam * mc.sum(mc.sqrt(mc.rowsum(mc.square(W)))),
    W,
    X.T * (X * W - Yk) + lam * div(W, mc.sqrt(mc.rowsum(mc.square(W))) * mc.ones(1, k)),
)

# -- metric learning and independent components

problem(
    "information-theoretic-metric",
    "Davis et al., Information-theoretic metric learning, eq. 3.2",
    tr(Psi * inv(S)) - logdet(Psi * inv(S)) + c * (x - mu).T * Psi * (x - mu),
    Psi,
    inv(S) - inv(Psi) + c * (x - mu) * (x - mu).T,
    assume=(PD(S), PD(Psi)),
)
problem(
    "infomax",
    "Bell and Sejnowski, An information-maximization approach to blind separation, eq. 14",
    N * logdet(L) + mc.sum(log(H(sigmoid(X * L.T), 1 - sigmoid(X * L.T)))),
    L,
    N * inv(L).T + (1 - 2 * sigmoid(X * L.T)).T * X,
)
b1, Ah = mc.matrix("b", 1, k), mc.matrix("A", n, k)
rho, share = mc.scalar("rho"), mc.matrix("h", 1, k)
hidden = sigmoid(X * W + one * b1)
row = mc.ones(1, k)
problem(
    "sparse-activations",
    "Ng, Sparse autoencoder, sec. 3",
    mc.sum(rho * log(div(rho * row, mc.colmean(hidden))))
    + mc.sum((1 - rho) * log(div((1 - rho) * row, 1 - mc.colmean(hidden)))),
    W,
    X.T * H(Ah, 1 - Ah) * mc.diag((div((1 - rho) * row, 1 - share) - div(rho * row, share)).T) / N,
    where={"A": hidden, "h": mc.colmean(Ah)},
)
xc, yc = (q - mc.mean(q) * one for q in (v, y))
spread = (xc.T * xc + yc.T * yc) / N + (mc.mean(v) - mc.mean(y)) ** 2
problem(
    "concordance",
    "Lin, A concordance correlation coefficient to evaluate reproducibility, eq. 2",
    2 * (xc.T * yc) / N / spread,
    v,
    2 * (mc.vector("c", n) - mc.scalar("r") * (v - mc.mean(y) * one)) / mc.scalar("D"),
    where={
        "c": yc,
        "D": v.T * xc + y.T * mc.vector("c", n) + (mc.sum(v) - mc.sum(y)) ** 2 / N,
        "r": 2 * v.T * mc.vector("c", n) / mc.scalar("D"),
    },
)
