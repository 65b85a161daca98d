"""The Matrix Cookbook (Petersen and Pedersen, version of 2012), chapter 2, and section 8 on
Gaussians."""

import matcalc as mc
from tests.textbook.problem import problem

Q = mc.Q
n, m, p, q, k = mc.dims("n m p q k")
A, B, C, X = (mc.matrix(s, n, n) for s in "ABCX")
a, b, c, d, x, s = (mc.vector(name, n) for name in "abcdxs")
R = mc.matrix("R", n, m)  # a tall matrix
U, V = mc.matrix("U", p, n), mc.matrix("V", m, q)
D = mc.matrix("D", n, n)
u, w = mc.vector("u", m), mc.vector("w", m)
MC = "Matrix Cookbook, eq. "
det, tr, inv, logdet = mc.det, mc.tr, mc.inv, mc.logdet

problem("mc-49", MC + "49", det(X), X, det(X) * X.I.T)
problem("mc-51", MC + "51", det(A * X * B), X, det(A * X * B) * X.I.T)
problem("mc-52", MC + "52", det(X.T * A * X), X, 2 * det(X.T * A * X) * X.I.T)
problem(
    "mc-53",
    MC + "53",
    det(R.T * A * R),
    R,
    2 * det(R.T * A * R) * A * R * inv(R.T * A * R),
    assume=Q.symmetric(A),
)
problem(
    "mc-54",
    MC + "54",
    det(R.T * A * R),
    R,
    det(R.T * A * R) * (A * R * inv(R.T * A * R) + A.T * R * inv(R.T * A.T * R)),
)
problem("mc-55", MC + "55", logdet(R.T * R), R, 2 * R * inv(R.T * R))
problem("mc-57", MC + "57", logdet(X), X, X.I.T)
problem("mc-58", MC + "58", det(X**k), X, mc.read(k) * det(X**k) * X.I.T, assume=Q.invertible(X))
problem("mc-61", MC + "61", a.T * X.I * b, X, -X.I.T * a * b.T * X.I.T)
problem("mc-62", MC + "62", det(X.I), X, -det(X.I) * X.I.T)
problem("mc-63", MC + "63", tr(A * X.I * B), X, -(X.I * B * A * X.I).T)
problem("mc-64", MC + "64", tr(inv(X + A)), X, -(inv(X + A) * inv(X + A)).T)
problem("mc-69", MC + "69", x.T * a, x, a)
problem("mc-70", MC + "70", a.T * X * b, X, a * b.T)
problem("mc-71", MC + "71", a.T * X.T * b, X, b * a.T)
problem("mc-72", MC + "72", a.T * X * a, X, a * a.T)
problem("mc-76", MC + "76", mc.sum(R) ** 2, R, 2 * mc.sum(R) * mc.ones(n, m))
problem("mc-77", MC + "77", u.T * R.T * R * w, R, R * (u * w.T + w * u.T))
problem(
    "mc-78",
    MC + "78",
    (B * x + b).T * C * (D * x + d),
    x,
    B.T * C * (D * x + d) + D.T * C.T * (B * x + b),
)
problem("mc-81", MC + "81", x.T * B * x, x, (B + B.T) * x)
problem("mc-82", MC + "82", u.T * R.T * D * R * w, R, D.T * R * u * w.T + D * R * w * u.T)
problem("mc-83", MC + "83", (R * u + c).T * D * (R * u + c), R, (D + D.T) * (R * u + c) * u.T)
W = mc.matrix("W", n, n)
problem(
    "mc-84",
    MC + "84",
    (x - R * u).T * W * (x - R * u),
    u,
    -2 * R.T * W * (x - R * u),
    assume=Q.symmetric(W),
)
problem("mc-85", MC + "85", (x - s).T * W * (x - s), x, 2 * W * (x - s), assume=Q.symmetric(W))
problem("mc-86", MC + "86", (x - s).T * W * (x - s), s, -2 * W * (x - s), assume=Q.symmetric(W))
problem(
    "mc-87",
    MC + "87",
    (x - R * u).T * W * (x - R * u),
    x,
    2 * W * (x - R * u),
    assume=Q.symmetric(W),
)
problem(
    "mc-88",
    MC + "88",
    (x - R * u).T * W * (x - R * u),
    R,
    -2 * W * (x - R * u) * u.T,
    assume=Q.symmetric(W),
)
problem("mc-97", MC + "97", x.T * A * x + b.T * x, x, (A + A.T) * x + b)
problem("mc-98", MC + "98", x.T * A * x + b.T * x, x, A + A.T, verb="hessian")
problem("mc-99", MC + "99", tr(X), X, mc.eye(n))
problem("mc-100", MC + "100", tr(X * A), X, A.T)
problem(
    "mc-101",
    MC + "101",
    tr(mc.matrix("P", q, p) * U * R * V),
    R,
    (mc.matrix("P", q, p) * U).T * V.T,
)
problem("mc-102", MC + "102", tr(A * X.T * B), X, B * A)
problem("mc-104", MC + "104", tr(A * X.T), X, A)
problem(
    "mc-105",
    MC + "105",
    tr(mc.kron(mc.matrix("A", m, m), X)),
    X,
    tr(mc.matrix("A", m, m)) * mc.eye(n),
)
problem("mc-106", MC + "106", tr(X * X), X, 2 * X.T)
problem("mc-107", MC + "107", tr(X * X * B), X, (X * B + B * X).T)
problem("mc-108", MC + "108", tr(R.T * B * R), R, B * R + B.T * R)
problem("mc-109", MC + "109", tr(B * R * R.T), R, B * R + B.T * R)
Bm = mc.matrix("B", m, m)
problem("mc-111", MC + "111", tr(R * Bm * R.T), R, R * Bm.T + R * Bm)
problem("mc-114", MC + "114", tr(A * X * B * X), X, A.T * X.T * B.T + B.T * X.T * A.T)
problem("mc-115", MC + "115", tr(R.T * R), R, 2 * R)
problem("mc-116", MC + "116", tr(V.T * R.T * C * R * V), R, C.T * R * V * V.T + C * R * V * V.T)
problem(
    "mc-117",
    MC + "117",
    tr(R.T * B * R * mc.matrix("C", m, m)),
    R,
    B * R * mc.matrix("C", m, m) + B.T * R * mc.matrix("C", m, m).T,
)
problem("mc-118", MC + "118", tr(A * R * Bm * R.T * C), R, A.T * C.T * R * Bm.T + C * A * R * Bm)
E = mc.matrix("E", p, q)
problem(
    "mc-119",
    MC + "119",
    tr((U * R * V + E) * (U * R * V + E).T),
    R,
    2 * U.T * (U * R * V + E) * V.T,
)
problem("mc-120", MC + "120", tr(mc.kron(X, X)), X, 2 * tr(X) * mc.eye(n))
problem("mc-121", MC + "121", tr(X**3), X, 3 * (X * X).T)
problem("mc-121k", MC + "121", tr(X**k), X, mc.read(k) * (X ** (k - 1)).T)
problem("mc-122", MC + "122 with k = 3", tr(A * X**3), X, (A * X * X + X * A * X + X * X * A).T)
problem(
    "mc-123",
    MC + "123",
    tr(V.T * R.T * C * R * R.T * C * R * V),
    R,
    C * R * R.T * C * R * V * V.T
    + C.T * R * V * V.T * R.T * C.T * R
    + C * R * V * V.T * R.T * C * R
    + C.T * R * R.T * C.T * R * V * V.T,
)
problem(
    "mc-124",
    MC + "124",
    tr(mc.matrix("P", m, n) * X.I * R),
    X,
    -(X.I * R * mc.matrix("P", m, n) * X.I).T,
)
Am = mc.matrix("A", m, m)
problem(
    "mc-125",
    MC + "125",
    tr(inv(R.T * C * R) * Am),
    R,
    -C * R * inv(R.T * C * R) * (Am + Am.T) * inv(R.T * C * R),
    assume=Q.symmetric(C),
)
problem(
    "mc-126",
    MC + "126",
    tr(inv(R.T * C * R) * (R.T * B * R)),
    R,
    -2 * C * R * inv(R.T * C * R) * R.T * B * R * inv(R.T * C * R) + 2 * B * R * inv(R.T * C * R),
    assume=(Q.symmetric(B), Q.symmetric(C)),
)
problem(
    "mc-127",
    MC + "127",
    tr(inv(Am + R.T * C * R) * (R.T * B * R)),
    R,
    -2 * C * R * inv(Am + R.T * C * R) * R.T * B * R * inv(Am + R.T * C * R)
    + 2 * B * R * inv(Am + R.T * C * R),
    assume=(Q.symmetric(Am), Q.symmetric(B), Q.symmetric(C)),
)
problem("mc-129", MC + "129", mc.norm2(x - a), x, (x - a) / mc.norm2(x - a))
problem(
    "mc-130",
    MC + "130",
    (x - a) / mc.norm2(x - a),
    x,
    mc.eye(n) / mc.norm2(x - a) - (x - a) * (x - a).T / mc.norm2(x - a) ** 3,
    verb="jacobian",
)
problem("mc-131", MC + "131", mc.norm2(x) ** 2, x, 2 * x)
problem("mc-132", MC + "132", mc.norm2(R) ** 2, R, 2 * R)
S = mc.matrix("S", n, n)
problem(
    "mc-138",
    MC + "138",
    tr(A * S),
    S,
    A + A.T - mc.hadamard(mc.eye(n), A),
    assume=Q.symmetric(S),
    symmetric_gradient="cookbook",
)
problem(
    "mc-139",
    MC + "139",
    det(S),
    S,
    det(S) * (2 * S.I - mc.hadamard(mc.eye(n), S.I)),
    assume=Q.symmetric(S),
    symmetric_gradient="cookbook",
)
problem(
    "mc-141",
    MC + "141",
    logdet(S),
    S,
    2 * S.I - mc.hadamard(mc.eye(n), S.I),
    assume=Q.symmetric(S),
    symmetric_gradient="cookbook",
)
