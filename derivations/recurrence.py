"""A recurrent net over T times, T a symbol: shared weights, and a loss at every time."""

from textwrap import dedent

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """Columns as data; the state is compared with a target at every time."""
    return mc.parse(
        """
        x[t] : k x 1
        y[t] : m x 1
        h0 : d x 1
        param W : d x d
        param U : d x k
        param b : d x 1
        param V : m x d
        for t = 1..T: z[t] = W*h[t-1] + U*x[t] + b, h[t] = tanh(z[t]), h[0] = h0
        L = isum(norm2(V*h[t] - y[t])^2/2, t, 1, T)
        minimize L
        """.replace("\n        ", "\n")
    )


def notes() -> Notes:
    """What to look at, the derivation, its check, and the bound behind the vanishing gradient."""
    D = mc.derive(network())
    page = Notes("A recurrent net over T times", "delta-parentheses")
    page.say(
        r"""
        Backpropagation through time without unrolling. Both deltas have a line of their own: what
        arrives at the state $h_t$, and what arrives at its pre-activation $z_t$. The state acts on
        the loss directly and through the next state, so its total derivative has two parts; at
        $t = T$ only the direct one is left. Each shared weight gathers a sum over the times.
        """
    )
    page.derivation(D, detail="brief").check(D)
    return page.heading("As a program").code(dedent(D.source().split('"""', 4)[4]).strip())


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
