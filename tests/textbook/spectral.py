"""Factorisations, PCA, metric learning, kernels, graphs and quotients."""

import matcalc as mc
from tests.textbook.problem import problem

Q = mc.Q
n, d, k, m = mc.dims("n d k m")
X = mc.matrix("X", n, d)
U, V = mc.matrix("U", n, k), mc.matrix("V", d, k)
M = mc.matrix("M", n, d)
W = mc.matrix("W", d, k)
S, L = mc.matrix("S", d, d), mc.matrix("L", n, n)
w, v, y = mc.vector("w", d), mc.vector("v", n), mc.vector("y", n)
lam, mu = mc.scalar("lam"), mc.scalar("mu")
tr, inv, H, norm2 = mc.tr, mc.inv, mc.hadamard, mc.norm2
BISHOP = "Bishop, Pattern Recognition and Machine Learning, "
GvL = "Golub and Van Loan, Matrix Computations, "

problem(
    "pca-variance",
    BISHOP + "eq. 12.4",
    w.T * S * w + lam * (1 - w.T * w),
    w,
    2 * (S * w - lam * w),
    assume=Q.symmetric(S),
)
problem("pca-trace", BISHOP + "sec. 12.1.1", tr(W.T * S * W), W, 2 * S * W, assume=Q.symmetric(S))
problem("pca-data", BISHOP + "sec. 12.1.1", norm2(X * W) ** 2, W, 2 * X.T * X * W)
problem(
    "pca-lagrangian",
    BISHOP + "sec. 12.1.1",
    tr(W.T * S * W) - tr(mc.matrix("B", k, k) * (W.T * W - mc.eye(k))),
    W,
    2 * (S * W - W * mc.matrix("B", k, k)),
    assume=(Q.symmetric(S), Q.symmetric(mc.matrix("B", k, k))),
)
problem(
    "pca-autoencoder",
    "Baldi and Hornik 1989, eq. 4",
    norm2(X - X * W * W.T) ** 2,
    W,
    -2 * (X.T * (X - X * W * W.T) + (X - X * W * W.T).T * X) * W,
)
problem(
    "rayleigh",
    GvL + "sec. 8.2.3",
    w.T * S * w / (w.T * w),
    w,
    2 * (S * w - w.T * S * w / (w.T * w) * w) / (w.T * w),
    assume=Q.symmetric(S),
)
B = mc.matrix("B", d, d)
problem(
    "fisher",
    BISHOP + "eq. 4.29",
    w.T * B * w / (w.T * S * w),
    w,
    2 * (B * w - w.T * B * w / (w.T * S * w) * S * w) / (w.T * S * w),
    assume=(Q.symmetric(B), Q.symmetric(S)),
)
problem(
    "lda-trace",
    BISHOP + "eq. 4.51",
    tr(inv(W.T * S * W) * (W.T * B * W)),
    W,
    2 * (B * W - S * W * inv(W.T * S * W) * W.T * B * W) * inv(W.T * S * W),
    assume=(Q.symmetric(B), Q.symmetric(S)),
)
problem(
    "mf-U",
    "Koren et al., Matrix factorization techniques, eq. 2",
    norm2(M - U * V.T) ** 2 / 2,
    U,
    (U * V.T - M) * V,
)
problem(
    "mf-V",
    "Koren et al., Matrix factorization techniques, eq. 2",
    norm2(M - U * V.T) ** 2 / 2,
    V,
    (U * V.T - M).T * U,
)
O = mc.matrix("O", n, d)
problem(
    "mf-masked",
    "Candes and Plan, Matrix completion with noise, eq. 3",
    norm2(H(O, M - U * V.T)) ** 2 / 2,
    U,
    H(O, O, U * V.T - M) * V,
)
problem(
    "mf-ridge",
    "Koren et al., Matrix factorization techniques, eq. 2",
    norm2(M - U * V.T) ** 2 / 2 + lam * norm2(U) ** 2 / 2,
    U,
    (U * V.T - M) * V + lam * U,
)
Wn, Hn = mc.matrix("W", n, k), mc.matrix("H", k, d)
problem(
    "nmf",
    "Lee and Seung, Algorithms for NMF, eq. 2",
    norm2(M - Wn * Hn) ** 2 / 2,
    Hn,
    Wn.T * (Wn * Hn - M),
)
problem(
    "nmf-kl",
    "Lee and Seung, Algorithms for NMF, eq. 3",
    mc.sum(Wn * Hn - H(M, mc.log(Wn * Hn))),
    Hn,
    Wn.T * (mc.ones(n, d) - mc.divide(M, Wn * Hn)),
)
problem(
    "symmetric-factor",
    "Tu et al., Procrustes flow, eq. 3",
    norm2(S - W * W.T) ** 2 / 4,
    W,
    (W * W.T - S) * W,
    assume=Q.symmetric(S),
)
problem(
    "orthogonality",
    "Bansal et al., Orthogonality regularizations, eq. 3",
    norm2(W.T * W - mc.eye(k)) ** 2 / 4,
    W,
    W * (W.T * W - mc.eye(k)),
)
problem("gram", "tensorgrad README, ||XX'||^2", norm2(X * X.T) ** 2, X, 4 * X * X.T * X)
problem("procrustes", GvL + "sec. 6.4.1", norm2(X * S - M) ** 2 / 2, S, X.T * (X * S - M))
problem(
    "sylvester",
    GvL + "sec. 7.6.3",
    norm2(L * X + X * S - M) ** 2 / 2,
    X,
    L.T * (L * X + X * S - M) + (L * X + X * S - M) * S.T,
)
problem(
    "bilinear-ls",
    "van Loan, The ubiquitous Kronecker product",
    norm2(U * mc.matrix("C", k, k) * V.T - M) ** 2 / 2,
    mc.matrix("C", k, k),
    U.T * (U * mc.matrix("C", k, k) * V.T - M) * V,
)
A = mc.matrix("A", k, d)
xi, xj = mc.vector("a", d), mc.vector("b", d)
problem(
    "metric-linear",
    "Goldberger et al., Neighbourhood components analysis, eq. 5",
    norm2(A * (xi - xj)) ** 2,
    A,
    2 * A * (xi - xj) * (xi - xj).T,
)
problem(
    "metric-M",
    "Weinberger and Saul, Distance metric learning, eq. 3",
    (xi - xj).T * S * (xi - xj),
    S,
    (xi - xj) * (xi - xj).T,
)
problem(
    "contrastive",
    "Hadsell et al., Dimensionality reduction, eq. 4",
    mc.square(mc.relu(mu - norm2(xi - xj))) / 2,
    xi,
    -mc.relu(mu - norm2(xi - xj)) * (xi - xj) / norm2(xi - xj),
)
problem(
    "triplet",
    "Schroff et al., FaceNet, eq. 3",
    mc.relu(norm2(w - xi) ** 2 - norm2(w - xj) ** 2 + mu),
    w,
    2 * mc.step(norm2(w - xi) ** 2 - norm2(w - xj) ** 2 + mu) * (xj - xi),
)
problem(
    "cosine",
    "Golub and Van Loan, sec. 2.3; used in Nguyen and Bai, Cosine similarity metric learning",
    xi.T * xj / (norm2(xi) * norm2(xj)),
    xi,
    (xj - xi.T * xj / norm2(xi) ** 2 * xi) / (norm2(xi) * norm2(xj)),
)
problem(
    "normalise",
    "Salimans and Kingma, Weight normalization, eq. 3",
    mc.vector("g", d).T * w / norm2(w),
    w,
    (mc.vector("g", d) - mc.vector("g", d).T * w / norm2(w) ** 2 * w) / norm2(w),
)
problem(
    "normalise-jacobian",
    "Absil et al., Optimization Algorithms on Matrix Manifolds, sec. 3.6",
    w / norm2(w),
    w,
    (mc.eye(d) - w * w.T / norm2(w) ** 2) / norm2(w),
    verb="jacobian",
)
problem(
    "laplacian",
    "Belkin and Niyogi, Laplacian eigenmaps, sec. 3",
    tr(X.T * L * X),
    X,
    2 * L * X,
    assume=Q.symmetric(L),
)
problem(
    "graph-smooth",
    "Zhou et al., Learning with local and global consistency",
    norm2(X - M) ** 2 / 2 + lam * tr(X.T * L * X) / 2,
    X,
    X - M + lam * L * X,
    assume=Q.symmetric(L),
)
problem(
    "kernel-ridge",
    "Hastie et al., sec. 5.8",
    norm2(y - L * v) ** 2 / 2 + lam * v.T * L * v / 2,
    v,
    L * (L * v - y + lam * v),
    assume=Q.symmetric(L),
)
problem(
    "svm-dual",
    BISHOP + "eq. 7.10",
    mc.sum(v) - v.T * mc.hadamard(y * y.T, L) * v / 2,
    v,
    mc.ones(n, 1) - mc.hadamard(y, L * mc.hadamard(y, v)),
    assume=Q.symmetric(L),
)
problem(
    "rbf",
    BISHOP + "eq. 6.23",
    mc.exp(-(norm2(xi - xj) ** 2) / (2 * mu)),
    xi,
    -mc.exp(-(norm2(xi - xj) ** 2) / (2 * mu)) * (xi - xj) / mu,
)
problem(
    "alignment",
    "Cristianini et al., On kernel-target alignment",
    y.T * L * y / norm2(L),
    L,
    (y * y.T - y.T * L * y / norm2(L) ** 2 * L) / norm2(L),
)
C = mc.matrix("C", d, m)
problem(
    "hsic",
    "Gretton et al., Measuring statistical dependence",
    tr(L * X * X.T * L * y * y.T),
    X,
    2 * L * y * y.T * L * X,
    assume=Q.symmetric(L),
)
problem(
    "projection",
    "Golub and Pereyra 1973, eq. 4.2",
    y.T * X * inv(X.T * X) * X.T * y,
    y,
    2 * X * inv(X.T * X) * X.T * y,
)
problem(
    "varpro",
    "Golub and Pereyra 1973",
    y.T * (y - X * inv(X.T * X) * X.T * y),
    X,
    -2 * (y - X * inv(X.T * X) * X.T * y) * y.T * X * inv(X.T * X),
)
problem(
    "trace-normalised",
    "Magnus and Neudecker, ch. 9",
    tr(S * B) / tr(S),
    S,
    (B - tr(S * B) / tr(S) * mc.eye(d)) / tr(S),
    assume=Q.symmetric(B),
)
problem(
    "geodesic",
    "Pennec et al., Riemannian framework for tensor computing",
    tr(S.I * B * S.I * B) / 2,
    S,
    -S.I * B * S.I * B * S.I,
    assume=(Q.symmetric(S), Q.symmetric(B)),
)
problem(
    "von-mises",
    "Mardia and Jupp, Directional Statistics, sec. 9.3",
    mu * mc.vector("g", d).T * w / norm2(w),
    w,
    mu * (mc.vector("g", d) - mc.vector("g", d).T * w / norm2(w) ** 2 * w) / norm2(w),
)
problem(
    "covariance-loss",
    "Bardes et al., VICReg, eq. 3",
    norm2(X.T * X / mc.read(n)) ** 2 / 4,
    X,
    X * X.T * X / mc.read(n) ** 2,
)
problem(
    "barlow",
    "Zbontar et al., Barlow twins, eq. 1",
    norm2(X.T * M - mc.eye(d)) ** 2 / 2,
    X,
    M * (X.T * M - mc.eye(d)).T,
)
problem(
    "cca-whiten",
    "Hardoon et al., Canonical correlation analysis",
    tr(W.T * S * W * inv(W.T * B * W)),
    W,
    2 * (S * W - B * W * inv(W.T * B * W) * W.T * S * W) * inv(W.T * B * W),
    assume=(Q.symmetric(B), Q.symmetric(S)),
)
problem(
    "soft-orth",
    "Brock et al., Neural photo editing, eq. 2",
    mc.norm1(W.T * W - mc.eye(k)),
    W,
    2 * W * mc.sign(W.T * W - mc.eye(k)),
)
problem(
    "total-mean",
    "centred variance",
    norm2(X - mc.ones(n, 1) * mc.colmean(X)) ** 2 / 2,
    X,
    X - mc.ones(n, 1) * mc.colmean(X),
)
problem(
    "mean-subtract",
    "centred variance, vectors",
    norm2(w - mc.mean(w) * mc.ones(d, 1)) ** 2 / 2,
    w,
    w - mc.mean(w) * mc.ones(d, 1),
)
