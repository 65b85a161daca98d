"""Networks of many kinds, as people write them: rows and columns of data, numbers, attention, norms,
convolution, undefined functions, blocks with what arrives from above, many losses."""

from __future__ import annotations

from collections.abc import Callable

import matcalc as mc

NETWORKS: dict[str, Callable[[], mc.Network]] = {}


def network(make: Callable[[], mc.Network]) -> Callable[[], mc.Network]:
    """Put a network into the table by its name."""
    NETWORKS[make.__name__] = make
    return make


@network
def rows_of_data() -> mc.Network:
    """A softmax classifier with one hidden layer, labels known to sum to one."""
    n, d, h, k = mc.dims("n d h k")
    net = mc.Network("rows")
    X, Y = net.input("X", n, d), net.input("Y", n, k)
    W1, b1 = net.param("W1", d, h), net.param("b1", 1, h)
    W2, b2 = net.param("W2", h, k), net.param("b2", 1, k)
    H = net.let("H1", mc.relu(net.let("Z1", X * W1 + mc.ones(n, 1) * b1)))
    P = net.let("P", mc.softmax(net.let("Z2", H * W2 + mc.ones(n, 1) * b2)))
    net.assume(mc.Q.rows_sum_to_one(Y))
    net.minimize(net.let("L", mc.cross_entropy(P, Y)))
    return net


@network
def one_column() -> mc.Network:
    """One datum as a column."""
    d, h, k = mc.dims("d h k")
    net = mc.Network("column")
    x, y = net.input("x", d, 1), net.input("y", k, 1)
    a = net.let("a1", mc.sigmoid(net.let("z1", net.param("W1", h, d) * x + net.param("b1", h, 1))))
    z = net.let("z2", net.param("W2", k, h) * a + net.param("b2", k, 1))
    net.minimize(net.let("J", mc.power(mc.norm2(z - y), 2) / 2))
    return net


@network
def columns_of_data() -> mc.Network:
    """Data in columns, as in courses for programmers."""
    n, m, h = mc.dims("n m h")
    net = mc.Network("columns")
    X, Y = net.input("X", n, m), net.input("Y", 1, m)
    W1, b1 = net.param("W1", h, n), net.param("b1", h, 1)
    W2, b2 = net.param("W2", 1, h), net.param("b2", 1, 1)
    A1 = net.let("A1", mc.tanh(net.let("Z1", W1 * X + b1 * mc.ones(1, m))))
    A2 = net.let("A2", mc.sigmoid(net.let("Z2", W2 * A1 + b2 * mc.ones(1, m))))
    net.minimize(net.let("J", mc.binary_cross_entropy(A2, Y)))
    return net


@network
def one_parameter() -> mc.Network:
    """A mean by least squares: a number among columns."""
    n = mc.dims("n")
    net = mc.Network("mean")
    y, mu = net.input("y", n, 1), net.param("mu")
    net.minimize(net.let("L", mc.sum(mc.square(y - mu * mc.ones(n, 1))) / n))
    return net


@network
def ridge() -> mc.Network:
    """The parameter enters the loss directly and through the residual."""
    n, d = mc.dims("n d")
    net = mc.Network("ridge")
    X, y, w = net.input("X", n, d), net.input("y", n, 1), net.param("w", d, 1)
    r = net.let("r", X * w - y)
    net.minimize(net.let("J", r.T * r + net.input("lambda") * (w.T * w)))
    return net


@network
def attention_from_above() -> mc.Network:
    """A head of attention without a loss."""
    T, d, m = mc.dims("T d m")
    net = mc.Network("attention")
    X = net.input("X", T, m)
    Q, K, V = (net.let(c, X * net.param(f"W_{c}", m, d)) for c in "QKV")
    A = net.let("A", mc.softmax(net.let("S", Q * K.T / mc.sqrt(d))))
    net.output(net.let("Y", net.let("O", A * V) * net.param("W_O", d, m)), upstream="G")
    return net


@network
def layer_norm() -> mc.Network:
    """A norm over the entries of a row."""
    n, d = mc.dims("n d")
    net = mc.Network("norm")
    X, g, b = net.param("X", n, d), net.param("gamma", 1, d), net.param("beta", 1, d)
    C = net.let("C", X - net.let("mu", mc.mean(X, axis=1)) * mc.ones(1, d))
    v = net.let("v", mc.mean(mc.square(C), axis=1))
    r = net.let("r", mc.divide(mc.ones(n, 1), mc.sqrt(v + mc.ones(n, 1) / 1000)))
    N = net.let("N", mc.hadamard(C, r * mc.ones(1, d)))
    net.output(net.let("Y", mc.hadamard(N, mc.ones(n, 1) * g) + mc.ones(n, 1) * b))
    return net


@network
def undefined() -> mc.Network:
    """Any activation and any loss."""
    d, h = mc.dims("d h")
    net = mc.Network("undefined")
    x, t = net.input("x", d, 1), net.input("t", h, 1)
    z = net.let("z", net.param("W", h, d) * x + net.param("b", h, 1))
    net.minimize(net.let("E", mc.scalar_function("C")(t, net.let("a", mc.function("f")(z)))))
    return net


