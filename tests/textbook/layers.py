"""Layers and losses of networks, as they are typed: attention, norms, gates, labels, flows."""

import re
from collections.abc import Callable
from typing import Any

import matcalc as mc
from matcalc.expr import Node, is_symbol, postorder, substitute, symbol_name
from tests.textbook.problem import problem

Shapes = dict[str, tuple[int | str, ...] | None]


def shapes_in(text: str) -> Shapes:
    """``X: n d; w b: d 1; c:`` as ``mc.parse`` takes it."""
    found: Shapes = {}
    for part in filter(str.strip, text.split(";")):
        names, sizes = part.split(":")
        shape = tuple(int(s) if s.isdigit() else s for s in sizes.split())
        found.update(dict.fromkeys(names.split(), shape or None))
    return found


def typed(text: str, shapes: Shapes) -> Node:
    """An expression in the symbols it uses."""
    words = set(re.findall(r"[A-Za-z_]\w*", text))
    return mc.read(mc.parse(text, {s: shapes[s] for s in shapes if s in words}).expression)


def sized(node: Node) -> tuple[int | str, ...] | None:
    """The shape of a node as ``mc.parse`` takes it."""
    return tuple(int(s) if s.is_Integer else str(s) for s in node.shape) or None


def layer(key: str, source: str, where_is: str, of: str, wrt: str, book: str, **more: Any) -> None:
    """A problem in text; ``names`` holds the definitions that the book introduces."""
    shapes = shapes_in(where_is)
    where: dict[str, Node] = {}
    known = dict(shapes)
    for name, value in more.pop("names", {}).items():
        where[name] = typed(value, known)
        known[name] = sized(where[name])
    problem(key, source, typed(of, shapes), wrt, typed(book, known), where=where, **more)


def network(key: str, source: str, program: str, wrt: str, book: str, **more: Any) -> None:
    """A problem about a network in named steps; the book speaks of its steps and adjoints."""
    net = mc.parse("\n".join(line.strip() for line in program.strip().splitlines()))
    problem(key, source, net, wrt, in_names(book), **more)


def in_names(book: str) -> Callable[[mc.Derivation], Node]:
    """The book's formula in the symbols of a derivation."""

    def spoken(D: mc.Derivation) -> Node:
        order = postorder([part for line in D.lines for part in (line.symbol, line.value)])
        own = {symbol_name(s): s for s in order if is_symbol(s)}
        dims = {str(d) for s in own.values() for size in s.shape for d in size.free_symbols}
        node = typed(book, {name: sized(s) for name, s in own.items() if name not in dims})
        return substitute(node, {s: own[symbol_name(s)] for s in postorder(node) if is_symbol(s)})

    return spoken


HOT = {"assume": "one_hot(Y)"}
SUMS = {"assume": "rows_sum_to_one(Y)"}

# -- losses of labels

