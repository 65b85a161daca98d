"""Matrix functions and optimisation: projections, Kronecker products, transport, barriers,
portfolios, manifolds."""

import matcalc as mc
from tests.textbook.problem import problem

Q = mc.Q
n, m, d, p, k = mc.dims("n m d p k")
X, A, B, C = (mc.matrix(s, n, n) for s in "XABC")
R, M, Y = mc.matrix("R", n, m), mc.matrix("M", m, m), mc.matrix("Y", n, k)
S, G, O, T = (mc.matrix(s, n, n) for s in "SGOT")
U, V = mc.matrix("U", n, p), mc.matrix("V", k, p)
a, b, c, x, mu = (mc.vector(s, n) for s in ("a", "b", "c", "x", "mu"))
u, v, h = mc.vector("u", m), mc.vector("v", m), mc.vector("h", m)
t, s, lam, gam = (mc.scalar(name) for name in ("t", "s", "lam", "gam"))
tr, inv, det, logdet, norm2 = mc.tr, mc.inv, mc.det, mc.logdet, mc.norm2
H, div, exp, log, kron, I = mc.hadamard, mc.divide, mc.exp, mc.log, mc.kron, mc.eye
one, ones = mc.ones(n, 1), mc.ones(1, m)
MAGNUS = "Magnus and Neudecker, Matrix Differential Calculus, "
BOYD = "Boyd and Vandenberghe, Convex Optimization, "
ABSIL = "Absil, Mahony and Sepulchre, Optimization Algorithms on Matrix Manifolds, "
GvL = "Golub and Van Loan, Matrix Computations, "
HIGHAM = "Higham, Functions of Matrices, "
OT = "Peyre and Cuturi, Computational Optimal Transport, "

# -- inverses, determinants, Kronecker products

problem("inverse-squared", MAGNUS + "sec. 9.9", tr(inv(X) * inv(X)), X, -2 * (inv(X) ** 3).T)
problem(
    "inverse-twice",
    MAGNUS + "sec. 9.9",
    tr(A * inv(X) * B * inv(X)),
    X,
    -(inv(X) * B * inv(X) * A * inv(X) + inv(X) * A * inv(X) * B * inv(X)).T,
)
problem(
    "inverse-gram-bilinear",
    "Matrix Cookbook, sec. 2.2",
    u.T * inv(R.T * R) * v,
    R,
    -R * inv(R.T * R) * (u * v.T + v * u.T) * inv(R.T * R),
)
problem("reciprocal-determinant", MAGNUS + "sec. 8.3", 1 / det(X), X, -inv(X).T / det(X))
problem(
    "volume",
    MAGNUS + "sec. 8.3",
    mc.sqrt(det(R.T * R)),
    R,
    mc.sqrt(det(R.T * R)) * R * inv(R.T * R),
)
problem(
    "kronecker-trace",
    "Matrix Cookbook, eq. 513",
    tr(kron(A, M) * kron(B, mc.matrix("N", m, m))),
    M,
    tr(A * B) * mc.matrix("N", m, m).T,
)
problem(
    "kronecker-determinant",
    "Matrix Cookbook, eq. 516",
    logdet(kron(X, M)),
    X,
    mc.read(m) * inv(X).T,
)
problem(
    "kronecker-quadratic",
    "Matrix Cookbook, eq. 524",
    mc.vec(R).T * kron(M, A) * mc.vec(R),
    R,
    A * R * M.T + A.T * R * M,
)
problem(
    "rotated-resolvent",
    HIGHAM + "thm. 1.13",
    logdet(O * S * O.T + s * I(n)),
    s,
    tr(inv(S + s * I(n))),
    assume=(Q.orthogonal(O), Q.positive_definite(S)),
)
problem(
    "matrix-square-root",
    HIGHAM + "sec. 6.3",
    norm2(X * X - A) ** 2 / 2,
    X,
    X.T * (X * X - A) + (X * X - A) * X.T,
)
problem(
    "lyapunov-residual",
    GvL + "sec. 7.6.3",
    norm2(A * X + X * A.T + C) ** 2 / 2,
    X,
    A.T * (A * X + X * A.T + C) + (A * X + X * A.T + C) * A,
)
problem(
    "off-diagonal",
    GvL + "sec. 8.5.1",
    norm2(H(R.T * R, 1 - I(m))) ** 2 / 4,
    R,
    R * H(R.T * R, 1 - I(m)),
)
problem(
    "subspace-energy",
    GvL + "sec. 2.5.1",
    tr(A * R * inv(R.T * R) * R.T),
    R,
    2 * (I(n) - R * inv(R.T * R) * R.T) * A * R * inv(R.T * R),
    assume=Q.symmetric(A),
)

# -- factorisations and graphs

