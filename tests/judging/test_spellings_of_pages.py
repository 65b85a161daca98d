r"""Spellings that real notes use and that mean something plainer: each page holds one of them."""

from __future__ import annotations

import pytest

import matcalc as mc

SOFTMAX = r"$z \in \mathbb{R}^K$ $$ p_k = \frac{e^{z_k}}{\sum_{k'} e^{z_{k'}}} $$ "
LEAST_SQUARES = (
    r"$X \in \mathbb{R}^{n \times d}$, $y \in \mathbb{R}^n$, $w \in \mathbb{R}^d$ "
    r"$$ L = \frac{1}{2n} \|X w - y\|^2 + \frac{\lambda}{2} \|w\|^2 $$ "
)
BARRIER = (
    r"$a_i \in \mathbb{R}^n$, $b \in \mathbb{R}^m$ "
    r"$$ \phi(x) = -\sum_{i=1}^m \log(b_i - a_i^T x) $$ "
)
RECURRENT = (
    r"For $t = 1, \dots, T$ let $$ h_t = \tanh(W h_{t-1} + U x_t) $$ "
    r"with $h_t \in \mathbb{R}^m$, $x_t \in \mathbb{R}^d$ and $$ L = \sum_{t=1}^T v^T h_t $$ "
)


def last(page: str) -> str:
    """The status of the last line of a page."""
    return list(mc.verify_document(page))[-1].verdict.status


@pytest.mark.parametrize(
    ("page", "status"),
    [
        # a primed index counts
        (SOFTMAX + r"$$ \frac{\partial p_k}{\partial z_j} = p_k (\delta_{kj} - p_j) $$", "holds"),
        (SOFTMAX + r"$$ \frac{\partial p_k}{\partial z_j} = p_k (\delta_{kj} - p_k) $$", "fails"),
        # an index that is one number throughout, and lines for all others
        (SOFTMAX + r"$$ L = -\log p_y $$ $$ \frac{\partial L}{\partial z_y} = p_y - 1 $$", "holds"),
        (
            SOFTMAX + r"$$ L = -\log p_y $$ "
            r"$$ \frac{\partial L}{\partial z_k} = p_k, \quad k \neq y $$",
            "holds",
        ),
        (SOFTMAX + r"$$ L = -\log p_y $$ $$ \frac{\partial L}{\partial z_k} = p_k $$", "fails"),
        # what holds where the loss is smallest
        (
            LEAST_SQUARES + r"Setting this to zero, $$ (X^T X + n \lambda I) w = X^T y $$",
            "holds",
        ),
        (LEAST_SQUARES + r"Setting this to zero, $$ (X^T X + \lambda I) w = X^T y $$", "assumes"),
        # a logarithm that only has a value where all b_i exceed a_i^T x
        (BARRIER + r"$$ \nabla \phi(x) = \sum_{i=1}^m \frac{1}{b_i - a_i^T x} a_i $$", "holds"),
        (BARRIER + r"$$ \nabla \phi(x) = -\sum_{i=1}^m \frac{1}{b_i - a_i^T x} a_i $$", "fails"),
        # the steps of a recurrence begin where the sentence says
        (
            RECURRENT + r"$$ \frac{\partial L}{\partial U} = \sum_{t=1}^T "
            r"(\frac{\partial L}{\partial h_t} \odot (1 - h_t^2)) x_t^T $$",
            "holds",
        ),
        (
            RECURRENT + r"$$ \frac{\partial L}{\partial W} = \sum_{t=1}^T "
            r"(\frac{\partial L}{\partial h_t} \odot (1 - h_t^2)) h_t^T $$",
            "fails",
        ),
        # a transpose in front
        (
            r"Soit $A \in \mathbb{R}^{n \times n}$, $x \in \mathbb{R}^n$ "
            r"$$ f(x) = {}^t x A x $$ $$ \nabla f(x) = (A + {}^tA) x $$",
            "holds",
        ),
        # properties in other languages
        (
            r"Sei $A \in \mathbb{R}^{n \times n}$ und $x \in \mathbb{R}^n$, $$ f(x) = x^T A x $$ "
            r"Falls $A$ symmetrisch ist, gilt $$ \nabla f(x) = 2 A x $$",
            "holds",
        ),
        # the logarithm of a density is what is defined
        (
            r"$x, \mu \in \mathbb{R}^n$ $$ \log p(x \mid \mu) = -\frac12 \|x - \mu\|^2 "
            r"- \frac{n}{2} \log 2\pi $$ $$ \frac{\partial}{\partial \mu} \log p(x \mid \mu) = x - \mu $$",
            "holds",
        ),
        # a diagonal of everything that an index runs over
        (
            r"$X \in \mathbb{R}^{n \times d}$, $w \in \mathbb{R}^d$ "
            r"$$ p_i = \frac{1}{1 + e^{-x_i^T w}} $$ $$ L = -\sum_{i=1}^n \log p_i $$ "
            r"$$ \nabla^2 L = X^T \operatorname{diag}(p_i (1 - p_i)) X $$",
            "holds",
        ),
        # a prime behind a vector: the derivative goes along the rows
        (
            r"$A \in \mathbb{R}^{m \times n}$, $x \in \mathbb{R}^n$, $y = A x$ "
            r"$$ \frac{\partial y}{\partial x'} = A $$",
            "holds",
        ),
    ],
)
def test_a_page(page: str, status: str):
    """The last line of each page is judged by what the page means."""
    assert last(page) == status


def test_a_law_for_something_unknown_is_no_mistake():
    """``dz/dt = f(z, t)`` is not wrong because nothing else says what z is."""
    assert last(r"$$ \frac{dz(t)}{dt} = f(z(t), t, \theta) $$") not in ("fails", "holds")


def test_a_capital_number_is_no_array_of_small_letters():
    """An entropy H does not say how far the a of h_a runs."""
    page = (
        r"$$ \pi_a = \frac{e^{h_a}}{\sum_{b=1}^A e^{h_b}} $$ "
        r"$$ H = -\sum_{a=1}^A \pi_a \log \pi_a $$ "
        r"$$ \frac{\partial \pi_a}{\partial h_b} = \pi_a (\mathbb{1}[a = b] - \pi_a) $$"
    )
    assert last(page) == "fails"
