"""A derivation with families as a page, as in a book: the boundary, then the rule "for t = T-1, ..., 1".

The page is made of the blocks every renderer takes; text is the listing in the text language.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from matcalc import shapes
from matcalc.errors import NoRuleError, UnknownNameError
from matcalc.expr import BUILD, Node, make, symbol_name
from matcalc.families.derived import Derived, IndexedLine
from matcalc.families.direct import direct_parts, recursion, sender_places
from matcalc.families.sideways import LyingDown
from matcalc.families.writing import run_latex, run_text
from matcalc.layout import Layout
from matcalc.members import Family, family_of, place_of
from matcalc.network import Step
from matcalc.notation import Notation
from matcalc.ops.algebra import had
from matcalc.ops.entrywise import ENTRYWISE
from matcalc.ops.undefined import FUNCTION
from matcalc.render.blocks import Block, Formula, Heading, Page, Prose, Row, Side
from matcalc.render.dress import Style
from matcalc.render.latex import LatexWriter, with_where
from matcalc.render.phrases import fact_in_words
from matcalc.render.writer import text_lines

LAYOUT_SAYS = {
    Layout.DENOMINATOR: "A gradient has the shape of its variable.",
    Layout.MIXED: "A gradient has the shape of its variable.",
    Layout.NUMERATOR: "A gradient lies transposed.",
}


def page_of_families(
    derived: Derived, style: Style, view: str = "backprop", opened: bool = True
) -> Page:
    """The page; of the views there is backprop."""
    if not isinstance(view, str) or view != "backprop":
        raise NoRuleError(f"the view {view!r} is not written for families yet; backprop is")
    page = _Page(derived, style)
    blocks = [*(page.opening() if opened else ()), *page.passes()]
    output = derived.output
    title = "The gradients of {f}" if not output.shape else "Through {f}"
    lefts = {_row_name(ln): page(ln.symbol) for ln in derived.lines}
    said = style.notation.say(title, f=f"${page(output)}$")
    return Page(said, tuple(blocks), lefts, style.notation)


class _Page:
    def __init__(self, derived: Derived, style: Style) -> None:
        self.derived, self.style = derived, style
        self.writer = LatexWriter(style.notation)
        self.says = style.notation.say
        self.lying = None
        if style.layout is Layout.NUMERATOR:
            self.lying = LyingDown(a.symbol for a in derived.order)

    def __call__(self, node: Node) -> str:
        return with_where(self.writer, node)

    def laid(self, value: Node) -> Node:
        """What arrives somewhere, in the layout of the page."""
        return value if self.lying is None else self.lying(value)

    # -- what is given ----------------------------------------------------------------------------

    def opening(self) -> list[Block]:
        derived = self.derived
        blocks: list[Block] = [Prose(self.says(LAYOUT_SAYS[self.style.layout]))]
        blocks += [
            Prose(f"{said[0].upper()}{said[1:]}.") for said in map(self._remark, derived.remarks)
        ]
        network = derived.network
        said = []
        for phrase, plain, role in (
            ("Given: {symbols}.", network.inputs, "input"),
            ("To learn: {symbols}.", network.params, "param"),
        ):
            items = [self._declared(s) for s in plain.values()]
            items += [
                self._family(f) for n, f in network.families.items() if network.roles[n] == role
            ]
            if items:
                said.append(self.says(phrase, symbols=", ".join(items)))
        if derived.upstream is not None:
            said.append(
                self.says("From above arrives {symbol}.", symbol=self._declared(derived.upstream))
            )
        if derived.facts:
            facts = "; ".join(fact_in_words(f, self.style.notation, str) for f in derived.facts)
            said.append(self.says("Assumed: {facts}.", facts=facts))
        if said:
            blocks.append(Prose(" ".join(said)))
        return blocks

    def _remark(self, said: str) -> str:
        for family in self.derived.made.values():
            said = said.replace(str(family.general), f"${self(family.general)}$")
        return said

    def _declared(self, node: Node) -> str:
        return f"${self(node)}$ ({self._size(node)})"

    def _family(self, family: Family) -> str:
        runs = ", ".join(f"${run_latex(s)}$" for s in family.spans)
        return f"${self(family.general)}$ ({self._size(family.general)}) {self.says('for')} {runs}"

    def _size(self, node: Node) -> str:
        if not node.shape:
            return self.says("a number")
        return "$" + r" \times ".join(map(sp.latex, node.shape)) + "$"

    # -- forward and backward ---------------------------------------------------------------------

    def passes(self) -> list[Block]:
        chosen = self._chosen()
        blocks: list[Block] = []
        forward = [ln for ln in chosen if ln.kind == "forward" and not self._says_nothing(ln)]
        backward = [ln for ln in chosen if ln.kind != "forward" and not self._says_nothing(ln)]
        for title, lines in (("Forward", forward), ("Backward", backward)):
            if lines:
                blocks.append(Heading(self.says(title)))
                blocks.append(Formula(tuple(self.row(ln) for ln in lines)))
        if backward:
            blocks += self._total_and_direct(backward)
            blocks += self._recursions(backward)
        return blocks

    def _says_nothing(self, line: IndexedLine) -> bool:
        return self(line.symbol) == self(line.value)

    def _chosen(self) -> list[IndexedLine]:
        style, found = self.style, list[IndexedLine]()
        known = {k for ln in self.derived.lines for k in _keys(ln)}
        stop = [style.stop_at] if style.stop_at else []
        for name in [*(style.lines or ()), *style.hide, *stop]:
            if name not in known:
                raise UnknownNameError(
                    f"there is no line {name!r}; there are {shapes.listed(sorted(known))}"
                )
        for line in self.derived.lines:
            keys = _keys(line)
            if (style.lines is None or keys & set(style.lines)) and not keys & set(style.hide):
                found.append(line)
            if style.stop_at in keys:
                break
        return found

    def row(self, line: IndexedLine) -> Row:
        detail = self.style.detail_of(line.name)
        forward = line.kind == "forward"
        sides = [self(line.value if forward else self.laid(line.value))]
        if not forward and detail != "brief":
            primed = self._primed(line)
            if primed is not None:
                sides = [self(self.laid(primed)), *sides]
                if not self.style.notation.expand_slopes:
                    sides = sides[:1]
            if detail == "full" and (sent := self(self.laid_as_sent(line))) not in sides:
                sides = [sent, *sides]
        if line.running:
            sides[-1] += rf" \quad \text{{{self.says('for')} }} {self._runs(line)}"
        note = "" if detail == "brief" or forward else self._origin(line)
        size = r" \times ".join(map(sp.latex, line.shape)) if line.shape else ""
        return Row(
            self(line.symbol), tuple(map(Side, dict.fromkeys(sides))), _row_name(line), note,
            size, line.kind == "gradient",
        )  # fmt: skip

    def laid_as_sent(self, line: IndexedLine) -> Node:
        """What the rules sent, before any simplification."""
        return line.before if self.lying is None else self.lying.around(line.before)

    def _runs(self, line: IndexedLine) -> str:
        return r",\; ".join(run_latex(s, line.down) for s in line.running)

    def _origin(self, line: IndexedLine) -> str:
        senders = sender_places(self.derived, line)
        through = [
            self(senders[name]) if name in senders else self._step_latex(name)
            for name in line.through
        ]
        return (
            self.says("through {steps}", steps=", ".join(f"${t}$" for t in through))
            if through
            else ""
        )

    def _step_latex(self, name: str) -> str:
        step = _step_named(self.derived, name)
        return rf"\mathrm{{{name}}}" if step is None else self(step.symbol)

    def _primed(self, line: IndexedLine) -> Node | None:
        """What arrives at g(Z) times g'(Z), where Z enters nothing else."""
        if len(line.through) != 1 or line.member is None or (line.spans and not line.running):
            return None
        step = _step_named(self.derived, line.through[0])
        if step is None:
            return None
        d = step.definition
        if d.op.name not in ENTRYWISE or len(d.operands) != 1 or d.operands[0] is not line.member:
            return None
        name, bracket, _ = ENTRYWISE[d.op.name].row.latex.partition(r"\left(")
        arrived = self.derived.arrivals.get(
            family_of(step.symbol) if place_of(step.symbol) else step.symbol
        )
        if not bracket or name.startswith(r"\log") or arrived is None:
            return None
        above = arrived.symbol.general if isinstance(arrived.symbol, Family) else arrived.symbol
        return had(above, make(FUNCTION, (line.member,), (d.op.name, 1, name.format())))

    # -- total and direct -------------------------------------------------------------------------

    def _total_and_direct(self, lines: Sequence[IndexedLine]) -> list[Block]:
        """Said once: which derivative is meant where a member acts directly and through the next."""
        for line in lines:
            parts = direct_parts(self.derived, line)
            if parts is not None:
                total, (own, direct, onward) = self(line.symbol), parts
                members = ", ".join(f"${self(m)}$" for m in onward)
                text = (
                    "Here {total} is the total derivative. Its direct part, with all later members "
                    "held fixed, is {direct}: what {member} contributes by itself. The rest "
                    "reaches the output through {onward}."
                )
                return [
                    Prose(
                        self.says(
                            text, total=f"${total}$", direct=f"${self(self.laid(direct))}$",
                            member=f"${self(own)}$", onward=members,
                        )
                    )
                ]  # fmt: skip
        return []

    def _recursions(self, lines: Sequence[IndexedLine]) -> list[Block]:
        """The recursion of one family in itself, where it goes by way of another."""
        rows = []
        for line in lines:
            found = recursion(self.derived, line)
            if found is not None:
                value, spans = found
                runs = r",\; ".join(run_latex(s, True) for s in spans if s.low != s.high)
                latex = rf"{self(self.laid(value))} \quad \text{{{self.says('for')} }} {runs}"
                name = f"{_row_name(line)}_again"
                rows.append(Row(self(line.symbol), (Side(latex),), name))
        if not rows:
            return []
        return [
            Prose(self.says("In one line, from one index to the one before:")),
            Formula(tuple(rows)),
        ]


