r"""The source of a Python model as a LaTeX algorithm, by latexify.

latexify writes programs well but not matrices: ``A * B`` and ``A @ B`` come out alike, ``.T`` stays
``.T``, and ``A.sum(axis=0)`` loses its operand. The subclass here says what an array program means.
It replaces two private attributes of latexify, which is why that is held to one minor release.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from matcalc.errors import NoRuleError
from matcalc.render.names import name_in_latex

PREFIXES = {"np", "numpy", "mc", "matcalc", "linalg", "jnp"}
# Words with a sign of their own; "{}" is the operand.
SIGNS = {
    "inv": "{}^{{-1}}",
    "transpose": r"{}^{{\top}}",
    "sqrt": r"\sqrt{{{}}}",
    "abs": r"\left|{}\right|",
    "norm2": r"\left\|{}\right\|",
    "norm": r"\left\|{}\right\|",
}
COMMANDS = {"exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "det", "max", "min"}
NO_BRACKETS = {"sqrt", "abs", "norm2", "norm"}


def program_latex(fn: Callable[..., Any], scalars: Collection[str] = ()) -> str:
    """The function as an algorithm. ``scalars`` are the names that ``*`` only scales by."""
    from latexify import exceptions, parser, transformers

    try:
        tree = parser.parse_function(fn)
        tree = transformers.AugAssignReplacer().visit(tree)
        tree = transformers.DocstringRemover().visit(tree)
        return str(_codegen(scalars).visit(tree))
    except exceptions.LatexifyError as error:
        raise NoRuleError(f"the source of {fn.__name__} cannot be typeset: {error}") from error
    except OSError as error:
        raise NoRuleError(f"the source of {fn.__name__} is not at hand: {error}") from error


def _codegen(scalars: Collection[str]) -> Any:
    from latexify.codegen import algorithmic_codegen, expression_codegen, expression_rules

    entrywise = expression_rules.BinOpRule("", r" \odot ", "")

    class Names:
        def convert(self, name: str) -> tuple[str, bool]:
            shown = name_in_latex(name)
            return (f"{{{shown}}}" if "_" in shown or "^" in shown else shown), len(shown) == 1

    class Expressions(expression_codegen.ExpressionCodegen):
        def __init__(self) -> None:
            super().__init__()
            self._identifier_converter = Names()

        def visit_BinOp(self, node: ast.BinOp) -> str:
            if isinstance(node.op, ast.Pow):
                return f"{self.tight(node.left)}^{{{self.power(node)}}}"
            if isinstance(node.op, ast.Div):
                return rf"\frac{{{self.visit(node.left)}}}{{{self.visit(node.right)}}}"
            if not isinstance(node.op, (ast.Mult, ast.MatMult)):
                return str(super().visit_BinOp(node))
            prec = expression_rules.get_precedence(node)
            left = self._wrap_binop_operand(node.left, prec, entrywise.operand_left)
            right = self._wrap_binop_operand(
                node.right, prec, replace(entrywise.operand_right, force=True)
            )
            if isinstance(node.op, ast.MatMult):
                return rf"{left}\, {right}"
            if scalar(node.left) or scalar(node.right):
                sign = r" \cdot " if right[:1].isdigit() else r"\, "
                return f"{left}{sign}{right}"
            return rf"{left} \odot {right}"

        def power(self, node: ast.BinOp) -> str:
            exponent = self.visit(node.right)
            return exponent if scalar(node.left) else rf"\circ {exponent}"

        def tight(self, node: ast.expr) -> str:
            """An operand that a mark is put on."""
            shown = self.visit(node)
            return shown if isinstance(node, ast.Name) else rf"\left({shown}\right)"

        def visit_Attribute(self, node: ast.Attribute) -> str:
            if node.attr == "T":
                return rf"{self.tight(node.value)}^{{\top}}"
            if isinstance(node.value, ast.Name) and node.value.id in PREFIXES:
                return self.word(node.attr)
            if node.attr == "shape":
                return rf"\operatorname{{shape}}\left({self.visit(node.value)}\right)"
            return str(super().visit_Attribute(node))

        def word(self, name: str) -> str:
            if name in COMMANDS:
                return f"\\{name}"
            return rf"\operatorname{{{name.replace('_', chr(92) + '_')}}}"

        def visit_Subscript(self, node: ast.Subscript) -> str:
            if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
                which = {0: "rows", 1: "columns"}
                key = getattr(node.slice, "value", None)
                if key in which:
                    return (
                        rf"\operatorname{{{which[key]}}}\left({self.visit(node.value.value)}\right)"
                    )
            keys = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            return f"{self.tight(node.value)}_{{{', '.join(map(self.key, keys))}}}"

        def key(self, node: ast.expr) -> str:
            if isinstance(node, ast.Slice):
                low = self.visit(node.lower) if node.lower else ""
                high = self.visit(node.upper) if node.upper else ""
                return f"{low}:{high}"
            return str(self.visit(node))

        def visit_Call(self, node: ast.Call) -> str:
            name, operands = called(node)
            options = {k.arg: k.value for k in node.keywords}
            if name in ("sum", "mean") and len(operands) in (1, 2):
                return self.reduced(name, operands, options)
            if name == "dot" and len(operands) == 2:
                return rf"{self.factor(operands[0])}\, {self.factor(operands[1])}"
            if name in SIGNS and len(operands) == 1:
                shown = self.visit(operands[0]) if name in NO_BRACKETS else self.tight(operands[0])
                return SIGNS[name].format(shown)
            if not name:
                return str(super().visit_Call(node))
            extra = [f"{k} = {self.visit(v)}" for k, v in options.items() if k and k != "axis"]
            inside = ", ".join([*map(self.visit, operands), *extra])
            return rf"{self.word(name)}\left({inside}\right)"

        def factor(self, node: ast.expr) -> str:
            plain = isinstance(node, (ast.Name, ast.Call, ast.Attribute, ast.Subscript))
            return self.visit(node) if plain else rf"\left({self.visit(node)}\right)"

        def reduced(self, name: str, operands: list[ast.expr], options: dict[Any, ast.expr]) -> str:
            axis = options.get("axis", operands[1] if len(operands) == 2 else None)
            number = ast.literal_eval(axis) if axis is not None else None
            which = {None: "", 0: r"\text{columns}", 1: r"\text{rows}", -1: r"\text{rows}"}
            below = which.get(number, r"\text{axes}")
            sign = r"\sum" if name == "sum" else r"\operatorname{mean}"
            return f"{sign}{f'_{{{below}}}' if below else ''} {self.factor(operands[0])}"

    def called(node: ast.Call) -> tuple[str, list[ast.expr]]:
        """The word and its operands, whether written as a function or as a method."""
        fn = node.func
        if isinstance(fn, ast.Name):
            return fn.id, node.args
        if not isinstance(fn, ast.Attribute):
            return "", node.args
        base = fn.value
        while isinstance(base, ast.Attribute):
            base = base.value
        if isinstance(base, ast.Name) and base.id in PREFIXES:
            return fn.attr, node.args
        return fn.attr, [fn.value, *node.args]

    def scalar(node: ast.expr) -> bool:
        """Whether an operand is one number, as far as the text shows."""
        if isinstance(node, ast.Constant):
            return True
        if isinstance(node, ast.Name):
            return node.id in scalars
        if isinstance(node, ast.UnaryOp):
            return scalar(node.operand)
        if isinstance(node, ast.BinOp):
            return scalar(node.left) and scalar(node.right)
        if isinstance(node, ast.Call):
            name, operands = called(node)
            plain = name in ("sum", "mean") and not node.keywords and len(operands) == 1
            return plain or name in ("tr", "trace", "det", "logdet", "norm2", "norm1", "float")
        return False

    class Programs(algorithmic_codegen.IPythonAlgorithmicCodegen):
        def __init__(self) -> None:
            super().__init__()
            self._expression_codegen = Expressions()
            self._identifier_converter = Names()

        def visit_AnnAssign(self, node: ast.AnnAssign) -> str:
            plain = ast.Assign(targets=[node.target], value=node.value or ast.Constant(None))
            return str(self.visit_Assign(plain))

    return Programs()
