"""Layers and networks: perceptrons, normalisation, attention, low rank, recurrence."""

import matcalc as mc
from tests.textbook.problem import problem

Q = mc.Q
n, d, h, k, m = mc.dims("n d h k m")
H = mc.hadamard
N, Dd = mc.read(n), mc.read(d)
one, row1 = mc.ones(n, 1), mc.ones(1, d)
GBC = "Goodfellow et al., Deep Learning, "
NIELSEN = "Nielsen, Neural Networks and Deep Learning, "


def mlp(act, last, loss, **options):
    """Two layers with biases."""
    net = mc.Network("mlp")
    X, Y = net.input("X", n, d), net.input("Y", n, k)
    W1, b1 = net.param("W1", d, h), net.param("b1", 1, h)
    W2, b2 = net.param("W2", h, k), net.param("b2", 1, k)
    Z1 = net.let("Z1", X * W1 + one * b1)
    A1 = net.let("A1", act(Z1))
    Z2 = net.let("Z2", A1 * W2 + one * b2)
    P = net.let("P", last(Z2)) if last else Z2
    net.minimize(loss(P, Y, **options))
    return net


tanh_net = mlp(mc.tanh, mc.sigmoid, mc.binary_cross_entropy, mean=False)
sig_net = mlp(mc.sigmoid, None, mc.squared_error, scale="half")
relu_net = mlp(mc.relu, mc.softmax, mc.cross_entropy)
gelu_net = mlp(mc.softplus, mc.sigmoid, mc.squared_error, scale="half")


def name(net, step):
    return net[step]


def of(step):
    """The adjoint symbol of a step."""
    return lambda D: D.line(f"d{step}").symbol


problem("mlp-P", GBC + "eq. 6.52", tanh_net, "Z2", tanh_net["P"] - tanh_net["Y"])
problem("mlp-W2", NIELSEN + "BP4", tanh_net, "W2", lambda D: tanh_net["A1"].T * of("Z2")(D))
problem("mlp-b2", NIELSEN + "BP3", tanh_net, "b2", lambda D: mc.colsum(of("Z2")(D)))
problem(
    "mlp-Z1",
    NIELSEN + "BP2",
    tanh_net,
    "Z1",
    lambda D: H(of("A1")(D), 1 - mc.square(tanh_net["A1"])),
)
problem("mlp-W1", NIELSEN + "BP4", tanh_net, "W1", lambda D: tanh_net["X"].T * of("Z1")(D))
problem("mlp-b1", NIELSEN + "BP3", tanh_net, "b1", lambda D: mc.colsum(of("Z1")(D)))
problem(
    "mlp-sigmoid-out",
    NIELSEN + "BP1",
    gelu_net,
    "Z2",
    H(gelu_net["P"] - gelu_net["Y"], gelu_net["P"], 1 - gelu_net["P"]),
)
problem(
    "mlp-relu-softmax",
    GBC + "sec. 6.5.6",
    relu_net,
    "Z2",
    (relu_net["P"] - relu_net["Y"]) / N,
    assume=Q.rows_sum_to_one("Y"),
)
problem("mlp-linear-out", GBC + "eq. 6.52", sig_net, "Z2", sig_net["Z2"] - sig_net["Y"])

X, G = mc.matrix("X", n, d), mc.matrix("G", n, d)
W, b = mc.matrix("W", d, h), mc.matrix("b", 1, h)
Gh, Z = mc.matrix("G", n, h), mc.matrix("Z", n, d)


def pulled(F):
    """<G, F>: its gradient is what arrives when G arrives at F."""
    return mc.sum(H(G, F))


problem("linear-x", GBC + "eq. 6.53", mc.sum(H(Gh, X * W)), X, Gh * W.T)
problem("linear-W", GBC + "eq. 6.53", mc.sum(H(Gh, X * W + one * b)), W, X.T * Gh)
problem("linear-b", GBC + "eq. 6.53", mc.sum(H(Gh, X * W + one * b)), b, mc.colsum(Gh))
s = mc.sigmoid
problem("act-sigmoid", NIELSEN + "eq. 30", pulled(s(Z)), Z, H(G, s(Z), 1 - s(Z)))
problem("act-tanh", GBC + "eq. 6.50", pulled(mc.tanh(Z)), Z, H(G, 1 - mc.square(mc.tanh(Z))))
problem("act-relu", GBC + "sec. 6.3.1", pulled(mc.relu(Z)), Z, H(G, mc.step(Z)))
problem("act-softplus", "Dugas et al. 2001", pulled(mc.softplus(Z)), Z, H(G, s(Z)))
problem(
    "act-silu",
    "Elfwing et al. 2018, eq. 5",
    pulled(mc.silu(Z)),
    Z,
    H(G, s(Z), mc.ones(n, d) + H(Z, 1 - s(Z))),
)
problem(
    "act-leaky",
    "Maas et al. 2013",
    pulled(mc.leaky_relu(Z, mc.scalar("a"))),
    Z,
    H(G, mc.where(mc.step(Z), 1, mc.scalar("a"))),
)
problem(
    "act-swish-raw",
    "Ramachandran et al. 2017",
    pulled(H(Z, s(Z))),
    Z,
    H(G, s(Z), mc.ones(n, d) + H(Z, 1 - s(Z))),
)
problem(
    "act-sigmoid-raw",
    NIELSEN + "eq. 30",
    pulled(mc.divide(mc.ones(n, d), 1 + mc.exp(-Z))),
    Z,
    H(G, s(Z), 1 - s(Z)),
)
problem(
    "act-tanh-raw",
    GBC + "sec. 6.3.2",
    pulled(mc.divide(mc.exp(Z) - mc.exp(-Z), mc.exp(Z) + mc.exp(-Z))),
    Z,
    H(G, 1 - mc.square(mc.tanh(Z))),
)
problem(
    "softmax-rows",
    "Dao et al., FlashAttention, app. B.2",
    pulled(mc.softmax(Z)),
    Z,
    H(mc.softmax(Z), G - mc.rowsum(H(mc.softmax(Z), G)) * row1),
)
problem(
    "log-softmax-rows",
    "Paszke et al., PyTorch",
    pulled(mc.log_softmax(Z)),
    Z,
    G - mc.diag(mc.rowsum(G)) * mc.softmax(Z),
)

