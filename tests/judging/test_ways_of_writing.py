r"""One claim in the ways people write it: names for derivatives, maps, logarithms, definitions on the way.

Every right line stands beside a wrong one in the same notation, so that what is read is read as it
is meant.
"""

from __future__ import annotations

import pytest

import matcalc as mc

MAPS = [
    r"A\in\mathbb{R}^{m\times n},x\in\mathbb{R}^n,b\in\mathbb{R}^m",
    r"g:\mathbb{R}^m\to\mathbb{R}",
]
CURVE = [r"A(t)\in\mathbb{R}^{n\times n}"]
QUADRATIC = [r"f(x)=x^TAx", r"A=A^T", r"A\in\mathbb{R}^{n\times n}", r"x,h\in\mathbb{R}^n"]
NORMAL = [
    r"x,\mu\in\mathbb{R}^n, \Sigma\in\mathbb{R}^{n\times n}",
    r"\Sigma = \Sigma^T",
    r"\log p(x|\mu) = -\frac12 (x-\mu)^T\Sigma^{-1}(x-\mu)",
]
KERNEL = [r"K = K(\theta)\in\mathbb{R}^{n\times n}, B\in\mathbb{R}^{n\times n}"]
LINEAR = [r"y = Ax", r"A\in\mathbb{R}^{m\times n}, x\in\mathbb{R}^n"]
TWO = [r"f(x,y) = x^2 + xy + y^2"]
CENTRED = [
    r"x\in\mathbb{R}^n", r"\mu=\frac1n\sum_i x_i", r"v=\frac1n\sum_i (x_i-\mu)^2",
    r"y_k = (x_k-\mu)/\sqrt{v}",
]  # fmt: skip