layer(
    "weighted-rows",
    "King and Zeng, Logistic regression in rare events data, sec. 4.2",
    "w: n 1; Y Z: n k",
    "-sum(diag(w)*(Y.*log_softmax(Z)))",
    "Z",
    "diag(w)*(softmax(Z) - Y)",
    **SUMS,
)
layer(
    "weighted-classes",
    "Cui et al., Class-balanced loss based on effective number of samples, eq. 5",
    "c: k 1; Y Z: n k",
    "-sum(Y.*log_softmax(Z).*(ones(n, 1)*c'))",
    "Z",
    "diag(Y*c)*softmax(Z) - Y*diag(c)",
)
layer(
    "weighted-positives",
    "Rajpurkar et al., CheXNet, sec. 2",
    "Y Z: n k; c:",
    "sum(c*Y.*softplus(-Z) + (1 - Y).*softplus(Z))",
    "Z",
    "(1 - Y).*sigmoid(Z) - c*Y.*sigmoid(-Z)",
)
layer(
    "picked-likelihood",
    "Bishop, Pattern Recognition and Machine Learning, eq. 4.109",
    "Y Z: n k",
    "-sum(log(rowsum(Y.*softmax(Z))))/n",
    "Z",
    "(softmax(Z) - Y)/n",
    **HOT,
)
layer(
    "picked-focal",
    "Lin et al., Focal loss for dense object detection, app. B",
    "Y Z: n k",
    "-sum((1 - rowsum(Y.*softmax(Z))).^2.*log(rowsum(Y.*softmax(Z))))",
    "Z",
    "diag((1 - p).*(1 - p - 2*(p.*log(p))))*(softmax(Z) - Y)",
    names={"p": "rowsum(Y.*softmax(Z))"},
    **HOT,
)
layer(
    "generalised-cross-entropy",
    "Zhang and Sabuncu, Generalized cross entropy loss, eq. 6",
    "Y Z: n k; q:",
    "sum(1 - rowsum(Y.*softmax(Z)).^q)/q",
    "Z",
    "diag(rowsum(Y.*softmax(Z)).^q)*(softmax(Z) - Y)",
    **HOT,
)
layer(
    "poly-loss",
    "Leng et al., PolyLoss, eq. 6",
    "Y Z: n k; e:",
    "sum(e*(1 - rowsum(Y.*softmax(Z))) - log(rowsum(Y.*softmax(Z))))",
    "Z",
    "diag(1 + e*rowsum(Y.*softmax(Z)))*(softmax(Z) - Y)",
    **HOT,
)
layer(
    "picked-vector",
    "Goodfellow et al., Deep Learning, sec. 6.2.2.3",
    "W: k d; x: d 1; y: k 1",
    "-log(y'*softmax(W*x))",
    "W",
    "(softmax(W*x) - y)*x'",
    assume="one_hot(y)",
)
layer(
    "kl-of-policies",
    "Schulman et al., Trust region policy optimization, sec. 2",
    "Z Q: n k",
    "sum(softmax(Z).*(log_softmax(Z) - log(Q)))",
    "Z",
    "P.*(D - rowsum(P.*D)*ones(1, k))",
    names={"P": "softmax(Z)", "D": "log(P) - log(Q)"},
)
layer(
    "pairwise-comparison",
    "Hunter, MM algorithms for generalized Bradley-Terry models, sec. 2",
    "X: n n; s: n 1",
    "-sum(X.*log(sigmoid(s*ones(1, n) - ones(n, 1)*s')))",
    "s",
    "colsum(E)' - rowsum(E)",
    names={"E": "X.*sigmoid(ones(n, 1)*s' - s*ones(1, n))"},
)
layer(
    "neighbourhood-components",
    "Goldberger et al., Neighbourhood components analysis, eq. 5",
    "A: h d; x: d n; p: n 1",
    "-p'*log_softmax(-colsum((A*x).^2)')",
    "A",
    "2*A*x*diag(p - softmax(-colsum((A*x).^2)'))*x'",
    assume="cols_sum_to_one(p)",
)
layer(
    "prototypes",
    "Snell, Swersky and Zemel, Prototypical networks, eq. 2",
    "x: d 1; C: d k; y: k 1",
    "-y'*log_softmax(-colsum((x*ones(1, k) - C).^2)')",
    "x",
    "2*C*(softmax(-colsum((x*ones(1, k) - C).^2)') - y)",
    assume="one_hot(y)",
)
layer(
    "kahneman-tversky",
    "Ethayarajh et al., KTO: model alignment as prospect theoretic optimization, eq. 8",
    "x: n 1; z b:",
    "sum(1 - sigmoid(b*(x - z*ones(n, 1))))",
    "x",
    "-b*(s.*(1 - s))",
    names={"s": "sigmoid(b*(x - z*ones(n, 1)))"},
)

# -- attention, experts, normalisation

