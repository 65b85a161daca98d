"""Generated NumPy code as algorithm boxes: what broadcasting does is written as mathematics does it.

The shapes of all names come from the record, those of temporaries from the operations. A row that
NumPy adds to every row of a matrix gets its ones, a column times a row is a product. What has no
sign in mathematics is refused, and the page then shows the code itself.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import sympy as sp
from latexify.exceptions import LatexifyError

from matcalc.codegen.make import source_of_record
from matcalc.errors import NoRuleError
from matcalc.expr import Node, symbol_name
from matcalc.notation import Notation
from matcalc.record import Record
from matcalc.render.algorithm import (
    ATOM,
    PROD,
    SUM,
    AlgorithmBox,
    MatrixExpressions,
    Names,
    box_lines,
)
from matcalc.render.blocks import Algorithm, Block, Code, Heading
from matcalc.render.dress import Dress
from matcalc.render.names import size_in_latex
from matcalc.render.signs import words
from matcalc.shapes import Shape

PROGRAMS = ("forward", "both")
ENTRYWISE = words("""
    exp log sin cos tan tanh sinh cosh arctan sqrt abs sign maximum minimum log1p expm1 square power
    where softplus sigmoid softmax log_softmax erf relu heaviside
""")
# Products of two matrices that einsum sums: over rows and columns, over a row, over a column.
SUMS = {"ij,ij->": None, "ij,ij->i": 1, "ij,ij->j": 0}


class NumpyExpressions(MatrixExpressions):
    """Expressions whose shapes are known, so that broadcasting shows."""

    def __init__(self, names: Names, notation: Notation, shapes: Mapping[str, Shape]) -> None:
        super().__init__(names, notation, ())
        self.shapes = dict(shapes)

    # -- shapes -----------------------------------------------------------------------------------

    def shape(self, node: ast.AST) -> Shape | None:
        """The shape of an expression, None where it is not known."""
        if isinstance(node, ast.Constant):
            return ()
        if isinstance(node, ast.Name):
            return self.shapes.get(node.id)
        if isinstance(node, ast.UnaryOp):
            return self.shape(node.operand)
        if isinstance(node, ast.Attribute) and node.attr == "T":
            found = self.shape(node.value)
            return found[::-1] if found is not None else None
        if isinstance(node, ast.BinOp):
            return self._of_operator(node)
        if isinstance(node, ast.Call):
            return self._of_call(node)
        if isinstance(node, ast.Subscript) and (rows := self._row_sum(node)) is not None:
            return rows
        return None

    def _of_operator(self, node: ast.BinOp) -> Shape | None:
        a, b = self.shape(node.left), self.shape(node.right)
        if a is None or b is None:
            return None
        if isinstance(node.op, ast.MatMult):
            return (a[0], b[1]) if len(a) == len(b) == 2 else None
        return _broadcast(a, b)

    def _of_call(self, node: ast.Call) -> Shape | None:
        name, operands = self._called(node)
        if name in ENTRYWISE:
            found: Shape | None = ()
            for a in operands if name not in ("softmax", "log_softmax") else operands[:1]:
                shape = () if isinstance(a, ast.Compare) else self.shape(a)
                if isinstance(a, ast.Compare):
                    shape = _broadcast(self.shape(a.left), self.shape(a.comparators[0]))
                found = _broadcast(found, shape)
            return found
        if name in ("vdot", "trace", "norm"):
            return ()
        if name == "sum":
            inner = self.shape(operands[0])
            axis = next((k.value for k in node.keywords if k.arg == "axis"), None)
            if axis is None:
                return ()
            kept = any(k.arg == "keepdims" for k in node.keywords)
            if inner is None or len(inner) != 2 or not isinstance(axis, ast.Constant) or not kept:
                return None
            one = sp.Integer(1)
            return (one, inner[1]) if axis.value == 0 else (inner[0], one)
        return None

    def _row_sum(self, node: ast.Subscript) -> Shape | None:
        """``einsum("ij,ij->i", A, B)[:, None]`` is a column of sums."""
        inner = node.value
        if not isinstance(inner, ast.Call) or self._called(inner)[0] != "einsum":
            return None
        operands = self._called(inner)[1]
        first = self.shape(operands[1]) if len(operands) == 3 else None
        axis = SUMS.get(str(getattr(operands[0], "value", "")))
        if first is None or axis is None:
            return None
        one = sp.Integer(1)
        return (first[0], one) if axis == 1 else (one, first[1])

    def spread(self, node: ast.AST, to: Shape | None, level: int) -> str:
        """An operand as large as the result: rows and columns that NumPy repeats get their ones."""
        own = self.shape(node)
        if own is None or to is None:
            raise NoRuleError("an algorithm box must know the shapes of what is added")
        if not own or own == to:
            return self.at(node, level)
        said = self.at(node, PROD + 1)
        n = self.notation
        if own[0] == 1 != to[0]:
            said = f"{_ones(n, to[0])} {said}"
        if own[1] == 1 != to[1]:
            said = rf"{said} {{{_ones(n, to[1])}}}^{{{n.transpose}}}"
        return said if level <= PROD else rf"\left({said}\right)"

    def is_scalar(self, node: ast.AST) -> bool:
        return self.shape(node) == ()

    # -- operators --------------------------------------------------------------------------------

    def write_BinOp(self, node: ast.BinOp) -> tuple[str, int]:
        a, b, op = node.left, node.right, node.op
        shapes = self.shape(a), self.shape(b)
        whole = self.shape(node)
        if isinstance(op, (ast.Add, ast.Sub)):
            sign = "+" if isinstance(op, ast.Add) else "-"
            return f"{self.spread(a, whole, SUM)} {sign} {self.spread(b, whole, PROD)}", SUM
        if not isinstance(op, (ast.Mult, ast.Div)) or () in shapes:
            return super().write_BinOp(node)
        if isinstance(op, ast.Mult) and _is_outer(*shapes):
            return f"{self.at(a, PROD + 1)} {self.at(b, PROD + 1)}", PROD
        if isinstance(op, ast.Div):
            return rf"\frac{{{self.spread(a, whole, 0)}}}{{{self.spread(b, whole, 0)}}}", PROD + 5
        joined = isinstance(a, ast.BinOp) and isinstance(a.op, ast.Mult) and self.shape(a) == whole
        plain = joined and not _is_outer(self.shape(a.left), self.shape(a.right))  # type: ignore[attr-defined]
        left = self.spread(a, whole, PROD if plain else PROD + 1)
        return f"{left} {self.notation.hadamard} {self.spread(b, whole, PROD + 1)}", PROD

    def write_Constant(self, node: ast.Constant) -> tuple[str, int]:
        value = node.value
        if isinstance(value, float) and value.is_integer():
            return str(int(value)), ATOM
        return super().write_Constant(node)

    # -- calls ------------------------------------------------------------------------------------

    def write_Subscript(self, node: ast.Subscript) -> tuple[str, int]:
        if self._row_sum(node) is not None:
            return self.written(node.value)
        raise NoRuleError("an algorithm box has no sign for parts of an array")

    def call_einsum(self, operands: list[ast.AST], axis: ast.AST | None) -> tuple[str, int]:
        pattern = getattr(operands[0], "value", "")
        if pattern not in SUMS or len(operands) != 3:
            raise NoRuleError(f"an algorithm box has no sign for einsum {pattern!r}")
        both = ast.BinOp(operands[1], ast.Mult(), operands[2])  # type: ignore[arg-type]
        which = SUMS[pattern]
        return self.call_sum([both], None if which is None else ast.Constant(which))

    def call_vdot(self, operands: list[ast.AST], axis: ast.AST | None) -> tuple[str, int]:
        a, b = operands
        said = f"{self._raised(a, self.notation.transpose)} {self.at(b, PROD + 1)}"
        shape = self.shape(a)
        column = shape is not None and len(shape) == 2 and shape[1] == 1
        return (said, PROD) if column else (rf"\operatorname{{tr}}\left({said}\right)", ATOM)

    def call_softmax(self, operands: list[ast.AST], axis: ast.AST | None) -> tuple[str, int]:
        return self._along("softmax", operands)

    def call_log_softmax(self, operands: list[ast.AST], axis: ast.AST | None) -> tuple[str, int]:
        return self._along(r"log\,softmax", operands)

    def _along(self, name: str, operands: list[ast.AST]) -> tuple[str, int]:
        """A helper that takes the axis as its second argument; by rows goes without saying."""
        down = [getattr(a, "value", None) for a in operands[1:]] == [0]
        mark = r"_{\mathrm{col}}" if down else ""
        return rf"\operatorname{{{name}}}{mark}\left({self.visit(operands[0])}\right)", ATOM

    def call_where(self, operands: list[ast.AST], axis: ast.AST | None) -> tuple[str, int]:
        test, yes, no = operands
        if [getattr(x, "value", None) for x in (yes, no)] == [1, 0]:
            return rf"{self.notation.one}\left[{self.visit(test)}\right]", ATOM
        said = ", ".join(str(self.visit(x)) for x in operands)
        return rf"\operatorname{{where}}\left({said}\right)", ATOM

    def call_heaviside(self, operands: list[ast.AST], axis: ast.AST | None) -> tuple[str, int]:
        return rf"{self.notation.one}\left[{self.at(operands[0], SUM)} > 0\right]", ATOM


class ProgramBox(AlgorithmBox):
    """A generated function; what it says about sizes and what it keeps for later is no step."""

    _expression_codegen: NumpyExpressions

    def visit_Assign(self, node: ast.Assign) -> str:
        target = node.targets[0]
        if isinstance(target, ast.Name):
            shape = self._expression_codegen.shape(node.value)
            self._expression_codegen.shapes.setdefault(target.id, shape)  # type: ignore[arg-type]
        return str(super().visit_Assign(node))


def _broadcast(a: Shape | None, b: Shape | None) -> Shape | None:
    if a is None or b is None or not a or not b:
        return None if a is None or b is None else a or b
    if len(a) != len(b):
        return None
    found = []
    for x, y in zip(a, b, strict=True):
        if x != y and 1 not in (x, y):
            return None
        found.append(y if x == 1 else x)
    return tuple(found)


def _is_outer(a: Shape | None, b: Shape | None) -> bool:
    """A column times a row, which entry by entry is their product."""
    return bool(a and b) and a[1] == 1 != a[0] and b[0] == 1 != b[1]  # type: ignore[index]


def _ones(notation: Notation, count: Any) -> str:
    return rf"{notation.one}_{{{size_in_latex(count)}}}" if notation.sized else notation.one


# -- the boxes of a derivation ---------------------------------------------------------------------


def program_blocks(dress: Dress, which: str) -> list[Block]:
    """The forward pass, or forward and backward pass, as algorithm boxes."""
    if which not in PROGRAMS:
        raise NoRuleError(f"program is one of {', '.join(PROGRAMS)}, not {which!r}")
    source = source_of_record(dress.record)
    heading = "The forward pass" if which == "forward" else "The forward and the backward pass"
    blocks: list[Block] = [Heading(dress.say(heading))]
    for function in _functions(source, which):
        try:
            blocks.append(Algorithm(tuple(_lines(dress, function))))
        except (NoRuleError, LatexifyError):
            blocks.append(Code(ast.unparse(function)))
    return blocks


def _functions(source: str, which: str) -> list[ast.FunctionDef]:
    """The functions to show, without the bookkeeping of sizes."""
    found = {f.name: f for f in ast.parse(source).body if isinstance(f, ast.FunctionDef)}
    wanted = ["forward", "backward"] if "forward" in found else ["value_and_gradients"]
    if which == "forward":
        wanted = wanted[:1]
    line = next((k for k, s in enumerate(source.splitlines(), 1) if s.strip() == "# Backward"), 0)
    functions = []
    for name in wanted:
        function = found[name]
        body = [s for s in function.body if not _is_bookkeeping(s)]
        if which == "forward" and name == "value_and_gradients":
            body = [s for s in body if s.lineno < line or isinstance(s, ast.Return)]
            function.name = "forward"
        function.body = [_returned(s, which) for s in body]
        function.decorator_list = []
        functions.append(function)
    return functions


def _is_bookkeeping(s: ast.stmt) -> bool:
    """Docstrings, sizes, checks of shapes, and what is packed up for the backward pass."""
    if isinstance(s, ast.Expr):
        return True
    if not isinstance(s, ast.Assign):
        return False
    said = ast.unparse(s)
    return ".shape" in said or said.startswith("cache = ") or said.endswith(" = cache")


def _returned(s: ast.stmt, which: str) -> ast.stmt:
    """The value alone, where only the forward pass is shown or a cache is returned beside it."""
    if isinstance(s, ast.Return) and isinstance(s.value, ast.Tuple):
        last = s.value.elts[-1]
        if which == "forward" or (isinstance(last, ast.Name) and last.id == "cache"):
            return ast.copy_location(ast.Return(s.value.elts[0]), s)
    return s


def _lines(dress: Dress, function: ast.FunctionDef) -> list[str]:
    record = dress.record
    shapes: dict[str, Shape] = {}
    latex: dict[str, str] = {}
    for node in _nodes(record):
        for name in (symbol_name(node), f"{symbol_name(node)}_"):
            shapes.setdefault(name, node.shape)
            latex.setdefault(name, dress(node))
    for d in {d for node in _nodes(record) for d in node.shape if d.is_Symbol}:
        shapes.setdefault(d.name, ())
        latex.setdefault(d.name, size_in_latex(d))
    own = function.name.replace("_", r"\_")
    names = Names({**latex, function.name: rf"\mathrm{{{own}}}"}, dress.notation)
    box = ProgramBox(names, NumpyExpressions(names, dress.notation, shapes))
    function.args.args = [a for a in function.args.args if a.arg != "cache"]
    return box_lines(str(box.visit(function)), dress.notation)


def _nodes(record: Record) -> list[Node]:
    above = [record.upstream] if record.upstream is not None else []
    return [
        *record.problem.inputs,
        *record.problem.params,
        *(line.symbol for line in record.lines),
        *above,
    ]
