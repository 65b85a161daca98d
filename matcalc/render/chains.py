"""Views that multiply local Jacobians: the chain in the layout's order, differentials, and vec."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from matcalc import second
from matcalc.errors import MatcalcError
from matcalc.expr import Node, number, postorder, substitute, symbol_name
from matcalc.forward import Changes
from matcalc.layout import Layout, jacobian_in
from matcalc.linear import differential
from matcalc.ops.algebra import PRODUCT, SUM_OP, add, mul, t
from matcalc.ops.base import OPS
from matcalc.ops.kronecker import vec
from matcalc.record import Line, Record
from matcalc.render.blocks import Block, Formula, Heading, Prose, Row, Side
from matcalc.render.choosing import chosen
from matcalc.render.dress import Dress, spelled
from matcalc.render.folding import representatives
from matcalc.render.textree import width
from matcalc.rewrite.simplify import simplify
from matcalc.trace import equation_of

WIDEST_BRACE = 44
MOST_FACTORS = 12
WIDEST_FORM = 400  # brackets inside brackets of fifty layers: the product of factors says more
VEC = r"$\operatorname{vec}$"


def users(record: Record, node: Node) -> list[Node]:
    """The steps in whose definitions a symbol occurs, in order, of those the output needs."""
    return [s for s, d in record.definitions.items() if any(n is node for n in postorder(d))]


def paths(record: Record, start: Node, most: int = 64) -> list[list[Node]]:
    """Every way from a symbol to the output, as lists of steps."""
    found: list[list[Node]] = []
    todo = [[start]]
    while todo:
        path = todo.pop()
        if path[-1] is record.problem.output:
            found.append(path)
            if len(found) > most:
                raise MatcalcError(f"{start} reaches the output along more than {most} paths")
            continue
        todo.extend([*path, step] for step in reversed(users(record, path[-1])))
    return found


def is_flat(node: Node) -> bool:
    """A number or a column: its derivative needs no vec."""
    return not node.shape or node.shape[1] == 1


def is_one(node: Node) -> bool:
    """A number, or a matrix of one entry: products of such may be written in any order."""
    return all(d == 1 for d in node.shape)


def wanted(dress: Dress) -> list[Line]:
    """The backward lines a view is about: that of ``of``, or all gradients."""
    of, record = dress.style.of, dress.record
    if of is not None:
        node = record.problem.find(of)
        line = next((ln for ln in record.backward() if ln.of is node), None)
        if line is None:
            raise MatcalcError(f"nothing was derived for {of}; name it in wrt=")
        return [line]
    lines = chosen(dress, record.backward())
    if dress.style.fold and dress.style.lines is None:
        lines, _ = representatives(dress, lines)
    return [ln for ln in lines if ln.kind == "gradient"]


def alike(dress: Dress) -> list[Block]:
    """That one layer stands for others like it, where a view shows one line a variable."""
    style = dress.style
    if not style.fold or style.of is not None or style.lines is not None:
        return []
    _, ranges = representatives(dress, chosen(dress, dress.record.backward()))
    said = "The layers {range} are alike; the first of them stands for all."
    return [Prose(dress.say(said, range=f"${span}$")) for span in ranges]


# -- the chain
# ---------------------------------------------------------------------------------------


def chain(dress: Dress) -> list[Block]:
    """The product of local Jacobians, each with its matrix and shape, and its short form."""
    blocks: list[Block] = []
    if dress.style.layout is Layout.MIXED and not dress.record.problem.output.shape:
        said = "In a chain {ratio} is a Jacobian, a row; the gradient is its transpose."
        ratio = rf"$\partial {dress.loss}/\partial {{\cdot}}$"
        blocks.append(Prose(dress.say(said, ratio=ratio)))
    for line in wanted(dress):
        assert line.of is not None
        ways = paths(dress.record, line.of)
        if not ways:
            said = dress.say("The output does not depend on {x}.", x=f"${dress(line.of)}$")
            blocks.append(Prose(said))
        elif len(ways) == 1:
            blocks += _one_chain(dress, line, ways[0])
        else:
            blocks += _branching(dress, line)
    return blocks


def direct(dress: Dress, ratio: str, held: list[Node]) -> str:
    """A partial derivative that holds the steps fixed through which the rest arrives."""
    fixed = ", ".join(map(dress, held))
    return rf"\left.{ratio}\right|_{{{fixed}}}" if held else ratio


def factor_name(dress: Dress, of: Node, by: Node, with_vec: bool) -> str:
    """d of / d by."""
    top, bottom = dress(of), dress(by)
    if with_vec:
        top = top if not of.shape else rf"\operatorname{{vec}} {top}"
        bottom = bottom if not by.shape else rf"\operatorname{{vec}} {bottom}"
    return rf"\frac{{\partial {top}}}{{\partial {bottom}}}"


def local(dress: Dress, step: Node, by: Node) -> Node:
    """The local Jacobian of a step by a symbol in its definition, in the page's layout."""
    return jacobian_in(dress.style.layout, named_jacobian(dress, step, by))


