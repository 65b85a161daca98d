"""A derivation as people use it: an immutable view of the record."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from matcalc import second
from matcalc.errors import MatcalcError, UnknownNameError, wants_whole
from matcalc.expr import Node, symbol_name, symbol_owner
from matcalc.indexform import entry_form
from matcalc.layout import Layout, gradient_in
from matcalc.network import expanded
from matcalc.notation import Notation
from matcalc.record import Line, Record
from matcalc.render import page, plots
from matcalc.render.blocks import Page
from matcalc.render.dress import Dress, Style
from matcalc.render.export import formula_file
from matcalc.render.forward import network_bundle  # noqa: F401 - notebooks show networks by it
from matcalc.render.graph import Graph, graph_of
from matcalc.render.html import to_html
from matcalc.render.lines import LINE, Setting
from matcalc.render.markdown import to_markdown
from matcalc.render.notebook import to_notebook
from matcalc.render.terminal import to_terminal
from matcalc.render.tex import to_tex
from matcalc.render.views import page_of
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

    def __reduce__(self) -> Any:
        return Derivation, (self.record,)

    @property
    def record(self) -> Record:
        return self._record  # type: ignore[attr-defined]

    @property
    def layout(self) -> Layout:
        return self.record.layout

    @property
    def remarks(self) -> tuple[str, ...]:
        return self.record.remarks

    @property
    def upstream(self) -> Node | None:
        return self.record.upstream

    @property
    def output(self) -> Node:
        """What is differentiated."""
        return self.record.problem.output

    @property
    def assumed(self) -> tuple[str, ...]:
        """The shapes that nobody declared."""
        return self.record.problem.assumed

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
        _, value = self._arrival(of)
        facts = self.record.problem.facts
        return gradient_in(self.layout, simplify(expanded(value), facts=facts), facts)

    def entry(self, of: Any, i: Any, j: Any) -> Any:
        """Entry (i, j) of a gradient with explicit sums, counted from 0."""
        return entry_form(self._arrival(of)[1], i, j)

    def hessian(self, wrt: Any, wrt2: Any = None) -> Any:
        """The matrix of second derivatives of the output."""
        problem = self.record.problem
        row = problem.find(wrt)
        col = problem.find(wrt2) if wrt2 is not None else row
        return second.hessian(expanded(problem.output), row, col, problem.facts)

    @property
    def gradients(self) -> Mapping[str, Node]:
        """Variable name to gradient."""
        return MappingProxyType({symbol_name(w): self.gradient(w) for w in self.record.wrt})

    # -- numbers ----------------------------------------------------------------------------------

    def evaluate(
        self,
        values: Mapping[Any, Any],
        *,
        dims: Mapping[str, int] | None = None,
        partial: bool = False,
    ) -> Any:
        """Every step, adjoint and gradient in numbers; with ``partial`` as far as the values go."""
        from matcalc.numeric.evaluation import evaluate_record
        from matcalc.render import numbers  # noqa: F401 - evaluations print themselves by it

        return evaluate_record(self.record, values, dims=dims, partial=partial)

    def discover(self, seed: int = 0) -> tuple[str, ...]:
        """What numbers show and the laws do not: parts that are zero, the identity or symmetric.

        Nothing in the derivation uses it.
        """
        from matcalc.discover import remarks

        wants_whole(seed, "the seed")
        return tuple(str(found) for found in remarks(self.record, seed=seed))

    def check(self, seed: int = 0, trials: int = 3) -> Any:
        """Every gradient against differences of the forward pass."""
        from matcalc.numeric.checking import check_record

        wants_whole(seed, "the seed")
        wants_whole(trials, "the number of trials", 1)
        return check_record(self.record, seed=seed, trials=trials)

    def verify(self, of: Any, claim: Any, **options: Any) -> Any:
        """A hand result for one gradient: does it hold, and if not, how is it off?"""
        from matcalc.judging.claims import verify_gradient

        return verify_gradient(self.record, self._arrival(of)[0], claim, **options)

    def verify_code(self, function: Any, *, seed: int = 0) -> Any:
        """A hand-written backward function: which gradient is off, and how.

        It takes the arrays by name and returns the gradients by name, or in the order of ``wrt``.
        """
        from matcalc.judging.code import verify_code

        wants_whole(seed, "the seed")
        return verify_code(self.record, function, seed)

    # -- code -------------------------------------------------------------------------------------

    def source(self, backend: str = "numpy", **options: Any) -> str:
        """The forward and the backward pass as a module; options are ``workspace`` and ``sizes``."""
        from matcalc.codegen.make import source_of_record

        return source_of_record(self.record, backend, **options)

    def function(self, backend: str = "numpy", **options: Any) -> Any:
        """``f(X=..., W1=...) -> (value, {"W1": ...})``, compiled from that source."""
        from matcalc.codegen.make import function_of_record

        return function_of_record(self.record, backend, **options)

    def cost(self) -> Any:
        """Operations and memory of the compiled function, as formulas in the dimensions."""
        from matcalc.codegen.cost import cost_of_record

        return cost_of_record(self.record)

    # -- pages ------------------------------------------------------------------------------------

    def page(
        self,
        view: str = "backprop",
        *,
        notation: Notation | str | None = None,
        layout: Any = None,
        numbered: str = "all",
        opening: bool = True,
        **style: Any,
    ) -> Page:
        """The derivation as a page of blocks, in one of its views.

        ``view`` is backprop, chain, differential, index, paths, batch or vec. ``detail`` (brief,
        normal, full; or a mapping by line), ``lines``, ``hide`` and ``stop_at`` choose what is
        shown; ``of`` and ``entry`` what a view is about; ``evaluated`` opens the partial
        derivatives of the index view, ``opened`` those that are named, ``shapes`` puts them
        under the factors, ``fold=False`` writes out equal layers, ``batch`` names the dimension
        that counts the data. ``graph="steps"`` (or ``"operations"``) draws the network at the top,
        ``program="forward"`` (or ``"both"``) ends with the code as an algorithm.
        """
        if not isinstance(numbered, str) or numbered not in ("all", "results", "none"):
            raise MatcalcError(f"numbered is all, results or none, not {numbered!r}")
        chosen = self.layout if layout is None else Layout.of(layout)
        return page_of(
            self.record, Style(self._notation(notation), chosen, **style), view, opening
        ).numbered(numbered)

    def _notation(self, notation: Notation | str | None) -> Notation:
        """The notation asked for, or the one in which the network was written."""
        if notation is None:
            owners = (symbol_owner(s.symbol) for s in self.record.problem.steps)
            notation = next((n for o in owners if (n := getattr(o, "notation", None))), None)
        return Notation.of(notation)

    def to_text(self, view: str | None = None, **options: Any) -> str:
        """The derivation for the terminal: in the text language, or, with a view, in Unicode."""
        if view is None and not options:
            return page.to_text(self.record)
        return to_terminal(self.page(view or "backprop", **options))

    def to_latex(
        self,
        document: bool = False,
        *,
        label: str = "bp:",
        env: str = "align",
        width: float | None = None,
        **options: Any,
    ) -> str:
        """A fragment that needs amsmath only, or a whole document; options as for ``page``.

        With ``graph=`` the drawing is TikZ, and the fragment needs that package too.
        """
        drawn = options.get("graph") is not None or None
        setting = Setting(label, env, LINE if width is None else width, document, tikz=drawn)
        return to_tex(self.page(**options), setting)

    def to_markdown(self, **options: Any) -> str:
        """The derivation as Markdown with LaTeX formulas; options as for ``page``."""
        return to_markdown(self.page(**options))

    def to_html(self, **options: Any) -> str:
        """One HTML file that needs no network; options as for ``page``."""
        return to_html(self.page(**options))

    def to_notebook(self, **options: Any) -> str:
        """A Jupyter notebook (its JSON); options as for ``page``."""
        return to_notebook(self.page(**options), page.program(self.record))

    def graph(
        self, grain: str = "steps", deltas: bool = True, *, notation: Notation | str | None = None
    ) -> Graph:
        """The computation graph: ``.svg``, ``.tikz``, ``.dot``, ``.text``. The grain is steps or
        operations."""
        style = Style(self._notation(notation), self.layout)
        return graph_of(self.record, style, grain, deltas)

    def plot_gradients(self, values: Mapping[Any, Any], **options: Any) -> Any:
        """A matplotlib figure: the size of each gradient on a logarithmic axis."""
        return plots.plot_gradients(self.record, self._style(), values, **options)

    def plot_loss(
        self, values: Mapping[Any, Any], rate: float, steps: int = 1, **options: Any
    ) -> Any:
        """A matplotlib figure: the output before and after steps of gradient descent."""
        return plots.plot_loss(self.record, self._style(), values, rate, steps, **options)

    def _style(self) -> Style:
        return Style(self._notation(None), self.layout)

    def formulas(
        self,
        notation: Notation | str | None = None,
        *,
        layout: Any = None,
        width: float | None = None,
        **style: Any,
    ) -> str:
        r"""A file of the lines by name, to ``\input``: ``\mcuse{dW1}`` inline, ``\mceq{dW1}``
        numbered. ``lines``, ``hide`` and ``stop_at`` choose, as for ``page``."""
        chosen = self.layout if layout is None else Layout.of(layout)
        dress = Dress(self.record, Style(self._notation(notation), chosen, **style))
        setting = Setting(width=LINE if width is None else width, notation=dress.notation)
        return formula_file(dress, setting)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {
            "text/plain": self.to_text(),
            "text/markdown": self.to_markdown(detail="brief"),
            "text/latex": self.to_latex(detail="brief", numbered="none", env="aligned"),
        }

    def __repr__(self) -> str:
        return self.to_text()
