"""Further likelihoods, losses, quotients and normalisations."""

import matcalc as mc
from tests.textbook.problem import problem

Q = mc.Q
n, d, k, m = mc.dims("n d k m")
X, U, W = mc.matrix("X", n, d), mc.matrix("U", n, k), mc.matrix("W", d, k)
V, Y = mc.matrix("V", n, k), mc.matrix("Y", n, k)
A, B, S, P = (mc.matrix(s, n, n) for s in "ABSP")
M, C = mc.matrix("M", n, m), mc.matrix("C", n, m)
w, y, r, o = mc.vector("w", d), mc.vector("y", n), mc.vector("r", n), mc.vector("o", n)
x, a, mu, z = (mc.vector(s, n) for s in ("x", "a", "mu", "z"))
b, c, nu, T, s = (mc.scalar(name) for name in ("b", "c", "nu", "T", "s"))
one, row = mc.ones(n, 1), mc.ones(1, d)
tr, inv, logdet, H, div = mc.tr, mc.inv, mc.logdet, mc.hadamard, mc.divide
norm2, exp, log, sigmoid, softmax = mc.norm2, mc.exp, mc.log, mc.sigmoid, mc.softmax
BISHOP = "Bishop, Pattern Recognition and Machine Learning, "
BOYD = "Boyd and Vandenberghe, Convex Optimization, "
ABSIL = "Absil, Mahony and Sepulchre, Optimization Algorithms on Matrix Manifolds, "

# -- likelihoods and regressions

quadratic = (x - mu).T * inv(S) * (x - mu)
problem(
    "student-location",
    BISHOP + "eq. 2.162",
    (nu + mc.read(n)) / 2 * log(1 + quadratic / nu),
    mu,
    -(nu + mc.read(n)) * inv(S) * (x - mu) / (nu + quadratic),
    assume=Q.positive_definite(S),
)
problem(
    "student-scale",
    BISHOP + "eq. 2.162",
    (nu + mc.read(n)) / 2 * log(1 + quadratic / nu),
    S,
    -(nu + mc.read(n)) * inv(S) * (x - mu) * (x - mu).T * inv(S) / (2 * (nu + quadratic)),
    assume=Q.positive_definite(S),
)
problem(
    "wishart",
    BISHOP + "eq. B.78",
    (c - mc.read(n) - 1) * logdet(S) / 2 - tr(inv(P) * S) / 2,
    S,
    ((c - mc.read(n) - 1) * inv(S) - inv(P)) / 2,
    assume=(Q.positive_definite(S), Q.positive_definite(P)),
)
problem(
    "negative-binomial",
    "Cameron and Trivedi, Regression Analysis of Count Data, sec. 3.3",
    mc.sum(H(y + r, log(r + exp(X * w)))) - y.T * (X * w),
    w,
    X.T * (div(H(y + r, exp(X * w)), r + exp(X * w)) - y),
)
problem(
    "poisson-offset",
    "McCullagh and Nelder, sec. 6.3",
    mc.sum(exp(X * w + o)) - y.T * (X * w + o),
    w,
    X.T * (exp(X * w + o) - y),
)
problem(
    "logistic-offset",
    "McCullagh and Nelder, sec. 4.4",
    mc.sum(log(1 + exp(X * w + o))) - y.T * (X * w + o),
    w,
    X.T * (sigmoid(X * w + o) - y),
)
problem(
    "elastic-net",
    "Zou and Hastie, Regularization and variable selection via the elastic net, sec. 2",
    norm2(y - X * w) ** 2 + b * norm2(w) ** 2 + c * mc.norm1(w),
    w,
    -2 * X.T * (y - X * w) + 2 * b * w + c * mc.sign(w),
)
problem(
    "huber-clipped",
    "Huber, Robust Statistics, sec. 7.3",
    mc.sum(mc.huber(X * w - y, c)),
    w,
    X.T * mc.min(mc.max(X * w - y, -c * one), c * one),
)

# -- losses of networks

