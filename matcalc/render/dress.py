"""What every view of a derivation shares: notation, layout, detail, and which lines are shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from matcalc.errors import KindError, MatcalcError, wants
from matcalc.expr import (
    Node,
    as_number,
    is_number,
    is_symbol,
    leaves,
    make,
    postorder,
    substitute,
    symbol_name,
)
from matcalc.layout import Layout
from matcalc.notation import Notation
from matcalc.ops.algebra import HADAMARD, PRODUCT, SUM_OP, had, mul
from matcalc.ops.base import PROD
from matcalc.ops.entrywise import ENTRYWISE
from matcalc.ops.undefined import FUNCTION
from matcalc.record import Line, Record
from matcalc.render.latex import LatexWriter, juxtaposed, with_where
from matcalc.render.names import output_name, size_in_latex
from matcalc.render.phrases import known
from matcalc.render.sideways import Sideways
from matcalc.render.textree import width
from matcalc.reverse import Adjoints
from matcalc.rewrite.cost import cost
from matcalc.rewrite.simplify import simplify
from matcalc.trace import BY_HAND, Law, trace

WIDEST_WITH_SHAPES = 40
DETAILS = ("brief", "normal", "full")


@dataclass(frozen=True)
class Style:
    """How a derivation is to be shown; every view takes one."""

    notation: Notation
    layout: Layout
    detail: Any = "normal"  # one of DETAILS, or a mapping from line names ("*": the others)
    lines: Collection[str] | None = None
    hide: Collection[str] = ()
    stop_at: str | None = None
    of: str | None = None  # the variable a view is about
    entry: tuple[Any, Any] | None = None
    evaluated: bool = False  # partial derivatives replaced by what they are
    opened: Collection[str] = ()  # steps whose adjoints are written out where they are used
    shapes: bool | str | None = None  # shapes under the factors: of all lines, none, or "results"
    fold: bool = True  # equal layers as one general layer
    batch: str | None = None
    graph: str | None = None  # the drawing at this grain, at the top
    program: str | None = None  # "forward" or "both" as an algorithm, at the end

    def __post_init__(self) -> None:
        for name in ("lines", "hide", "opened"):
            asked = getattr(self, name)
            if isinstance(asked, str):  # one line, not its letters
                object.__setattr__(self, name, asked := (asked,))
            if not (asked is None and name == "lines"):
                wants((list, tuple, set, frozenset), asked, f"{name} is a list of names")
                for line in asked:
                    wants(str, line, f"{name} is a list of names")
        for name in ("of", "stop_at", "batch", "graph", "program"):
            wants((str, type(None)), getattr(self, name), f"{name} is a name")
        for name in ("evaluated", "fold"):
            wants(bool, getattr(self, name), f"{name} is True or False")
        wants((str, Mapping), self.detail, f"detail is one of {', '.join(DETAILS)}")
        wants((str, bool, type(None)), self.shapes, "shapes is True, False or 'results'")
        wants((list, tuple, type(None)), self.entry, "entry is a pair such as (0, 0)")
        if self.entry is not None and len(self.entry) != 2:
            raise KindError(f"entry is a pair such as (0, 0), not {self.entry!r}")

    def detail_of(self, name: str) -> str:
        asked = self.detail
        if isinstance(asked, Mapping):
            asked = asked.get(name, asked.get("*", "normal"))
        if asked not in DETAILS:
            raise MatcalcError(f"detail is one of {', '.join(DETAILS)}, not {asked!r}")
        return str(asked)


@dataclass
class Dress:
    """A record and a style: lines as they are printed."""

    record: Record
    style: Style
    writer: LatexWriter = field(init=False)
    sideways: Sideways = field(init=False)
    spells_out: bool = field(init=False)  # the author writes the logistic function with exp

    def __post_init__(self) -> None:
        notation = known(self.style.notation)
        if notation.factors == "variable" and self.style.layout is Layout.NUMERATOR:
            notation = replace(notation, factors="derived")  # which is from the output back
        self.writer = LatexWriter(notation)
        self.writer.meet(self.record.problem.names.values())
        # What arrives at a part without a name lies on its side like every adjoint.
        parts = (line.symbol for line in self.record.backward() if line.of is None)
        self.sideways = Sideways([*self.record.adjoints.of, *parts])
        nodes = postorder(list(self.record.definitions.values()))
        used = {n.op.name for n in nodes}
        self.spells_out = not used & {"sigmoid", "tanh"} and any(map(_is_quotient, nodes))

    @property
    def notation(self) -> Notation:
        return self.style.notation

    def say(self, phrase: str, **parts: object) -> str:
        """A phrase in the language of the notes."""
        return self.notation.say(phrase, **parts)

    def __call__(self, node: Node) -> str:
        """A node in LaTeX."""
        return with_where(self.writer, node)

    @property
    def loss(self) -> str:
        """What the derivatives are of."""
        return output_name(self.record.problem.output, self.notation, self.record.problem.names)

    def factor(self, node: Node) -> str:
        """A node as one factor of a product."""
        return self.writer(node, PROD + 1)

    def shape(self, node: Node) -> str:
        return " \\times ".join(map(size_in_latex, node.shape)) if node.shape else "1 \\times 1"

    # -- lines ------------------------------------------------------------------------------------

    def shortest(self, node: Node) -> Node:
        """A node made short, though not by a function that the author spells out."""
        facts = self.record.problem.facts
        short = simplify(node, facts=facts)
        if not self._introduces(short):
            return short
        by_hand = (law.before for law in trace(node, short, {}, facts) if law.name in BY_HAND)
        return next(by_hand, node)

    def _introduces(self, node: Node) -> bool:
        """Whether sigma or tanh occur, where the network has neither but 1/(1 + exp(u))."""
        return self.spells_out and any(n.op.name in ("sigmoid", "tanh") for n in postorder(node))

    def told(self, line: Line) -> Node:
        """The value of a line in the functions of the network."""
        return line.unfinished if self._introduces(line.value) else line.value

    def in_inputs(self, value: Node) -> Node:
        """A value with every step and adjoint written out, and made short."""
        if self.spells_out:
            told = {line.symbol: self.told(line) for line in self.record.backward()}
            while any(n in told for n in leaves(value)):
                value = substitute(value, told)
        return self.shortest(self.record.in_inputs(value))

    def laws(self, line: Line) -> Sequence[Law]:
        """The laws by which a line became what it is, up to the form that is shown."""
        told = self.told(line)
        return [law for law in line.steps if told is line.value or law.name not in BY_HAND]

    def laid(self, value: Node) -> Node:
        """The value of an adjoint in the layout of the page."""
        return self.sideways.laid(value) if self.style.layout is Layout.NUMERATOR else value

    def names(self, line: Line) -> Node:
        """The left-hand side."""
        return line.symbol

    def value(self, line: Line) -> Node:
        return line.value if line.kind == "forward" else self.laid(self.opened(self.told(line)))

    def opened(self, value: Node) -> Node:
        """A value with the adjoints that are to be written out."""
        for _ in self.style.opened:
            named = {
                n: self.record.arrivals[of].value
                for n in adjoints_in(value)
                if symbol_name(of := self.record.adjoints.of[n]) in self.style.opened
            }
            value = substitute(value, named)
        return simplify(value) if self.style.opened else value

    def forms(self, line: Line) -> list[Node]:
        """The right-hand sides of a line in normal detail: with the slope as a prime, then
        opened."""
        if line.kind == "forward":
            return [line.value]
        primed = self.primed(line)
        value = self.opened(self.told(line))
        if primed is None:
            return [value]
        cancelled = cost(line.value) < cost(primed)
        if self.style.opened:
            primed = (
                had(*(self.opened(f) for f in primed.operands)) if primed.op is HADAMARD else primed
            )
        if self.notation.expand_slopes or cancelled:
            return [primed, value]
        return [primed]

    def primed(self, line: Line) -> Node | None:
        """The adjoint of Z as (what arrives at f(Z)) times f'(Z), where Z enters nothing else."""
        if len(line.through) != 1 or line.of is None:
            return None
        step = next(s for s in self.record.problem.steps if s.name == line.through[0])
        d = step.definition
        if d.op.name not in ENTRYWISE or len(d.operands) != 1 or d.operands[0] is not line.of:
            return None
        form = ENTRYWISE[d.op.name].row.latex
        name, bracket, _ = form.partition(r"\left(")
        if not bracket or name.startswith(r"\log"):
            return None
        prime = make(FUNCTION, (line.of,), (d.op.name, 1, name.format()))
        return had(self.spoken(step.symbol), prime)

    def spoken(self, of: Node) -> Node:
        """What arrives at a step as later lines speak of it."""
        arrival = self.record.arrivals[of]
        plain = not arrival.value.operands or (
            arrival.value.op is PRODUCT
            and len(arrival.value.operands) <= 2
            and len([a for a in arrival.value.operands if not is_number(a)]) == 1
            and not [a for a in arrival.value.operands if a.operands]
        )
        return arrival.value if plain else arrival.symbol

    # -- shapes under factors
    # -----------------------------------------------------------------------

    def with_shapes(self, node: Node) -> str:
        """A product with the shape under each matrix factor."""
        if (
            node.op is SUM_OP
            or node.op is not PRODUCT
            or sum(1 for a in node.operands if a.shape) < 2
        ):
            return self(node)
        scalars = [a for a in node.operands if not a.shape]
        front = [self.writer(simplify(mul(*scalars)), PROD)] if scalars else []
        if width(self(node)) > WIDEST_WITH_SHAPES:
            return self(node)
        factors = [
            rf"\underbrace{{{self.factor(a)}}}_{{{self.shape(a)}}}"
            for a in node.operands
            if a.shape
        ]
        return juxtaposed([*front, *factors])


def _is_quotient(node: Node) -> bool:
    """Something over a sum with an exponential."""
    if node.op.name != "pow" or not is_number(node.operands[1]) or as_number(node.operands[1]) >= 0:
        return False
    below = node.operands[0]
    return below.op is SUM_OP and any(n.op.name == "exp" for n in postorder(below))


def adjoints_in(node: Node) -> list[Node]:
    """The adjoint symbols an expression mentions."""
    return [n for n in postorder(node) if is_symbol(n) and isinstance(n.params[3], Adjoints)]


def spelled(equation: str, dress: Dress) -> str:
    """A law in the signs of the page."""
    n = dress.notation
    said = equation.replace(r"\odot", n.hadamard).replace(r"^\top", rf"^{{{n.transpose}}}")
    return said.replace(r"\mathbf{1}", n.one)
