"""A derivation of a network with families, as people use it.

The same face as any derivation. What is not served for loops yet says so; it never answers with
something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NoReturn

from matcalc.api.derivation import Derivation
from matcalc.errors import MatcalcError, NoRuleError, UnknownNameError, wants_whole
from matcalc.expr import Node
from matcalc.families.bounds import Bound, bound_of
from matcalc.families.derived import Derived, IndexedLine, name_of
from matcalc.families.direct import direct_parts, recursion
from matcalc.families.pages import page_of_families, text_of_families
from matcalc.families.sideways import turned
from matcalc.families.values import check_families, evaluate_families, expanded_at
from matcalc.layout import Layout
from matcalc.members import Family, place_of
from matcalc.notation import Notation
from matcalc.ops.binder import at_index
from matcalc.render.blocks import Page
from matcalc.render.dress import Style
from matcalc.render.notebook import to_notebook
from matcalc.render.terminal import to_terminal
from matcalc.reverse import boxed
from matcalc.shapes import listed


class FamilyDerivation(Derivation):
    """The backward pass through loops: boundary, recursion, and sums over the index."""

    __slots__ = ()

    def __init__(self, derived: Derived) -> None:
        object.__setattr__(self, "_record", derived)

    @property
    def derived(self) -> Derived:
        return self._record  # type: ignore[attr-defined]

    @property
    def record(self) -> NoReturn:
        _not_yet("this view of a derivation")

    @property
    def layout(self) -> Layout:
        return self.derived.layout

    @property
    def remarks(self) -> tuple[Any, ...]:
        return self.derived.remarks

    @property
    def upstream(self) -> Node | None:
        return self.derived.upstream

    @property
    def output(self) -> Node:
        """What is differentiated."""
        return self.derived.output

    @property
    def assumed(self) -> tuple[str, ...]:
        """The shapes that nobody declared."""
        return self.derived.network.assumed

    # -- lines and results ------------------------------------------------------------------------

    @property
    def lines(self) -> tuple[IndexedLine, ...]:
        return self.derived.lines

    def line(self, name: Any) -> IndexedLine:
        """A line by its name, ``dh[T]`` or ``dh`` for the general place; a variable's gradient."""
        wanted = name if isinstance(name, str) else name_of(self.derived.find(name))
        by_name = {line.name: line for line in self.lines}
        if wanted in by_name:
            return by_name[wanted]
        goals = {name_of(w) for w in self.derived.wrt}
        stems = [f"d{wanted}", wanted] if wanted in goals else [wanted]
        for stem in stems:
            found = [ln for ln in self.lines if ln.name.partition("[")[0] == stem]
            running = [ln for ln in found if ln.running] or found
            if running:
                return running[0]
        raise UnknownNameError(f"there is no line {wanted!r}; there are {listed(list(by_name))}")

    def _value(self, of: Any) -> Node:
        """What arrives at a symbol, at the general member of a family, or at one member."""
        arrived = self.derived.arrived(of)
        if not isinstance(arrived.of, Family):
            return boxed(arrived.value, arrived.of)
        place = place_of(of) if isinstance(of, Node) else None
        if place is not None and place.at != arrived.of.indices:
            for case in arrived.cases:
                if all(s.low == s.high == e for s, e in zip(case.spans, place.at, strict=True)):
                    return boxed(case.value, of)
            inside = [c for c in arrived.cases if not c.is_point]
            if len(arrived.cases) == 1 and inside:
                swaps = dict(zip(arrived.of.indices, place.at, strict=True))
                return boxed(at_index(inside[0].value, swaps), of)
            raise MatcalcError(
                f"what arrives at {of} depends on where it lies: D.line(...) shows the cases "
                f"{listed([ln.name for ln in self.lines if ln.member is not None])}"
            )
        general = [c for c in arrived.cases if not c.is_point] or list(arrived.cases)
        if len(general) != 1:
            raise MatcalcError(f"what arrives at {of} has several forms: see D.lines")
        return boxed(general[0].value, arrived.of.general)

    def gradient(self, of: Any) -> Any:
        """The gradient in the names of steps and adjoints, in the page's layout; of a family, that of
        its general member."""
        return self._laid(self._value(of))

    def _laid(self, value: Node) -> Node:
        return turned(value) if self.layout is Layout.NUMERATOR else value

    def adjoint(self, step: Any) -> Any:
        """What arrives at a step, at the general member of a family, or at one member such as
        ``h[T]``."""
        return self._value(step)

    def direct(self, of: Any) -> Any:
        """The direct derivative of the output by the general member: all later members fixed."""
        for line in self.lines:
            place = place_of(line.member) if line.member is not None else None
            if place is not None and place.family is self.derived.find(of):
                parts = direct_parts(self.derived, line)
                if parts is not None:
                    return parts[1]
        raise MatcalcError(f"the total and the direct derivative by {of} are not two things here")

    def recursion(self, of: Any) -> Any:
        """What arrives at the general member, in what arrives at the next one."""
        for line in self.lines:
            place = place_of(line.member) if line.member is not None else None
            if place is not None and place.family is self.derived.find(of):
                found = recursion(self.derived, line)
                if found is not None:
                    return found[0]
                if line.running and any(
                    (p := place_of(n)) and p.family is place_of(line.symbol).family  # type: ignore[union-attr]
                    for n in line.value.free_symbols
                ):
                    return line.value
        raise MatcalcError(f"there is no recursion of {of} in itself")

    def bound(self, of: Any) -> Bound:
        """How fast what arrives vanishes or explodes from the last index down: an inequality with
        its lines (``to_text``, ``to_latex``, ``factor(values)``)."""
        found = self.derived.find(of)
        if not isinstance(found, Family):
            raise MatcalcError(f"{of} is no family: a bound is about a recursion")
        return bound_of(self.derived, found)

    @property
    def gradients(self) -> Mapping[str, Node]:
        """Variable name to gradient; of a family, that of its general member."""
        return MappingProxyType({name_of(w): self.gradient(w) for w in self.derived.wrt})

    def expand(self, of: Any, **ends: int) -> Any:
        """The gradient in the inputs alone, for fixed ends: ``D.expand("W", T=2)``; of a family a
        list. A symbolic range has no closed form in the inputs."""
        symbols = {s.name for s in self.derived.network.extents}
        if symbols - set(ends):
            end = sorted(symbols - set(ends))[0]
            raise NoRuleError(
                "a recursion has no closed form in the inputs alone; for a fixed number of steps: "
                f"D.expand({name_of(self.derived.find(of))!r}, {end}=3)"
            )
        return expanded_at(self.derived, of, ends)

    def entry(self, of: Any, i: Any, j: Any) -> Any:
        """Not for loops yet."""
        _not_yet("the index form")

    def hessian(self, wrt: Any, wrt2: Any = None) -> Any:
        """Not for loops yet."""
        _not_yet("a Hessian")

    # -- numbers ----------------------------------------------------------------------------------

    def evaluate(
        self,
        values: Mapping[Any, Any],
        *,
        dims: Mapping[str, int] | None = None,
        partial: bool = False,
    ) -> Any:
        """Every step, adjoint and gradient in numbers; families are lists, one array a member."""
        return evaluate_families(self.derived, values, dims=dims, partial=partial)

    def check(self, seed: int = 0, trials: int = 3) -> Any:
        """Every gradient against differences of the forward pass, at several lengths."""
        wants_whole(seed, "the seed")
        wants_whole(trials, "the number of trials", 1)
        return check_families(self.derived, seed=seed, trials=trials)

    def discover(self, seed: int = 0) -> tuple[str, ...]:
        """Not for loops yet."""
        _not_yet("discover")

    def verify(self, of: Any, claim: Any, **options: Any) -> Any:
        """A hand-written rule for a gradient or an adjoint, at every place where its members
        exist; ``of`` may be one place, such as ``h[T]``."""
        from matcalc.judging.members import verify_rule

        if options:
            _not_yet(f"verify with {', '.join(options)}=")
        return verify_rule(self.derived, of, claim)

    def verify_code(self, function: Any, *, seed: int = 0) -> Any:
        """A hand-written backward function through loops; families are passed as lists of arrays, and
        come back as lists."""
        from matcalc.judging.loop_code import verify_loop_code

        wants_whole(seed, "the seed")
        return verify_loop_code(self.derived, function, seed)

    # -- code -------------------------------------------------------------------------------------

    def source(self, backend: str = "numpy", **options: Any) -> str:
        """The forward and the backward pass as loops, in NumPy, JAX or PyTorch."""
        from matcalc.families.functions import source_of_families

        return source_of_families(self.derived, backend, **options)

    def function(self, backend: str = "numpy", **options: Any) -> Any:
        """``f(x=[...], W=...) -> (value, {"W": ...})``, compiled from that source."""
        from matcalc.families.functions import function_of_families

        return function_of_families(self.derived, backend, **options)

    def cost(self) -> Any:
        """Operations and memory as formulas in the dimensions and the ends of the ranges, step by
        step, forwards and backwards."""
        from matcalc.families.functions import cost_of_families

        return cost_of_families(self.derived)

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
        """The derivation as a page of blocks; options as for any derivation, view backprop."""
        if not isinstance(numbered, str) or numbered not in ("all", "results", "none"):
            raise MatcalcError(f"numbered is all, results or none, not {numbered!r}")
        chosen = self.layout if layout is None else Layout.of(layout)
        made = page_of_families(
            self.derived, Style(self._notation(notation), chosen, **style), view, opening
        )
        return made.numbered(numbered)

    def _notation(self, notation: Notation | str | None) -> Notation:
        own = getattr(self.derived.network, "notation", None)
        return Notation.of(notation if notation is not None else own)

    def to_text(self, view: str | None = None, **options: Any) -> str:
        """The derivation in the text language, or, with a view, in Unicode."""
        if view is None and not options:
            return text_of_families(self.derived)
        return to_terminal(self.page(view or "backprop", **options))

    def to_notebook(self, **options: Any) -> str:
        """A Jupyter notebook (its JSON); options as for ``page``."""
        text = self.derived.network.to_text()
        mark = "r" if "\\" in text else ""
        network = f'net = mc.parse({mark}"""\n{text}\n""")'
        program = f"import matcalc as mc\n\n{network}\nD = mc.derive(net)\nD"
        return to_notebook(self.page(**options), program)

    def formulas(
        self,
        notation: Notation | str | None = None,
        *,
        layout: Any = None,
        width: float | None = None,
        **style: Any,
    ) -> str:
        """Not for loops yet."""
        _not_yet("a file of formulas")

    def graph(self, *args: Any, **options: Any) -> Any:
        """Not for loops yet."""
        _not_yet("the graph")

    def plot_gradients(self, values: Mapping[Any, Any], **options: Any) -> Any:
        """Not for loops yet."""
        _not_yet("a plot")

    def plot_loss(
        self, values: Mapping[Any, Any], rate: float, steps: int = 1, **options: Any
    ) -> Any:
        """Not for loops yet."""
        _not_yet("a plot")


def _not_yet(what: str) -> NoReturn:
    raise NoRuleError(
        f"{what} does not follow families and loops yet; net.unroll(...) gives a plain network for a "
        "fixed number of steps, which has everything"
    )
