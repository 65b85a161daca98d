"""The views of a derivation, and the page around each of them.

A view takes a dressed record and gives blocks; it computes no derivative that is not in the record
or read off a single operation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from matcalc.errors import MatcalcError
from matcalc.expr import Node, symbol_name
from matcalc.layout import Layout
from matcalc.record import Line, Record, Remark
from matcalc.render.blocks import Block, Formula, Heading, Page, Prose, Row, Side
from matcalc.render.chains import alike, chain, differential_view, vec_view
from matcalc.render.choosing import CROWDED, chosen, used
from matcalc.render.dress import Dress, Style, spelled
from matcalc.render.folding import folded, folded_names
from matcalc.render.graph import graph_of
from matcalc.render.paths import paths_view
from matcalc.render.phrases import fact_in_words
from matcalc.render.summing import with_sums
from matcalc.render.sums import batch_view, index_view
from matcalc.render.textree import width
from matcalc.trace import Law

WIDEST_IN_NOTE = 40  # a formula in a sentence must not need a line of its own

LAYOUT_SAYS = {
    Layout.DENOMINATOR: (
        "Denominator layout: a gradient has the shape of its variable, and {ratio} of a column "
        "{x} of {p} entries and a column {y} of {r} entries is {shape}."
    ),
    Layout.NUMERATOR: (
        "Numerator layout: a gradient lies transposed, and {ratio} of a column {x} of {p} entries "
        "and a column {y} of {r} entries is {shape}. A transpose more or less than in denominator "
        "layout is there to turn the gradient onto its side."
    ),
    Layout.MIXED: (
        "Mixed layout: a gradient has the shape of its variable, Jacobians lie in numerator layout."
    ),
}

View = Callable[[Dress], list[Block]]


def page_of(record: Record, style: Style, view: str = "backprop", opened: bool = True) -> Page:
    """The page of a derivation in one of its views, with or without what is given at its top."""
    if not isinstance(view, str) or view not in VIEWS:
        raise MatcalcError(f"there is no view {view!r}; there are {', '.join(VIEWS)}")
    dress = Dress(record, style)
    blocks = opening(dress) if opened else []
    if style.graph is not None:
        blocks.append(graph_of(record, style, style.graph).picture())
    if view in ONE_A_VARIABLE:
        blocks += alike(dress)
    blocks += VIEWS[view](dress)
    if style.program is not None:
        from matcalc.render.programs import program_blocks  # latexify takes a while to import

        blocks += program_blocks(dress, style.program)
    output = record.problem.output
    lefts = {ln.name: dress(ln.symbol) for ln in record.lines}
    title = "The gradients of {f}" if not output.shape else "Through {f}"
    return Page(dress.say(title, f=f"${dress(output)}$"), tuple(blocks), lefts, style.notation)


def opening(dress: Dress) -> list[Block]:
    """The layout, what was assumed, and the shapes of what is given."""
    record = dress.record
    blocks: list[Block] = [Prose(layout_says(dress))]
    for remark in record.remarks:
        said = _remark_said(dress, remark) if isinstance(remark, Remark) else remark
        blocks.append(Prose(f"{said[0].upper()}{said[1:]}."))
    return [*blocks, *given_blocks(dress)]


def _remark_said(dress: Dress, remark: Remark) -> str:
    """A remark in the language of the notes, its expressions as formulas."""

    def shown(part: object) -> object:
        if isinstance(part, str) and re.fullmatch(r"\w+ x \w+", part):  # a shape
            rows, cols = part.split(" x ")
            return rf"${rows} \times {cols}$"
        return f"${dress(part)}$" if isinstance(part, Node) else part

    return dress.say(remark.pattern, **{name: shown(part) for name, part in remark.parts.items()})


def given_blocks(dress: Dress) -> list[Block]:
    """What is given and what is to be learnt, with shapes, and what is assumed."""
    record = dress.record
    given, learnt = (_declared(dress, ss) for ss in (record.problem.inputs, record.problem.params))
    top: list[str] = []
    for phrase, items in (("Given: {symbols}.", given), ("To learn: {symbols}.", learnt)):
        if items:
            top.append(dress.say(phrase, symbols=", ".join(items)))
    if (above := record.upstream) is not None:
        shown = f"${dress(above)}$ {_size(dress, above)}"
        top.append(dress.say("From above arrives {symbol}.", symbol=shown))
    if record.problem.facts:
        top.append(dress.say("Assumed: {facts}.", facts=facts_said(dress)))
    return [Prose(" ".join(top))] if top else []


def facts_said(dress: Dress) -> str:
    """What is assumed, in words."""
    names = dress.record.problem.names

    def shown(name: str) -> str:
        return f"${dress(names[name])}$" if name in names else name

    said = (fact_in_words(fact, dress.notation, shown) for fact in dress.record.problem.facts)
    return "; ".join(said)


def layout_says(dress: Dress) -> str:
    """Which way gradients and Jacobians lie on this page."""
    layout = dress.style.layout
    shape = r"$r \times p$" if layout is Layout.NUMERATOR else r"$p \times r$"
    ratio = r"$\partial y/\partial x$"
    return dress.say(
        LAYOUT_SAYS[layout], ratio=ratio, shape=shape, x="$x$", y="$y$", p="$p$", r="$r$"
    )


def _size(dress: Dress, node: Node) -> str:
    return f"(${dress.shape(node)}$)" if node.shape else f"({dress.say('a number')})"


def _declared(dress: Dress, symbols: Sequence[Node]) -> list[str]:
    """Symbols with their shapes; W_1, ..., W_50 of one shape in one go, and the parameters of equal
    blocks with the range of the block."""

    def say(s: Node) -> str:
        return f"${dress(s)}$ {_size(dress, s)}"

    runs: list[list[Node]] = []
    said: list[str] = []
    for s in (*(folded_names(dress, symbols, say) if dress.style.fold else symbols), ""):
        if isinstance(s, Node) and runs and _alike(runs[-1][-1], s):
            runs[-1].append(s)
        elif isinstance(s, Node):
            runs.append([s])
        else:
            said += _runs_said(dress, runs, say)
            runs = []
            said += [s] if s else []
    return said


def _runs_said(dress: Dress, runs: list[list[Node]], say: Callable[[Node], str]) -> list[str]:
    said: list[str] = []
    for run in runs:
        if len(run) < 4:
            said += map(say, run)
        else:
            size = _size(dress, run[0]) if run[0].shape else f"({dress.say('numbers')})"
            said.append(rf"${dress(run[0])}, \dots, {dress(run[-1])}$ {size}")
    return said


def _alike(one: Node, other: Node) -> bool:
    a, b = (re.fullmatch(r"(\D+)(\d+)", symbol_name(s)) for s in (one, other))
    return bool(
        a and b and a[1] == b[1] and int(b[2]) == int(a[2]) + 1 and one.shape == other.shape
    )


# -- the backward pass -----------------------------------------------------------------------------


def backprop(dress: Dress) -> list[Block]:
    """Forward and backward pass, adjoint by adjoint."""
    record = dress.record
    blocks: list[Block] = []
    wanted = chosen(dress, record.lines)
    forward = [ln for ln in wanted if ln.kind == "forward"]
    backward = used(dress, [ln for ln in wanted if ln.kind != "forward"])
    if dress.style.shapes is None and len(backward) > CROWDED:  # under the results only
        dress = Dress(record, replace(dress.style, shapes="results"))
    for title, lines in (("Forward", forward), ("Backward", backward)):
        shown = [ln for ln in lines if not _says_nothing(dress, ln)]
        if not shown:
            continue
        blocks.append(Heading(dress.say(title)))
        blocks += _formulas(dress, shown)
    return blocks


def _says_nothing(dress: Dress, line: Line) -> bool:
    """Whether both sides read the same, as where the derivative of an undefined loss stays as it
    is."""
    return line.kind != "forward" and dress(line.symbol) == dress(dress.value(line))


def _formulas(dress: Dress, lines: list[Line]) -> list[Block]:
    """The rows of lines, a run of equal layers as one general layer."""
    if not dress.style.fold:
        return [Formula(tuple(row(dress, ln) for ln in lines))]
    blocks: list[Block] = []
    rows: list[Row] = []
    for run in folded(dress, lines):
        if run.says:
            if rows:
                blocks.append(Formula(tuple(rows)))
                rows = []
            blocks += [Prose(run.says), Formula(run.rows)]
        else:
            rows += [row(dress, ln) for ln in run.lines]
    if rows:
        blocks.append(Formula(tuple(rows)))
    return blocks


def row(dress: Dress, line: Line) -> Row:
    """A line with as much detail as is wanted."""
    detail = dress.style.detail_of(line.name)
    sides = sides_of(dress, line, detail)
    note = "" if detail == "brief" or line.kind == "forward" else _note(dress, line)
    return Row(
        dress(line.symbol),
        tuple(sides),
        line.name,
        note,
        dress.shape(line.symbol),
        line.kind == "gradient",
        line.kind == "forward",
    )


def sides_of(dress: Dress, line: Line, detail: str) -> list[Side]:
    wanted = dress.style.shapes
    if wanted is None or wanted == "results":
        wants_shapes = detail != "brief" and (wanted is None or line.kind == "gradient")
    else:
        wants_shapes = bool(wanted)
    show = dress.with_shapes if wants_shapes and line.kind != "forward" else dress
    if line.kind == "forward" or detail == "brief":
        value = dress.value(line)
        return [Side(show(with_sums(dress, value) if dress.style.fold else value))]
    forms = dress.forms(line)
    aside = dress.style.layout is Layout.NUMERATOR
    if detail == "normal":
        return [Side(show(dress.laid(f) if aside else f)) for f in forms]
    shown = dress.sideways.around if aside else (lambda value: value)
    sides = [Side(dress(shown(forms[0])))] if len(forms) > 1 else []
    first = shown(line.before)
    sides.append(Side(show(first) if not line.steps and not aside else dress(first)))
    for law in dress.laws(line):
        sides.append(Side(dress(shown(law.after)), reason(dress, law)))
    if aside:
        laws = [spelled(law, dress) for law in dress.sideways.laws(line.value)]
        sides.append(Side(show(dress.laid(line.value)), r",\ ".join(laws)))
    return _without_repeats(sides)


def reason(dress: Dress, law: Law) -> str:
    """Why a form follows from the one before: an equation, or words of the page."""
    if law.equation.startswith(r"\text{") and law.equation.count("{") == 1:
        return rf"\text{{{dress.say(law.equation[6:-1])}}}"
    return spelled(law.equation, dress) if law.equation else rf"\text{{{law.words}}}"


def _without_repeats(sides: list[Side]) -> list[Side]:
    kept: list[Side] = []
    for side in sides:
        if not kept or side.latex != kept[-1].latex:
            kept.append(side)
    return kept


def _note(dress: Dress, line: Line) -> str:
    """Where a line comes from and, turned onto its side, what its transposes are there for."""
    found = origin(dress, line)
    if dress.style.layout is not Layout.NUMERATOR:
        return found
    value = dress.opened(line.value)
    changes = dress.sideways.changes(value, dress)
    if not changes or width(shown := dress(value)) > WIDEST_IN_NOTE:
        return found
    said = [
        dress.say("{old} becomes {new}", old=f"${old}$", new=f"${new}$")
        for old, new in dict.fromkeys(changes)
        if width(old) + width(new) <= WIDEST_IN_NOTE
    ]
    turned = dress.say(
        "in denominator layout {value}; turned onto its side, {changes}",
        value=f"${shown}$",
        changes=", ".join(said),
    )
    return f"{found}; {turned}" if said else found


def origin(dress: Dress, line: Line) -> str:
    """Through which steps it arrives, by which rules, with which earlier lines."""
    record = dress.record
    if not line.through:
        return "" if line.of is not record.problem.output else dress.say("what arrives from above")
    through = ", ".join(f"{{line:{name}}}" for name in line.through)
    laws = list(zip(line.laws, line.rules, strict=True))
    telling = [law for law, name in laws if name not in PLAIN_RULES] or [law for law, _ in laws[:1]]
    if telling == [] or all(name in PLAIN_RULES for _, name in laws):
        telling = [law for law, name in laws if name in ("times", "hadamard")][:1] or telling
    rules = [spelled(law, dress) for law in telling]
    used = [n for n in line.uses if any(n == ln.name for ln in record.backward())]
    said = [dress.say("through {steps}", steps=through)]
    if rules:
        equations = ", ".join(f"${rule}$" for rule in dict.fromkeys(rules))
        said.append(dress.say("by {laws}", laws=equations))
    if used:
        lines = ", ".join(f"{{line:{name}}}" for name in used)
        said.append(dress.say("with {lines}", lines=lines))
    return " ".join(said)


# Rules that go without saying once another is named.
PLAIN_RULES = ("plus", "item", "box", "times", "hadamard", "sum", "rowsum", "colsum", "transpose")


ONE_A_VARIABLE = ("chain", "index", "paths", "vec")
VIEWS: dict[str, View] = {
    "backprop": backprop,
    "chain": chain,
    "differential": differential_view,
    "index": index_view,
    "paths": paths_view,
    "batch": batch_view,
    "vec": vec_view,
}
