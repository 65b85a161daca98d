"""A recurrence with two steps back: a linear filter of second order, fitted to a signal."""

from textwrap import dedent

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """The signal y is driven by x and by its own last two values."""
    return mc.parse(
        """
        x[t], s[t] : scalar
        u, v : scalar
        param a, b, c : scalar
        for t = 1..T: y[t] = a*y[t-1] + b*y[t-2] + c*x[t], y[0] = u, y[-1] = v
        L = isum((y[t] - s[t])^2/2, t, 1, T)
        minimize L
        """
    )


def notes() -> Notes:
    """What to look at, the derivation, its check, and the program."""
    D = mc.derive(network(), ["a", "b", "c", "u", "v"])
    page = Notes("A recurrence with two steps back", "dot-star")
    page.say(
        r"""
        What arrives at $y_t$ comes from itself, from $y_{t+1}$ and from $y_{t+2}$: the filter run
        backwards, with the same coefficients. The last two times are cases of their own, because
        nothing follows the last one and only one value the last but one. Both values before the
        first are learnt as well; what speaks of $y_2$ falls away where $T = 1$.
        """
    )
    page.derivation(D, detail="brief").check(D)
    return page.heading("As a program").code(dedent(D.source().split('"""', 4)[4]).strip())


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
