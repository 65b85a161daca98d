"""Forward passes written with indices, and what each of them computes, by hand in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import exp, log, sqrt, tanh

Arrays = dict[str, Any]


def sigmoid(z: Any) -> Any:
    return 1 / (1 + exp(-z))


def softmax(z: Any, axis: int = 1) -> Any:
    e = exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def squares(x: Any, y: Any) -> Any:
    """The squared distances of all pairs of rows."""
    return ((x[:, None] - y[None]) ** 2).sum(-1)


def _attention(a: Arrays) -> Any:
    q, k, v = (a["X"] @ a[w].T for w in ("W_Q", "W_K", "W_V"))
    weights = softmax(q @ k.T / sqrt(a["X"].shape[1]))
    return (
        0.5 * ((weights @ v - a["T_"]) ** 2).sum()
        if "T_" in a
        else (0.5 * ((weights @ v - a["T"]) ** 2).sum())
    )


def _process(a: Arrays) -> Any:
    z = a["X"] / a["ell"].T
    K = a["s"] * exp(-squares(z, z) / 2) + a["sigma"] ** 2 * np.eye(len(z))
    y = a["y"]
    fit = (y.T @ np.linalg.solve(K, y)).item()
    return -0.5 * fit - 0.5 * np.linalg.slogdet(K)[1] - len(z) / 2 * log(2 * np.pi)


def _layers(a: Arrays) -> Any:
    out = a["x"]
    for k in "123":
        out = sigmoid(a["W" + k] @ out + a["b" + k])
    return 0.5 * ((out - a["y"]) ** 2).sum()


def _recurrent(a: Arrays) -> Any:
    h = a["h_0"]
    for k in "123":
        h = tanh(a["W"] @ h + a["U"] @ a["x_" + k] + a["b"])
    return 0.5 * ((h - a["y"]) ** 2).sum()


def _tsne(a: Arrays) -> Any:
    near = 1 / (1 + squares(a["Y"], a["Y"]))
    apart = 1 - np.eye(len(near))
    return -(apart * a["P"] * log(near / (near * apart).sum())).sum()


def _huber(a: Arrays) -> Any:
    r, delta = a["y"] - a["X"] @ a["w"], a["delta"]
    return np.where(abs(r) <= delta, r**2 / 2, delta * (abs(r) - delta / 2)).sum()


CASES: dict[str, tuple[str, Callable[[Arrays], Any]]] = {
    "one sample, entry by entry": (
        r"""$$z_j = \sum_{i=1}^d W_{ji} x_i + b_j, \quad a_j = \sigma(z_j)$$
        $$\hat y = \sum_{j=1}^h v_j a_j, \quad L = \frac12 (\hat y - y)^2$$
        where $W \in \mathbb{R}^{h\times d}$, $x \in \mathbb{R}^d$, $b, v\in \mathbb{R}^h$.""",
        lambda a: 0.5 * ((a["v"].T @ sigmoid(a["W"] @ a["x"] + a["b"])).item() - a["y"]) ** 2,
    ),
    "a softmax by entries": (
        r"""$$z = W x + b,\quad p_k = \frac{e^{z_k}}{\sum_{j=1}^K e^{z_j}},
        \quad L = -\sum_{k=1}^K y_k \log p_k$$ where $W \in \mathbb{R}^{K\times d}$,
        $x\in\mathbb{R}^d$, $b\in\mathbb{R}^K$ and $y\in \mathbb{R}^K$ is given.""",
        lambda a: -(a["y"] * log(softmax(a["W"] @ a["x"] + a["b"], 0))).sum(),
    ),
    "batch normalisation by sums": (
        r"""Let $X \in \mathbb{R}^{n\times d}$, $\gamma, \beta \in \mathbb{R}^d$.
        \begin{align} \mu_j &= \frac1n \sum_{i=1}^n X_{ij} \\
        \sigma_j^2 &= \frac1n \sum_{i=1}^n (X_{ij} - \mu_j)^2 \\
        \hat X_{ij} &= \frac{X_{ij} - \mu_j}{\sqrt{\sigma_j^2 + \epsilon}} \\
        Y_{ij} &= \gamma_j \hat X_{ij} + \beta_j \end{align}""",
        lambda a: (a["X"] - a["X"].mean(0)) / sqrt(a["X"].var(0) + a["epsilon"]) * a["gamma"].T
        + a["beta"].T,
    ),
    "logistic regression over samples": (
        r"""$$L(w,b) = -\frac1n\sum_{i=1}^n \left[ y_i \log \sigma(w^T x_i + b)
        + (1-y_i)\log(1-\sigma(w^T x_i + b)) \right]$$
        with $x_i, w \in \mathbb{R}^d$, $y_i\in\{0,1\}$, $b\in\mathbb{R}$.""",
        lambda a: -(
            a["y"] * log(sigmoid(a["X"] @ a["w"] + a["b"]))
            + (1 - a["y"]) * log(1 - sigmoid(a["X"] @ a["w"] + a["b"]))
        ).mean(),
    ),
    "a masked factorisation of rows": (
        r"""$$L = \sum_{i=1}^m\sum_{j=1}^n M_{ij}\left(R_{ij} - u_i^T v_j\right)^2$$
        where $u_i \in \mathbb{R}^r$ are the rows of $U\in\mathbb{R}^{m\times r}$, $v_j$ the rows of
        $V\in\mathbb{R}^{n\times r}$, and $R, M\in\mathbb{R}^{m\times n}$.""",
        lambda a: (a["M"] * (a["R"] - a["U"] @ a["V"].T) ** 2).sum(),
    ),
    "observed entries as a set": (
        r"""$$f = \frac12\sum_{(i,j)\in\Omega}(u_i^Tv_j - R_{ij})^2$$ with
        $U\in\mathbb{R}^{m\times r}$, $V\in\mathbb{R}^{n\times r}$, $R\in\mathbb{R}^{m\times n}$""",
        lambda a: 0.5 * (a["Omega"] * (a["U"] @ a["V"].T - a["R"]) ** 2).sum(),
    ),
    "attention, token by token": (
        r"""$$q_i = W_Q x_i, \quad k_i = W_K x_i,\quad v_i = W_V x_i$$
        $$\alpha_{ij} = \frac{\exp(q_i^T k_j / \sqrt{d})}{\sum_{l=1}^{n}\exp(q_i^T k_l/\sqrt d)},
        \quad o_i = \sum_{j=1}^n \alpha_{ij} v_j, \quad L = \frac12\sum_{i=1}^n \|o_i - t_i\|^2$$
        with $x_i, t_i\in\mathbb{R}^{d}$ for $i=1,\dots,n$, $W_Q,W_K,W_V\in\mathbb{R}^{d\times d}$.""",
        _attention,
    ),
    "a Gaussian process with its lengths": (
        r"""$$K_{ij} = s \exp\left(-\frac{1}{2}\sum_{k=1}^d \frac{(x_{ik}-x_{jk})^2}{\ell_k^2}\right)
        + \sigma^2\delta_{ij}$$ $$\mathcal{L} = -\frac12 y^TK^{-1}y - \frac12\log|K|
        - \frac n2\log 2\pi$$ where $x_{ik}$ are the entries of $X\in \mathbb{R}^{n\times d}$,
        $\ell\in\mathbb{R}^d$, $y\in\mathbb{R}^n$, $s > 0$""",
        _process,
    ),
    "a loss of a function of samples": (
        r"""$$f(x) = w^T x + b, \qquad L = \frac1n\sum_{i=1}^n \ell(y_i, f(x_i)),
        \qquad \ell(y, t) = \log(1+e^{-yt})$$ with $x_i, w\in\mathbb{R}^d$, $y_i \in\{-1,1\}$.""",
        lambda a: log(1 + exp(-a["y"] * (a["X"] @ a["w"] + a["b"]))).mean(),
    ),
    "a mixture, the sum under a logarithm": (
        r"""$$\ell = \sum_{i=1}^n \log \sum_{k=1}^K \pi_k \exp\left(-\frac12\|x_i-\mu_k\|^2\right)$$
        with $x_i, \mu_k\in\mathbb{R}^d$, $\pi\in\mathbb{R}^K$.""",
        lambda a: log((exp(-squares(a["X"], a["mu"]) / 2) * a["pi"].T).sum(1)).sum(),
    ),
    "mean and covariance": (
        r"""$$\bar x = \frac1n\sum_{i=1}^n x_i, \quad
        S = \frac1n\sum_{i=1}^n (x_i-\bar x)(x_i-\bar x)^T, \quad L = \operatorname{tr}(W^T S W)$$
        where $x_i\in\mathbb{R}^d$ and $W\in\mathbb{R}^{d\times k}$.""",
        lambda a: np.trace(a["W"].T @ np.cov(a["X"].T, bias=True) @ a["W"]),
    ),
    "samples as columns": (
        r"""$$\hat y_i = W x_i + b,\quad L = \frac{1}{m}\sum_{i=1}^m\|\hat y_i - y_i\|^2$$
        where $X = [x_1, \dots, x_m]\in\mathbb{R}^{d\times m}$ and
        $Y=[y_1,\dots,y_m]\in\mathbb{R}^{k\times m}$, $W\in\mathbb{R}^{k\times d}$,
        $b\in\mathbb{R}^k$""",
        lambda a: ((a["W"] @ a["X"] + a["b"] - a["Y"]) ** 2).sum() / a["X"].shape[1],
    ),
    "numbered samples above": (
        r"""$$h_\theta(x) = \sigma(\theta^T x)$$ $$J(\theta) = -\frac1m\sum_{i=1}^m
        y^{(i)}\log h_\theta(x^{(i)})$$ with $x^{(i)},\theta\in\mathbb{R}^n$""",
        lambda a: -(a["y"] * log(sigmoid(a["X"] @ a["theta"]))).mean(),
    ),
    "the diagonal of scores": (
        r"""$$s_{ij} = \frac{z_i^T w_j}{\tau}, \quad L = -\frac1N\sum_{i=1}^N
        \log\frac{\exp(s_{ii})}{\sum_{j=1}^N\exp(s_{ij})}$$ with $Z, W\in\mathbb{R}^{N\times d}$.""",
        lambda a: -log(np.diag(softmax(a["Z"] @ a["W"].T / a["tau"]))).mean(),
    ),
    "pairs that differ": (
        r"""$$q_{ij} = \frac{(1+\|y_i-y_j\|^2)^{-1}}{\sum_{k\neq l}(1+\|y_k-y_l\|^2)^{-1}},\qquad
        C=-\sum_{i\ne j} p_{ij}\log q_{ij}$$
        where $Y\in\mathbb{R}^{n\times d}$ has rows $y_i$ and $P\in\mathbb{R}^{n\times n}$.""",
        _tsne,
    ),
    "neighbours in a sequence": (
        r"$$f = \lambda\sum_{i=1}^{n-1}(x_{i+1}-x_i)^2$$ $x\in\mathbb{R}^n$",
        lambda a: a["lambda"] * (np.diff(a["x"].ravel()) ** 2).sum(),
    ),
    "cases of a residual": (
        r"""$$r_i = y_i - x_i^Tw,\qquad \rho(r) = \begin{cases}\frac12 r^2 & |r|\le\delta\\
        \delta(|r|-\frac12\delta) & \text{otherwise}\end{cases},\qquad L=\sum_{i=1}^n\rho(r_i)$$
        with $x_i,w\in\mathbb{R}^d$""",
        _huber,
    ),
    "a link function": (
        r"""$$\log\mu_i = x_i^T\beta,\qquad \ell=\sum_{i=1}^n(y_i\log\mu_i-\mu_i)$$
        with $X\in\mathbb{R}^{n\times p}$, $y\in\mathbb{R}^n$""",
        lambda a: (a["y"] * (a["X"] @ a["beta"]) - exp(a["X"] @ a["beta"])).sum(),
    ),
    "layers one to three": (
        r"""$$a^{(0)} = x,\qquad z^{(l)} = W^{(l)} a^{(l-1)} + b^{(l)},\qquad
        a^{(l)} = \sigma(z^{(l)}) \quad \text{for } l = 1, 2, 3$$ $$L = \frac12\|a^{(3)} - y\|^2$$
        with $x\in\mathbb{R}^{d}$, $W^{(1)}\in\mathbb{R}^{h\times d}$,
        $W^{(2)}\in\mathbb{R}^{h \times h}$, $W^{(3)}\in\mathbb{R}^{k\times h}$""",
        _layers,
    ),
    "three steps in time": (
        r"""$$h_t = \tanh(W h_{t-1} + U x_t + b),\quad t=1,2,3 \qquad L = \frac12\|h_3 - y\|^2$$
        with $h_0\in\mathbb{R}^m$, $x_t\in\mathbb{R}^p$, $W\in\mathbb{R}^{m\times m}$,
        $U\in\mathbb{R}^{m\times p}$, $b,y\in\mathbb{R}^m$""",
        _recurrent,
    ),
    "a problem to be solved": (
        r"""$$\min_{w}\ \frac12\|Xw-y\|_2^2+\lambda\|w\|_2^2$$ with $X\in\mathbb{R}^{n\times d}$,
        $y\in\mathbb{R}^n$, $w \in \mathbb{R}^d$.""",
        lambda a: 0.5 * ((a["X"] @ a["w"] - a["y"]) ** 2).sum() + a["lambda"] * (a["w"] ** 2).sum(),
    ),
    "letters that are used twice": (
        r"""$$s_i=\sum_{j=1}^n A_{ij}x_j,\quad g(v)=\sum_{i=1}^n v_i^2,\quad
        f=g(s) + \sum_{j=1}^n s_j\sum_{i=1}^nA_{ij}x_i$$
        $A\in\mathbb{R}^{n\times n}$, $x\in\mathbb{R}^n$""",
        lambda a: ((a["A"] @ a["x"]) ** 2).sum() + ((a["A"] @ a["x"]).T @ (a["A"].T @ a["x"])).item(),
    ),
}  # fmt: skip
