r"""Correct derivations in several notations: what homework and lecture notes look like.

Every setting has its givens and a list of correct claims. The tests plant slips in them.
"""

from __future__ import annotations

SETTINGS: dict[str, tuple[list[str], list[str]]] = {
    "rows": (
        [
            r"X \in \mathbb{R}^{n \times d}",
            r"W^{(1)} \in \mathbb{R}^{d \times h}",
            r"b^{(1)} \in \mathbb{R}^{1 \times h}",
            r"W^{(2)} \in \mathbb{R}^{h \times k}",
            r"Y \in \mathbb{R}^{n \times k}",
            r"Z^{(1)} = X W^{(1)} + 1_n b^{(1)}",
            r"A^{(1)} = \tanh(Z^{(1)})",
            r"Z^{(2)} = A^{(1)} W^{(2)}",
            r"L = \frac{1}{2n} \| Z^{(2)} - Y \|_F^2",
        ],
        [
            r"\delta^{(2)} = \frac{1}{n} (Z^{(2)} - Y)",
            r"\frac{\partial L}{\partial W^{(2)}} = A^{(1)T} \delta^{(2)}",
            r"\frac{\partial L}{\partial W^{(2)}} = \frac{1}{n} A^{(1)T} (Z^{(2)} - Y)",
            r"\delta^{(1)} = \left( \delta^{(2)} W^{(2)T} \right) \odot \left( 1 - A^{(1)} \odot A^{(1)} \right)",
            r"\frac{\partial L}{\partial W^{(1)}} = X^T \delta^{(1)}",
            r"\frac{\partial L}{\partial b^{(1)}} = 1_n^T \delta^{(1)}",
            r"\frac{\partial L}{\partial A^{(1)}} = \frac{1}{n} (Z^{(2)} - Y) W^{(2)T}",
        ],
    ),
    "columns": (
        [
            r"X \in \mathbb{R}^{p \times m}",
            r"W^{[1]} \in \mathbb{R}^{q \times p}",
            r"W^{[2]} \in \mathbb{R}^{r \times q}",
            r"Y \in \mathbb{R}^{r \times m}",
            r"Z^{[1]} = W^{[1]} X",
            r"A^{[1]} = g(Z^{[1]})",
            r"Z^{[2]} = W^{[2]} A^{[1]}",
            r"A^{[2]} = \sigma(Z^{[2]})",
            r"J = -\frac{1}{m} \sum_{i=1}^{r} \sum_{j=1}^{m} \left( Y_{ij} \log A^{[2]}_{ij} "
            r"+ (1 - Y_{ij}) \log (1 - A^{[2]}_{ij}) \right)",
        ],
        [
            r"\frac{\partial J}{\partial Z^{[2]}} = \frac{1}{m} (A^{[2]} - Y)",
            r"\frac{\partial J}{\partial W^{[2]}} = \frac{\partial J}{\partial Z^{[2]}} A^{[1]\top}",
            r"\frac{\partial J}{\partial Z^{[1]}} = W^{[2]\top} \frac{\partial J}{\partial Z^{[2]}} \circ g'(Z^{[1]})",
            r"dW^{[1]} = dZ^{[1]} X^\top",
            r"dZ^{[1]} = \frac{1}{m} \left( W^{[2]\top} (A^{[2]} - Y) \right) \circ g'(Z^{[1]})",
        ],
    ),
    "indices": (
        [
            r"x \in \mathbb{R}^{4}",
            r"W \in \mathbb{R}^{3 \times 4}",
            r"b \in \mathbb{R}^{3}",
            r"v \in \mathbb{R}^{3}",
            r"z = W x + b",
            r"a = f(z)",
            r"E = \frac{1}{2} \left( \sum_{j=1}^{3} v_j a_j - y \right)^2",
            r"\hat{y} = \sum_{j=1}^{3} v_j a_j",
        ],
        [
            r"\frac{\partial E}{\partial v_j} = (\hat{y} - y) a_j",
            r"\frac{\partial E}{\partial z_i} = (\hat{y} - y) v_i f'(z_i)",
            r"\frac{\partial E}{\partial W_{ij}} = (\hat{y} - y) v_i f'(z_i) x_j",
            r"\frac{\partial E}{\partial b_i} = (\hat{y} - y) v_i f'(z_i), \quad i = 1, 2, 3",
            r"\frac{\partial E}{\partial x_j} = \sum_{i=1}^{3} (\hat{y} - y) v_i f'(z_i) W_{ij}",
            r"\frac{\partial E}{\partial x_j} = \sum_{i=1}^{3} \frac{\partial E}{\partial z_i} W_{ij}",
        ],
    ),
    "softmax": (
        [
            r"X \in \mathbb{R}^{N \times D}",
            r"W \in \mathbb{R}^{D \times K}",
            r"Y \in \mathbb{R}^{N \times K}",
            r"Y \text{ one-hot}",
            r"S = X W",
            r"P = \mathrm{softmax}(S)",
            r"L = -\frac{1}{N} \sum_{n=1}^{N} \sum_{k=1}^{K} Y_{nk} \log P_{nk}",
        ],
        [
            r"\nabla_S L = \frac{1}{N} (P - Y)",
            r"\nabla_W L = \frac{1}{N} X^\top (P - Y)",
            r"\frac{\partial L}{\partial S_{nk}} = \frac{1}{N} (P_{nk} - Y_{nk})",
            r"\frac{\partial L}{\partial X} = \frac{1}{N} (P - Y) W^\top",
        ],
    ),
    "ridge": (
        [
            r"X \in \mathbb{R}^{n \times d}",
            r"w \in \mathbb{R}^{d}",
            r"y \in \mathbb{R}^{n}",
            r"\lambda \in \mathbb{R}",
            r"r = X w - y",
            r"L = \frac{1}{2} r^\top r + \frac{\lambda}{2} w^\top w",
        ],
        [
            r"\nabla_w L = X^\top (X w - y) + \lambda w",
            r"\frac{\partial L}{\partial w} = X^\top r + \lambda w",
            r"\frac{\partial L}{\partial r} = r",
            r"\frac{\partial L}{\partial w_j} = \sum_{i=1}^{n} r_i X_{ij} + \lambda w_j",
        ],
    ),
    "layers": (
        [
            r"W^1 \in \mathbb{R}^{q \times p}",
            r"W^2 \in \mathbb{R}^{r \times q}",
            r"b^1 \in \mathbb{R}^{q}",
            r"b^2 \in \mathbb{R}^{r}",
            r"x, y",
            r"x \in \mathbb{R}^{p}",
            r"y \in \mathbb{R}^{r}",
            r"z^1 = W^1 x + b^1",
            r"a^1 = \sigma(z^1)",
            r"z^2 = W^2 a^1 + b^2",
            r"a^2 = \sigma(z^2)",
            r"C = \frac{1}{2} \| y - a^2 \|^2",
            r"\text{layers are written } z^l",
        ],
        [
            r"\delta^2 = (a^2 - y) \odot \sigma'(z^2)",
            r"\delta^1 = ((W^2)^T \delta^2) \odot \sigma'(z^1)",
            r"\frac{\partial C}{\partial W^2} = \delta^2 (a^1)^T",
            r"\frac{\partial C}{\partial b^1} = \delta^1",
            r"\frac{\partial C}{\partial W^1} = \delta^1 x^T",
            r"\delta^2 = (a^2 - y) \odot a^2 \odot (1 - a^2)",
        ],
    ),
    "matrices": (
        [
            r"A \in \mathbb{R}^{n \times n}",
            r"B \in \mathbb{R}^{m \times n}",
            r"X \in \mathbb{R}^{n \times m}",
            r"x \in \mathbb{R}^{n}",
            r"f = x^T A x",
            r"g = \mathrm{tr}(B A X)",
        ],
        [
            r"\frac{\partial f}{\partial x} = (A + A^T) x",
            r"\frac{\partial f}{\partial x} = A x + A^T x",
            r"\frac{\partial f}{\partial A} = x x^T",
            r"\frac{\partial g}{\partial X} = A^T B^T",
            r"\frac{\partial g}{\partial A} = B^T X^T",
        ],
    ),
    "scalars": (
        [
            r"h_1 = \sigma(w_1 x + b_1)",
            r"h_2 = \sigma(w_2 x + b_2)",
            r"o = v_1 h_1 + v_2 h_2 + c",
            r"E = (o - t)^2",
        ],
        [
            r"\frac{\partial E}{\partial o} = 2 (o - t)",
            r"\frac{\partial E}{\partial v_1} = 2 (o - t) h_1",
            r"\frac{\partial E}{\partial w_1} = 2 (o - t) v_1 h_1 (1 - h_1) x",
            r"\frac{\partial E}{\partial b_2} = 2 (o - t) v_2 h_2 (1 - h_2)",
            r"\frac{\partial E}{\partial x} = 2 (o - t) \left( v_1 h_1 (1 - h_1) w_1 + v_2 h_2 (1 - h_2) w_2 \right)",
        ],
    ),
    "jacobians": (
        [
            r"z \in \mathbb{R}^{k}",
            r"p = \mathrm{softmax}(z)",
            r"u = \tanh(z)",
            r"M \in \mathbb{R}^{m \times k}",
            r"q = M z",
        ],
        [
            r"\frac{\partial p}{\partial z} = \mathrm{diag}(p) - p p^T",
            r"\frac{\partial u}{\partial z} = \mathrm{diag}(1 - u^2)",
            r"\frac{\partial q}{\partial z} = M^T",
            r"\frac{\partial p_i}{\partial z_j} = p_i (\delta_{ij} - p_j)",
        ],
    ),
}
