"""A derivation as a listing in the text language, and single lines as LaTeX and text."""

from __future__ import annotations

from matcalc import shapes
from matcalc.expr import BUILD, symbol_name
from matcalc.layout import Layout
from matcalc.network import Network
from matcalc.notation import Notation
from matcalc.record import Line, Record
from matcalc.render.latex import LatexWriter, with_where
from matcalc.render.writer import text_lines

LAYOUT_SAYS = {
    Layout.DENOMINATOR: "gradients have the shape of the variable (denominator layout)",
    Layout.NUMERATOR: "gradients are transposed (numerator layout), adjoints of steps are not",
    Layout.MIXED: "gradients have the shape of the variable, Jacobians are in numerator layout",
}


def to_text(record: Record, lines: tuple[Line, ...] | None = None) -> str:
    """The derivation in the text language, shapes beside the lines."""
    rows = [f"# {remark}" for remark in record.remarks]
    rows.append(f"# {LAYOUT_SAYS[record.layout]}")
    declared = [*record.problem.inputs, *record.problem.params]
    rows += [f"{symbol_name(s)} : {shapes.show(s.shape)}" for s in declared]
    if record.upstream is not None:
        rows.append(f"{symbol_name(record.upstream)} : {shapes.show(record.upstream.shape)}")
    rows += [f"assume {fact}" for fact in record.problem.facts]
    for title, kinds in (("forward", ("forward",)), ("backward", ("adjoint", "gradient"))):
        rows.append(f"# {title}")
        for line in record.lines if lines is None else lines:
            if line.kind in kinds:
                rows += line_text(line)
    return "\n".join(rows)


def line_text(line: Line) -> list[str]:
    """One line in the text language, shared parts on lines above it, the shape beside it."""
    definitions, last = text_lines(line.shown)
    rows = [f"{symbol_name(name)} = {said}" for name, said in definitions]
    rows.append(f"{line.name} = {last}  # {shapes.show(line.shape)}")
    return rows


def line_latex(line: Line, notation: Notation | str | None = None) -> str:
    """``left = right`` in LaTeX."""
    writer = LatexWriter(notation)
    return f"{writer(line.symbol)} = {with_where(writer, line.shown)}"


def program(record: Record) -> str:
    """The network as Python that can be run, where it was declared as one."""
    owner = next((s.symbol.params[3] for s in record.problem.steps), None)
    if not isinstance(owner, Network) or (not owner.inputs and not owner.params):
        return ""
    text = owner.to_text()
    quotes = '"""' if '"""' not in text else "'''"
    mark = "r" if "\\" in text else ""
    network = f"net = mc.parse({mark}{quotes}\n{text}\n{quotes})"
    return f"import matcalc as mc\n\n{network}\nD = mc.derive(net)\nD"


BUILD["line_latex"] = line_latex
BUILD["line_text"] = lambda line: "\n".join(line_text(line))