eps = mc.scalar("eps")
g, be = mc.matrix("g", 1, d), mc.matrix("be", 1, d)
mean0 = mc.colmean(X)
sd0 = mc.sqrt(mc.colmean(mc.square(X - one * mean0)) + eps * row1)
Xhat0 = mc.divide(X - one * mean0, one * sd0)
Xh = mc.matrix("Xhat", n, d)
sd = mc.matrix("sd", 1, d)
BN = "Ioffe and Szegedy, Batch normalization, sec. 3"
bn_book = mc.divide(G - one * mc.colmean(G) - H(Xh, one * mc.colmean(H(G, Xh))), one * sd)
problem(
    "bn-nested",
    BN,
    pulled(Xhat0),
    X,
    bn_book,
    where={"sd": sd0, "Xhat": mc.divide(X - one * mean0, one * sd)},
)


def norm_net(axis, kind):
    net = mc.Network("norm")
    X, g, be = net.input("X", n, d), net.param("g", 1, d), net.param("be", 1, d)
    if kind == "rms":
        sd = net.let("sd", mc.sqrt(mc.rowmean(mc.square(X)) + eps_of(net) * one))
        Xhat = net.let("Xhat", mc.divide(X, sd * row1))
    elif axis == 0:
        mu = net.let("mu", mc.colmean(X))
        sd = net.let("sd", mc.sqrt(mc.colmean(mc.square(X - one * mu)) + eps_of(net) * row1))
        Xhat = net.let("Xhat", mc.divide(X - one * mu, one * sd))
    else:
        mu = net.let("mu", mc.rowmean(X))
        sd = net.let("sd", mc.sqrt(mc.rowmean(mc.square(X - mu * row1)) + eps_of(net) * one))
        Xhat = net.let("Xhat", mc.divide(X - mu * row1, sd * row1))
    net.output(net.let("Y", H(Xhat, one * g) + one * be), upstream="G")
    return net


def eps_of(net):
    return net.input("eps") if "eps" not in net else net["eps"]


bn, ln, rms = norm_net(0, "bn"), norm_net(1, "ln"), norm_net(1, "rms")
for net, key, source in (
    (bn, "bn", BN),
    (ln, "ln", "Ba et al., Layer normalization, sec. 3"),
    (rms, "rms", "Zhang and Sennrich, RMS norm, sec. 4"),
):
    Gs = mc.matrix("G", n, d)
    problem(
        f"{key}-gamma", source, net, "g", lambda D, net=net: mc.colsum(H(D.upstream, net["Xhat"]))
    )
    problem(f"{key}-beta", source, net, "be", lambda D: mc.colsum(D.upstream))
    problem(
        f"{key}-xhat", source, net, "Xhat", lambda D, net=net: H(D.upstream, one * net["g"]), by="X"
    )
mu1 = mc.rowmean(X)
sd1 = mc.sqrt(mc.rowmean(mc.square(X - mu1 * row1)) + eps * one)
sdc = mc.vector("sd", n)
problem(
    "ln-nested",
    "Ba et al., Layer normalization; three-term form",
    pulled(mc.divide(X - mu1 * row1, sd1 * row1)),
    X,
    mc.divide(G - mc.rowmean(G) * row1 - H(Xh, mc.rowmean(H(G, Xh)) * row1), sdc * row1),
    where={"sd": sd1, "Xhat": mc.divide(X - mu1 * row1, sdc * row1)},
)
rm = mc.sqrt(mc.rowmean(mc.square(X)) + eps * one)
problem(
    "rms-nested",
    "Zhang and Sennrich, Root mean square layer normalization",
    pulled(mc.divide(X, rm * row1)),
    X,
    mc.divide(G - H(Xh, mc.rowmean(H(G, Xh)) * row1), sdc * row1),
    where={"sd": rm, "Xhat": mc.divide(X, sdc * row1)},
)

