"""Least squares, regularisers, generalised linear models and classifiers."""

import matcalc as mc
from tests.textbook.problem import problem

Q = mc.Q
n, d, k = mc.dims("n d k")
X, y, w = mc.matrix("X", n, d), mc.vector("y", n), mc.vector("w", d)
Y, W = mc.matrix("Y", n, k), mc.matrix("W", d, k)
N = mc.read(n)
lam, eps = mc.scalar("lam"), mc.scalar("eps")
G, L = mc.matrix("G", d, d), mc.matrix("L", n, n)
v = mc.vector("v", n)
b = mc.matrix("b", 1, k)
H = mc.hadamard
s = mc.sigmoid
r = X * w - y
BISHOP, MURPHY, GBC = (
    "Bishop, Pattern Recognition and Machine Learning, ",
    "Murphy, Probabilistic Machine Learning: An Introduction, ",
    "Goodfellow et al., Deep Learning, ",
)
ESL = "Hastie et al., The Elements of Statistical Learning, "

problem("ls", ESL + "eq. 3.4", r.T * r, w, 2 * X.T * (X * w - y))
problem(
    "ls-y", ESL + "eq. 3.3, with y - Xw", (y - X * w).T * (y - X * w), w, -2 * X.T * (y - X * w)
)
problem("ls-hessian", ESL + "eq. 3.4", r.T * r, w, 2 * X.T * X, verb="hessian")
problem("ls-mean", GBC + "eq. 5.12", r.T * r / N, w, 2 * X.T * (X * w - y) / N)
problem(
    "ls-norm",
    "Boyd and Vandenberghe, Introduction to Applied Linear Algebra, C.2",
    mc.norm2(r) ** 2,
    w,
    2 * X.T * r,
)
problem(
    "ls-root",
    "Boyd and Vandenberghe, Convex Optimization, A.4",
    mc.norm2(r),
    w,
    X.T * r / mc.norm2(r),
)
problem("ls-entrywise", MURPHY + "eq. 11.5", mc.sum(mc.square(r)) / 2, w, X.T * (X * w - y))
problem(
    "ridge", BISHOP + "eq. 3.27", r.T * r / 2 + lam * w.T * w / 2, w, X.T * (X * w - y) + lam * w
)
problem(
    "ridge-hessian",
    BISHOP + "eq. 3.28",
    r.T * r / 2 + lam * w.T * w / 2,
    w,
    X.T * X + lam * mc.eye(d),
    verb="hessian",
)
problem(
    "tikhonov",
    ESL + "exercise 3.30",
    r.T * r + lam * mc.norm2(G * w) ** 2,
    w,
    2 * (X.T * (X * w - y) + lam * G.T * G * w),
)
problem("weighted", BISHOP + "exercise 3.3", r.T * L * r / 2, w, X.T * L * r, assume=Q.symmetric(L))
problem("weighted-diag", BISHOP + "exercise 3.3", mc.sum(H(v, mc.square(r))) / 2, w, X.T * H(v, r))
problem(
    "weighted-hessian",
    BISHOP + "exercise 3.3",
    mc.sum(H(v, mc.square(r))) / 2,
    w,
    X.T * mc.diag(v) * X,
    verb="hessian",
)
problem(
    "gls",
    "Greene, Econometric Analysis, sec. 9.3",
    r.T * L.I * r,
    w,
    2 * X.T * L.I * r,
    assume=Q.symmetric(L),
)
problem("lad", ESL + "sec. 10.6", mc.norm1(r), w, X.T * mc.sign(r))
problem(
    "lasso",
    ESL + "sec. 3.4.2",
    r.T * r / 2 + lam * mc.norm1(w),
    w,
    X.T * (X * w - y) + lam * mc.sign(w),
)
problem(
    "smooth-l1",
    "Beck, First-Order Methods, sec. 10.8",
    mc.sum(mc.sqrt(mc.square(w) + eps * mc.ones(d, 1))),
    w,
    mc.divide(w, mc.sqrt(mc.square(w) + eps * mc.ones(d, 1))),
)
problem(
    "huber",
    ESL + "eq. 10.23",
    mc.huber(X * w, y, mc.scalar("delta")),
    w,
    X.T * mc.max(-mc.scalar("delta"), mc.min(mc.scalar("delta"), r)),
)
problem(
    "multi-ls", BISHOP + "eq. 4.15", mc.tr((X * W - Y).T * (X * W - Y)) / 2, W, X.T * (X * W - Y)
)
problem(
    "multi-ls-frobenius", BISHOP + "eq. 4.15", mc.norm2(X * W - Y) ** 2 / 2, W, X.T * (X * W - Y)
)
problem(
    "multi-ridge",
    BISHOP + "sec. 3.1.5",
    mc.tr((X * W - Y).T * (X * W - Y)) + lam * mc.tr(W.T * W),
    W,
    2 * (X.T * (X * W - Y) + lam * W),
)
problem(
    "multi-ls-hessian",
    "Magnus and Neudecker, ch. 10",
    mc.norm2(X * W - Y) ** 2 / 2,
    W,
    mc.kron(mc.eye(k), X.T * X),
    verb="hessian",
)
problem(
    "bias",
    GBC + "sec. 6.5",
    mc.norm2(X * W + mc.ones(n, 1) * b - Y) ** 2 / 2,
    b,
    mc.colsum(X * W + mc.ones(n, 1) * b - Y),
)
p = s(X * w)
one = mc.ones(n, 1)
problem(
    "logistic",
    BISHOP + "eq. 4.91",
    -mc.sum(H(y, mc.log(p)) + H(1 - y, mc.log(1 - p))),
    w,
    X.T * (s(X * w) - y),
)
problem(
    "logistic-mean",
    MURPHY + "eq. 10.21",
    mc.binary_cross_entropy(p, y),
    w,
    X.T * (s(X * w) - y) / N,
)
problem(
    "logistic-hessian",
    BISHOP + "eq. 4.97",
    -mc.sum(H(y, mc.log(p)) + H(1 - y, mc.log(1 - p))),
    w,
    X.T * mc.diag(H(s(X * w), 1 - s(X * w))) * X,
    verb="hessian",
)
problem(
    "logistic-ridge",
    MURPHY + "eq. 10.27",
    mc.binary_cross_entropy(p, y, mean=False) + lam * w.T * w / 2,
    w,
    X.T * (s(X * w) - y) + lam * w,
)
problem(
    "logistic-margin",
    MURPHY + "eq. 10.15",
    mc.sum(mc.log(one + mc.exp(-H(y, X * w)))),
    w,
    -X.T * H(y, s(-H(y, X * w))),
)
problem(
    "logistic-softplus",
    MURPHY + "eq. 10.15",
    mc.sum(mc.softplus(-H(y, X * w))),
    w,
    -X.T * H(y, s(-H(y, X * w))),
)
problem(
    "logistic-raw",
    ESL + "eq. 4.20",
    mc.sum(mc.log(one + mc.exp(X * w)) - H(y, X * w)),
    w,
    X.T * (s(X * w) - y),
)
problem(
    "logistic-multi",
    GBC + "sec. 6.2.2.2",
    mc.binary_cross_entropy(s(X * W), Y, mean=False),
    W,
    X.T * (s(X * W) - Y),
)
problem(
    "logistic-exp",
    MURPHY + "sec. 10.2",
    mc.sum(mc.divide(one, one + mc.exp(-X * w))),
    w,
    X.T * H(s(X * w), 1 - s(X * w)),
)
problem(
    "poisson",
    MURPHY + "sec. 12.2.3",
    mc.sum(mc.exp(X * w) - H(y, X * w)),
    w,
    X.T * (mc.exp(X * w) - y),
)
problem(
    "poisson-hessian",
    MURPHY + "sec. 12.2.3",
    mc.sum(mc.exp(X * w) - H(y, X * w)),
    w,
    X.T * mc.diag(mc.exp(X * w)) * X,
    verb="hessian",
)
problem(
    "gamma-glm",
    "McCullagh and Nelder, ch. 8",
    mc.sum(X * w + H(y, mc.exp(-X * w))),
    w,
    X.T * (one - H(y, mc.exp(-X * w))),
)
problem("hinge", ESL + "eq. 12.25", mc.hinge(X * w, y), w, -X.T * H(y, mc.step(one - H(y, X * w))))
problem(
    "squared-hinge",
    "Fan et al., LIBLINEAR, eq. 3",
    mc.sum(mc.square(mc.relu(one - H(y, X * w)))),
    w,
    -2 * X.T * H(y, mc.relu(one - H(y, X * w))),
)
problem(
    "exp-loss", ESL + "eq. 10.8", mc.sum(mc.exp(-H(y, X * w))), w, -X.T * H(y, mc.exp(-H(y, X * w)))
)
P = mc.softmax(X * W)
problem(
    "softmax-ce",
    BISHOP + "eq. 4.109",
    mc.cross_entropy(X * W, Y, mean=False, logits=True),
    W,
    X.T * (mc.softmax(X * W) - Y),
    assume=Q.rows_sum_to_one(Y),
)
problem(
    "softmax-ce-log",
    BISHOP + "eq. 4.109",
    mc.cross_entropy(P, Y, mean=False),
    W,
    X.T * (mc.softmax(X * W) - Y),
    assume=Q.rows_sum_to_one(Y),
)
problem(
    "softmax-ce-mean",
    MURPHY + "eq. 10.55",
    mc.cross_entropy(P, Y),
    W,
    X.T * (mc.softmax(X * W) - Y) / N,
    assume=Q.rows_sum_to_one(Y),
)
problem(
    "softmax-ce-general",
    MURPHY + "eq. 10.55, any weights Y",
    mc.cross_entropy(P, Y, mean=False),
    W,
    X.T * (mc.diag(mc.rowsum(Y)) * mc.softmax(X * W) - Y),
)
z, t = mc.vector("z", k), mc.vector("t", k)
problem(
    "softmax-jacobian",
    BISHOP + "eq. 4.106",
    mc.softmax(z),
    z,
    mc.diag(mc.softmax(z)) - mc.softmax(z) * mc.softmax(z).T,
    verb="jacobian",
)
problem(
    "logsumexp-gradient",
    "Boyd and Vandenberghe, Convex Optimization, A.4.2",
    mc.logsumexp(z),
    z,
    mc.softmax(z),
)
problem(
    "logsumexp-hessian",
    "Boyd and Vandenberghe, Convex Optimization, sec. 3.1.5",
    mc.logsumexp(z),
    z,
    mc.diag(mc.softmax(z)) - mc.softmax(z) * mc.softmax(z).T,
    verb="hessian",
)
problem(
    "logsumexp-affine",
    "Boyd and Vandenberghe, Convex Optimization, A.4.2",
    mc.logsumexp(X * w + y),
    w,
    X.T * mc.softmax(X * w + y),
)
problem(
    "logsumexp-raw",
    "Boyd and Vandenberghe, Convex Optimization, A.4.2",
    mc.log(mc.sum(mc.exp(z))),
    z,
    mc.softmax(z),
)
problem(
    "entropy",
    "Cover and Thomas, sec. 2.1",
    -mc.sum(H(z, mc.log(z))),
    z,
    -(mc.log(z) + mc.ones(k, 1)),
)
