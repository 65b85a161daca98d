"""The computation graph as a drawing of our own: SVG, TikZ and DOT, at two grains.

``steps`` has a node for each input and named step, shapes on the edges, and what flows back below
them; ``operations`` has a node for each operation, shared subexpressions drawn once. Nodes stand in
columns by their distance from the inputs, ordered so that few edges cross.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from html import escape

from matcalc import shapes
from matcalc.errors import MatcalcError
from matcalc.expr import Node, is_number, is_symbol, postorder, symbol_name
from matcalc.notation import DEFAULT, Notation
from matcalc.record import Record
from matcalc.render.blocks import Picture
from matcalc.render.dress import Dress, Style
from matcalc.render.signs import WORDS_OF
from matcalc.render.textree import in_unicode

GRAINS = ("steps", "operations")
COLUMN, BARE_COLUMN, ROW, HEIGHT = 104, 40, 84, 34
MOST_NODES = 400
LABEL = r"midway, fill=white, inner sep=1pt, font=\footnotesize"  # readable on the line it names


@dataclass(frozen=True)
class Vertex:
    """A node of the drawing."""

    key: str
    latex: str
    kind: str  # input, param, step, operation, output
    shape: str


@dataclass(frozen=True)
class Edge:
    """From a vertex to one that uses it; ``back`` is what flows back along it."""

    start: str
    end: str
    label: str = ""
    back: str = ""


class Graph:
    """A computation graph that can be drawn."""

    def __init__(
        self,
        title: str,
        vertices: list[Vertex],
        edges: list[Edge],
        notation: Notation = DEFAULT,
    ) -> None:
        if len(vertices) > MOST_NODES:
            raise MatcalcError(
                f"a drawing of {len(vertices)} nodes cannot be read; the most is {MOST_NODES}"
            )
        self.title, self.vertices, self.edges = title, vertices, edges
        self.notation = notation  # whose words describe the drawing

    # -- where everything stands
    # ---------------------------------------------------------------------

    @cached_property
    def columns(self) -> list[list[Vertex]]:
        """Vertices by their distance from the inputs, in an order in which few edges cross."""
        depth: dict[str, int] = {}
        into: dict[str, list[str]] = {v.key: [] for v in self.vertices}
        out: dict[str, list[str]] = {v.key: [] for v in self.vertices}
        for e in self.edges:
            into[e.end].append(e.start)
            out[e.start].append(e.end)
        for v in self.vertices:  # vertices come in topological order
            depth[v.key] = 1 + max((depth[s] for s in into[v.key]), default=-1)
        for v in reversed(self.vertices):  # an input stands just before its first use
            if not into[v.key] and out[v.key]:
                depth[v.key] = min(depth[e] for e in out[v.key]) - 1
        columns: list[list[Vertex]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
        for v in self.vertices:
            columns[depth[v.key]].append(v)
        place = {v.key: float(k) for column in columns for k, v in enumerate(column)}
        for sweep in range(6):
            near = into if sweep % 2 == 0 else out
            for column in columns if sweep % 2 == 0 else reversed(columns):
                column.sort(key=lambda v: _mean([place[k] for k in near[v.key]], place[v.key]))
                for k, v in enumerate(column):
                    place[v.key] = k - (len(column) - 1) / 2
        return columns

    @cached_property
    def boxes(self) -> dict[str, tuple[float, float, float]]:
        """Middle and width of every box, in pixels."""
        found: dict[str, tuple[float, float, float]] = {}
        tallest = max(map(len, self.columns))
        left = 20.0
        labelled = any(e.label or e.back for e in self.edges)
        for column in self.columns:
            wide = max(self._width(v) for v in column)
            for k, v in enumerate(column):
                y = 46 + ROW * ((tallest - len(column)) / 2 + k)
                found[v.key] = (left + wide / 2, y, self._width(v))
            left += wide + (COLUMN if labelled else BARE_COLUMN)
        return found

    def _width(self, v: Vertex) -> float:
        return max(38.0, 9.0 * len(in_unicode(v.latex)) + 16)

    @cached_property
    def own(self) -> str:
        """A name for the drawing, the same on every run: two of them may stand on one page."""
        said = repr((self.title, self.vertices, self.edges)).encode()
        return f"graph-{blake2b(said, digest_size=4).hexdigest()}"

    # -- SVG
    # --------------------------------------------------------------------------------------------

    @cached_property
    def svg(self) -> str:
        """A drawing that stands alone, with a title and a description for screen readers."""
        wide = max(x + w / 2 for x, _, w in self.boxes.values()) + 20
        high = max(y for _, y, _ in self.boxes.values()) + 56
        title = escape(in_unicode(self.title.replace("$", "")))
        own = self.own
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high:.0f}" '
            f'width="{wide:.0f}" height="{high:.0f}" id="{own}" role="img" '
            f'aria-labelledby="{own}-title {own}-desc">',
            f'<title id="{own}-title">{title}</title>',
            f'<desc id="{own}-desc">{escape(self.text)}</desc>',
            _style(own),
        ]
        parts += [self._edge(e) for e in self.edges]
        parts += [self._vertex(v) for v in self.vertices]
        return "\n".join([*parts, "</svg>\n"])

    def _vertex(self, v: Vertex) -> str:
        x, y, w = self.boxes[v.key]
        round_ = 17 if v.kind in ("input", "param") else 4
        shape = (
            f'<text class="shape" x="{x:.1f}" y="{y + 31:.1f}">{escape(v.shape)}</text>'
            if v.shape
            else ""
        )
        return (
            f'<rect class="{v.kind}" x="{x - w / 2:.1f}" y="{y - HEIGHT / 2:.1f}" '
            f'width="{w:.1f}" height="{HEIGHT}" rx="{round_}"/>'
            f'<text x="{x:.1f}" y="{y + 5:.1f}">{escape(in_unicode(v.latex))}</text>{shape}'
        )

    def _edge(self, e: Edge) -> str:
        x1, y1, w1 = self.boxes[e.start]
        x2, y2, w2 = self.boxes[e.end]
        a, b = x1 + w1 / 2, x2 - w2 / 2 - 3
        bend = max(24.0, (b - a) / 2)
        path = (
            f"M{a:.1f},{y1:.1f} C{a + bend:.1f},{y1:.1f} {b - bend:.1f},{y2:.1f} {b:.1f},{y2:.1f}"
        )
        said = f'<path d="{path}" marker-end="url(#{self.own}-to)"/>'
        # Labels stand near the start, where edges into one node are still apart.
        mx, my = a + 0.36 * (b - a), y1 + 0.2 * (y2 - y1)
        if e.label:
            said += f'<text class="label" x="{mx:.1f}" y="{my - 5:.1f}">{escape(e.label)}</text>'
        if e.back:
            low = 11.0
            down, up = f"{y2 + low:.1f}", f"{y1 + low:.1f}"
            curve = f"C{b - bend:.1f},{down} {a + bend:.1f},{up}"
            back = f"M{b:.1f},{down} {curve} {a + 3:.1f},{up}"
            said += f'<path class="back" d="{back}" marker-end="url(#{self.own}-back)"/>'
            label = escape(in_unicode(e.back))
            said += f'<text class="back" x="{mx:.1f}" y="{my + 25:.1f}">{label}</text>'
        return said

    # -- other forms
    # --------------------------------------------------------------------------------------

    @cached_property
    def tikz(self) -> str:
        """A TikZ picture; the preamble needs only the package tikz."""
        lines = [r"\begin{tikzpicture}[>=stealth, every node/.style={font=\small}]"]
        ids = {v.key: f"n{k}" for k, v in enumerate(self.vertices)}
        for v in self.vertices:
            x, y, _ = self.boxes[v.key]
            style = (
                "draw, circle, inner sep=2pt"
                if v.kind in ("input", "param")
                else "draw, rounded corners=2pt"
            )
            lines.append(
                rf"  \node[{style}] ({ids[v.key]}) at ({x / 50:.2f}, {-y / 42:.2f}) "
                rf"{{${v.latex}$}};"
            )
        for e in self.edges:
            label = (
                rf" node[pos=0.4, above, sloped, font=\scriptsize] {{${_tex_shape(e.label)}$}}"
                if e.label
                else ""
            )
            lines.append(rf"  \draw[->] ({ids[e.start]}) --{label} ({ids[e.end]});")
            if e.back:
                lines.append(
                    rf"  \draw[->, dashed] ({ids[e.end]}) to[bend left=18] node[{LABEL}] "
                    rf"{{${e.back}$}} ({ids[e.start]});"
                )
        return "\n".join([*lines, r"\end{tikzpicture}"]) + "\n"

    @cached_property
    def dot(self) -> str:
        """The graph in the language of Graphviz."""
        ids = {v.key: f"n{k}" for k, v in enumerate(self.vertices)}
        lines = ["digraph {", "  rankdir=LR;", "  node [shape=box];"]
        for v in self.vertices:
            shape = ", shape=ellipse" if v.kind in ("input", "param") else ""
            lines.append(f"  {ids[v.key]} [label={_quoted(in_unicode(v.latex))}{shape}];")
        for e in self.edges:
            lines.append(f"  {ids[e.start]} -> {ids[e.end]} [label={_quoted(e.label)}];")
            if e.back:
                lines.append(
                    f"  {ids[e.end]} -> {ids[e.start]} [label={_quoted(in_unicode(e.back))}, "
                    f"style=dashed, constraint=false];"
                )
        return "\n".join([*lines, "}"]) + "\n"

    @cached_property
    def text(self) -> str:
        """The graph in words, one node a sentence."""
        names = {v.key: in_unicode(v.latex) for v in self.vertices}
        say, listed = self.notation.say, self.notation.listed
        said = []
        for v in self.vertices:
            into = [names[e.start] for e in self.edges if e.end == v.key]
            what = f"{names[v.key]} ({v.shape})" if v.shape else names[v.key]
            said.append(
                say("{node} from {sources}.", node=what, sources=listed(list(dict.fromkeys(into))))
                if into
                else say("{node} is given.", node=what)
            )
        back = [in_unicode(e.back) for e in self.edges if e.back]
        if back:
            flow = listed(list(dict.fromkeys(reversed(back))))
            said.append(say("Back flow {adjoints}.", adjoints=flow))
        return "\n".join(said)

    def picture(self) -> Picture:
        return Picture(self.title, self.svg, self.tikz, self.text)

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return self.text


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _tex_shape(label: str) -> str:
    """A size written with signs, in LaTeX."""
    return re.sub(r"[^\x00-\x7f]", lambda m: rf"\{WORDS_OF.get(m[0], 'times')} ", label)


_LIGHT = (
    "--ink:#1b1c1e;--box:#ffffff;--given:#eef3fa;--learnt:#fbf1e4;--faint:#666a70;--flow:#a33b1f"
)
_DARK = (
    "--ink:#e6e6e3;--box:#24272b;--given:#1f2b3a;--learnt:#3a2d1b;--faint:#a0a4aa;--flow:#f09a7c"
)
_RULES = {
    "": f"color-scheme:light dark;{_LIGHT}",
    "text": "font:15px Georgia,serif;text-anchor:middle;fill:var(--ink)",
    "rect": "fill:var(--box);stroke:var(--ink);stroke-width:1",
    "rect.input": "fill:var(--given)",
    "rect.param": "fill:var(--learnt)",
    "rect.output": "stroke-width:2",
    "path": "fill:none;stroke:var(--ink);stroke-width:1.1",
    "path.back": "stroke:var(--flow);stroke-dasharray:4 3",
    "marker path": "fill:var(--ink);stroke:none",
    "marker.back path": "fill:var(--flow)",
    "text.shape": "font-size:11px;fill:var(--faint)",
    "text.label": "font-size:11px;fill:var(--faint)",
    "text.back": "font-size:13px;fill:var(--flow)",
}


def _style(own: str) -> str:
    """Rules for one drawing: inside an HTML page they must touch nothing else."""
    rules = "".join(f"#{own} {name}{{{said}}}".replace(" {", "{") for name, said in _RULES.items())
    markers = "".join(
        f'<marker id="{own}-{kind}" class="{kind}" viewBox="0 0 8 8" refX="7" refY="4" '
        'markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z"/></marker>'
        for kind in ("to", "back")
    )
    dark = f"@media (prefers-color-scheme:dark){{#{own}{{{_DARK}}}}}"
    return f"<style>{rules}{dark}</style><defs>{markers}</defs>"


# -- from a record
# -------------------------------------------------------------------------------------


def graph_of(record: Record, style: Style, grain: str = "steps", deltas: bool = True) -> Graph:
    """The graph of a derivation at one of the two grains."""
    if not isinstance(grain, str) or grain not in GRAINS:
        raise MatcalcError(f"grain is one of {', '.join(GRAINS)}, not {grain!r}")
    dress = Dress(record, style)
    title = dress.say("Computation graph of {f}", f=f"${dress(record.problem.output)}$")
    build = _by_steps if grain == "steps" else _by_operations
    return Graph(title, *build(dress, deltas), dress.notation)


def _size(node: Node) -> str:
    return " × ".join(shapes.show_dim(d) for d in node.shape) if node.shape else ""


def _kind(record: Record, node: Node) -> str:
    if node is record.problem.output:
        return "output"
    if node in record.definitions:
        return "step"
    return "param" if node in record.problem.params else "input"


def _by_steps(dress: Dress, deltas: bool) -> tuple[list[Vertex], list[Edge]]:
    record = dress.record
    used = {n for d in record.definitions.values() for n in postorder(d) if is_symbol(n)}
    given = [s for s in (*record.problem.inputs, *record.problem.params) if s in used]
    nodes = [*given, *record.definitions]
    known = set(nodes)
    vertices = [Vertex(symbol_name(n), dress(n), _kind(record, n), "") for n in nodes]
    edges = []
    for step, definition in record.definitions.items():
        for n in postorder(definition):
            if n in known:
                back = ""
                if deltas and n in record.arrivals:
                    back = dress(record.arrivals[n].symbol)
                edges.append(Edge(symbol_name(n), symbol_name(step), _size(n), back))
    return vertices, edges


SIGN_OF = {
    "plus": "+", "times": r"\cdot", "hadamard": r"\odot", "transpose": r"\top", "pow": "x^k",
    "sum": r"\sum", "rowsum": r"\sum", "colsum": r"\sum", "sigmoid": r"\sigma", "kron": r"\otimes",
}  # fmt: skip


def _by_operations(dress: Dress, deltas: bool) -> tuple[list[Vertex], list[Edge]]:
    record = dress.record
    root = record.in_inputs(record.problem.output)
    named = {record.in_inputs(d): s for s, d in record.definitions.items()}
    vertices, edges, keys = [], [], {}
    for k, node in enumerate(postorder(root)):
        keys[node] = f"v{k}"
        step = named.get(node)
        kind = "output" if node is root else _kind(record, node) if is_symbol(node) else "operation"
        vertices.append(Vertex(keys[node], _operation(dress, node, step), kind, _size(node)))
        edges += [Edge(keys[c], keys[node]) for c in node.operands]
    return vertices, edges


def _operation(dress: Dress, node: Node, step: Node | None) -> str:
    if is_symbol(node) or is_number(node) or not node.operands:
        return dress(node)
    sign = SIGN_OF.get(node.op.name)
    if node.op.name == "pow" and is_number(node.operands[1]):
        sign = f"x^{{{dress(node.operands[1])}}}"
    if node.op.name == "function":
        sign = dress.writer.function_name(node.params[0], node.params[2]) + "'" * node.params[1]
    shown = sign or rf"\operatorname{{{node.op.name}}}"
    return f"{dress(step)} : {shown}" if step is not None else shown
