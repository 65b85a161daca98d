"""LaTeX for nodes. Brackets are decided by how tightly an operation binds, braces by whether the base
already carries a script, so there is never a lost bracket or a double superscript."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.expr import BUILD, Node, as_number, is_number, is_symbol, number, read, symbol_latex, symbol_name, symbol_owner
from matcalc.notation import DEFAULT, Notation
from matcalc.ops.algebra import fraction, one_of, quotient
from matcalc.ops.base import ATOM, NEG, POW, PROD, Written
from matcalc.ops.entrywise import ENTRYWISE, power
from matcalc.ops.reduce import text_axis
from matcalc.render.writer import BaseWriter

GREEK = set(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon "
    "phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega varepsilon ell".split()
)
ACCENTS = {"hat": "hat", "bar": "bar", "tilde": "tilde", "dot": "dot", "vec": "vec"}


def name_in_latex(name: str) -> str:
    """``W1`` as W_{1}, ``Yhat`` as a hat, ``alpha`` as the letter, ``h_t`` with its subscript."""
    base, _, sub = name.strip("_").partition("_")
    if not base:
        return rf"\mathrm{{{name.replace('_', chr(92) + '_')}}}"
    match = re.fullmatch(r"([^\W\d_]+)(\d+)", base)
    if match and (len(match[1]) == 1 or match[1] in GREEK or _accent(match[1])):
        base, digits = match[1], match[2]
        sub = f"{digits},{sub}" if sub else digits
    shown = _letters(base)
    return rf"{shown}_{{{_subscript(sub)}}}" if sub else shown


def _accent(base: str) -> tuple[str, str] | None:
    for word, command in ACCENTS.items():
        stem = base.removesuffix(word)
        if stem != base and (len(stem) == 1 or stem in GREEK):
            return command, stem
    return None


def _letters(base: str) -> str:
    if base in GREEK:
        return f"\\{base}"
    if found := _accent(base):
        return rf"\{found[0]}{{{_letters(found[1])}}}"
    return base if len(base) == 1 else rf"\mathrm{{{base}}}"


def _subscript(sub: str) -> str:
    return ",".join(_letters(p) if not p.isdigit() and "," not in p else p for p in sub.split("_"))


class LatexWriter(BaseWriter):
    """One method per notation that an operation may ask for."""

    face = "latex"
    open, close = r"\left(", r"\right)"

    def __init__(self, notation: Notation = DEFAULT) -> None:
        super().__init__()
        self.notation = notation

    # -- names and scripts ------------------------------------------------------------------------

    def symbol(self, node: Node) -> str:
        owner = symbol_owner(node)
        said = owner.write(node, self) if owner is not None else None
        return said or symbol_latex(node) or name_in_latex(symbol_name(node))

    def adjoint(self, of: Node, output: Node) -> str:
        """What arrives at a step, in the notation's way."""
        way = self.notation.adjoint
        inside = self(of, ATOM)
        if way == "bar":
            return rf"\bar{{{inside}}}"
        if way == "d":
            return rf"\mathrm{{d}}{inside}"
        if way == "delta":
            return rf"\delta_{{{inside}}}"
        top = self(output) if is_symbol(output) and not output.shape else "L"
        return rf"\frac{{\partial {top}}}{{\partial {inside}}}"

    def function_name(self, name: str, latex: str | None) -> str:
        return latex or name_in_latex(name)

    def constant(self, sign: str, shape: Any) -> str:
        if sign == "0":
            return "0"
        n = self.notation
        letter = "I" if sign == "I" else r"\mathbf{1}"
        if not n.sized:
            return letter + (rf"^{{{n.transpose}}}" if sign == "1" and shape[0] == 1 else "")
        rows, cols = (sp.latex(d) for d in shape)
        if sign == "I":
            return rf"I_{{{rows}}}"
        if shape[1] == 1:
            return rf"{letter}_{{{rows}}}"
        if shape[0] == 1:
            return rf"{letter}_{{{cols}}}^{{{n.transpose}}}"
        return rf"{letter}_{{{rows} \times {cols}}}"

    def superscript(self, base: str, script: str) -> str:
        return rf"{{{base}}}^{{{script}}}" if _has_script(base, "^") else rf"{base}^{{{script}}}"

    def transposed(self, base: str) -> str:
        return self.superscript(base, self.notation.transpose)

    def inverse(self, node: Node) -> str:
        A = node.operands[0]
        if A.op.name == "transpose":
            return self.superscript(self(A.operands[0], ATOM), rf"-{self.notation.transpose}")
        return self.superscript(self(A, ATOM), "-1")

    # -- products ------------------------------------------------------------------------------------

    def product(self, node: Node) -> Written:
        negative, above, below = fraction(node)
        scalars = [a for a in above if not a.shape]
        matrices = [a for a in above if a.shape]
        if below:
            top = self._run(scalars) if scalars else "1"
            front = rf"\frac{{{top}}}{{{self._run(below)}}}"
            parts = [front]
        else:
            parts = [self(a, PROD + 1) for a in scalars]
        parts += [self(a, PROD + 1) for a in matrices]
        out = juxtaposed(parts)
        return (f"-{out}", NEG) if negative else (out, PROD)

    def _run(self, factors: Sequence[Node]) -> str:
        if len(factors) == 1:
            return self(factors[0])
        return juxtaposed([self(a, PROD + 1) for a in factors])

    def hadamard_product(self, node: Node) -> Written:
        above, below = quotient(node)
        first = above or [one_of(node.shape)]
        out = f" {self.notation.hadamard} ".join(self(a, PROD + 1) for a in first)
        for b in below:
            out += f" {self.notation.quotient} {self(b, PROD + 1)}"
        return out, PROD

    def solved(self, node: Node) -> Written:
        A, B = node.operands
        return f"{self.superscript(self(A, ATOM), '-1')} {self(B, PROD + 1)}", PROD

    # -- functions -----------------------------------------------------------------------------------

    def entrywise(self, node: Node) -> Written:
        name = node.op.name
        if name == "pow":
            return self._power(node)
        if name == "step":
            inside = self(node.operands[0])
            return rf"{self.notation.indicator}\left[{inside} > 0\right]", ATOM
        form = ENTRYWISE[name].row.latex
        return form.format(*(self(a) for a in node.operands)), ATOM

    def _power(self, node: Node) -> Written:
        base, exponent = node.operands
        if is_number(exponent) and as_number(exponent) < 0:
            below = power(base, number(-as_number(exponent)))
            if not node.shape:
                return rf"\frac{{1}}{{{self(below)}}}", PROD
            return f"{self(one_of(node.shape), 21)} {self.notation.quotient} {self(below, 21)}", PROD
        mark = "" if not node.shape else f"{self.notation.hadamard} "
        return self.superscript(self(base, ATOM), mark + self(exponent)), POW

    def norm(self, node: Node) -> str:
        A = node.operands[0]
        mark = "" if A.shape and 1 in A.shape else "_F"
        return rf"\left\|{self(A)}\right\|{mark}"

    def sum_all(self, node: Node) -> Written:
        A = node.operands[0]
        if A.op.name == "pow" and is_number(A.operands[1]) and as_number(A.operands[1]) == 2:
            mark = "" if 1 in A.shape else "_F"
            return rf"\left\|{self(A.operands[0])}\right\|{mark}^{{2}}", POW
        rows, cols = A.shape
        inside = self(A, PROD + 1)
        if A.op.name == "abs" and A.operands[0].shape:
            return rf"\left\|{self(A.operands[0])}\right\|_{{1}}", ATOM
        left = "" if rows == 1 else self.constant("1", (sp.S.One, rows)) + " "
        right = "" if cols == 1 else " " + self.constant("1", (cols, sp.S.One))
        return f"{left}{inside}{right}", PROD

    def axis_sum(self, node: Node) -> Written:
        A = node.operands[0]
        rows, cols = A.shape
        if node.shape[1] == 1:
            return f"{self(A, PROD + 1)} {self.constant('1', (cols, sp.S.One))}", PROD
        return f"{self.constant('1', (sp.S.One, rows))} {self(A, PROD + 1)}", PROD

    def softmax(self, node: Node) -> Written:
        word = {"log_softmax": r"\log\operatorname{softmax}"}.get(node.op.name, rf"\operatorname{{{node.op.name}}}")
        axis = node.params[0]
        mark = "" if axis == text_axis(node.operands[0]) else (r"_{\mathrm{row}}" if axis else r"_{\mathrm{col}}")
        inside = self(node.operands[0])
        if len(node.operands) > 1:
            inside += rf" \mid {self(node.operands[1])}"
        return rf"{word}{mark}\left({inside}\right)", ATOM

    def partial(self, shown: str, slots: Sequence[int], operands: Sequence[Node]) -> str:
        order = "" if len(slots) == 1 else f"^{{{len(slots)}}}"
        below = r" \, ".join(rf"\partial {self(operands[s], ATOM)}" for s in slots)
        return rf"\frac{{\partial{order} {shown}}}{{{below}}}"

    # -- entries -------------------------------------------------------------------------------------

    def entry(self, node: Node) -> str:
        i, j = (sp.expand(p + self.notation.index_base) for p in node.params)
        places = [_index_latex(i), _index_latex(j)]
        if 1 in node.operands[0].shape:
            places = [p for p, d in zip(places, node.operands[0].shape, strict=True) if d != 1]
        short = all(re.fullmatch(r"\w|\\\w+", p) for p in places)
        return self._subscripted(node.operands[0], ("" if short else ", ").join(places))

    def sliced(self, node: Node) -> str:
        top, left, rows, cols = node.params
        n, m = node.operands[0].shape
        base = self.notation.index_base

        def along(start: Any, count: Any, of: Any) -> str:
            if start == 0 and shapes.same(count, of):
                return ":"
            first, last = sp.expand(start + base), sp.expand(start + count - 1 + base)
            return sp.latex(first) if count == 1 else f"{sp.latex(first)}:{sp.latex(last)}"

        return self._subscripted(node.operands[0], f"{along(top, rows, n)}, {along(left, cols, m)}")

    def _subscripted(self, A: Node, places: str) -> str:
        base = self(A, ATOM)
        if _has_script(base, "_"):
            base = rf"\left({base}\right)"
        return rf"{base}_{{{places}}}"


