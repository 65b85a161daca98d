"""A derivation as people use it: an immutable view of the record."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from matcalc import second
from matcalc.errors import UnknownNameError
from matcalc.expr import Node, symbol_name
from matcalc.indexform import entry_form
from matcalc.layout import Layout, gradient_in
from matcalc.network import expanded
from matcalc.notation import Notation
from matcalc.record import Line, Record
from matcalc.render import page
from matcalc.reverse import boxed
from matcalc.rewrite.simplify import simplify
from matcalc.shapes import listed


class Derivation:
    """The backward pass of a network, with every line that leads to it."""

    __slots__ = ("_record",)

    def __init__(self, record: Record) -> None:
        object.__setattr__(self, "_record", record)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("a Derivation is immutable")

    @property
    def record(self) -> Record:
        return self._record  # type: ignore[no-any-return, attr-defined]

    @property
    def layout(self) -> Layout:
        return self.record.layout

    @property
    def remarks(self) -> tuple[str, ...]:
        return self.record.remarks

    @property
    def upstream(self) -> Node | None:
        return self.record.upstream

    # -- lines ------------------------------------------------------------------------------------

    @property
    def lines(self) -> tuple[Line, ...]:
        return self.record.lines

    def line(self, name: Any) -> Line:
        """A line by its name; the name of a variable means the line of its gradient."""
        wanted = name if isinstance(name, str) else symbol_name(self.record.problem.find(name))
        by_name = {line.name: line for line in self.lines}
        if wanted in by_name:
            return by_name[wanted]
        for line in self.lines:
            if line.kind == "gradient" and symbol_name(self._of(line)) == wanted:
                return line
        raise UnknownNameError(f"there is no line {wanted!r}; there are {listed(list(by_name))}")

    def _of(self, line: Line) -> Node:
        return self.record.adjoints.of[line.symbol]

    # -- results ----------------------------------------------------------------------------------

    def _arrival(self, of: Any) -> tuple[Node, Node]:
        symbol = self.record.problem.find(of)
        arrival = self.record.arrivals.get(symbol)
        if arrival is None:
            known = listed([symbol_name(s) for s in self.record.arrivals])
            raise UnknownNameError(f"nothing was derived for {symbol}; there are {known}")
        return symbol, boxed(arrival.value, symbol)

    def gradient(self, of: Any) -> Any:
        """The gradient in the names of steps and adjoints, in the page's layout."""
        return gradient_in(self.layout, self._arrival(of)[1])

    def adjoint(self, step: Any) -> Any:
        """What arrives at a step: the derivative of the output by it, in its own shape."""
        return self._arrival(step)[1]

    def expand(self, of: Any) -> Any:
        """The gradient in the inputs alone."""
        symbol, value = self._arrival(of)
        return gradient_in(self.layout, simplify(expanded(value)))

    def entry(self, of: Any, i: Any, j: Any) -> Any:
        """Entry (i, j) of a gradient with explicit sums, counted from 0."""
        return entry_form(self._arrival(of)[1], i, j)

    def hessian(self, wrt: Any, wrt2: Any = None) -> Any:
        """The matrix of second derivatives of the output."""
        problem = self.record.problem
        row = problem.find(wrt)
        return second.hessian(expanded(problem.output), row, problem.find(wrt2) if wrt2 is not None else row)

    @property
    def gradients(self) -> Mapping[str, Node]:
        """Variable name to gradient."""
        return MappingProxyType({symbol_name(w): self.gradient(w) for w in self.record.wrt})

    # -- numbers ----------------------------------------------------------------------------------

    def evaluate(self, values: Mapping[Any, Any], *, dims: Mapping[str, int] | None = None) -> Any:
        """Every step, adjoint and gradient in numbers."""
        from matcalc.numeric.evaluation import evaluate_record

        return evaluate_record(self.record, values, dims=dims)

    def check(self, seed: int = 0, trials: int = 3) -> Any:
        """Every gradient against differences of the forward pass."""
        from matcalc.numeric.checking import check_record

        return check_record(self.record, seed=seed, trials=trials)

    def verify(self, of: Any, claim: Any, **options: Any) -> Any:
        """A hand result for one gradient: does it hold, and if not, how is it off?"""
        from matcalc.judging.claims import verify_gradient

        return verify_gradient(self.record, self.record.problem.find(of), claim, **options)

    # -- pages ------------------------------------------------------------------------------------

    def to_text(self) -> str:
        """The derivation for the terminal, in the text language."""
        return page.to_text(self.record)

    def to_latex(self, notation: Notation | None = None, document: bool = False) -> str:
        """The derivation as an aligned block (amsmath), or a whole document."""
        return page.to_latex(self.record, notation, document=document)

    def to_markdown(self, notation: Notation | None = None) -> str:
        """The derivation as Markdown with LaTeX formulas."""
        return page.to_markdown(self.record, notation)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": self.to_text(), "text/markdown": self.to_markdown()}

    def __repr__(self) -> str:
        return self.to_text()