@network
def maps() -> mc.Network:
    """Three vector functions one after the other."""
    p, q, r = mc.dims("p q r")
    net = mc.Network("maps")
    u = net.let("u", mc.map("f", q)(net.param("x", p, 1)))
    net.output(net.let("w", mc.map("h", 2)(net.let("v", mc.map("g", r)(u)))))
    return net


@network
def poisson() -> mc.Network:
    """Counts by a log-linear rate."""
    n, d = mc.dims("n d")
    net = mc.Network("counts")
    eta = net.let("eta", net.input("X", n, d) * net.param("beta", d, 1))
    net.minimize(net.let("ell", mc.sum(mc.exp(eta)) - net.input("y", n, 1).T * eta))
    return net


@network
def precision_matrix() -> mc.Network:
    """The likelihood of a precision matrix."""
    d = mc.dims("d")
    net = mc.Network("precision")
    S, P = net.input("S", d, d), net.param("Lambda", d, d)
    net.minimize(net.let("ell", mc.tr(S * P) - mc.logdet(P)))
    return net


@network
def support_vectors() -> mc.Network:
    """The hinge loss with a bias that is one number."""
    n, d = mc.dims("n d")
    net = mc.Network("margin")
    X, y, w = net.input("X", n, d), net.input("y", n, 1), net.param("w", d, 1)
    s = net.let("s", X * w + net.param("b") * mc.ones(n, 1))
    net.minimize(net.let("L", mc.hinge(s, y) + w.T * w / 2))
    return net


@network
def unrolled() -> mc.Network:
    """Three steps of a recurrent net, weights shared."""
    d, h = mc.dims("d h")
    net = mc.Network("unrolled")
    xs = [net.input(f"x{t}", d, 1) for t in (1, 2, 3)]
    W, U, b = net.param("W", h, h), net.param("U", h, d), net.param("b", h, 1)
    s = net.input("h0", h, 1)
    for t, x in enumerate(xs, 1):
        s = net.let(f"h{t}", mc.tanh(net.let(f"a{t}", W * s + U * x + b)))
    net.minimize(net.let("L", mc.power(mc.norm2(s - net.input("y", h, 1)), 2) / 2))
    return net


@network
def factors() -> mc.Network:
    """A masked matrix factorisation with penalties."""
    m, n, k = mc.dims("m n k")
    net = mc.Network("factors")
    R, M = net.input("R", m, n), net.input("M", m, n)
    U, V = net.param("U", m, k), net.param("V", n, k)
    E = net.let("E", mc.hadamard(M, R - U * V.T))
    penalty = (mc.power(mc.norm2(U), 2) + mc.power(mc.norm2(V), 2)) / 10
    net.minimize(net.let("J", mc.power(mc.norm2(E), 2) / 2 + penalty))
    return net


@network
def own_latex() -> mc.Network:
    """Symbols and an adjoint that bring their own LaTeX."""
    d, h = mc.dims("d h")
    net = mc.Network("own")
    x = net.input("x", d, 1, latex=r"\mathbf{x}^{(i)}")
    z = net.let(
        "z1",
        net.param("W1", h, d, latex="W^{(1)}") * x,
        latex="z^{(1)}",
        adjoint=r"\delta^{(1)}",
    )
    out = net.param("v2", 1, h, latex="w^{(2)}") * net.let("a1", mc.tanh(z), latex="a^{(1)}")
    net.minimize(net.let("L", mc.power(out - net.input("y"), 2), latex=r"\mathcal{L}"))
    return net


@network
def gaussian_process() -> mc.Network:
    """A solve and a determinant of one matrix."""
    n = mc.dims("n")
    net = mc.Network("process")
    K, y = net.input("K", n, n), net.input("y", n, 1)
    C = net.let("C", K + net.param("s") * mc.eye(n))
    net.minimize(net.let("L", y.T * mc.solve(C, y) / 2 + mc.logdet(C) / 2))
    return net


@network
def gated_cell() -> mc.Network:
    """Two gates and a candidate."""
    d, m = mc.dims("d m")
    net = mc.Network("gates")
    x, before = net.input("x", d, 1), net.input("h_prev", m, 1)

    def mixed(name: str, state: object) -> object:
        return net.param(f"W_{name}", m, d) * x + net.param(f"U_{name}", m, m) * state

    z, r = (net.let(name, mc.sigmoid(mixed(name, before))) for name in "zr")
    n = net.let("n", mc.tanh(mixed("h", mc.hadamard(r, before))))
    net.output(net.let("h", mc.hadamard(1 - z, before) + mc.hadamard(z, n)))
    return net


@network
def images() -> mc.Network:
    """A convolution, pooling and a classifier."""
    net = mc.Network("images")
    C = mc.blocks.conv2d(net, net.input("X", 4, 36), (1, 6, 6), 2, 3, activation="relu", name="1")
    Z = mc.blocks.dense(net, mc.blocks.max_pool(net, C, (2, 4, 4), 2, name="2"), 2, name="3")
    net.minimize(net.let("L", mc.cross_entropy(Z, net.input("Y", 4, 2), logits=True)))
    return net