PAIRS = {
    "a map between spaces": (
        [r"f(x) = g(Ax+b)", *MAPS],
        r"\nabla f(x) = A^T\nabla g(Ax+b)",
        r"\nabla f(x) = A\nabla g(Ax+b)",
    ),
    "the Hessian of a map": (
        [r"f(x) = g(Ax+b)", *MAPS],
        r"\nabla^2 f(x) = A^T\nabla^2 g(Ax+b)A",
        r"\nabla^2 f(x) = A^T\nabla^2 g(x)A",
    ),
    "along a line": (
        [r"f:\mathbb{R}^n\to\mathbb{R}", r"x,v\in\mathbb{R}^n"],
        r"\frac{d}{dt} f(x+tv)\Big|_{t=0} = \nabla f(x)^T v",
        r"\frac{d}{dt} f(x+tv)\Big|_{t=0} = \nabla f(v)^T x",
    ),
    "a step at another point": (
        QUADRATIC,
        r"f(x+h) = x^TAx + 2x^TAh + h^TAh",
        r"f(x+h) = x^TAx + x^TAh + h^TAh",
    ),
    "D f(x)[h]": (QUADRATIC, r"Df(x)[h] = 2x^TAh", r"Df(x)[h] = x^TAh"),
    "H_f": (
        [r"f(x) = x^TAx", r"x\in\mathbb{R}^n", r"A\in\mathbb{R}^{n\times n}"],
        r"H_f = A + A^T",
        r"H_f = 2A",
    ),
    "J_f": (
        [r"f(x) = \sin(x)", r"x\in\mathbb{R}^n"],
        r"J_f(x) = \operatorname{diag}(\cos x)",
        r"J_f(x) = \operatorname{diag}(\sin x)",
    ),
    "a dot": ([r"f(t) = t^3"], r"\dot f(t) = 3t^2", r"\dot f(t) = 2t^2"),
    "two dots": ([r"f(t) = t^3"], r"\ddot f(t) = 6t", r"\ddot f(t) = 3t"),
    "a curve of matrices": (
        CURVE,
        r"\frac{d}{dt}A(t)^{-1} = -A^{-1}\dot A A^{-1}",
        r"\frac{d}{dt}A(t)^{-1} = -A^{-2}\dot A",
    ),
    "Jacobi's formula": (
        CURVE,
        r"\frac{d}{dt}\det A(t) = \det A\,\operatorname{tr}\left(A^{-1}\dot A\right)",
        r"\frac{d}{dt}\det A(t) = \operatorname{tr}\left(A^{-1}\dot A\right)",
    ),
    "a matrix of a parameter": (
        KERNEL,
        r"\frac{\partial}{\partial\theta}\operatorname{tr}(K^2B)"
        r" = \operatorname{tr}((KB+BK)\frac{\partial K}{\partial\theta})",
        r"\frac{\partial}{\partial\theta}\operatorname{tr}(K^2B)"
        r" = 2\operatorname{tr}(KB\frac{\partial K}{\partial\theta})",
    ),
    "a logarithm that is named": (
        NORMAL,
        r"\frac{\partial \log p(x|\mu)}{\partial \mu} = \Sigma^{-1}(x-\mu)",
        r"\frac{\partial \log p(x|\mu)}{\partial \mu} = \Sigma^{-1}(\mu-x)",
    ),
    "a base": ([], r"\frac{d}{dx}\log_2 x = \frac{1}{x \ln 2}", r"\frac{d}{dx}\log_2 x = \frac{1}{x}"),
    "by a transpose": (
        LINEAR,
        r"\frac{\partial y}{\partial x^T} = A",
        r"\frac{\partial y}{\partial x^T} = 2A",
    ),
    "of a transpose": (
        LINEAR,
        r"\frac{\partial y^T}{\partial x} = A^T",
        r"\frac{\partial y^T}{\partial x} = -A^T",
    ),
    "vec by vec transposed": (
        [r"A\in\mathbb{R}^{m\times n},X\in\mathbb{R}^{n\times p},B\in\mathbb{R}^{p\times q}"],
        r"\frac{\partial \operatorname{vec}(AXB)}{\partial \operatorname{vec}(X)^T} = B^T \otimes A",
        r"\frac{\partial \operatorname{vec}(AXB)}{\partial \operatorname{vec}(X)^T} = A \otimes B^T",
    ),
    "two numbers": (TWO, r"\nabla f = \left(2x+y, x+2y\right)^T", r"\nabla f = \left(2x+y, x+y\right)^T"),
    "a Hessian of two numbers": (
        TWO,
        r"\nabla^2 f = \begin{bmatrix}2&1\\1&2\end{bmatrix}",
        r"\nabla^2 f = \begin{bmatrix}2&1\\1&1\end{bmatrix}",
    ),
    "numbered arguments": (
        [r"f(x_1,x_2) = x_1^2 + x_1x_2 + x_2^2"],
        r"\nabla f(x) = \begin{pmatrix} 2x_1 + x_2 \\ x_1 + 2 x_2\end{pmatrix}",
        r"\nabla f(x) = \begin{pmatrix} 2x_1 + x_2 \\ x_1 + x_2\end{pmatrix}",
    ),
    "a power of an inverse": (
        [r"X\in\mathbb{R}^{n\times d}"],
        r"\frac{\partial}{\partial \lambda}\operatorname{tr}\left((X^TX+\lambda I)^{-1}\right)"
        r" = -\operatorname{tr}\left((X^TX+\lambda I)^{-2}\right)",
        r"\frac{\partial}{\partial \lambda}\operatorname{tr}\left((X^TX+\lambda I)^{-1}\right)"
        r" = -\operatorname{tr}\left((X^TX+\lambda I)^{-1}\right)",
    ),
    "an inverse that exists for tall matrices": (
        [r"X\in\mathbb{R}^{n\times d},y\in\mathbb{R}^n"],
        r"\hat\beta = (X^TX)^{-1}X^Ty \Rightarrow X^T(y - X\hat\beta) = 0",
        r"\hat\beta = (X^TX)^{-1}X^Ty \Rightarrow X^T(y + X\hat\beta) = 0",
    ),
    "two letters that differ": (
        [r"x\in\mathbb{R}^n"],
        r"\frac{\partial}{\partial x_k}\sum_{i\neq j} x_ix_j = 2\sum_{j\neq k} x_j",
        r"\frac{\partial}{\partial x_k}\sum_{i\neq j} x_ix_j = 2\sum_{j} x_j",
    ),
    "a name that is explained behind the line": (
        [r"P = \mathrm{softmax}(S)", r"S\in\mathbb{R}^{n\times m}", r"L = L(P)"],
        r"dS_{ij} = P_{ij}(dP_{ij} - D_i), \quad D_i = \sum_j P_{ij}dP_{ij}",
        r"dS_{ij} = P_{ij}(dP_{ij} + D_i), \quad D_i = \sum_j P_{ij}dP_{ij}",
    ),
    "differences of equal numbers": (
        CENTRED,
        r"\frac{\partial y_k}{\partial x_i}"
        r" = \frac{1}{\sqrt{v}}(\delta_{ik} - \frac1n - \frac{y_ky_i}{n})",
        r"\frac{\partial y_k}{\partial x_i}"
        r" = \frac{1}{\sqrt{v}}(\delta_{ik} - \frac1n - \frac{y_k}{n})",
    ),
    "less usual functions": (
        [],
        r"\frac{d\tanh x}{dx} = \operatorname{sech}^2 x",
        r"\frac{d\tanh x}{dx} = \operatorname{sech} x",
    ),
    "a slope that is no matrix": (
        [
            r"z = Wx+b", r"p=\mathrm{softmax}(z)", r"L=-y^T\log p", r"\mathbf{1}^Ty=1",
            r"W\in\mathbb{R}^{K\times d},x\in\mathbb{R}^d,y,b\in\mathbb{R}^K",
        ],
        r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial z}\frac{\partial z}{\partial W}"
        r" = (p-y)x^T",
        r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial p}\frac{\partial z}{\partial W}"
        r" = (p-y)x^T",
    ),
    "a slope that is no matrix, along one of two ways": (
        [
            r"Z=XW", r"A=\tanh(Z)", r"L=\|A-Y\|^2+\|Z\|^2",
            r"X\in\mathbb{R}^{n\times d},W\in\mathbb{R}^{d\times k}",
        ],
        r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial Z}\frac{\partial Z}{\partial W}",
        r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial A}\frac{\partial A}{\partial Z}"
        r"\frac{\partial Z}{\partial W}",
    ),
    "along a path": (
        [r"V(x) = x^TPx", r"\dot x = Ax", r"P=P^T", r"A,P\in\mathbb{R}^{n\times n}", r"x\in\mathbb{R}^n"],
        r"\dot V(x) = x^T(A^TP+PA)x",
        r"\dot V(x) = x^TPAx",
    ),
    "side by side binds first": (
        [
            r"A\in\mathbb{R}^{m\times n},C\in\mathbb{R}^{n\times p}",
            r"B\in\mathbb{R}^{q\times r},D\in\mathbb{R}^{r\times s}",
        ],
        r"(A\otimes B)(C\otimes D) = AC\otimes BD",
        r"(A\otimes B)(C\otimes D) = 2AC\otimes BD",
    ),
    "points inside a domain": (
        [r"\phi(x) = -\sum_{i=1}^m\log(b_i - a_i^Tx)", r"a_i,x\in\mathbb{R}^n"],
        r"\nabla^2 \phi(x) = \sum_{i=1}^m \frac{1}{(b_i - a_i^Tx)^2} a_ia_i^T",
        r"\nabla^2 \phi(x) = \sum_{i=1}^m \frac{1}{b_i - a_i^Tx} a_ia_i^T",
    ),
    "targets that sum to one": (
        [r"p = \mathrm{softmax}(z)", r"L = -\sum_k y_k\log p_k", r"\sum_k y_k = 1", r"z,y\in\mathbb{R}^K"],
        r"\frac{\partial L}{\partial z} = p - y",
        r"\frac{\partial L}{\partial z} = y - p",
    ),
    "an orthogonal matrix": (
        [r"P^TP=I", r"P\in\mathbb{R}^{n\times n},x\in\mathbb{R}^n"],
        r"\|Px\| = \|x\|",
        r"Px = x",
    ),
    "points in space": (
        [r"E = \sum_{i<j}\|x_i-x_j\|", r"x_i\in\mathbb{R}^d", r"i = 1,\dots,N"],
        r"\nabla_{x_i} E = \sum_{j\ne i} \frac{x_i - x_j}{\|x_i-x_j\|}",
        r"\nabla_{x_i} E = \sum_{j\ne i} \frac{x_j - x_i}{\|x_i-x_j\|}",
    ),
    "steps with a last one": (
        [
            r"a_t = Wh_{t-1} + Ux_t", r"h_t = \tanh(a_t)", r"h_0 = 0", r"T = 3", r"L = L(h_T)",
            r"W\in\mathbb{R}^{n\times n},U\in\mathbb{R}^{n\times d},x_t\in\mathbb{R}^d",
            r"\delta_t = \frac{\partial L}{\partial a_t}",
        ],
        r"\frac{\partial L}{\partial W} = \sum_{t=1}^T \delta_t h_{t-1}^T",
        r"\frac{\partial L}{\partial W} = \sum_{t=1}^T \delta_t h_t^T",
    ),
    "samples in columns": (
        [
            r"Z^{[1]}=W^{[1]}X+b^{[1]}", r"A^{[1]}=\tanh(Z^{[1]})", r"Z^{[2]}=W^{[2]}A^{[1]}+b^{[2]}",
            r"A^{[2]}=\sigma(Z^{[2]})",
            r"J = -\frac1m\sum_{i=1}^m\left(y^{(i)}\log a^{[2](i)}+(1-y^{(i)})\log(1-a^{[2](i)})\right)",
            r"X\in\mathbb{R}^{n_x\times m}, Y\in\mathbb{R}^{1\times m}",
            r"dZ^{[2]} = A^{[2]}-Y", r"dZ^{[1]} = W^{[2]T}dZ^{[2]}*(1-(A^{[1]})^2)",
        ],
        r"dW^{[1]} = \frac1m dZ^{[1]}X^T",
        r"dW^{[1]} = \frac1m X dZ^{[1]T}",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("given", "right", "wrong"), PAIRS.values(), ids=PAIRS)
