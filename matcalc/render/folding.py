"""Equal layers written once: lines that differ only in the number of the layer become one line
for l."""

from __future__ import annotations

import re
from dataclasses import dataclass

from matcalc.expr import Node, is_symbol, postorder, substitute, symbol, symbol_latex, symbol_name
from matcalc.notation import Notation
from matcalc.record import Line
from matcalc.render.blocks import Row, Side
from matcalc.render.dress import Dress
from matcalc.render.names import (
    LAYERS,
    adjoint_in_latex,
    delta_names,
    layer_of,
    output_name,
    symbol_in_latex,
)
from matcalc.render.sideways import Transposed
from matcalc.render.writer import TextWriter
from matcalc.reverse import Adjoints

# A run of this many equal layers is folded.
FEWEST = 4
STAND_IN = "70707"  # printed like the number of a layer, then replaced by the letter


@dataclass(frozen=True)
class Run:
    """Lines as they are, or the general lines of a run of layers with a sentence before them."""

    lines: tuple[Line, ...] = ()
    rows: tuple[Row, ...] = ()
    says: str = ""


def folded(dress: Dress, lines: list[Line]) -> list[Run]:
    """The lines in order, runs of equal layers folded."""
    layers = _by_layer(dress, lines)
    runs: list[Run] = []
    k = 0
    while k < len(layers):
        last = k
        while last + 1 < len(layers) and _follows(layers[last], layers[last + 1], layers[k]):
            last += 1
        if layers[k].number is not None and last - k + 1 >= FEWEST:
            runs.append(_general(dress, layers[k], layers[last]))
        else:
            runs += [Run(lines=layer.lines) for layer in layers[k : last + 1]]
        k = last + 1
    return runs


@dataclass(frozen=True)
class Layer:
    """The lines of one layer, and what they look like with the layer's number taken out."""

    number: int | None
    lines: tuple[Line, ...]
    looks: tuple[str, ...]


def _by_layer(dress: Dress, lines: list[Line]) -> list[Layer]:
    layers: list[Layer] = []
    group: list[Line] = []
    for line in lines:
        if group and _number(dress, line) != _number(dress, group[0]):
            layers.append(_layer(dress, group))
            group = []
        group.append(line)
    return [*layers, _layer(dress, group)] if group else layers


def _number(dress: Dress, line: Line) -> int | None:
    """The layer a line belongs to: that of its step, or of the step whose part it is about."""
    of = line.of if line.of is not None else line.symbol
    if line.kind != "forward" and line.of is None and line.through:
        of = dress.record.problem.names[line.through[0]]
    found = layer_of(of)
    return int(found) if found is not None else None


def _layer(dress: Dress, lines: list[Line]) -> Layer:
    number = _number(dress, lines[0])
    looks = tuple(_look(line, number) for line in lines) if number is not None else ()
    return Layer(number, tuple(lines), looks)


def _look(line: Line, number: int) -> str:
    writer = TextWriter()
    said = f"{line.name} = {writer(line.value)} : {line.shape}"
    return re.sub(
        r"\b(d?[^\W\d_]+)(\d+)(_\w+)?\b",
        lambda m: f"{m[1]}[{int(m[2]) - number}]{m[3] or ''}",
        said,
    )


def _follows(one: Layer, other: Layer, first: Layer) -> bool:
    """Whether a layer comes next in a run that goes up or down from its first."""
    if one.number is None or other.number is None or first.number is None:
        return False
    step = other.number - one.number
    same_way = one is first or (one.number - first.number) * step > 0
    return abs(step) == 1 and same_way and one.looks == other.looks


def _general(dress: Dress, first: Layer, last: Layer) -> Run:
    number = first.number or 0
    letter = "l"
    rows = []
    for line in first.lines:
        general = Generalised(dress, number, letter)
        forms = dress.forms(line) if dress.style.detail_of(line.name) != "brief" else [line.value]
        if line.kind == "gradient":
            forms = [line.value]
        if line.kind != "forward":
            forms = [dress.laid(dress.opened(form)) for form in forms]
        sides = tuple(Side(general(form)) for form in forms)
        rows.append(Row(general(line.symbol), sides, "", "", "", line.kind == "gradient"))
    down = (last.number or 0) < number
    span = (
        rf"{letter} = {number}, {number - 1}, \dots, {last.number}"
        if down
        else rf"{letter} = {number}, \dots, {last.number}"
    )
    return Run(rows=tuple(rows), says=dress.say("For {range}:", range=f"${span}$"))


class Generalised:
    """A formula of one layer with the letter in place of the layer's number."""

    def __init__(self, dress: Dress, number: int, letter: str) -> None:
        self.dress, self.number, self.letter = dress, number, letter

    def __call__(self, node: Node) -> str:
        swaps = {s: self._symbol(s) for s in postorder(node) if is_symbol(s) and s.shape}
        return self.dress(substitute(node, {k: v for k, v in swaps.items() if k is not v}))

    def _symbol(self, node: Node) -> Node:
        """The symbol of the same shape that is called by the letter."""
        owner = node.params[3]
        if isinstance(owner, Transposed):
            general = self._symbol(owner.of[node])
            return symbol(symbol_name(general), node.shape, symbol_latex(general))
        adjoint = isinstance(owner, Adjoints) and node in owner.of
        of = owner.of[node] if adjoint else node
        layer = layer_of(of)
        if layer is None:
            return node
        inside = self._name(of, int(layer))
        if adjoint:
            top = output_name(owner.output, self.dress.notation)
            named = delta_names(owner, self.dress.notation)
            if self.dress.notation.adjoint == "delta" and node in named:
                shown = _marked(r"\delta", self._offset(int(layer)), self.dress.notation)
            else:
                shown = adjoint_in_latex(node, owner, self.dress.notation, inside, top)
        else:
            shown = inside
        return symbol(f"{symbol_name(node)}_general", node.shape, shown)

    def _offset(self, layer: int) -> str:
        step = layer - self.number
        return self.letter + (f"{step:+d}" if step else "")

    def _name(self, of: Node, layer: int) -> str:
        own = symbol_latex(of)
        if own is not None:
            return re.sub(rf"\b{layer}\b", self._offset(layer), own)
        name = re.sub(r"\d+", STAND_IN, symbol_name(of), count=1)
        shown = symbol_in_latex(symbol(name, of.shape), self.dress.notation)
        return shown.replace(STAND_IN, self._offset(layer))


def _marked(base: str, layer: str, notation: Notation) -> str:
    if notation.layer == "_l":
        return rf"{base}_{{{layer}}}"
    return rf"{base}^{{{LAYERS[notation.layer].format(layer)}}}"