def _step_named(derived: Derived, name: str) -> Step | None:
    """A plain step by its name, the general step of a family by the family's, a start by its own."""
    for step in derived.steps:
        place = place_of(step.symbol)
        if place is not None and place.family.name == name:
            if step.symbol is place.family.general:
                return step
        elif step.name == name:
            return step
    return None


def _keys(line: IndexedLine) -> set[str]:
    """By which names a line may be asked for."""
    keys = {line.name, line.name.partition("[")[0]}
    if line.kind == "gradient" and line.of is not None:
        keys |= {symbol_name(line.of), symbol_name(line.of).partition("[")[0]}
    return keys


def _row_name(line: IndexedLine) -> str:
    """A name for a label: ``dh_T`` of ``dh[T]``, ``dh`` of the general place."""
    stem, _, place = line.name.partition("[")
    if line.running or not place:
        return stem
    return stem + "_" + "".join(c if c.isalnum() else "_" for c in place[:-1])


TEXT_SAYS = "gradients have the shape of the variable"

# -- text -----------------------------------------------------------------------------------------


def text_of_families(derived: Derived) -> str:
    """The derivation as a listing, with the range beside each line."""
    network = derived.network
    rows = [f"# {remark}" for remark in derived.remarks]
    numerator = derived.layout is Layout.NUMERATOR
    rows.append(f"# {'gradients are transposed' if numerator else TEXT_SAYS}")
    rows += [f"index {run_text(s)}" for s in network.spans.values()]
    for node in (*network.inputs.values(), *network.params.values()):
        rows.append(f"{symbol_name(node)} : {shapes.show(node.shape)}")
    for name, family in network.families.items():
        if network.roles[name] != "step":
            rows.append(f"{family.general} : {shapes.show(family.shape)}")
    if derived.upstream is not None:
        rows.append(f"{symbol_name(derived.upstream)} : {shapes.show(derived.upstream.shape)}")
    rows += [f"assume {fact}" for fact in derived.facts]
    told = False
    for title, forward in (("forward", True), ("backward", False)):
        rows.append(f"# {title}")
        for line in derived.lines:
            if (line.kind == "forward") is not forward:
                continue
            rows += line_text(line)
            parts = None if told or forward else direct_parts(derived, line)
            if parts is not None:
                told = True
                onward = shapes.listed([str(m) for m in parts[2]])
                rows.append(
                    f"# {line.symbol} is the total derivative; its direct part is {parts[1]}, "
                    f"the rest comes through {onward}"
                )
    return "\n".join(rows)


def line_text(line: IndexedLine) -> list[str]:
    """One line in the text language, its range and shape beside it."""
    definitions, last = text_lines(line.shown)
    rows = [f"{symbol_name(name)} = {said}" for name, said in definitions]
    runs = ", ".join(run_text(s, line.down) for s in line.running)
    size = shapes.show(line.shown.shape)
    beside = f"{size}, for {runs}" if runs else size
    rows.append(f"{line.name} = {last}  # {beside}")
    return rows


def line_latex(line: IndexedLine, notation: Notation | str | None = None) -> str:
    """``left = right`` in LaTeX, and the range behind it."""
    writer = LatexWriter(notation)
    said = f"{writer(line.symbol)} = {with_where(writer, line.shown)}"
    runs = r",\; ".join(run_latex(s, line.down) for s in line.running)
    return rf"{said} \quad \text{{{writer.notation.say('for')} }} {runs}" if runs else said


BUILD["indexed_line_latex"] = line_latex
BUILD["indexed_line_text"] = lambda line: "\n".join(line_text(line))
