"""Programs as algorithm boxes: latexify-py walks the statements, matrix expressions are written
here.

Left alone, latexify writes ``A * B`` like ``A @ B``, drops the operand of ``E.sum(axis=1)`` and the
brackets of ``(X @ W).T``. Every expression that may hold a matrix is therefore written by this
subclass; only the frame of the box, loops and conditions are latexify's.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from latexify.codegen.algorithmic_codegen import IPythonAlgorithmicCodegen
from latexify.codegen.expression_codegen import ExpressionCodegen
from latexify.codegen.identifier_converter import IdentifierConverter
from latexify.exceptions import LatexifyError
from latexify.parser import parse_function

from matcalc.errors import MatcalcError, NoRuleError
from matcalc.notation import Notation
from matcalc.render.names import name_in_latex
from matcalc.render.signs import words

SUM, NEG, PROD, POW, ATOM = 10, 15, 20, 40, 50
KEYWORD = re.compile(
    r"\\mathbf\{((?:end \\ )?(?:function|for|while|if)|return|do|else|pass|break|continue)\}"
)

# What gives a number, of whatever it is taken.
NUMBERS = frozenset(words("tr trace det logdet norm norm1 norm2 float len"))
SIZES = {0: "rows", 1: "columns"}

KNOWN = {w: f"\\{w}" for w in words("exp log sin cos tan tanh sinh cosh max min det")} | {
    "maximum": r"\max",
    "minimum": r"\min",
    "trace": r"\operatorname{tr}",
    "sigmoid": r"\sigma",
    "relu": r"\operatorname{ReLU}",
}


class Names(IdentifierConverter):
    """Python names as symbols: those given, else by the usual reading of W1, Yhat, alpha."""

    def __init__(self, names: Mapping[str, str], notation: Notation) -> None:
        super().__init__(use_math_symbols=True)
        self.names, self.notation = names, notation

    def convert(self, name: str) -> tuple[str, bool]:
        if name in self.names:
            return self.names[name], True
        if len(name) > 1 and name[0] == "d" and name[1:] in self.names:
            return rf"\mathrm{{d}}{self.names[name[1:]]}", True
        return name_in_latex(name, self.notation.layer), True


class MatrixExpressions(ExpressionCodegen):
    """Expressions in which any name may be a matrix; ``scalars`` names those that are none."""

    def __init__(self, names: Names, notation: Notation, scalars: Collection[str]) -> None:
        super().__init__(use_math_symbols=True)
        self._identifier_converter = names
        self.notation, self.scalars = notation, scalars

    def visit(self, node: ast.AST) -> Any:
        return self.written(node)[0]

    def at(self, node: ast.AST, level: int) -> str:
        """In brackets where it binds too loosely."""
        said, binds = self.written(node)
        return said if binds >= level else rf"\left({said}\right)"

    def written(self, node: ast.AST) -> tuple[str, int]:
        own = getattr(self, f"write_{type(node).__name__}", None)
        if own is not None:
            return own(node)
        return super().visit(node), ATOM

    # -- atoms
    # --------------------------------------------------------------------------------------

    def write_Name(self, node: ast.Name) -> tuple[str, int]:
        return self._identifier_converter.convert(node.id)[0], ATOM

    def write_Constant(self, node: ast.Constant) -> tuple[str, int]:
        if isinstance(node.value, str):
            return rf"\text{{{node.value}}}", ATOM
        return str(node.value), ATOM if not str(node.value).startswith("-") else NEG

    def write_Attribute(self, node: ast.Attribute) -> tuple[str, int]:
        if node.attr == "T":
            return self._raised(node.value, self.notation.transpose), POW
        if isinstance(node.value, ast.Name) and node.value.id in ("np", "numpy", "mc"):
            return name_in_latex(node.attr), ATOM
        return rf"{self.at(node.value, ATOM)}.\mathrm{{{node.attr}}}", ATOM

    def _raised(self, base: ast.AST, script: str) -> str:
        said = self.at(base, ATOM)
        return rf"{{{said}}}^{{{script}}}" if "^" in said else rf"{said}^{{{script}}}"

    def write_Subscript(self, node: ast.Subscript) -> tuple[str, int]:
        size = node.value
        if isinstance(size, ast.Attribute) and size.attr == "shape":
            for place, word in SIZES.items():  # X.shape[0]
                if getattr(node.slice, "value", None) == place:
                    return rf"\operatorname{{{word}}}\left({self.visit(size.value)}\right)", ATOM
        places = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        said = ", ".join(self._place(p) for p in places)
        return rf"{{{self.at(node.value, ATOM)}}}_{{{said}}}", ATOM

    def _place(self, node: ast.AST) -> str:
        if isinstance(node, ast.Slice):
            low, high = (self.visit(p) if p is not None else "" for p in (node.lower, node.upper))
            return f"{low}:{high}"
        return str(self.visit(node))

    # -- operators
    # -----------------------------------------------------------------------------------

    def is_scalar(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Constant):
            return True
        if isinstance(node, ast.Name):
            return node.id in self.scalars
        if isinstance(node, ast.UnaryOp):
            return self.is_scalar(node.operand)
        if isinstance(node, ast.BinOp):
            return self.is_scalar(node.left) and self.is_scalar(node.right)
        if not isinstance(node, ast.Call):
            return False
        name, operands = self._called(node)
        alone = len(operands) == 1 and not node.keywords
        return name in NUMBERS or (name in ("sum", "mean") and alone)

    def write_BinOp(self, node: ast.BinOp) -> tuple[str, int]:
        a, b, op = node.left, node.right, node.op
        if isinstance(op, ast.Add):
            return f"{self.at(a, SUM)} + {self.at(b, SUM + 1)}", SUM
        if isinstance(op, ast.Sub):
            return f"{self.at(a, SUM)} - {self.at(b, NEG + 1)}", SUM
        if isinstance(op, ast.Div):
            return rf"\frac{{{self.visit(a)}}}{{{self.visit(b)}}}", PROD + 5
        if isinstance(op, ast.Pow):
            sign = "" if self.is_scalar(a) else rf"{self.notation.hadamard} "
            return self._raised(a, f"{sign}{self.visit(b)}"), POW
        if isinstance(op, ast.MatMult):
            left = self._joined(a, ast.MatMult)
            return f"{left} {self.at(b, PROD + 1)}", PROD
        if isinstance(op, ast.Mult):
            if self.is_scalar(a) or self.is_scalar(b):
                dot = r" \cdot " if isinstance(b, ast.Constant) else " "
                return f"{self._joined(a, ast.Mult)}{dot}{self.at(b, PROD + 1)}", PROD
            sign = self.notation.hadamard
            return f"{self._joined(a, ast.Mult)} {sign} {self.at(b, PROD + 1)}", PROD
        raise NoRuleError(f"an algorithm box has no sign for {type(op).__name__}")

    def _joined(self, node: ast.AST, kind: type[ast.operator]) -> str:
        """A left factor; a product of the same kind needs no brackets."""
        same = isinstance(node, ast.BinOp) and isinstance(node.op, kind)
        return self.at(node, PROD if same else PROD + 1)

    def write_UnaryOp(self, node: ast.UnaryOp) -> tuple[str, int]:
        if isinstance(node.op, ast.USub):
            return f"-{self.at(node.operand, NEG + 1)}", NEG
        return str(super().visit_UnaryOp(node)), NEG

    def write_Tuple(self, node: ast.Tuple) -> tuple[str, int]:
        return r",\ ".join(str(self.visit(part)) for part in node.elts), SUM

    def write_Dict(self, node: ast.Dict) -> tuple[str, int]:
        items = ", ".join(
            rf"{self._key(k)} \mapsto {self.visit(v)}"
            for k, v in zip(node.keys, node.values, strict=True)
        )
        return rf"\left\{{{items}\right\}}", ATOM

    def _key(self, node: ast.AST | None) -> str:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self._identifier_converter.convert(node.value)[0]
        return str(self.visit(node)) if node is not None else r"\dots"

    # -- calls
    # ----------------------------------------------------------------------------------------

    def write_Call(self, node: ast.Call) -> tuple[str, int]:
        name, operands = self._called(node)
        axis = next((k.value for k in node.keywords if k.arg == "axis"), None)
        own = getattr(self, f"call_{name}", None)
        if own is not None:
            return own(operands, axis)
        inside = ", ".join(str(self.visit(a)) for a in operands)
        if name == "sqrt":
            return rf"\sqrt{{{inside}}}", ATOM
        shown = KNOWN.get(name) or rf"\operatorname{{{name.replace('_', chr(92) + '_')}}}"
        mark = rf"_{{\mathrm{{axis}}\,{self.visit(axis)}}}" if axis is not None else ""
        return rf"{shown}{mark}\left({inside}\right)", ATOM

    def _called(self, node: ast.Call) -> tuple[str, list[ast.AST]]:
        """The function's own name, and its operands, that of a method among them."""
        fn = node.func
        if isinstance(fn, ast.Name):
            return fn.id, list(node.args)
        if isinstance(fn, ast.Attribute):
            root = fn.value
            while isinstance(root, ast.Attribute):
                root = root.value
            if isinstance(root, ast.Name) and root.id in ("np", "numpy", "mc", "jnp", "torch"):
                return fn.attr, list(node.args)
            return fn.attr, [fn.value, *node.args]
        raise NoRuleError("an algorithm box can't show a call of what is no name")

    def call_sum(self, operands: list[ast.AST], axis: ast.AST | None) -> tuple[str, int]:
        A = operands[0]
        if len(operands) > 1 and axis is None:
            axis = operands[1]
        one = self.notation.one
        which = axis.value if isinstance(axis, ast.Constant) else None
        if axis is None:
            return rf"\sum_{{i, j}} {{{self.at(A, ATOM)}}}_{{i j}}", PROD
        if which == 0:
            return rf"{one}^{{{self.notation.transpose}}} {self.at(A, PROD + 1)}", PROD
        if which in (1, -1):
            return rf"{self.at(A, PROD + 1)} {one}", PROD
        raise NoRuleError("an algorithm box shows sums over axis 0 or 1")

    def call_transpose(self, operands: list[ast.AST], axis: ast.AST | None) -> tuple[str, int]:
        return self._raised(operands[0], self.notation.transpose), POW

    def call_inv(self, operands: list[ast.AST], axis: ast.AST | None) -> tuple[str, int]:
        return self._raised(operands[0], "-1"), POW

    def call_solve(self, operands: list[ast.AST], axis: ast.AST | None) -> tuple[str, int]:
        return f"{self._raised(operands[0], '-1')} {self.at(operands[1], PROD + 1)}", PROD

    def call_dot(self, operands: list[ast.AST], axis: ast.AST | None) -> tuple[str, int]:
        return f"{self.at(operands[0], PROD + 1)} {self.at(operands[1], PROD + 1)}", PROD

    call_matmul = call_dot

    def call_outer(self, operands: list[ast.AST], axis: ast.AST | None) -> tuple[str, int]:
        return (
            f"{self.at(operands[0], PROD + 1)} "
            f"{self._raised(operands[1], self.notation.transpose)}",
            PROD,
        )

    def call_kron(self, operands: list[ast.AST], axis: ast.AST | None) -> tuple[str, int]:
        return rf"{self.at(operands[0], PROD + 1)} \otimes {self.at(operands[1], PROD + 1)}", PROD

    def call_eye(self, operands: list[ast.AST], axis: ast.AST | None) -> tuple[str, int]:
        return rf"I_{{{self.visit(operands[0])}}}", ATOM

    def call_norm(self, operands: list[ast.AST], axis: ast.AST | None) -> tuple[str, int]:
        return rf"\left\|{self.visit(operands[0])}\right\|", ATOM

    call_norm2 = call_norm

    def call_abs(self, operands: list[ast.AST], axis: ast.AST | None) -> tuple[str, int]:
        return rf"\left|{self.visit(operands[0])}\right|", ATOM