problem(
    "itakura-saito-factor",
    "Fevotte, Bertin and Durrieu, Nonnegative matrix factorization, eq. 9",
    mc.sum(div(Y, U * V.T) - log(div(Y, U * V.T))),
    U,
    (div(mc.ones(n, k), U * V.T) - div(Y, mc.square(U * V.T))) * V,
)
problem(
    "logistic-pca",
    "Collins, Dasgupta and Schapire, A generalization of principal component analysis, sec. 3",
    mc.sum(mc.softplus(U * V.T) - H(Y, U * V.T)),
    U,
    (mc.sigmoid(U * V.T) - Y) * V,
)
problem(
    "balanced-factors",
    "Tu et al., Low-rank solutions via Procrustes flow, eq. 3.2",
    norm2(U.T * U - V.T * V) ** 2 / 4,
    U,
    U * (U.T * U - V.T * V),
)
problem(
    "laplacian-weights",
    "Kalofolias, How to learn a graph from smooth signals, eq. 2",
    tr(R.T * (mc.diag(mc.rowsum(G)) - G) * R),
    G,
    mc.rowsum(mc.square(R)) * mc.ones(1, n) - R * R.T,
)
problem(
    "stationary-distribution",
    "Langville and Meyer, Google's PageRank and Beyond, sec. 4.5",
    norm2(T.T * x - x) ** 2 / 2,
    x,
    (T - I(n)) * (T.T * x - x),
    assume=Q.rows_sum_to_one(T),
)

# -- transport, barriers, portfolios

cost = mc.matrix("C", n, m)
problem(
    "sinkhorn-potential",
    OT + "eq. 4.30",
    a.T * x + v.T * u - t * mc.sum(exp((x * ones + one * u.T - cost) / t)),
    x,
    a - mc.rowsum(exp((x * ones + one * u.T - cost) / t)),
)
problem(
    "quadratic-transport",
    "Blondel, Seguy and Rolet, Smooth and sparse optimal transport, eq. 8",
    norm2(mc.relu(x * ones + one * u.T - cost)) ** 2 / (2 * t) - x.T * a,
    x,
    mc.rowsum(mc.relu(x * ones + one * u.T - cost)) / t - a,
)
K = mc.matrix("K", m, n)
problem(
    "barrier-hessian",
    BOYD + "eq. 11.2",
    t * c.T * x - mc.sum(log(h - K * x)),
    x,
    K.T * mc.diag(div(mc.ones(m, 1), mc.square(h - K * x))) * K,
    verb="hessian",
)
problem(
    "second-order-cone-hessian",
    BOYD + "sec. 11.6.1",
    -log(s**2 - x.T * x),
    x,
    2 * I(n) / (s**2 - x.T * x) + 4 * x * x.T / (s**2 - x.T * x) ** 2,
    verb="hessian",
)
problem(
    "maximum-entropy-dual",
    BOYD + "sec. 5.7.2",
    mc.logsumexp(K.T * u) - u.T * h,
    u,
    K * mc.softmax(K.T * u) - h,
)
problem(
    "risk-contributions",
    "Maillard, Roncalli and Teiletche, Equally weighted risk contributions, eq. 7",
    norm2(H(x, S * x) - c) ** 2 / 2,
    x,
    H(S * x, H(x, S * x) - c) + S * H(x, H(x, S * x) - c),
    assume=Q.positive_definite(S),
)
problem(
    "diversification-ratio",
    "Choueifaty and Coignard, Toward maximum diversification, eq. 1",
    (c.T * x) / mc.sqrt(x.T * S * x),
    x,
    (c - (c.T * x) / (x.T * S * x) * S * x) / mc.sqrt(x.T * S * x),
    assume=Q.positive_definite(S),
)

# -- manifolds, Jacobians, facts

problem(
    "block-rayleigh",
    ABSIL + "sec. 4.8.1",
    tr(inv(U.T * U) * U.T * G * U),
    U,
    2 * (G * U - U * inv(U.T * U) * U.T * G * U) * inv(U.T * U),
    assume=Q.symmetric(G),
)
problem(
    "householder-jacobian",
    GvL + "sec. 5.1.2",
    c - 2 * x * (x.T * c) / (x.T * x),
    x,
    -2 * ((x.T * c) * I(n) + c * x.T - 2 * (x.T * c) * x * x.T / (x.T * x)) / (x.T * x),
    verb="jacobian",
)
problem(
    "unit-sum-jacobian",
    MAGNUS + "sec. 5.12",
    x / mc.sum(x),
    x,
    I(n) / mc.sum(x) - one * x.T / mc.sum(x) ** 2,
    verb="jacobian",
)
problem(
    "factor-hessian",
    MAGNUS + "sec. 10.6",
    norm2(Y - U * V.T) ** 2 / 2,
    U,
    kron(V.T * V, I(n)),
    verb="hessian",
)
problem(
    "residual-maker",
    "Davidson and MacKinnon, Econometric Theory and Methods, sec. 2.4",
    norm2((I(n) - T) * (R * u - c)) ** 2 / 2,
    u,
    R.T * (I(n) - T) * (R * u - c),
    assume=(Q.symmetric(T), Q.idempotent(T)),
)
