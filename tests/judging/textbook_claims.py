r"""Claims in the style of textbooks: the setting, what is claimed, and what a marker would say.

Each setting is followed by claims; a claim with a slip names the words the class of the slip must
contain and one way to write the line correctly.
"""

from __future__ import annotations

from typing import NamedTuple


class Claim(NamedTuple):
    """One line; ``slip`` is empty where the line is right."""

    setting: str
    line: str
    slip: str = ""
    right: str = ""
    layout: str | None = None
    status: str = ""


SETTINGS: dict[str, list[str]] = {
    "regression": [
        r"X \in \mathbb{R}^{n \times p}, \beta \in \mathbb{R}^{p}, y \in \mathbb{R}^{n}",
        r"\mathrm{RSS} = (y - X\beta)^T (y - X\beta)",
    ],
    "weighted regression": [
        r"X \in \mathbb{R}^{m \times k}, w \in \mathbb{R}^{k}, \lambda \in \mathbb{R}",
        r"t \in \mathbb{R}^{m}, r \in \mathbb{R}^{m}",
        r"E = \frac{1}{2} \sum_{i=1}^{m} r_i (t_i - x_i^T w)^2 + \frac{\lambda}{2} w^T w",
        r"x_i \text{ is the i-th row of } X",
    ],
    "logistic regression": [
        r"x_i \in \mathbb{R}^{d}, w \in \mathbb{R}^{d}, X \in \mathbb{R}^{n \times d}, y \in \mathbb{R}^{n}",
        r"\sigma(s) = \frac{1}{1 + e^{-s}}",
        r"p = \sigma(X w)",
        r"\ell = \sum_{i=1}^{n} \left[ y_i \log p_i + (1 - y_i) \log(1 - p_i) \right]",
    ],
    "softmax": [
        r"z \in \mathbb{R}^{K}, t \in \mathbb{R}^{K}",
        r"t \text{ one-hot}",
        r"p_k = \frac{e^{z_k}}{\sum_{j=1}^{K} e^{z_j}}",
        r"\mathcal{L} = -\sum_{k=1}^{K} t_k \log p_k",
    ],
    "pca": [
        r"S \in \mathbb{R}^{d \times d}, u \in \mathbb{R}^{d}, \lambda \in \mathbb{R}",
        r"S = S^T",
        r"J = u^T S u - \lambda (u^T u - 1)",
    ],
    "reconstruction": [
        r"X \in \mathbb{R}^{n \times d}, V \in \mathbb{R}^{d \times k}",
        r"J = \| X - X V V^T \|_F^2",
    ],
    "gaussian": [
        r"x \in \mathbb{R}^{d}, \mu \in \mathbb{R}^{d}, \Lambda \in \mathbb{R}^{d \times d}",
        r"\Lambda = \Lambda^T",
        r"Q = -\frac{1}{2} (x - \mu)^T \Lambda (x - \mu)",
        r"\ell = \frac{1}{2} \log \det \Lambda - \frac{1}{2} (x - \mu)^T \Lambda (x - \mu)",
    ],
    "mixture": [
        r"x \in \mathbb{R}, K \in \mathbb{N}",
        r"a \in \mathbb{R}^{K}, \mu \in \mathbb{R}^{K}, \pi \in \mathbb{R}^{K}",
        r"q_k = \pi_k e^{-\frac{1}{2} (x - \mu_k)^2}",
        r"s = \sum_{k=1}^{K} q_k",
        r"\gamma_k = \frac{q_k}{s}",
        r"L = \log s",
    ],
    "gaussian process": [
        r"A \in \mathbb{R}^{n \times n}, B \in \mathbb{R}^{n \times n}, y \in \mathbb{R}^{n}, \theta \in \mathbb{R}",
        r"A = A^T, B = B^T",
        r"K = A + \theta B",
        r"\alpha = K^{-1} y",
        r"q = \frac{1}{2} y^T K^{-1} y",
    ],
    "attention": [
        r"Q \in \mathbb{R}^{n \times d}, K \in \mathbb{R}^{m \times d}",
        r"V \in \mathbb{R}^{m \times v}, G \in \mathbb{R}^{n \times v}",
        r"S = \frac{1}{\sqrt{d}} Q K^T",
        r"P = \mathrm{softmax}(S)",
        r"O = P V",
        r"L = \operatorname{tr}(G^T O)",
    ],
    "batch norm": [
        r"x \in \mathbb{R}^{m}, \gamma \in \mathbb{R}, \beta \in \mathbb{R}, c \in \mathbb{R}^{m}, \epsilon > 0",
        r"\mu = \frac{1}{m} \sum_{i=1}^{m} x_i",
        r"v = \frac{1}{m} \sum_{i=1}^{m} (x_i - \mu)^2",
        r"\hat{x}_i = \frac{x_i - \mu}{\sqrt{v + \epsilon}}",
        r"y_i = \gamma \hat{x}_i + \beta",
        r"L = \sum_{i=1}^{m} c_i y_i",
    ],
    "recurrent": [
        r"W \in \mathbb{R}^{h \times h}, U \in \mathbb{R}^{h \times d}, v \in \mathbb{R}^{h}",
        r"x_1 \in \mathbb{R}^{d}, x_2 \in \mathbb{R}^{d}, h_0 \in \mathbb{R}^{h}",
        r"a_1 = W h_0 + U x_1",
        r"h_1 = \tanh(a_1)",
        r"a_2 = W h_1 + U x_2",
        r"h_2 = \tanh(a_2)",
        r"L = v^T h_2",
    ],
    "vae": [
        r"\mu \in \mathbb{R}^{J}, s \in \mathbb{R}^{J}",
        r"D = -\frac{1}{2} \sum_{j=1}^{J} (1 + s_j - \mu_j^2 - e^{s_j})",
    ],
    "convolution": [
        r"x \in \mathbb{R}^{8}, w \in \mathbb{R}^{3}, g \in \mathbb{R}^{6}",
        r"y_i = \sum_{k=1}^{3} w_k x_{i+k-1}, \quad i = 1, \dots, 6",
        r"L = \sum_{i=1}^{6} g_i y_i",
    ],
    "hessian": [
        r"A \in \mathbb{R}^{m \times n}, x \in \mathbb{R}^{n}, b \in \mathbb{R}^{m}, B \in \mathbb{R}^{n \times n}",
        r"f = \frac{1}{2} \| A x - b \|^2",
        r"g = x^T B x",
    ],
    "jacobian": [
        r"A \in \mathbb{R}^{m \times n}, x \in \mathbb{R}^{n}, b \in \mathbb{R}^{m}, D \in \mathbb{R}^{k \times m}",
        r"z = A x + b",
        r"a = \tanh(z)",
        r"o = D a",
    ],
    "matrices": [
        r"A \in \mathbb{R}^{n \times n}, X \in \mathbb{R}^{n \times n}, B \in \mathbb{R}^{n \times n}",
    ],
}

