"""Single claims as courses, papers and notes write them: right ones hold, slips are caught."""

from __future__ import annotations

from typing import NamedTuple

import pytest

import matcalc as mc


class Setting(NamedTuple):
    """What is given, the lines that are right, and wrong ones with a word of their slip."""

    given: list[str]
    right: list[str]
    wrong: list[tuple[str, str]]


SETTINGS = {
    "ridge, solved": Setting(
        [
            r"X\in\mathbb{R}^{n\times p}, y\in\mathbb{R}^n, \beta\in\mathbb{R}^p",
            r"S(\beta) = \|y-X\beta\|^2 + \lambda\|\beta\|^2",
        ],
        [
            r"(X^TX+\lambda I)\hat\beta = X^Ty",
            r"\hat\beta = (X^TX+\lambda I)^{-1}X^Ty",
            r"\beta^* = (X^TX+\lambda I)^{-1}X^Ty",
            r"(X^TX+\lambda I)\beta = X^Ty",
            r"X^T(y-X\hat\beta) = \lambda\hat\beta",
            r"\nabla_\beta S = 0 \Rightarrow (X^TX+\lambda I)\beta = X^Ty",
        ],
        [
            (r"(X^TX+\lambda I)\hat\beta = X y", "transpose"),
            (r"\hat\beta = (X^TX+2\lambda I)^{-1}X^Ty", "factor"),
            (r"\hat\beta = (XX^T+\lambda I)^{-1}X^Ty", "order"),
        ],
    ),
    "recurrent net without shapes": Setting(
        [
            r"h_t = \tanh(W_{hh} h_{t-1} + W_{xh} x_t + b_h)",
            r"o_t = W_{hy} h_t + b_y",
            r"L = \sum_{t=1}^{T} L_t",
            r"L_t = \ell_t(o_t)",
            r"t = 1, \dots, T",
        ],
        [
            r"\frac{\partial L}{\partial W_{hy}} = \sum_{t=1}^T \frac{\partial L_t}{\partial o_t} h_t^\top",
            r"\frac{\partial L}{\partial h_t} = W_{hy}^\top \frac{\partial L}{\partial o_t}"
            r" + W_{hh}^\top \operatorname{diag}(1-h_{t+1}^2)\frac{\partial L}{\partial h_{t+1}}",
        ],
        [
            (
                r"\frac{\partial L}{\partial W_{hy}} = \frac{\partial L_t}{\partial o_t} h_t^\top",
                "sum",
            ),
        ],
    ),
    "layer norm, columns by entries": Setting(
        [
            r"x, \gamma, \beta \in \mathbb{R}^d",
            r"\mu = \frac1d\sum_{i=1}^d x_i",
            r"\sigma^2 = \frac1d\sum_{i=1}^d (x_i-\mu)^2",
            r"\hat x_i = \frac{x_i-\mu}{\sqrt{\sigma^2+\epsilon}}",
            r"y_i = \gamma_i \hat x_i + \beta_i",
            r"L = L(y)",
        ],
        [r"\frac{\partial L}{\partial \gamma_i} = \frac{\partial L}{\partial y_i}\hat x_i"],
        [(r"\frac{\partial \sigma^2}{\partial x_i} = 2(x_i-\mu)", "1/d")],
    ),
    "a convolution whose output has a shape": Setting(
        [
            r"x\in\mathbb{R}^n, w\in\mathbb{R}^k, y\in\mathbb{R}^{n-k+1}",
            r"y_i = \sum_{a=1}^k w_a x_{i+a-1}",
            r"L = L(y)",
        ],
        [
            r"\frac{\partial L}{\partial w_a} = \sum_{i=1}^{n-k+1}"
            r"\frac{\partial L}{\partial y_i} x_{i+a-1}",
        ],
        [
            (
                r"\frac{\partial L}{\partial w_a} = \sum_{i=1}^{n-k}"
                r"\frac{\partial L}{\partial y_i} x_{i+a-1}",
                "range",
            ),
        ],
    ),
    "products by entries with a shape": Setting(
        [
            r"A\in\mathbb{R}^{n\times m}, B\in\mathbb{R}^{m\times p}, C\in\mathbb{R}^{n\times p}",
            r"C_{ij} = \sum_k A_{ik}B_{kj}",
            r"L = L(C)",
        ],
        [r"\frac{\partial L}{\partial B} = A^T\frac{\partial L}{\partial C}"],
        [
            (
                r"\frac{\partial L}{\partial A_{ik}} = \sum_j \frac{\partial L}{\partial C_{ij}}B_{jk}",
                "indices swapped",
            ),
        ],
    ),
    "samples in a list": Setting(
        [
            r"x_1,\dots,x_N\in\mathbb{R}^d",
            r"\mu\in\mathbb{R}^d, \Sigma\in\mathbb{R}^{d\times d}, \Sigma=\Sigma^T",
            r"\ell = -\frac N2\log|\Sigma| - \frac12\sum_{n=1}^N(x_n-\mu)^T\Sigma^{-1}(x_n-\mu)",
        ],
        [r"\frac{\partial\ell}{\partial\mu} = \Sigma^{-1}\sum_{n=1}^N(x_n-\mu)"],
        [
            (r"\frac{\partial\ell}{\partial\mu} = \Sigma\sum_{n=1}^N(x_n-\mu)", "inverse"),
            (
                r"\frac{\partial\ell}{\partial\Sigma} = -\frac N2\Sigma^{-1} + \frac12\Sigma^{-1}"
                r"(x_n-\mu)(x_n-\mu)^T\Sigma^{-1}",
                "sum",
            ),
        ],
    ),
    "logistic regression with p for two things": Setting(
        [
            r"X\in\mathbb{R}^{n\times p}, y\in\mathbb{R}^n, \beta\in\mathbb{R}^p",
            r"\eta = X\beta",
            r"p_i = \frac{1}{1+e^{-\eta_i}}",
            r"\ell(\beta) = \sum_{i=1}^n \{y_i\eta_i - \log(1+e^{\eta_i})\}",
        ],
        [r"\frac{\partial\ell}{\partial\beta} = X^T(y-p)"],
        [(r"\frac{\partial\ell}{\partial\beta} = X(y-p)", "transpose")],
    ),
    "two slopes of a determinant": Setting(
        [r"f(X) = \log\det X, X\in\mathbb{R}^{n\times n}, V\in\mathbb{R}^{n\times n}"],
        [r"D^2f(X)[V,V] = -\operatorname{tr}(X^{-1}VX^{-1}V)"],
        [(r"D^2f(X)[V,V] = \operatorname{tr}(X^{-1}VX^{-1}V)", "sign")],
    ),
    "programmers' gradients without a loss": Setting(
        [
            r"Q, K \in \mathbb{R}^{n \times d}, V \in \mathbb{R}^{n \times m}",
            r"S = \frac{QK^\top}{\sqrt{d}}, P = \mathrm{softmax}(S), O = PV",
        ],
        [r"dV = P^\top dO", r"dP = dO V^\top"],
        [(r"dP = dO V", "transpose"), (r"dK = dS\, Q / \sqrt{d}", "transpose")],
    ),
    "members in brackets": Setting(
        [
            r"s \in \mathbb{R}^{K}, A \in \mathbb{R}^{K \times K}",
            r"Z = \sum_{j=1}^K \sum_{k=1}^K \exp(s_j + A_{jk})",
            r"p(j,k) = \frac{\exp(s_j + A_{jk})}{Z}",
        ],
        [r"\frac{\partial \log Z}{\partial s_j} = \sum_{k=1}^K p(j,k)"],
        [(r"\frac{\partial \log Z}{\partial s_j} = \sum_{j=1}^K p(j,k)", "wrong index")],
    ),
    "targets of which nothing is said": Setting(
        [
            r"z\in\mathbb{R}^K, y\in\mathbb{R}^K",
            r"\hat y = \operatorname{softmax}(z)",
            r"J = -\sum_{k=1}^K y_k\log\hat y_k",
        ],
        [],
        [(r"\nabla_z J = y-\hat y", "sign")],
    ),
    "second derivatives by entries": Setting(
        [
            r"A\in\mathbb{R}^{n\times n}, x\in\mathbb{R}^n",
            r"q = \sum_{i=1}^n\sum_{j=1}^n a_{ij}x_ix_j",
        ],
        [r"\frac{\partial^2q}{\partial x_k\partial x_l} = a_{kl}+a_{lk}"],
        [(r"\frac{\partial^2q}{\partial x_k\partial x_l} = a_{kl}", "product rule")],
    ),
    "one step, of which no loss is known": Setting(
        [r"h_t = o_t\odot\tanh(c_t)", r"h_t,o_t,c_t\in\mathbb{R}^n"],
        [r"\delta o_t = \delta h_t\odot\tanh(c_t)", r"dh_t = do_t\odot\tanh(c_t)"],
        [(r"\delta c_t = \delta h_t\odot o_t\odot (1-\tanh(c_t))", "power")],
    ),
    "small changes of names": Setting(
        [
            r"f_t = \sigma(W_f x_t + U_f h_{t-1} + b_f)",
            r"g_t = \tanh(W_g x_t + U_g h_{t-1} + b_g)",
            r"c_t = f_t \odot c_{t-1} + (1 - f_t) \odot g_t",
            r"L = L(c_t)",
        ],
        [
            r"\delta f_t = \delta c_t \odot (c_{t-1} - g_t)",
            r"\delta g_t = \delta c_t \odot (1 - f_t)",
        ],
        [
            (
                r"\frac{\partial L}{\partial f_t} = \frac{\partial L}{\partial c_t} \odot (c_t - g_t)",
                "",
            )
        ],
    ),
}
RIGHT = [(name, line) for name, setting in SETTINGS.items() for line in setting.right]
WRONG = [(name, *pair) for name, setting in SETTINGS.items() for pair in setting.wrong]


@pytest.mark.parametrize(("name", "line"), RIGHT)
def test_a_right_line_holds(name: str, line: str):
    """Nothing correct is accused, and nothing of it stays unread."""
    verdict = mc.verify(line, given=SETTINGS[name].given)
    assert verdict.status == "holds", verdict


@pytest.mark.parametrize(("name", "line", "slip"), WRONG)
def test_a_slip_is_caught(name: str, line: str, slip: str):
    """A wrong line is called wrong, by its class, with a correction that holds."""
    given = SETTINGS[name].given
    verdict = mc.verify(line, given=given)
    assert verdict.status in ("fails", "shape-error", "index-error"), verdict
    assert slip in verdict.slip, verdict
    assert verdict.correction, verdict
    again = mc.verify(verdict.correction, given=given)
    assert again.status == "holds", verdict.correction


def test_what_went_wrong_in_the_givens_is_no_fault_of_the_claim():
    """A definition whose shapes do not fit makes a claim unreadable, not wrong."""
    given = [r"A\in\mathbb{R}^{m\times n}, x\in\mathbb{R}^m", r"f = \|A x\|^2"]
    assert mc.verify(r"\nabla_x f = 2 A^T A x", given=given).status == "unreadable"
