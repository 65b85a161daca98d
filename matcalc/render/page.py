"""A derivation as a page: text, LaTeX, Markdown. Reads the record, computes nothing."""

from __future__ import annotations

from matcalc import shapes
from matcalc.expr import Node, symbol_name
from matcalc.layout import Layout
from matcalc.notation import DEFAULT, Notation
from matcalc.record import Line, Record
from matcalc.render.latex import LatexWriter
from matcalc.render.writer import text_lines

LAYOUT_SAYS = {
    Layout.DENOMINATOR: "gradients have the shape of the variable (denominator layout)",
    Layout.NUMERATOR: "gradients are transposed (numerator layout)",
    Layout.MIXED: "gradients have the shape of the variable, Jacobians are in numerator layout",
}


def to_text(record: Record) -> str:
    """The page for a terminal."""
    rows = [f"# {remark}" for remark in record.remarks]
    rows.append(f"# {LAYOUT_SAYS[record.layout]}")
    declared = [*record.problem.inputs, *record.problem.params]
    rows += [f"{symbol_name(s)} : {shapes.show(s.shape)}" for s in declared]
    if record.upstream is not None:
        rows.append(f"{symbol_name(record.upstream)} : {shapes.show(record.upstream.shape)}")
    rows.append("# forward")
    backward = False
    for line in record.lines:
        if line.kind != "forward" and not backward:
            backward = True
            rows.append("# backward")
        rows += line_text(line, record)
    return "\n".join(rows)


def line_text(line: Line, record: Record) -> list[str]:
    """One line in the text language, shared parts on lines above it, the shape beside it."""
    definitions, last = text_lines(_shown(line, record))
    rows = [f"{symbol_name(name)} = {said}" for name, said in definitions]
    rows.append(f"{line.name} = {last}  # {shapes.show(line.shape)}")
    return rows


def _shown(line: Line, record: Record) -> Node:
    from matcalc.layout import gradient_in

    return gradient_in(record.layout, line.value) if line.kind == "gradient" else line.value


def to_latex(record: Record, notation: Notation | None = None, document: bool = False) -> str:
    """An align* environment that needs amsmath only."""
    writer = LatexWriter(notation or DEFAULT)
    rows = []
    for line in record.lines:
        definitions, last = writer.line(_shown(line, record))
        row = f"{writer(line.symbol)} &= {last}"
        if definitions:
            where = ", ".join(f"{writer(name)} = {said}" for name, said in definitions)
            row += rf" \quad \text{{where }} {where}"
        rows.append(row)
    body = "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"
    note = "% needs amsmath; " + LAYOUT_SAYS[record.layout]
    if not document:
        return f"{note}\n{body}"
    return (
        "\\documentclass{article}\n\\usepackage{amsmath}\n\\allowdisplaybreaks\n\\begin{document}\n"
        f"{note}\n{body}\n\\end{{document}}\n"
    )


def to_markdown(record: Record, notation: Notation | None = None) -> str:
    """Forward and backward pass under headings, a formula a line."""
    writer = LatexWriter(notation or DEFAULT)
    out = [f"*{LAYOUT_SAYS[record.layout].capitalize()}.*", *(f"*{r}.*" for r in record.remarks)]
    heads = {"forward": "## Forward", "adjoint": "## Backward", "gradient": "## Backward"}
    seen: set[str] = set()
    for line in record.lines:
        head = heads[line.kind]
        if head not in seen:
            seen.add(head)
            out.append(head)
        out.append(f"$$ {writer(line.symbol)} = {_one_line(writer, _shown(line, record))} $$")
    return "\n\n".join(out) + "\n"


def _one_line(writer: LatexWriter, value: Node) -> str:
    definitions, last = writer.line(value)
    where = ", ".join(f"{writer(name)} = {said}" for name, said in definitions)
    return rf"{last} \quad \text{{where }} {where}" if where else last