def _index_latex(place: Any) -> str:
    return sp.latex(place).strip("{}") if place.is_Symbol else sp.latex(place)


def _has_script(base: str, mark: str) -> bool:
    """Whether a base carries a script of its own outside braces and brackets."""
    depth = 0
    for k, c in enumerate(base):
        if c in "{":
            depth += 1
        elif c in "}":
            depth -= 1
        elif c == mark and depth == 0:
            tail = base[k:]
            return r"\right)" not in tail or not base.startswith(r"\left(")
    return False


def juxtaposed(parts: Sequence[str]) -> str:
    """Factors side by side; a dot between two numbers, which would run together."""
    out = ""
    for part in parts:
        if out and part[0].isdigit() and out[-1].isdigit():
            out += rf" \cdot {part}"
        else:
            out += f" {part}" if out else part
    return out


def latex_of(expr: object, notation: Notation | None = None) -> str:
    """An expression in LaTeX; large shared parts follow as ``where S = ...``."""
    node = read(expr)
    writer = LatexWriter(notation or DEFAULT)
    definitions, last = writer.line(node)
    if not definitions:
        return last
    where = ", ".join(f"{writer(name)} = {said}" for name, said in definitions)
    return rf"{last} \quad \text{{where }} {where}"


BUILD["latex"] = latex_of  # type: ignore[assignment]