CLAIMS = [
    Claim("regression", r"\frac{\partial\,\mathrm{RSS}}{\partial \beta} = -2 X^T (y - X\beta)"),
    Claim(
        "regression",
        r"\frac{\partial\,\mathrm{RSS}}{\partial \beta} = -2 X (y - X\beta)",
        "transpose",
        r"\frac{\partial\,\mathrm{RSS}}{\partial \beta} = -2 X^T (y - X\beta)",
    ),
    Claim(
        "regression",
        r"\nabla_\beta \mathrm{RSS} = 2 X^T X \beta + 2 X^T y",
        "sign",
        r"\nabla_\beta \mathrm{RSS} = 2 X^T X \beta - 2 X^T y",
    ),
    Claim(
        "regression", r"\frac{\partial^2\,\mathrm{RSS}}{\partial \beta \partial \beta^T} = 2 X^T X"
    ),
    Claim(
        "weighted regression",
        r"\frac{\partial E}{\partial w} = -X^T \operatorname{diag}(r) (t - X w) + \lambda w",
    ),
    Claim(
        "weighted regression",
        r"\frac{\partial E}{\partial w} = -X^T r (t - X w) + \lambda w",
        "diag",
        r"\frac{\partial E}{\partial w} = -X^T \operatorname{diag}(r) (t - X w) + \lambda w",
    ),
    Claim(
        "weighted regression",
        r"\frac{\partial E}{\partial w_j} = -\sum_{i=1}^{m} (t_i - x_i^T w) X_{ij} + \lambda w_j",
        "factor",
        r"\frac{\partial E}{\partial w_j} = -\sum_{i=1}^{m} r_i (t_i - x_i^T w) X_{ij} + \lambda w_j",
    ),
    Claim("logistic regression", r"\frac{\partial \ell}{\partial w} = X^T (y - p)"),
    Claim(
        "logistic regression",
        r"\frac{\partial \ell}{\partial w} = X^T (p - y)",
        "sign",
        r"\frac{\partial \ell}{\partial w} = X^T (y - p)",
    ),
    Claim(
        "logistic regression",
        r"\frac{\partial \ell}{\partial w_j} = \sum_{i=1}^{n} (y_i - p_i) X_{ij}",
    ),
    Claim(
        "logistic regression",
        r"\frac{\partial \ell}{\partial w_j} = \sum_{i=1}^{n-1} (y_i - p_i) X_{ij}",
        "range",
        r"\frac{\partial \ell}{\partial w_j} = \sum_{i=1}^{n} (y_i - p_i) X_{ij}",
    ),
    Claim(
        "logistic regression",
        r"\nabla^2_w \ell = -X^T \operatorname{diag}(p \odot (1 - p)) X",
    ),
    Claim(
        "logistic regression",
        r"\nabla^2_w \ell = X^T \operatorname{diag}(p \odot (1 - p)) X",
        "sign",
        r"\nabla^2_w \ell = -X^T \operatorname{diag}(p \odot (1 - p)) X",
    ),
    Claim("softmax", r"\frac{\partial p_i}{\partial z_j} = p_i (\delta_{ij} - p_j)"),
    Claim(
        "softmax",
        r"\frac{\partial p}{\partial z} = \operatorname{diag}(p \odot (1 - p))",
        "diagonal",
        r"\frac{\partial p}{\partial z} = \operatorname{diag}(p) - p p^T",
    ),
    Claim(
        "softmax",
        r"\frac{\partial p_i}{\partial z_j} = p_i (1 - p_j)",
        "",
        r"\frac{\partial p_i}{\partial z_j} = p_i (\delta_{ij} - p_j)",
        status="fails",
    ),
    Claim("softmax", r"\frac{\partial \mathcal{L}}{\partial z} = p - t"),
    Claim(
        "softmax",
        r"\frac{\partial \mathcal{L}}{\partial z_k} = t_k - p_k",
        "sign",
        r"\frac{\partial \mathcal{L}}{\partial z_k} = p_k - t_k",
    ),
    Claim("pca", r"\frac{\partial J}{\partial u} = 2 S u - 2 \lambda u"),
    Claim(
        "pca",
        r"\frac{\partial J}{\partial u} = 2 S u - \lambda u",
        "factor|bracket",
        r"\frac{\partial J}{\partial u} = 2 S u - 2 \lambda u",
    ),
    Claim("pca", r"\frac{\partial J}{\partial \lambda} = 1 - u^T u"),
    Claim(
        "reconstruction",
        r"\frac{\partial J}{\partial V} = -2 X^T X V - 2 X^T X V + 2 X^T X V V^T V + 2 V V^T X^T X V",
    ),
    Claim(
        "reconstruction",
        r"\frac{\partial J}{\partial V} = -4 X^T X V + 2 X^T X V V^T V",
        "product rule",
        r"\frac{\partial J}{\partial V} = -4 X^T X V + 2 X^T X V V^T V + 2 V V^T X^T X V",
    ),
    Claim("gaussian", r"\frac{\partial Q}{\partial \mu} = \Lambda (x - \mu)"),
    Claim(
        "gaussian",
        r"\frac{\partial Q}{\partial \mu} = \frac{1}{2} \Lambda (x - \mu)",
        "factor 1/2",
        r"\frac{\partial Q}{\partial \mu} = \Lambda (x - \mu)",
    ),
    Claim("gaussian", r"\frac{\partial Q}{\partial x} = -\Lambda (x - \mu)"),
    Claim(
        "gaussian",
        r"\frac{\partial \ell}{\partial \Lambda} = \frac{1}{2} \Lambda^{-1} - \frac{1}{2} (x - \mu)(x - \mu)^T",
    ),
    Claim(
        "gaussian",
        r"\frac{\partial \ell}{\partial \Lambda} = \frac{1}{2} \Lambda^{-1} - \frac{1}{2} (x - \mu)^T (x - \mu)",
        "",
        r"\frac{\partial \ell}{\partial \Lambda} = \frac{1}{2} \Lambda^{-1} - \frac{1}{2} (x - \mu)(x - \mu)^T",
        status="shape-error",
    ),
    Claim(
        "gaussian",
        r"\frac{\partial \ell}{\partial \Lambda} = \frac{1}{2} \Lambda - \frac{1}{2} (x - \mu)(x - \mu)^T",
        "inverse",
        r"\frac{\partial \ell}{\partial \Lambda} = \frac{1}{2} \Lambda^{-1} - \frac{1}{2} (x - \mu)(x - \mu)^T",
    ),
    Claim("mixture", r"\frac{\partial L}{\partial \mu_k} = \gamma_k (x - \mu_k)"),
    Claim(
        "mixture",
        r"\frac{\partial L}{\partial \mu_k} = \gamma_k (\mu_k - x)",
        "sign",
        r"\frac{\partial L}{\partial \mu_k} = \gamma_k (x - \mu_k)",
    ),
    Claim("mixture", r"\frac{\partial L}{\partial x} = -\sum_{k=1}^{K} \gamma_k (x - \mu_k)"),
    Claim(
        "mixture",
        r"\frac{\partial L}{\partial x} = -\gamma_k (x - \mu_k)",
        "sum",
        r"\frac{\partial L}{\partial x} = -\sum_{k=1}^{K} \gamma_k (x - \mu_k)",
    ),
    Claim(
        "gaussian process", r"\frac{\partial q}{\partial \theta} = -\frac{1}{2} \alpha^T B \alpha"
    ),
    Claim(
        "gaussian process",
        r"\frac{\partial q}{\partial \theta} = \frac{1}{2} \alpha^T B \alpha",
        "sign",
        r"\frac{\partial q}{\partial \theta} = -\frac{1}{2} \alpha^T B \alpha",
    ),
    Claim(
        "gaussian process",
        r"\frac{\partial}{\partial \theta} \log |K| = \operatorname{tr}(K^{-1} B)",
    ),
    Claim(
        "gaussian process",
        r"\frac{\partial}{\partial \theta} \log |K| = K^{-1} B",
        "trace",
        r"\frac{\partial}{\partial \theta} \log |K| = \operatorname{tr}(K^{-1} B)",
    ),
    Claim("attention", r"\frac{\partial L}{\partial V} = P^T G"),
    Claim(
        "attention",
        r"\frac{\partial L}{\partial V} = P G",
        "transpose",
        r"\frac{\partial L}{\partial V} = P^T G",
    ),
    Claim("attention", r"\frac{\partial L}{\partial P} = G V^T"),
    Claim(
        "attention",
        r"\frac{\partial L}{\partial Q} = \frac{1}{\sqrt{d}} \frac{\partial L}{\partial S} K",
    ),
    Claim(
        "attention",
        r"\frac{\partial L}{\partial Q} = \frac{\partial L}{\partial S} K",
        "factor",
        r"\frac{\partial L}{\partial Q} = \frac{1}{\sqrt{d}} \frac{\partial L}{\partial S} K",
    ),
    Claim(
        "attention",
        r"\frac{\partial L}{\partial K} = \frac{1}{\sqrt{d}} \left(\frac{\partial L}{\partial S}\right)^T Q",
    ),
    Claim(
        "attention",
        r"\frac{\partial L}{\partial S} = P \odot \left( G V^T - (P \odot G V^T) 1_m 1_m^T \right)",
    ),
    Claim("batch norm", r"\frac{\partial L}{\partial \gamma} = \sum_{i=1}^{m} c_i \hat{x}_i"),
    Claim(
        "batch norm",
        r"\frac{\partial L}{\partial \gamma} = \sum_{i=1}^{m} c_i x_i",
        "",
        r"\frac{\partial L}{\partial \gamma} = \sum_{i=1}^{m} c_i \hat{x}_i",
        status="fails",
    ),
    Claim(
        "batch norm",
        r"\frac{\partial L}{\partial \beta} = c_i",
        "sum",
        r"\frac{\partial L}{\partial \beta} = \sum_{i=1}^{m} c_i",
    ),
    Claim(
        "recurrent",
        r"\frac{\partial L}{\partial h_1} = W^T \left( v \odot (1 - h_2 \odot h_2) \right)",
    ),
    Claim(
        "recurrent",
        r"\frac{\partial L}{\partial h_1} = W \left( v \odot (1 - h_2 \odot h_2) \right)",
        "transpose",
        r"\frac{\partial L}{\partial h_1} = W^T \left( v \odot (1 - h_2 \odot h_2) \right)",
    ),
    Claim(
        "recurrent",
        r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial a_2} h_1^T "
        r"+ \frac{\partial L}{\partial a_1} h_0^T",
    ),
    Claim(
        "recurrent",
        r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial a_2} h_1^T",
        "one-path",
        r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial a_2} h_1^T "
        r"+ \frac{\partial L}{\partial a_1} h_0^T",
    ),
    Claim("vae", r"\frac{\partial D}{\partial \mu_j} = \mu_j"),
    Claim("vae", r"\frac{\partial D}{\partial s_j} = \frac{1}{2} (e^{s_j} - 1)"),
    Claim(
        "vae",
        r"\frac{\partial D}{\partial s_j} = \frac{1}{2} e^{s_j} - 1",
        "bracket",
        r"\frac{\partial D}{\partial s_j} = \frac{1}{2} (e^{s_j} - 1)",
    ),
    Claim("convolution", r"\frac{\partial L}{\partial w_k} = \sum_{i=1}^{6} g_i x_{i+k-1}"),
    Claim(
        "convolution",
        r"\frac{\partial L}{\partial w_k} = \sum_{i=1}^{6} g_i x_{i+k}",
        "index",
        r"\frac{\partial L}{\partial w_k} = \sum_{i=1}^{6} g_i x_{i+k-1}",
    ),
    Claim(
        "convolution",
        r"\frac{\partial L}{\partial w_k} = \sum_{i=1}^{5} g_i x_{i+k-1}",
        "range",
        r"\frac{\partial L}{\partial w_k} = \sum_{i=1}^{6} g_i x_{i+k-1}",
    ),
    Claim("hessian", r"\nabla_x f = A^T (A x - b)"),
    Claim("hessian", r"\nabla^2_x f = A^T A"),
    Claim("hessian", r"\nabla^2_x f = A A^T", "order", r"\nabla^2_x f = A^T A"),
    Claim("hessian", r"\frac{\partial^2 g}{\partial x \partial x^T} = B + B^T"),
    Claim(
        "hessian",
        r"\frac{\partial^2 g}{\partial x \partial x^T} = 2 B",
        "",
        r"\frac{\partial^2 g}{\partial x \partial x^T} = B + B^T",
        status="fails",
    ),
    Claim(
        "hessian",
        r"\nabla_x g = B x",
        "product rule",
        r"\nabla_x g = B x + B^T x",
    ),
    Claim("jacobian", r"\frac{\partial z}{\partial x} = A", layout="numerator"),
    Claim("jacobian", r"\frac{\partial z}{\partial x} = A^T", layout="denominator"),
    Claim(
        "jacobian",
        r"\frac{\partial z}{\partial x} = A^T",
        "transpose",
        r"\frac{\partial z}{\partial x} = A",
        layout="numerator",
    ),
    Claim(
        "jacobian",
        r"\frac{\partial o}{\partial x} = D \operatorname{diag}(1 - a^2) A",
        layout="numerator",
    ),
    Claim(
        "jacobian",
        r"\frac{\partial o}{\partial x} = D (1 - a^2) A",
        "diag",
        r"\frac{\partial o}{\partial x} = D \operatorname{diag}(1 - a^2) A",
        layout="numerator",
    ),
    Claim(
        "jacobian",
        r"\frac{\partial a}{\partial z} = \operatorname{diag}(1 - a)",
        "",
        r"\frac{\partial a}{\partial z} = \operatorname{diag}(1 - a^2)",
        status="fails",
    ),
    Claim("matrices", r"d(A X B) = A\, dX\, B"),
    Claim("matrices", r"d(X^T X) = dX^T X + X^T dX"),
    Claim("matrices", r"d(X^T X) = 2 X^T dX", "", r"d(X^T X) = (dX)^T X + X^T dX", status="fails"),
    Claim("matrices", r"d(X^{-1}) = -X^{-1} \, dX \, X^{-1}"),
    Claim(
        "matrices",
        r"d(X^{-1}) = X^{-1} \, dX \, X^{-1}",
        "sign",
        r"d(X^{-1}) = -X^{-1} \, dX \, X^{-1}",
    ),
    Claim("matrices", r"d \operatorname{tr}(A X) = \operatorname{tr}(A \, dX)"),
    Claim("matrices", r"d \log \det X = \operatorname{tr}(X^{-1} dX)"),
    Claim("matrices", r"\frac{\partial}{\partial X} \operatorname{tr}(A X B) = A^T B^T"),
    Claim(
        "matrices",
        r"\frac{\partial}{\partial X} \operatorname{tr}(A X B) = B^T A^T",
        "order",
        r"\frac{\partial}{\partial X} \operatorname{tr}(A X B) = A^T B^T",
    ),
    Claim("matrices", r"\frac{\partial}{\partial X} \operatorname{tr}(X^T A X) = (A + A^T) X"),
    Claim(
        "matrices",
        r"\frac{\partial}{\partial X} \operatorname{tr}(X^T A X) = 2 A X",
        "",
        r"\frac{\partial}{\partial X} \operatorname{tr}(X^T A X) = (A + A^T) X",
        status="fails",
    ),
    Claim("matrices", r"\frac{\partial}{\partial X} \log \det X = (X^{-1})^T"),
    Claim(
        "matrices",
        r"\frac{\partial}{\partial X} \log \det X = X^{-1}",
        "layout",
        r"\frac{\partial}{\partial X} \log \det X = (X^{-1})^T",
    ),
    Claim("matrices", r"\operatorname{tr}(A X B) = \operatorname{tr}(B A X)"),
    Claim(
        "matrices",
        r"\operatorname{tr}(A X B) = \operatorname{tr}(A B X)",
        "order",
        r"\operatorname{tr}(A X B) = \operatorname{tr}(B A X)",
    ),
]