layer(
    "masked-scores",
    "Vaswani et al., Attention is all you need, sec. 3.2.3",
    "S M: n m; V: m d; G: n d",
    "sum(G.*(softmax(S + M)*V))",
    "S",
    "P.*(D - rowsum(P.*D)*ones(1, m))",
    names={"P": "softmax(S + M)", "D": "G*V'"},
)
layer(
    "linear-attention",
    "Katharopoulos et al., Transformers are RNNs, eq. 4",
    "A: n m; V: m h; G: n h",
    "sum(G.*(diag(1./rowsum(A))*A*V))",
    "A",
    "diag(1./r)*(G*V' - rowsum(G.*O)*ones(1, m))",
    names={"r": "rowsum(A)", "O": "diag(1./r)*A*V"},
)
layer(
    "gate-of-experts",
    "Jordan and Jacobs, Hierarchical mixtures of experts, sec. 3",
    "W: k d; x: d 1; E: h k; g: h 1",
    "g'*E*softmax(W*x)",
    "W",
    "(p.*(E'*g - (g'*E*p)*ones(k, 1)))*x'",
    names={"p": "softmax(W*x)"},
)
layer(
    "unit-rows",
    "Wang et al., NormFace, eq. 5",
    "X G: n d",
    "sum(G.*(X./(sqrt(rowsum(X.^2))*ones(1, d))))",
    "X",
    "(G - H.*(rowsum(G.*H)*ones(1, d)))./(s*ones(1, d))",
    names={"s": "sqrt(rowsum(X.^2))", "H": "X./(s*ones(1, d))"},
)
layer(
    "spectral-normalisation",
    "Miyato et al., Spectral normalization, eq. 12",
    "W G: n d; u: n 1; v: d 1",
    "sum(G.*W)/(u'*W*v)",
    "W",
    "(G - sum(G.*W)*u*v'/s)/s",
    names={"s": "u'*W*v"},
)

# -- gates, flows, steps

layer(
    "reset-gate",
    "Cho et al., Learning phrase representations using RNN encoder-decoder, eq. 8",
    "W: n n; h r u g: n 1",
    "g'*tanh(W*(sigmoid(r).*h) + u)",
    "r",
    "(W'*(g.*(1 - c.^2))).*h.*s.*(1 - s)",
    names={"s": "sigmoid(r)", "c": "tanh(W*(s.*h) + u)"},
)
layer(
    "forget-gate",
    "Hochreiter and Schmidhuber, Long short-term memory, app. A.1",
    "f i a c o g: n 1",
    "g'*(sigmoid(o).*tanh(sigmoid(f).*c + sigmoid(i).*tanh(a)))",
    "f",
    "g.*sigmoid(o).*(1 - tanh(C).^2).*c.*s.*(1 - s)",
    names={"s": "sigmoid(f)", "C": "s.*c + sigmoid(i).*tanh(a)"},
)
layer(
    "squeeze-and-excite",
    "Hu, Shen and Sun, Squeeze-and-excitation networks, sec. 3",
    "X G: n d; W: d d",
    "sum(G.*X.*(ones(n, 1)*sigmoid(colmean(X)*W)))",
    "W",
    "colmean(X)'*(colsum(G.*X).*s.*(1 - s))",
    names={"s": "sigmoid(colmean(X)*W)"},
)
layer(
    "affine-coupling",
    "Dinh, Sohl-Dickstein and Bengio, Density estimation using Real NVP, eq. 7",
    "S T: n d; x: d 1; y g: n 1",
    "g'*(y.*exp(tanh(S*x)) + T*x) - sum(tanh(S*x))",
    "S",
    "((g.*y.*exp(t) - 1).*(1 - t.^2))*x'",
    names={"t": "tanh(S*x)"},
)
layer(
    "midpoint-step",
    "Chen et al., Neural ordinary differential equations, app. B",
    "W: d d; x g: d 1; s:",
    "g'*(x + s*tanh(W*(x + s*tanh(W*x)/2)))",
    "x",
    "g + r + s*W'*((1 - tanh(W*x).^2).*r)/2",
    names={"r": "s*W'*(g.*(1 - tanh(W*(x + s*tanh(W*x)/2)).^2))"},
)

# -- networks in named steps