def test_a_way_of_writing(given: list[str], right: str, wrong: str):
    """The right line holds, and the wrong one beside it fails."""
    assert mc.verify(right, given=given).status == "holds"
    assert mc.verify(wrong, given=given).status in ("fails", "shape-error")


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        (r"\frac{d}{dx}\lg x = \frac1x", "base 10 or 2"),
        (r"\frac{d}{dx}\tanh_2 x = 1", "does not say what"),
    ],
)
def test_words_with_several_meanings_are_not_guessed(claim: str, words: str):
    """What a word means is asked for."""
    verdict = mc.verify(claim)
    assert verdict.status == "unreadable"
    assert words in verdict.explanation


@pytest.mark.parametrize(
    ("claim", "given", "status", "words"),
    [
        (
            r"\frac{\partial L}{\partial z} = p - y",
            [r"p = \mathrm{softmax}(z)", r"L = -\sum_k y_k\log p_k", r"z,y\in\mathbb{R}^K"],
            "needs-convention",
            "true if the entries of y sum to one",
        ),
        (
            r"\nabla x^TAx = 2Ax",
            [r"x\in\mathbb{R}^n", r"A\in\mathbb{R}^{n\times n}"],
            "fails",
            "right where A is symmetric",
        ),
        (
            r"\nabla_w w^Tw = 0",
            [r"w^Tw=1", r"w\in\mathbb{R}^n"],
            "unreadable",
            "may rest on w^{T} w = 1",
        ),
        (
            r"\frac{\partial h}{\partial x} = W\operatorname{diag}(x)",
            [],
            "unreadable",
            "h is not defined",
        ),
    ],
)
def test_what_a_line_rests_on_is_said(claim: str, given: list[str], status: str, words: str):
    """Facts that were left unsaid, conditions that are not understood, names of nothing."""
    verdict = mc.verify(claim, given=given)
    assert verdict.status == status
    assert words in verdict.explanation