def named_jacobian(dress: Dress, step: Node, by: Node) -> Node:
    """The Jacobian of a step by a symbol (on vec), its slopes in the name of the step."""
    definition = dress.record.definitions[step]
    if dress.spells_out and not step.shape and not by.shape:  # not in another function
        found = dress.shortest(differential(definition, [by], {by: number(1)}))
    else:
        found = second.jacobian(definition, by)
    return substitute(found, {definition: step})


def _one_chain(dress: Dress, line: Line, path: list[Node]) -> list[Block]:
    with_vec = not all(map(is_flat, path))
    pairs = list(zip(path[1:], path, strict=False))
    names = [factor_name(dress, s, p, with_vec) for s, p in pairs]
    matrices = [local(dress, s, p) for s, p in pairs]
    # Of numbers every order is right, and all write the chain from the output back.
    numbers = all(map(is_one, path))
    backwards = numbers or dress.style.layout is not Layout.DENOMINATOR
    if backwards:
        names.reverse()
        matrices.reverse()
    left = factor_name(dress, path[-1], path[0], with_vec)
    sides = [Side(r" \, ".join(_ends(dress, names)))] if len(names) > 1 else []
    shown = _ends(dress, [_underbraced(dress, m) for m in matrices])
    sides.append(Side(r" \cdot ".join(shown)))
    laws: list[str] = []
    product = mul(*matrices)
    facts = dress.record.problem.facts
    simplify(product, record=lambda name, *_: laws.append(name), facts=facts)
    short = dress.shortest(product)
    last = dress(short)
    if last != dress(product) and width(last) <= WIDEST_FORM:
        sides.append(Side(last))
    start, end = (f"${dress(p)}$" for p in (path[0], path[-1]))
    heading = dress.say("The chain from {start} to {end}", start=start, end=end)
    blocks: list[Block] = [Heading(heading, 3)]
    if with_vec:
        blocks.append(Prose(vec_says(dress)))
    blocks.append(
        Formula((Row(left, tuple(sides), f"chain_{symbol_name(path[0])}", "", "", True),))
    )
    order = (
        "In this layout the factors stand in order from the output back to the variable."
        if backwards
        else "In this layout the factors stand in order from the variable to the output."
    )
    if len(names) > 1 and not numbers:
        blocks.append(Prose(dress.say(order)))
    why = [
        equation_of(law)
        for law in dict.fromkeys(laws)
        if law.startswith("diag") or law == "kron_mixed"
    ]
    why += [fact.equation for fact in line.facts]
    if why:
        named = dress.notation.listed([f"${spelled(w, dress)}$" for w in why])
        said = dress.say("The last form is the same product, because {laws}.", laws=named)
        blocks.append(Prose(said))
    if len(path) > 2 and all(map(is_flat, path)) and all(n.shape for n in path[:3]):
        blocks += _entry_of_chain(dress, path)
    return blocks


def _ends(dress: Dress, factors: list[str]) -> list[str]:
    """The factors; of a very long chain those at its ends, unless all are asked for."""
    if not dress.style.fold or len(factors) <= MOST_FACTORS:
        return factors
    few = MOST_FACTORS // 3
    return [*factors[:few], r"\cdots", *factors[-few:]]


def _entry_of_chain(dress: Dress, path: list[Node]) -> list[Block]:
    """One element of the first product, as a sum over what lies between."""
    x, y, z = path[0], path[1], path[2]
    if not (x.shape and y.shape and z.shape):
        return []

    def at(node: Node, place: str) -> str:
        return dress.writer.subscripted(node, place)

    def ratio(of: str, by: str) -> str:
        return rf"\frac{{\partial {of}}}{{\partial {by}}}"

    xi, yj, zk = at(x, "i"), at(y, "j"), at(z, "k")
    one, terms = ratio(zk, xi), rf"\sum_{{j}} {ratio(yj, xi)} {ratio(zk, yj)}"
    return [Prose(dress.say("Element by element:")), Formula((Row(one, (Side(terms),)),))]