problem(
    "distillation",
    "Hinton, Vinyals and Dean, Distilling the knowledge in a neural network, eq. 2",
    mc.cross_entropy(softmax(U / T), Y, mean=False),
    U,
    (softmax(U / T) - Y) / T,
    assume=Q.rows_sum_to_one(Y),
)
problem(
    "temperature",
    "Guo et al., On calibration of modern neural networks, sec. 4.2",
    mc.cross_entropy(softmax(U / T), Y, mean=False),
    T,
    mc.sum(H(Y - softmax(U / T), U)) / T**2,
    assume=Q.rows_sum_to_one(Y),
)
problem(
    "focal",
    "Lin et al., Focal loss for dense object detection, app. B",
    -mc.sum(H(mc.power(1 - sigmoid(x), 2), log(sigmoid(x)))),
    x,
    H(mc.power(1 - sigmoid(x), 2), 2 * H(sigmoid(x), log(sigmoid(x))) + sigmoid(x) - 1),
)
problem(
    "clip",
    "Radford et al., Learning transferable visual models, fig. 3",
    -tr(U * V.T) + mc.sum(mc.logsumexp(U * V.T)),
    U,
    (softmax(U * V.T) - mc.eye(n)) * V,
)
problem(
    "info-nce",
    "Chen et al., A simple framework for contrastive learning, eq. 1",
    -tr(U * U.T / T) + mc.sum(mc.logsumexp(U * U.T / T)),
    U,
    ((softmax(U * U.T / T) + softmax(U * U.T / T).T) * U - 2 * U) / T,
)
Qm, Km, Vm, G = (
    mc.matrix("Q", n, d),
    mc.matrix("K", m, d),
    mc.matrix("V", m, d),
    mc.matrix("G", n, d),
)
scores = softmax(Qm * Km.T / mc.sqrt(mc.read(d)))
Pm, dS = mc.matrix("P", n, m), mc.matrix("dS", n, m)
through = {"P": scores, "dS": H(Pm, G * Vm.T - mc.rowsum(H(Pm, G * Vm.T)) * mc.ones(1, m))}
for key, wrt, book in (
    ("Q", Qm, dS * Km / mc.sqrt(mc.read(d))),
    ("K", Km, dS.T * Qm / mc.sqrt(mc.read(d))),
):
    problem(
        f"attention-{key}-nested",
        "Dao et al., FlashAttention, app. B.2",
        mc.sum(H(G, scores * Vm)),
        wrt,
        book,
        where=through,
    )

# -- quotients, kernels, transport

problem(
    "rayleigh-quotient",
    ABSIL + "sec. 2.1",
    (x.T * A * x) / (x.T * x),
    x,
    2 * (A * x - (x.T * A * x) / (x.T * x) * x) / (x.T * x),
    assume=Q.symmetric(A),
)
problem(
    "rayleigh-generalised",
    ABSIL + "sec. 2.1",
    (x.T * A * x) / (x.T * B * x),
    x,
    2 * (A * x - (x.T * A * x) / (x.T * B * x) * B * x) / (x.T * B * x),
    assume=(Q.symmetric(A), Q.symmetric(B)),
)
problem(
    "relative-entropy",
    BOYD + "exercise 3.13",
    mc.sum(H(a, log(div(a, x)))),
    a,
    1 + log(div(a, x)),
)
problem("soft-max", BOYD + "sec. 3.1.5", log(mc.sum(exp(c * x))) / c, x, softmax(c * x))
problem(
    "entropic-transport",
    "Peyre and Cuturi, Computational Optimal Transport, eq. 4.2",
    mc.sum(H(C, M)) + c * mc.sum(H(M, log(M) - 1)),
    M,
    C + c * log(M),
)
problem(
    "gaussian-kernel-width",
    BISHOP + "eq. 6.23",
    exp(-(norm2(x - a) ** 2) / (2 * s**2)),
    s,
    exp(-(norm2(x - a) ** 2) / (2 * s**2)) * norm2(x - a) ** 2 / s**3,
)
problem("polynomial-kernel", BISHOP + "sec. 6.2", (x.T * a + c) ** 3, x, 3 * (x.T * a + c) ** 2 * a)
problem("inverse-gram", "Matrix Cookbook, eq. 125", tr(inv(X.T * X)), X, -2 * X * inv(X.T * X) ** 2)

# -- normalisations, in the names of their steps


def normalised(kind: str) -> mc.Network:
    net = mc.Network(kind)
    net.output(getattr(mc.blocks, kind)(net, net.input("X", n, d)), upstream="G")
    return net


def arriving(D: mc.Derivation, name: str) -> mc.Node:
    """The name of what arrives at a step."""
    return D.line(f"d{name}").symbol


def three_terms(D: mc.Derivation, net: mc.Network, axis: int, centred: bool) -> mc.Node:
    """(G - mean(G) - Xhat o mean(G o Xhat))/s."""
    Gh, Xhat, sd = arriving(D, "Xhat"), net["Xhat"], net["s"]
    spread = (lambda v: v * row) if axis else (lambda v: one * v)
    mean = mc.rowmean if axis else mc.colmean
    inside = Gh - H(Xhat, spread(mean(H(Gh, Xhat))))
    return div(inside - spread(mean(Gh)) if centred else inside, spread(sd))


for key, kind, source, axis, centred in (
    ("bn-x", "batch_norm", "Ioffe and Szegedy, Batch normalization, sec. 3", 0, True),
    ("ln-x", "layer_norm", "Ba et al., Layer normalization, sec. 3", 1, True),
    ("rms-x", "rms_norm", "Zhang and Sennrich, RMS norm, sec. 4", 1, False),
):
    net = normalised(kind)
    problem(
        key,
        source,
        net,
        "X",
        lambda D, net=net, axis=axis, centred=centred: three_terms(D, net, axis, centred),
        by="X",
    )