class AlgorithmBox(IPythonAlgorithmicCodegen):
    """latexify's box around our expressions."""

    def __init__(self, names: Names, expressions: MatrixExpressions) -> None:
        super().__init__(use_math_symbols=True)
        self._expression_codegen = expressions
        self._identifier_converter = names

    def visit_AugAssign(self, node: ast.AugAssign) -> str:
        """``W -= step`` as an assignment."""
        whole = ast.BinOp(node.target, node.op, node.value)
        target = self._expression_codegen.visit(node.target)
        return str(self._add_indent(rf"{target} \gets {self._expression_codegen.visit(whole)}"))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> str:
        """The shape of a step is no part of the algorithm."""
        if node.value is None:
            raise NoRuleError("an algorithm box shows no step without a value")
        return str(self.visit_Assign(ast.Assign(targets=[node.target], value=node.value)))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> str:
        """The docstring is no step of the algorithm."""
        first = node.body[0]
        if (
            isinstance(first, ast.Expr)
            and isinstance(first.value, ast.Constant)
            and len(node.body) > 1
        ):
            node = ast.FunctionDef(node.name, node.args, node.body[1:], [], None, lineno=1)
        only = node.args.kwonlyargs
        if only:
            args = ast.arguments(
                posonlyargs=[],
                args=[*node.args.args, *only],
                kwonlyargs=[],
                kw_defaults=[],
                defaults=[],
            )
            node = ast.FunctionDef(node.name, args, node.body, [], None, lineno=1)
        return str(super().visit_FunctionDef(node))