def _underbraced(dress: Dress, matrix: Node, alone: bool = False) -> str:
    shown = dress(matrix) if alone else dress.factor(matrix)
    if width(shown) > WIDEST_BRACE:
        return shown  # no line can end inside a brace
    return rf"\underbrace{{{shown}}}_{{{dress.shape(matrix)}}}"


def _branching(dress: Dress, line: Line) -> list[Block]:
    """Where a symbol enters several steps: the sum over them, what arrives at each left by name."""
    record = dress.record
    assert line.of is not None
    steps = users(record, line.of)
    with_vec = not all(map(is_flat, [line.of, *steps]))
    output = record.problem.output
    above = record.upstream is not None  # then the derivatives are those of what lies above

    def by(node: Node) -> str:
        """The derivative of the output by a symbol, or what arrives there from above."""
        if not above:
            return factor_name(dress, output, node, with_vec)
        shown = dress(record.arrivals[node].symbol)
        return rf"\operatorname{{vec}} {shown}" if with_vec and node.shape else shown

    names, values = [], []
    for step in steps:
        arriving = dress.spoken(step) if above or step is not output else None
        pair = [factor_name(dress, step, line.of, with_vec), by(step)]
        own = [local(dress, step, line.of)]
        if arriving is not None:
            side = vec(arriving) if with_vec and arriving.shape else arriving
            own.append(side if dress.style.layout is Layout.DENOMINATOR else _row(dress, side))
        else:
            pair = [direct(dress, pair[0], [s for s in steps if s is not output])]
        numbers = all(map(is_one, (line.of, step)))
        if numbers or dress.style.layout is not Layout.DENOMINATOR:
            pair.reverse()
            own.reverse()
        names.append(r" \, ".join(pair))
        values.append(mul(*own))
    left = by(line.of)
    total = add(*values)
    sides = [Side(" + ".join(names)), Side(dress(total))]
    if (short := simplify(total, facts=record.problem.facts)) is not total:
        sides.append(Side(dress(short)))
    start = f"${dress(line.of)}$"
    entered = ", ".join(f"${dress(s)}$" for s in steps)
    said = dress.say("{x} enters {steps}: the sum over them.", x=start, steps=entered)
    return [
        Heading(dress.say("The chain from {start}", start=start), 3),
        Prose(said),
        Formula((Row(left, tuple(sides), f"chain_{symbol_name(line.of)}", "", "", True),)),
    ]


# -- differentials
# -------------------------------------------------------------------------------------


def differential_view(dress: Dress) -> list[Block]:
    """dL as a trace with each differential, and the identification."""
    clear = _without_d(dress)
    aside = [] if clear is dress else [_two_senses(dress)]
    dress, record = clear, dress.record
    changes = Changes()
    taken = set(record.problem.names) | {ln.name for ln in record.lines}
    said = (
        "With {trace} the gradient is {gradient}: each differential is put in and brought to that "
        "form."
    )
    lies = "G" if dress.style.layout is Layout.NUMERATOR else r"G^\top"
    trace = rf"$\mathrm{{d}}L = \operatorname{{tr}}({lies} \mathrm{{d}}X)$"
    gradient = r"$\partial L/\partial X = G$"
    blocks: list[Block] = [Prose(dress.say(said, trace=spelled(trace, dress), gradient=gradient))]
    rows: list[Row] = []
    output = dress(record.problem.output) if not record.problem.output.shape else dress.loss
    for line in chosen(dress, record.backward()):
        if not line.through:
            continue
        of = line.of
        if of is None:  # a part of a definition: its name only makes the lines below shorter
            rows.append(Row(dress(line.symbol), (Side(dress(dress.value(line))),), line.name))
            continue
        change = changes.name(of, taken)
        before: list[str] = []
        opened: list[Node] = []
        for name in line.through:
            step = record.problem.names[name]
            arriving = dress.spoken(step)
            dstep = changes.name(step, taken)
            before.append(dress(_inner(dress, arriving, dstep)))
            definition = record.definitions[step]
            changed = simplify(differential(definition, [of], {of: change}))
            moved = _last(substitute(changed, {definition: step}), change)
            opened.append(_last(_inner(dress, arriving, moved), change))
        last = _inner(dress, line.value, change)
        sides = [" + ".join(before), dress(add(*opened)), dress(last)]
        if symbol_name(record.problem.output) in line.through:
            del sides[0]  # dL = dL says nothing
        shown = tuple(Side(s) for k, s in enumerate(sides) if k == 0 or s != sides[k - 1])
        note = dress.say("in {change}", change=f"${dress(change)}$")
        rows.append(Row(rf"\mathrm{{d}}{output}", shown, "", note))
        result = (Side(dress(dress.value(line))),)
        rows.append(
            Row(
                dress(line.symbol),
                result,
                line.name,
                dress.say("hence"),
                "",
                line.kind == "gradient",
            )
        )
    return [*blocks, *aside, Formula(tuple(rows))]