network(
    "bn-inverse-deviation",
    "Ioffe and Szegedy, Batch normalization, sec. 3",
    """
    X : n x d; param W : d x h; param g : 1 x h; e : scalar; Y : n x h
    Z = X*W; mu = colmean(Z); C = Z - ones(n, 1)*mu; v = colmean(C.^2)
    r = 1./sqrt(v + e*ones(1, h)); H = C.*(ones(n, 1)*r); O = H.*(ones(n, 1)*g)
    minimize norm2(O - Y)^2/2
    """,
    "Z",
    "(dH - (ones(n, 1)*colsum(dH) + H.*(ones(n, 1)*colsum(H.*dH)))/n).*(ones(n, 1)*r)",
)
network(
    "rms-inverse-root",
    "Zhang and Sennrich, Root mean square layer normalization, eq. 4",
    """
    X : n x d; param W : d x h; param g : 1 x h; e : scalar; Y : n x h
    Z = X*W; r = (rowmean(Z.^2) + e*ones(n, 1)).^(-1/2); H = diag(r)*Z; O = H.*(ones(n, 1)*g)
    minimize norm2(O - Y)^2/2
    """,
    "Z",
    "diag(r)*(dH - diag(rowsum(H.*dH))*H/h)",
)
network(
    "magnitude-and-direction",
    "Liu et al., DoRA: weight-decomposed low-rank adaptation, eq. 6",
    """
    V : d x k; param B : d x r; param A : r x k; param m : 1 x k; X : n x d; Y : n x k
    W = V + B*A; c = sqrt(colsum(W.^2)); U = W./(ones(d, 1)*c); O = X*(U.*(ones(d, 1)*m))
    minimize norm2(O - Y)^2/2
    """,
    "W",
    "(dU - U.*(ones(d, 1)*colsum(U.*dU)))./(ones(d, 1)*c)",
)
network(
    "surrogate-ratio",
    "Schulman et al., Proximal policy optimization algorithms, eq. 6",
    """
    X : n x d; a : n x k; o : n x 1; g : n x 1; param W : d x k; assume one_hot(a)
    Z = X*W; P = log_softmax(Z); l = rowsum(a.*P); r = exp(l - o); minimize -sum(r.*g)/n
    """,
    "Z",
    "diag(dl)*(a - softmax(Z))",
)
network(
    "focal-in-steps",
    "Lin et al., Focal loss for dense object detection, app. B",
    """
    X : n x d; Y : n x k; param W : d x k; assume one_hot(Y)
    Z = X*W; P = softmax(Z); p = rowsum(Y.*P); minimize -sum((1 - p).^2.*log(p))
    """,
    "Z",
    "diag(p.*dp)*(Y - P)",
)
network(
    "entropy-bonus",
    "Mnih et al., Asynchronous methods for deep reinforcement learning, sec. 4",
    """
    X : n x d; Y : n x k; b : scalar; param W : d x k; assume one_hot(Y)
    Z = X*W; P = softmax(Z); minimize -sum(Y.*log(P)) + b*sum(P.*log(P))
    """,
    "Z",
    "P - Y + b*(P.*(log(P) - rowsum(P.*log(P))*ones(1, k)))",
)
network(
    "rectified-graph",
    "Kipf and Welling, Semi-supervised classification, eq. 9",
    """
    A : n x n; X : n x d; param W : d x h; param V : h x k; Y : n x k; assume symmetric(A)
    assume one_hot(Y); H = relu(A*X*W); P = softmax(A*H*V); minimize -sum(Y.*log(P))
    """,
    "W",
    "X'*A*(dH.*step(H))",
)
network(
    "cosine-in-steps",
    "Chen and He, Exploring simple Siamese representation learning, eq. 1",
    """
    a : d x 1; b : d x 1; param W : h x d
    A = W*a; B = W*b; c = A'*B/(norm2(A)*norm2(B)); minimize (1 - c)^2
    """,
    "B",
    "dc*(A/norm2(A) - c*B/norm2(B))/norm2(B)",
)
network(
    "kernel-weights",
    "Rasmussen and Williams, Gaussian Processes for Machine Learning, sec. 5.4",
    """
    K : n x n; y : n x 1; a : scalar; assume positive_definite(K)
    c = inv(K + a*eye(n))*y; r = y - K*c; minimize norm2(r)^2/2 + a*c'*K*c/2
    """,
    "K",
    "-a*c*c'/2",
)
network(
    "contrastive-in-steps",
    "van den Oord, Li and Vinyals, Contrastive predictive coding, eq. 4",
    """
    X : n x d; Z : n x d; t : scalar
    S = X*Z'/t; P = softmax(S); minimize -tr(log(P))/n
    """,
    "S",
    "(P - eye(n))/n",
)
