"""Gaussian and mixture likelihoods, Gaussian processes, factor models, information geometry."""

import matcalc as mc
from tests.textbook.problem import problem

Q = mc.Q
n, d, k, m = mc.dims("n d k m")
N = mc.read(n)
S, P, T = (mc.matrix(s, d, d) for s in "SPT")  # covariance, precision, scatter
x, mu = mc.vector("x", d), mc.vector("mu", d)
X = mc.matrix("X", n, d)
K, y = mc.matrix("K", n, n), mc.vector("y", n)
one = mc.ones(n, 1)
sym = (Q.symmetric(S), Q.symmetric(P), Q.symmetric(T), Q.symmetric(K))
tr, inv, logdet, H = mc.tr, mc.inv, mc.logdet, mc.hadamard
BISHOP = "Bishop, Pattern Recognition and Machine Learning, "
GPML = "Rasmussen and Williams, Gaussian Processes for Machine Learning, "
MN = "Magnus and Neudecker, Matrix Differential Calculus, "
MURPHY = "Murphy, Probabilistic Machine Learning: An Introduction, "
r = x - mu
gauss = -logdet(S) / 2 - r.T * S.I * r / 2

problem("gauss-x", "Matrix Cookbook, sec. 8.1", gauss, x, -S.I * (x - mu), assume=Q.symmetric(S))
problem("gauss-mean", BISHOP + "eq. 2.120", gauss, mu, S.I * (x - mu), assume=Q.symmetric(S))
problem(
    "gauss-cov",
    BISHOP + "exercise 2.34",
    gauss,
    S,
    (S.I * (x - mu) * (x - mu).T * S.I - S.I) / 2,
    assume=Q.symmetric(S),
)
problem(
    "gauss-precision",
    MURPHY + "sec. 4.2.6",
    logdet(P) / 2 - r.T * P * r / 2,
    P,
    (P.I - (x - mu) * (x - mu).T) / 2,
    assume=Q.symmetric(P),
)
problem(
    "gauss-hessian",
    "Matrix Cookbook, sec. 8.1",
    gauss,
    x,
    -S.I,
    verb="hessian",
    assume=Q.symmetric(S),
)
density = mc.exp(-r.T * S.I * r / 2)
problem(
    "density",
    "Matrix Cookbook, eq. 351",
    density,
    x,
    -mc.exp(-r.T * S.I * r / 2) * S.I * (x - mu),
    assume=Q.symmetric(S),
)
problem(
    "density-hessian",
    "Matrix Cookbook, eq. 352",
    density,
    x,
    mc.exp(-r.T * S.I * r / 2) * (S.I * (x - mu) * (x - mu).T * S.I - S.I),
    verb="hessian",
    assume=Q.symmetric(S),
)
scatter = -N * logdet(S) / 2 - tr(S.I * T) / 2
problem(
    "mle-cov",
    "Anderson, Multivariate Statistical Analysis, lemma 3.2.2",
    scatter,
    S,
    (S.I * T * S.I - N * S.I) / 2,
    assume=(Q.symmetric(S), Q.symmetric(T)),
)
problem(
    "mle-precision",
    MURPHY + "eq. 4.36",
    N * logdet(P) / 2 - tr(P * T) / 2,
    P,
    (N * P.I - T) / 2,
    assume=(Q.symmetric(P), Q.symmetric(T)),
)
problem(
    "glasso",
    "Friedman et al., Sparse inverse covariance estimation, eq. 1",
    logdet(P) - tr(T * P) - mc.scalar("rho") * mc.norm1(P),
    P,
    P.I - T - mc.scalar("rho") * mc.sign(P),
    assume=(Q.symmetric(P), Q.symmetric(T)),
)
C = X - one * mu.T
problem(
    "data-mean",
    BISHOP + "eq. 2.120",
    -tr(C * S.I * C.T) / 2,
    mu,
    S.I * mc.colsum(X - one * mu.T).T,
    assume=Q.symmetric(S),
)
problem(
    "data-cov",
    BISHOP + "eq. 2.118",
    -N * logdet(S) / 2 - tr(C * S.I * C.T) / 2,
    S,
    (S.I * C.T * C * S.I - N * S.I) / 2,
    assume=Q.symmetric(S),
)
M = mc.matrix("M", d, d)
problem("mahalanobis", "Kulis, Metric Learning, eq. 2.2", r.T * M * r, M, (x - mu) * (x - mu).T)
problem(
    "logdet-divergence",
    "Davis et al., Information-theoretic metric learning, eq. 3.1",
    tr(M * S.I) - logdet(M * S.I),
    M,
    S.I - M.I,
    assume=(Q.symmetric(M), Q.symmetric(S)),
)
problem(
    "kl-gauss",
    MURPHY + "eq. 6.32",
    (tr(S.I * P) + r.T * S.I * r - logdet(P)) / 2,
    P,
    (S.I - P.I) / 2,
    assume=(Q.symmetric(S), Q.symmetric(P)),
)
problem(
    "kl-gauss-cov",
    MURPHY + "eq. 6.32",
    (tr(S.I * P) + r.T * S.I * r + logdet(S)) / 2,
    S,
    (S.I - S.I * (P + (x - mu) * (x - mu).T) * S.I) / 2,
    assume=(Q.symmetric(S), Q.symmetric(P)),
)
ml, ls = mc.vector("m", k), mc.vector("l", k)
problem(
    "vae-kl-mean",
    "Kingma and Welling, Auto-encoding variational Bayes, app. B",
    mc.sum(mc.exp(ls) + mc.square(ml) - ls) / 2,
    ml,
    ml,
)
problem(
    "vae-kl-logvar",
    "Kingma and Welling, Auto-encoding variational Bayes, app. B",
    mc.sum(mc.exp(ls) + mc.square(ml) - ls) / 2,
    ls,
    (mc.exp(ls) - mc.ones(k, 1)) / 2,
)
evidence = -y.T * K.I * y / 2 - logdet(K) / 2
al = mc.vector("alpha", n)
problem(
    "gp-K", GPML + "eq. 5.9", evidence, K, (K.I * y * y.T * K.I - K.I) / 2, assume=Q.symmetric(K)
)
net = mc.Network("gp")
nK, ny = net.input("K", n, n), net.input("y", n, 1)
nal = net.let("alpha", nK.I * ny)
net.assume(Q.symmetric(nK))
net.minimize(ny.T * nal / 2 + logdet(nK) / 2)
problem("gp-alpha", GPML + "eq. 5.9", net, "K", (nK.I - nal * nal.T) / 2)
problem("gp-y", GPML + "eq. 5.8", evidence, y, -K.I * y, assume=Q.symmetric(K))
sg, sf, B = mc.scalar("sigma"), mc.scalar("s"), mc.matrix("B", n, n)
noisy = sf * B + sg * mc.eye(n)
problem(
    "gp-noise",
    GPML + "eq. 5.9",
    -y.T * inv(noisy) * y / 2 - logdet(noisy) / 2,
    sg,
    (y.T * inv(noisy) * inv(noisy) * y - tr(inv(noisy))) / 2,
    assume=Q.symmetric(B),
)
problem(
    "gp-scale",
    GPML + "eq. 5.9",
    -y.T * inv(noisy) * y / 2 - logdet(noisy) / 2,
    sf,
    (y.T * inv(noisy) * B * inv(noisy) * y - tr(inv(noisy) * B)) / 2,
    assume=Q.symmetric(B),
)
problem(
    "gp-mean",
    GPML + "eq. 2.23",
    mc.vector("k", n).T * inv(K + sg * mc.eye(n)) * y,
    mc.vector("k", n),
    inv(K + sg * mc.eye(n)) * y,
)
pi_ = mc.vector("pi", k)
lk = mc.vector("q", k)
problem("mixture-weights", BISHOP + "eq. 9.21", mc.log(pi_.T * lk), pi_, lk / (pi_.T * lk))
resp = mc.matrix("L", n, k)
problem(
    "mixture-responsibilities",
    BISHOP + "eq. 9.23",
    mc.sum(mc.logsumexp(resp)),
    resp,
    mc.softmax(resp),
)
problem(
    "mixture-log-weights",
    BISHOP + "eq. 9.22",
    mc.sum(mc.logsumexp(resp + one * lk.T)),
    lk,
    mc.colsum(mc.softmax(resp + one * lk.T)).T,
)
F, psi = mc.matrix("F", d, k), mc.matrix("Psi", d, d)
cov = F * F.T + psi
problem(
    "factor-loading",
    BISHOP + "sec. 12.2.4",
    logdet(cov) / 2 + tr(inv(cov) * T) / 2,
    F,
    inv(cov) * (mc.eye(d) - T * inv(cov)) * F,
    assume=(Q.symmetric(psi), Q.symmetric(T)),
)
problem(
    "factor-noise",
    BISHOP + "sec. 12.2.4",
    logdet(cov) / 2 + tr(inv(cov) * T) / 2,
    psi,
    (inv(cov) - inv(cov) * T * inv(cov)) / 2,
    assume=(Q.symmetric(psi), Q.symmetric(T)),
)
s2 = mc.scalar("s2")
ppca = F * F.T + s2 * mc.eye(d)
problem(
    "ppca-variance",
    BISHOP + "eq. 12.43",
    logdet(ppca) + tr(inv(ppca) * T),
    s2,
    tr(inv(ppca)) - tr(inv(ppca) * T * inv(ppca)),
    assume=Q.symmetric(T),
)
w, pr = mc.vector("w", d), mc.matrix("L", d, d)
problem(
    "bayes-posterior",
    BISHOP + "eq. 3.49",
    mc.scalar("beta") * (mc.vector("t", n) - X * w).T * (mc.vector("t", n) - X * w) / 2
    + mc.scalar("a") * w.T * w / 2,
    w,
    mc.scalar("a") * w - mc.scalar("beta") * X.T * (mc.vector("t", n) - X * w),
)
problem(
    "student",
    MURPHY + "sec. 2.7.1",
    mc.sum(mc.log(mc.ones(n, 1) + mc.square(X * w - y))),
    w,
    2 * X.T * mc.divide(X * w - y, mc.ones(n, 1) + mc.square(X * w - y)),
)
problem(
    "logdet-shift",
    MN + "sec. 8.4",
    logdet(mc.eye(d) + X.T * X),
    X,
    2 * X * inv(mc.eye(d) + X.T * X),
)
problem(
    "logdet-other",
    MN + "sec. 8.4",
    logdet(mc.eye(n) + X * X.T),
    X,
    2 * inv(mc.eye(n) + X * X.T) * X,
)
problem(
    "logdet-prod",
    MN + "sec. 9.10",
    logdet(X.T * K * X),
    X,
    2 * K * X * inv(X.T * K * X),
    assume=Q.symmetric(K),
)
problem(
    "design-d",
    "Boyd and Vandenberghe, Convex Optimization, sec. 7.5",
    logdet(X.T * mc.diag(y) * X),
    y,
    mc.diag(X * inv(X.T * mc.diag(y) * X) * X.T),
)
problem(
    "design-a",
    "Boyd and Vandenberghe, Convex Optimization, sec. 7.5",
    tr(inv(X.T * X)),
    X,
    -2 * X * inv(X.T * X) * inv(X.T * X),
)
problem(
    "coding-rate",
    "Yu et al., Maximal coding rate reduction, eq. 2",
    logdet(mc.eye(d) + mc.scalar("a") * X.T * X) / 2,
    X,
    mc.scalar("a") * X * inv(mc.eye(d) + mc.scalar("a") * X.T * X),
)
problem("inverse-jacobian", MN + "sec. 9.13", S.I, S, -mc.kron(S.I, S.I.T), verb="jacobian")
problem(
    "logdet-hessian",
    MN + "sec. 10.6",
    logdet(S),
    S,
    -mc.commutation(d, d) * mc.kron(S.I.T, S.I),
    verb="hessian",
)
