"""Members in LaTeX, and a network with families in the text language.

A time is a subscript, ``h_{t-1}``; a layer stands where the notation puts the number of a matrix,
``W^{[l]}``. Both may stand at one symbol.
"""

from __future__ import annotations

import re
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.expr import BUILD, Node, is_symbol, postorder
from matcalc.families.stages import Loop, Plain, stages_of
from matcalc.members import Family, Place, Span, family_of, place_of
from matcalc.network import Network
from matcalc.notation import Notation
from matcalc.render.names import (
    LAYERS,
    is_affine,
    loss_name,
    name_in_latex,
    output_name,
    symbol_in_latex,
)
from matcalc.render.writer import TextWriter

LAYER_LETTERS = frozenset({"l", "ell", "layer"})


def member_latex(place: Place, writer: Any) -> str:
    """``h_{t}``, ``W^{[l]}``, or what arrives there."""
    notation: Notation = writer.notation
    family = place.family
    if family.of is not None:
        return _adjoint(family, place.at, notation)
    return _marked(family, place.at, notation)


def _marked(family: Family, at: tuple[Any, ...], notation: Notation, base: str = "") -> str:
    if not base:
        bold = bool(family.shape) and (
            notation.bold == "all" or (notation.bold == "vectors" and 1 in family.shape)
        )
        base = family.latex or name_in_latex(family.name, "_l", bold)
    low: list[str] = []
    high: list[str] = []
    apart = _looks_like_a_member(family, notation)
    for index, e in zip(family.indices, at, strict=True):
        said = sp.latex(e).replace(" ", "")
        said = rf"\langle {said}\rangle" if apart else said
        layer = index.name in LAYER_LETTERS and notation.layer != "_l"
        (high if layer else low).append(LAYERS[notation.layer].format(said) if layer else said)
    if base.endswith("}") and "_{" in base and "^" not in base:  # W_{c} at t is W_{c,t}
        stem, _, sub = base.rpartition("_{")
        base, low = stem, [sub[:-1], *low]
    sub = f"_{{{','.join(low)}}}" if low else ""
    return base + sub + (f"^{{{','.join(high)}}}" if high else "")


def _looks_like_a_member(family: Family, notation: Notation) -> bool:
    """Whether an input y1 stands beside y[1]; the start h0 of h may look like h[0], for it is."""
    base = re.escape(family.latex or name_in_latex(family.name))
    member = re.compile(rf"{base}(?:_\{{|\^\{{\W?)(\d+)\W?\}}")
    starts = {
        (step.definition, str(place.at[-1]))
        for step in family.network.steps
        if (place := place_of(step.symbol)) is not None and step.symbol in family.starts
    }
    return any(
        (found := member.fullmatch(symbol_in_latex(node, notation))) is not None
        and (node, found[1]) not in starts
        for node in family.network.symbols.values()
    )


def _adjoint(adjoint: Family, at: tuple[Any, ...], notation: Notation) -> str:
    of = adjoint.of
    assert of is not None
    inside = _marked(of, at, notation)
    output = adjoint.output
    taken = {*of.network.symbols, *(end.name for end in of.network.extents)}
    top = output_name(output, notation, taken) if output is not None else loss_name(taken)
    if adjoint.latex:
        return _marked(of, at, notation, adjoint.latex)
    way = notation.adjoint if of.network.roles.get(of.name, "step") == "step" else notation.gradient
    if way == "bar":
        return rf"\bar{{{_marked(of, at, notation)}}}"
    if way == "d":
        return f"d{inside}"
    if way == "nabla":
        return rf"\nabla_{{{inside}}} {top}"
    if way == "delta" and is_affine(adjoint.of_value):
        letter = r"\delta" if adjoint.alone else rf"\delta_{{{of.latex or name_in_latex(of.name)}}}"
        return _marked(of, at, notation, letter)
    return rf"\frac{{\partial {top}}}{{\partial {inside}}}"


def run_latex(span: Span, down: bool = False) -> str:
    r"""``t = T-1, \dots, 1``."""
    ends = [sp.latex(e).replace(" ", "") for e in (span.low, span.high)]
    first, last = ends[::-1] if down else ends
    return rf"{sp.latex(span.index)} = {first}, \dots, {last}"


def run_text(span: Span, down: bool = False) -> str:
    """``t = T-1..1``."""
    ends = [shapes.show_dim(e).replace(" ", "") for e in (span.low, span.high)]
    first, last = ends[::-1] if down else ends
    return f"{span.index} = {first}..{last}"


# -- the text language ----------------------------------------------------------------------------


def families_text(network: Network, cut: bool = False) -> str:
    """A network with families as a program that ``parse`` reads back; ``cut`` with a step for what goes
    into each activation."""
    rows: list[str] = []
    told = {s.index for _, s in _loops(network)}
    rows += [f"index {run_text(s)}" for s in network.spans.values() if s.index not in told]
    tables = (("", network.inputs, "input"), ("param ", network.params, "param"))
    for word, plain, role in tables:
        for name, node in plain.items():
            mark = f" as {node.params[2]}" if node.params[2] else ""
            rows.append(f"{word}{name} : {shapes.show(node.shape)}{mark}")
        for name, family in network.families.items():
            if network.roles[name] == role:
                mark = f" as {family.latex}" if family.latex else ""
                rows.append(f"{word}{family.general} : {shapes.show(family.shape)}{mark}")
    applied = postorder([s.definition for s in network.steps])
    functions = dict.fromkeys(n.params[0] for n in applied if n.op.name == "function")
    rows += [f"{name} : function" for name in functions]
    rows += [f"assume {fact}" for fact in network.facts]
    for stage in stages_of(network, network.result, cut)[0]:
        if isinstance(stage, Plain):
            mark = f" as {stage.step.symbol.params[2]}" if stage.step.symbol.params[2] else ""
            rows.append(f"{stage.step.name} = {_said(stage.step.definition)}{mark}")
        else:
            rows.append(_loop_text(stage))
    if network.minimizes:
        rows.append(f"minimize {network.result}")
    elif is_symbol(network.result) and not network.result.indices:
        rows.append(f"output {network.result}")
        if network.upstream:
            rows.append(f"upstream {network.upstream}")
    return "\n".join(rows)


def _loops(network: Network) -> list[tuple[Family, Span]]:
    return [
        (family_of(s.symbol), span)
        for s in network.steps
        if place_of(s.symbol) is not None
        for span in family_of(s.symbol).spans
    ]


def _loop_text(loop: Loop) -> str:
    over = ", ".join([*map(run_text, loop.spans[:-1]), run_text(loop.index, loop.down)])
    if all(f.spans == loop.spans for f in loop.families):
        said = [f"{s.symbol} = {_said(s.definition)}" for s in (*loop.steps, *loop.starts)]
        return f"for {over}: {', '.join(said)}"
    rows = [f"for {over}:"]
    for step in (*loop.steps, *loop.starts):
        more = family_of(step.symbol).spans[len(loop.spans) :]
        inner = f"for {', '.join(map(run_text, more))}: " if more else ""
        rows.append(f"    {inner}{step.symbol} = {_said(step.definition)}")
    return "\n".join(rows)


def _said(node: Node) -> str:
    """One formula on one line: inside a loop a shared part has no line of its own."""
    return TextWriter()(node)


BUILD["member_latex"] = member_latex
BUILD["families_text"] = families_text