def _two_senses(dress: Dress) -> Prose:
    """In code a gradient is called dX, which is the name of a differential."""
    said = (
        "Here {change} is a change of {x}; the gradient that is elsewhere called {name} is written "
        "{ratio}."
    )
    change, ratio = r"$\mathrm{d}X$", r"$\partial L/\partial X$"
    return Prose(dress.say(said, change=change, x="$X$", name="$dX$", ratio=ratio))


def _without_d(dress: Dress) -> Dress:
    """The dress in a notation in which no gradient looks like a differential."""
    notation = dress.notation
    ways: dict[str, Any] = {
        w: "partial" for w in ("adjoint", "gradient") if getattr(notation, w) == "d"
    }
    if not ways:
        return dress
    return Dress(dress.record, replace(dress.style, notation=replace(notation, **ways)))


def _last(node: Node, change: Node) -> Node:
    """Each product of numbers with the differential behind the others, as one writes it."""
    if change.shape:
        return node
    if node.op is SUM_OP:
        return add(*(_last(term, change) for term in node.operands))
    if node.op is PRODUCT and any(a is change for a in node.operands):
        return mul(*(a for a in node.operands if a is not change), change)
    return node


def _inner(dress: Dress, G: Node, change: Node) -> Node:
    """<G, dX> as it is written: a trace, u'v for columns, a product for numbers. In numerator
    layout a gradient lies transposed already."""
    if not G.shape or not change.shape:
        return mul(G, change)
    lying = dress.laid(G) if dress.style.layout is Layout.NUMERATOR else t(G)
    if change.shape[1] == 1:
        return mul(lying, change)
    if change.shape[0] == 1:
        return mul(change, lying)
    return OPS["tr"].build((mul(lying, change),), ())


# -- vec
# -----------------------------------------------------------------------------------------------


def vec_view(dress: Dress) -> list[Block]:
    """Every gradient as a Kronecker matrix times vec of what arrives."""
    rows: list[Row] = []
    record = dress.record
    lying = dress.style.layout is Layout.NUMERATOR
    for line in wanted(dress):
        of = line.of
        assert of is not None
        terms: list[Node] = []
        for name in line.through:
            step = record.problem.names[name]
            J = named_jacobian(dress, step, of)
            arriving = dress.spoken(step)
            side = vec(arriving) if arriving.shape else arriving
            term = mul(jacobian_in(Layout.DENOMINATOR, J), side)
            terms.append(mul(_row(dress, side), J) if lying else term)
            shown = jacobian_in(dress.style.layout, J)
            name_of = factor_name(dress, step, of, not (is_flat(step) and is_flat(of)))
            if step is record.problem.output:
                others = (record.problem.names[n] for n in line.through)
                name_of = direct(dress, name_of, [s for s in others if s is not step])
            rows.append(
                Row(
                    name_of,
                    (Side(_underbraced(dress, shown, True) if shown.shape else dress(shown)),),
                )
            )
        total = add(*terms) if terms else line.value
        left = dress(line.symbol)
        last = vec(line.value) if line.value.shape else line.value
        if lying and not is_flat(of):  # a row: the derivative by vec W, which is no vec of a matrix
            left = rf"\frac{{\partial {dress.loss}}}{{\partial \operatorname{{vec}} {dress(of)}}}"
        elif line.symbol.shape and not lying:
            left = rf"\operatorname{{vec}} {left}"
        sides = [dress(total), dress(_row(dress, last) if lying else last)]
        kept = tuple(Side(s) for k, s in enumerate(sides) if k == 0 or s != sides[k - 1])
        rows.append(Row(left, kept, f"vec_{symbol_name(of)}", "", "", True))
    said = (
        "{vec} stacks columns; Jacobians are in denominator layout."
        if dress.style.layout is Layout.DENOMINATOR
        else "{vec} stacks columns; Jacobians are in numerator layout."
    )
    return [Prose(dress.say(said, vec=VEC)), Formula(tuple(rows))]


def _row(dress: Dress, column: Node) -> Node:
    """A column in numerator layout: a row, in what lies on its side."""
    return dress.sideways.around(column) if column.shape else column


def vec_says(dress: Dress) -> str:
    """How a matrix is read as a column."""
    return dress.say("Matrices are read through {vec}, which stacks columns.", vec=VEC)
