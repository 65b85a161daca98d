"""Factorisations, solves, determinants as text: one factorisation serves all that ask for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from matcalc.codegen.resolve import postorder
from matcalc.codegen.terms import STATIC, Term

PRODUCT, ATOM = 2, 5  # how tightly a text binds; see words.py
Text = tuple[str, int]


class Solving:
    """The words of linear systems, and of numbers known beforehand."""

    module: str
    names: Any
    kind: str
    signed: frozenset[Term] = frozenset()  # factorisations of which determinants alone are asked

    def __call__(self, t: Term, level: int = 0) -> str:
        raise NotImplementedError

    def need(self, helper: str) -> None:
        raise NotImplementedError

    def integer(self, value: Any) -> str:
        raise NotImplementedError

    def helper(self, name: str, *arguments: str) -> Text:
        raise NotImplementedError

    def eye(self, n: str) -> str:
        return f"{self.module}.eye({n}{self.kind})"

    def is_static(self, t: Term) -> bool:
        """Whether a number comes from dimensions alone."""
        return all(x.op in STATIC for x in postorder([t]))

    def plain(self, t: Term, found: Text) -> Text:
        """A number known beforehand as Python's own: NumPy's would make single precision double."""
        if t.shape or any(x.op not in STATIC and not x.args for x in postorder([t])):
            return found
        return f"float({found[0]})", ATOM

    # -- inverses ------------------------------------------------------------------------------

    def _alone(self, factor: Term) -> bool:
        """Whether a factorisation serves one purpose only."""
        return factor not in self.names

    def _factor(self, t: Term) -> Text:
        how = t.params[0]
        inside = self(t.args[0])
        if how == "chol":
            self.need("chol")
            return f"cho_factor({inside})", ATOM
        if t in self.signed:
            return f"{self.module}.linalg.slogdet({inside})", ATOM
        if how == "lu":
            self.need("lu")
            return f"factored({inside})", ATOM
        return inside, ATOM

    def _solve(self, t: Term) -> Text:
        factor, b = t.args
        turned = t.params[0]
        how = factor.params[0]
        if how == "chol":
            self.need("chol")
            return f"cho_solve({self(factor)}, {self(b)})", ATOM
        if how in ("lower", "upper"):
            self.need("triangular")
            options = f", lower={how == 'lower'}{', trans=1' if turned else ''}"
            return f"solve_triangular({self(factor)}, {self(b)}{options})", ATOM
        if self._alone(factor):
            a = self(factor.args[0], ATOM)
            return f"{self.module}.linalg.solve({a}{'.T' if turned else ''}, {self(b)})", ATOM
        self.need("lu")
        return f"lu_solve({self(factor)}, {self(b)}{', 1' if turned else ''})", ATOM

    def _inverse(self, t: Term) -> Text:
        factor = t.args[0]
        how = factor.params[0]
        one = self.eye(self.integer(t.shape[0]))
        if how == "lu" and self._alone(factor):
            return f"{self.module}.linalg.inv({self(factor.args[0])})", ATOM
        if how == "chol":
            self.need("chol")
            return f"cho_solve({self(factor)}, {one})", ATOM
        if how == "lu":
            self.need("lu")
            return f"lu_solve({self(factor)}, {one})", ATOM
        self.need("triangular")
        return f"solve_triangular({self(factor)}, {one}, lower={how == 'lower'})", ATOM

    def _logdet(self, t: Term) -> Text:
        factor = t.args[0]
        if factor.params[0] == "chol":
            self.need("chol_logdet")
            return f"cho_logdet({self(factor)})", ATOM
        if factor in self.signed:
            return self.helper("signed_logdet", self(factor))
        self.need("lu_logdet")
        inside = self(factor.args[0]) if self._alone(factor) else self(factor)
        return f"lu_logdet({inside})", ATOM

    def _det(self, t: Term) -> Text:
        factor = t.args[0]
        if factor.params[0] == "chol" and not self._alone(factor):
            self.need("chol")
            return self.helper("cho_det", self(factor))
        if self._alone(factor) or factor.params[0] != "lu":
            return f"{self.module}.linalg.det({self(factor.args[0])})", ATOM
        return self.helper("lu_det", self(factor))

    def _logabsdet(self, t: Term) -> Text:
        factor = t.args[0]
        if factor in self.signed:
            return f"{self(factor)}[{int(t.op == 'logabsdet')}]", ATOM
        return self.helper(
            f"lu_{t.op}", self(factor.args[0]) if self._alone(factor) else self(factor)
        )

    _signdet = _logabsdet

    def _adj(self, t: Term) -> Text:
        return self.helper("adjugate", self(t.args[0]))


def of_determinants(terms: Iterable[Term]) -> frozenset[Term]:
    """The general factorisations that serve no solve: LAPACK's sign and logarithm are enough."""
    users: dict[Term, set[str]] = {}
    for t in terms:
        for a in t.args:
            users.setdefault(a, set()).add(t.op)
    return frozenset(
        t
        for t, ops in users.items()
        if t.op == "factor" and t.params[0] == "lu" and ops <= {"logdet", "logabsdet", "signdet"}
    )