DAO = "Dao et al., FlashAttention, app. B.2"
att = mc.Network("attention")
aQ, aK, aV = att.input("Q", n, d), att.input("K", m, d), att.input("V", m, d)
S = att.let("S", aQ * aK.T / mc.sqrt(mc.read(d)))
P = att.let("P", mc.softmax(S))
att.output(att.let("O", P * aV), upstream="dOut")
problem("attention-V", DAO, att, "V", lambda D: P.T * D.upstream)
problem("attention-P", DAO, att, "P", lambda D: D.upstream * aV.T)
problem(
    "attention-S",
    DAO,
    att,
    "S",
    lambda D: H(P, of("P")(D) - mc.rowsum(H(of("P")(D), P)) * mc.ones(1, m)),
)
problem("attention-Q", DAO, att, "Q", lambda D: of("S")(D) * aK / mc.sqrt(mc.read(d)))
problem("attention-K", DAO, att, "K", lambda D: of("S")(D).T * aQ / mc.sqrt(mc.read(d)))

A, B = mc.matrix("A", d, m), mc.matrix("B", m, h)
al = mc.scalar("alpha")
LORA = "Hu et al., LoRA, eq. 3"
problem("lora-A", LORA, mc.sum(H(Gh, X * (W + al * A * B))), A, al * X.T * Gh * B.T)
problem("lora-B", LORA, mc.sum(H(Gh, X * (W + al * A * B))), B, al * A.T * X.T * Gh)
Wd = mc.matrix("V", h, d)
ae = X - mc.sigmoid(X * W) * Wd
problem(
    "autoencoder-out",
    GBC + "sec. 14.1",
    mc.norm2(mc.sigmoid(X * W) * Wd - X) ** 2 / 2,
    Wd,
    mc.sigmoid(X * W).T * (mc.sigmoid(X * W) * Wd - X),
)
A1 = mc.matrix("A1", n, h)
problem(
    "autoencoder-in",
    GBC + "sec. 14.1",
    mc.norm2(mc.sigmoid(X * W) * Wd - X) ** 2 / 2,
    W,
    X.T * H((A1 * Wd - X) * Wd.T, A1, 1 - A1),
    where={"A1": mc.sigmoid(X * W)},
)
Wt = mc.matrix("W", d, h)
problem(
    "tied",
    "Vincent et al., Stacked denoising autoencoders",
    mc.norm2(X * Wt * Wt.T - X) ** 2 / 2,
    Wt,
    (X.T * (X * Wt * Wt.T - X) + (X * Wt * Wt.T - X).T * X) * Wt,
)
hh, xt = mc.vector("h", k), mc.vector("x", d)
Wh, Ux, bb = mc.matrix("W", k, k), mc.matrix("U", k, d), mc.vector("b", k)
gt = mc.vector("g", k)
cell = mc.tanh(Wh * hh + Ux * xt + bb)
problem("rnn-h", GBC + "eq. 10.20", gt.T * cell, hh, Wh.T * H(gt, 1 - mc.square(cell)))
problem("rnn-W", GBC + "eq. 10.26", gt.T * cell, Wh, H(gt, 1 - mc.square(cell)) * hh.T)
problem(
    "rnn-jacobian",
    GBC + "eq. 10.21",
    cell,
    hh,
    Wh.T * mc.diag(1 - mc.square(cell)),
    verb="jacobian",
)
z_, f_ = mc.vector("z", k), mc.vector("f", k)
problem(
    "gate",
    "Cho et al., GRU, eq. 7",
    gt.T * (H(s(z_), hh) + H(1 - s(z_), f_)),
    z_,
    H(gt, s(z_), 1 - s(z_), hh - f_),
)
problem(
    "residual",
    "He et al., Identity mappings, eq. 5",
    pulled(X + mc.tanh(X * mc.matrix("W", d, d))),
    X,
    G + H(G, 1 - mc.square(mc.tanh(X * mc.matrix("W", d, d)))) * mc.matrix("W", d, d).T,
)
problem(
    "embedding",
    "Levy and Goldberg, Neural word embedding, eq. 3",
    mc.logsigmoid(xt.T * mc.vector("c", d)),
    xt,
    s(-xt.T * mc.vector("c", d)) * mc.vector("c", d),
)
problem(
    "glu",
    "Dauphin et al., Language modeling with gated convolutional networks, eq. 1",
    mc.sum(H(Gh, X * W, s(X * mc.matrix("V", d, h)))),
    W,
    X.T * H(Gh, s(X * mc.matrix("V", d, h))),
)
problem(
    "adjacency",
    "Kipf and Welling, Graph convolutional networks, eq. 8",
    mc.sum(H(Gh, mc.relu(mc.matrix("A", n, n) * X * W))),
    W,
    X.T * mc.matrix("A", n, n).T * H(Gh, mc.step(mc.matrix("A", n, n) * X * W)),
)
problem(
    "gram-style",
    "Gatys et al., Image style transfer, eq. 6",
    mc.norm2(X.T * X - mc.matrix("A", d, d)) ** 2 / 4,
    X,
    X * (X.T * X - mc.matrix("A", d, d)),
    assume=Q.symmetric(mc.matrix("A", d, d)),
)