def algorithm(
    program: str | Callable[..., Any],
    names: Mapping[str, str] | None = None,
    *,
    notation: Notation | str | None = None,
    scalars: Collection[str] = (),
) -> str:
    """A Python function (or its source) as an algorithm box in LaTeX.

    ``names`` maps Python names to LaTeX; ``scalars`` are the names that are numbers, for which
    ``*``
    is no entrywise product.

    >>> print(algorithm("def f(X, W):\\n    return (X @ W).T * X"))
    \\begin{array}{l} \\mathbf{function} \\ f(X, W) \\\\ ...
    """
    chosen = Notation.of(notation)
    tree = ast.parse(textwrap.dedent(program)) if isinstance(program, str) else _source(program)
    tree.body = [s for s in tree.body if isinstance(s, ast.FunctionDef)]
    if not tree.body:
        raise MatcalcError("an algorithm box shows a function; there is none in the source")
    table = Names(names or {}, chosen)
    box = AlgorithmBox(table, MatrixExpressions(table, chosen, set(scalars)))
    try:
        return in_box(box_lines(str(box.visit(tree)), chosen))
    except LatexifyError as error:
        raise NoRuleError(f"an algorithm box cannot show this: {error}") from error


def _source(program: Callable[..., Any]) -> ast.Module:
    try:
        return parse_function(program)
    except (LatexifyError, OSError) as error:
        said = f"the source of {program.__name__} cannot be typeset: {error}"
        raise NoRuleError(said) from error


FRAME = r"\begin{array}{l} ", r" \end{array}"
BREAK = r" \\ "
SPACE = r" \ "


def in_box(lines: Sequence[str]) -> str:
    """The lines of an algorithm as one formula."""
    return BREAK.join(lines).join(FRAME)


def box_lines(box: str, notation: Notation) -> list[str]:
    """The lines of a box, its keywords in the language of the notes."""
    inside = box.removeprefix(FRAME[0]).removesuffix(FRAME[1])
    lines, depth = [""], 0
    for piece in re.split(r"( \\\\ |\\(?:begin|end)\b)", inside):
        depth += {r"\begin": 1, r"\end": -1}.get(piece, 0)
        if piece == BREAK and depth == 0:
            lines.append("")
        else:
            lines[-1] += piece

    def said(word: re.Match[str]) -> str:
        known = notation.say(word[1].replace(SPACE, " "))
        return rf"\mathbf{{{known.replace(' ', SPACE)}}}"

    return [KEYWORD.sub(said, line) for line in lines if line.strip()]
