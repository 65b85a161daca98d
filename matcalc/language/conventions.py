"""What a name suggests when nobody declared it, and which letters dimensions get."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import chain, count

_GREEK = frozenset({
    "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "eps", "zeta", "eta", "theta",
    "vartheta", "iota", "kappa", "lambda", "lam", "mu", "nu", "xi", "omicron", "pi", "rho", "sigma",
    "tau", "upsilon", "phi", "varphi", "chi", "psi", "omega",
})  # fmt: skip
_LETTERS = "mnkpqrstuvhdc"


def is_capital(name: str) -> bool:
    """A matrix, unless the text says otherwise."""
    return name[0].isupper()


def is_greek(name: str) -> bool:
    """A number, unless it is multiplied like a vector.

    >>> [is_greek(name) for name in ("lambda", "beta_1", "λ", "b")]
    [True, True, True, False]
    """
    stem = name.rstrip("0123456789_").lower()
    return stem in _GREEK or (len(stem) == 1 and "α" <= stem <= "ω")


def fresh_letters(taken: Collection[str], only_one: bool) -> Iterator[str]:
    """m, n, k, p, ... without the names in use; n if one dimension is all there is.

    >>> letters = fresh_letters({"n"}, only_one=False)
    >>> next(letters), next(letters)
    ('m', 'k')
    """
    letters = "n" + _LETTERS.replace("n", "") if only_one else _LETTERS
    numbered = (f"{c}{k}" for k in count(1) for c in "mnkpq")
    return (c for c in chain(letters, numbered) if c not in taken)
