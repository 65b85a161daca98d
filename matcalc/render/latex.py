"""LaTeX for nodes. Brackets are decided by how tightly an operation binds, braces by whether the
base
already carries a script, so there is never a lost bracket or a double superscript."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, cast

import sympy as sp

from matcalc import shapes
from matcalc.expr import (
    BUILD,
    Node,
    as_number,
    is_number,
    is_symbol,
    number,
    postorder,
    read,
    symbol_name,
    symbol_owner,
)
from matcalc.notation import Notation
from matcalc.ops.algebra import HADAMARD, fraction, quotient
from matcalc.ops.base import ATOM, FRACTION, NEG, POW, PROD, Written
from matcalc.ops.binder import shown
from matcalc.ops.entrywise import ENTRYWISE, power
from matcalc.ops.product import scales_reciprocal
from matcalc.ops.reduce import text_axis
from matcalc.render.entries import entry_of_sum, index_letters
from matcalc.render.names import (
    Spelling,
    adjoint_in_latex,
    name_in_latex,
    output_name,
    size_in_latex,
)
from matcalc.render.ordering import (
    entries_in_order,
    letters_first,
    numbers_in_order,
    scaled_behind,
)
from matcalc.render.writer import BaseWriter
from matcalc.reverse import Adjoints

# Operations whose LaTeX ends in an open scope: a sum sign takes all factors to its right.
OPEN = ("sum", "isum")


class LatexWriter(BaseWriter):
    """One method per notation that an operation may ask for."""

    face = "latex"
    open, close = r"\left(", r"\right)"

    def __init__(self, notation: Notation | str | None = None) -> None:
        super().__init__()
        self.notation = Notation.of(notation)
        self.spelling = Spelling(self.notation)

    def fill(self, root: Node) -> None:
        self.meet(postorder(root, stop=self.done.__contains__))
        super().fill(root)

    def line(self, root: Node) -> tuple[list[tuple[Node, str]], str]:
        self.meet(postorder(root))
        return super().line(root)

    def meet(self, nodes: Iterable[Node]) -> None:
        """What is declared is named before what arrives at it, which gives way."""
        self.spelling.meet(s for s in nodes if is_symbol(s) and _is_declared(s, self))

    def written(self, node: Node) -> Written:
        if node.op.name in ("box", "item"):  # a number and a 1 x 1 matrix look alike
            return self.done[node.operands[0]]
        face = self.indexed_sum if node.op.name == "isum" else None
        said, binds = face(node) if face else node.op.latex(node, cast(Any, self))
        # \nabla_W L B would read as the gradient of a product.
        return said, (PROD if is_symbol(node) and said.startswith(r"\nabla") else binds)

    # -- names and scripts ------------------------------------------------------------------------

    def symbol(self, node: Node) -> str:
        owner = symbol_owner(node)
        if isinstance(owner, Adjoints) and node in owner.of:
            return self.adjoint(node, owner)
        said = owner.write(node, self) if owner is not None else None
        return said or self.spelling(node)

    def adjoint(self, node: Node, book: Adjoints, inside: str | None = None) -> str:
        """What arrives at a step; ``inside`` is the step, or an entry of it."""
        top = output_name(book.output, self.notation, book.taken)
        inside = inside or self.spelling(book.of[node])
        said = adjoint_in_latex(node, book, self.notation, inside, top)
        clash = self.spelling.means_another(said, symbol_name(node))
        return rf"\frac{{\partial {top}}}{{\partial {inside}}}" if clash else said

    def function_name(self, name: str, latex: str | None) -> str:
        said = latex or name_in_latex(name)
        clashes = name in ENTRYWISE and self.spelling.means_another(said)
        return rf"\operatorname{{{name}}}" if clashes else said

    def constant(self, sign: str, shape: Any) -> str:
        if sign == "0":
            return "0"
        n = self.notation
        letter = "I" if sign == "I" else n.one
        if not n.sized and not self.spelling.means_another(letter):
            return letter + (rf"^{{{n.transpose}}}" if sign == "1" and shape[0] == 1 else "")
        rows, cols = (size_in_latex(d) for d in shape)
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

    # -- products
    # ------------------------------------------------------------------------------------

    def product(self, node: Node) -> Written:
        negative, above, below = fraction(node)
        scalars = [a for a in above if not a.shape]
        if below:
            # A norm, a sum or a squared bracket stands behind the fraction, not on it.
            small = [a for a in scalars if not _stands_behind(a)]
            top = self._run(letters_first(small)) if small else "1"
            front = [rf"\frac{{{top}}}{{{self._run(below)}}}"]
            factors = [a for a in above if not any(a is s for s in small)]
        else:
            front, factors = [], above
        if not node.shape and not any(a.shape for a in factors):
            factors = numbers_in_order(factors, self.notation)
        behind = scaled_behind(factors, self.notation)
        kept = [a for a in factors if not any(a is b for b in behind)]
        out = juxtaposed(front + self._factors(kept) + [self(b, PROD + 1) for b in behind])
        return (f"-{out}", NEG) if negative else (out, PROD)

    def _factors(self, factors: Sequence[Node]) -> list[str]:
        """Each in brackets where it needs them; an open sum needs none at the end."""
        parts = [self(a, PROD + 1) for a in factors]
        if scales_reciprocal(list(factors)) and self.notation.quotient != "frac":
            return [*parts[:-1], self(factors[-1], PROD).removeprefix("1 ")]
        if factors and factors[-1].op is HADAMARD and sum(bool(a.shape) for a in factors) == 1:
            parts[-1] = self(factors[-1], PROD)  # a number times A o B is the same either way
        if factors and factors[-1].op.name in OPEN:
            said, _ = self.done[factors[-1]]
            parts[-1] = said if said.startswith(r"\sum") else parts[-1]
        return parts

    def _run(self, factors: Sequence[Node]) -> str:
        if len(factors) == 1:
            return self(factors[0])
        return juxtaposed([self(a, PROD + 1) for a in factors])

    def hadamard_product(self, node: Node) -> Written:
        above, below = quotient(node)
        first = entries_in_order(above, self.notation) or [number(1)]
        if below and self.notation.quotient == "frac":
            top, bottom = (self._entrywise_run(part) for part in (first, below))
            return rf"\frac{{{top}}}{{{bottom}}}", FRACTION
        out = f" {self.notation.hadamard} ".join(self(a, PROD + 1) for a in first)
        for b in below:
            out += f" {self.notation.quotient} {self(b, PROD + 1)}"
        return out, PROD

    def _entrywise_run(self, factors: Sequence[Node]) -> str:
        if len(factors) == 1:
            return self(factors[0])
        return f" {self.notation.hadamard} ".join(self(a, PROD + 1) for a in factors)

    def solved(self, node: Node) -> Written:
        A, B = node.operands
        return f"{self.superscript(self(A, ATOM), '-1')} {self(B, PROD + 1)}", PROD

    # -- functions
    # -----------------------------------------------------------------------------------

    def entrywise(self, node: Node) -> Written:
        name = node.op.name
        if name == "pow":
            return self._power(node)
        if name == "step":
            return self._indicator(self(node.operands[0])), ATOM
        form = ENTRYWISE[name].row.latex
        said = form.format(*(self(a) for a in node.operands))
        head, bracket, rest = said.partition(r"\left(")
        clashes = bracket and self.spelling.means_another(head.removeprefix(r"\log"))
        return (rf"\operatorname{{{name}}}\left({rest}" if clashes else said), ATOM

    def _indicator(self, inside: str) -> str:
        one = self.notation.one
        if self.notation.indicator == "subscript":
            return rf"{one}_{{{inside} > 0}}"
        if self.notation.indicator == "brace":
            return rf"{one}\left\{{{inside} > 0\right\}}"
        return rf"{one}\left[{inside} > 0\right]"

    def _power(self, node: Node) -> Written:
        base, exponent = node.operands
        if is_number(exponent) and as_number(exponent) < 0:
            below = power(base, number(-as_number(exponent)))
            if not node.shape or self.notation.quotient == "frac":
                return rf"\frac{{1}}{{{self(below)}}}", FRACTION if node.shape else PROD
            return f"1 {self.notation.quotient} {self(below, PROD + 1)}", PROD
        sign = self.notation.hadamard if self.notation.hadamard.startswith("\\") else r"\circ"
        bare = self.notation.entrywise_power == "bare" and not _could_be_square(node.shape)
        mark = "" if not node.shape or bare else f"{sign} "
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
        if A.op.name == "abs" and A.operands[0].shape:
            return rf"\left\|{self(A.operands[0])}\right\|_{{1}}", ATOM
        if self.notation.total == "sum" and (summed := self._double_sum(A)):
            return summed, PROD
        inside = self(A, PROD + 1)
        left = "" if rows == 1 else self.constant("1", (sp.S.One, rows)) + " "
        right = "" if cols == 1 else " " + self.constant("1", (cols, sp.S.One))
        return f"{left}{inside}{right}", PROD

    def _double_sum(self, A: Node) -> str | None:
        """The entries of ``A`` under sum signs, if they are short."""
        base = self.notation.index_base
        letters = index_letters(A, len([d for d in A.shape if d != 1]), self.spelling.stands_for)
        body = entry_of_sum(A, letters, base)
        if body is None:
            return None
        counts = [d for d in A.shape if d != 1]
        signs = [
            rf"\sum_{{{i}={base}}}^{{{size_in_latex(sp.expand(d - 1 + base))}}}"
            for i, d in zip(letters, counts, strict=True)
        ]
        return f"{''.join(signs)} {self._body(body)}"

    def _body(self, body: Node) -> str:
        return self(body, PROD + 1 if body.op.name in OPEN else PROD)

    def indexed_sum(self, node: Node) -> Written:
        """A sum over an index."""
        letter, body, low, high = shown(node, self.notation.index_base, self.spelling.stands_for)
        limits = rf"_{{{letter}={size_in_latex(low)}}}^{{{size_in_latex(high)}}}"
        return rf"\sum{limits} {self._body(body)}", PROD

    def axis_sum(self, node: Node) -> Written:
        A = node.operands[0]
        rows, cols = A.shape
        over_rows = node.shape[1] != 1 or (node.shape[0] == 1 and node.op.name == "colsum")
        if self.notation.row_sum == "word":
            return rf"\operatorname{{{node.op.name}}}\left({self(A)}\right)", ATOM
        if self.notation.row_sum == "sum":
            base = self.notation.index_base
            [letter] = index_letters(A, 1, self.spelling.stands_for)
            last = size_in_latex(sp.expand((rows if over_rows else cols) - 1 + base))
            place = f"{letter}, :" if over_rows else f":, {letter}"
            inside = self.entry_shown(A, place)
            return rf"\sum_{{{letter}={base}}}^{{{last}}} {inside}", PROD
        if not over_rows:
            return f"{self(A, PROD + 1)} {self.constant('1', (cols, sp.S.One))}", PROD
        return f"{self.constant('1', (sp.S.One, rows))} {self(A, PROD + 1)}", PROD

    def softmax(self, node: Node) -> Written:
        word = {"log_softmax": r"\log\operatorname{softmax}"}.get(
            node.op.name, rf"\operatorname{{{node.op.name}}}"
        )
        axis = node.params[0]
        mark = (
            ""
            if axis == text_axis(node.operands[0])
            else (r"_{\mathrm{row}}" if axis else r"_{\mathrm{col}}")
        )
        inside = self(node.operands[0])
        if len(node.operands) > 1:
            inside += rf" \mid {self(node.operands[1])}"
        return rf"{word}{mark}\left({inside}\right)", ATOM

    def partial(self, shown: str, slots: Sequence[int], operands: Sequence[Node]) -> str:
        order = "" if len(slots) == 1 else f"^{{{len(slots)}}}"
        below = r" \, ".join(rf"\partial {self(operands[s], ATOM)}" for s in slots)
        return rf"\frac{{\partial{order} {shown}}}{{{below}}}"

    # -- entries
    # -------------------------------------------------------------------------------------

    def entry(self, node: Node) -> str:
        A = node.operands[0]
        i, j = (sp.expand(p + self.notation.index_base) for p in node.params)
        places = [_index_latex(i), _index_latex(j)]
        if 1 in A.shape and not self.notation.both_indices:
            places = [p for p, d in zip(places, A.shape, strict=True) if d != 1]
        short = all(re.fullmatch(r"\w|\\\w+", p) for p in places)
        return self.entry_shown(A, ("" if short else ", ").join(places))

    def entry_shown(self, A: Node, place: str) -> str:
        """An entry of an adjoint is the derivative by that entry of the step."""
        owner = symbol_owner(A) if is_symbol(A) else None
        if isinstance(owner, Adjoints) and re.match(r"\\(frac|nabla)", self(A)):
            return self.adjoint(A, owner, self.subscripted(owner.of[A], place))
        return self.subscripted(A, place)

    def sliced(self, node: Node) -> str:
        top, left, rows, cols = node.params
        n, m = node.operands[0].shape
        base = self.notation.index_base

        def along(start: Any, count: Any, of: Any) -> str:
            if start == 0 and shapes.same(count, of):
                return ":"
            first, last = sp.expand(start + base), sp.expand(start + count - 1 + base)
            return (
                size_in_latex(first)
                if count == 1
                else f"{size_in_latex(first)}:{size_in_latex(last)}"
            )

        places = [along(top, rows, n), along(left, cols, m)]
        if m == 1 and rows != 1 and not self.notation.both_indices:
            places.pop()  # of a column only the rows are named
        return self.subscripted(node.operands[0], ", ".join(places))

    def subscripted(self, A: Node, places: str) -> str:
        base = self(A, ATOM)
        said = rf"{base}_{{{places}}}"
        if _has_script(base, "_") or self.spelling.means_another(said):
            return rf"\left({base}\right)_{{{places}}}"
        return said


BEHIND = ("sum", "isum", "tr", "logdet", "det", "norm2", "norm1", "logsumexp")


def _is_declared(symbol: Node, writer: LatexWriter) -> bool:
    """Whether a symbol is written by its own name, and by nobody who gave it another."""
    owner = symbol_owner(symbol)
    if isinstance(owner, Adjoints):
        return False
    return owner is None or owner.write(symbol, writer) is None


def _could_be_square(shape: shapes.Shape) -> bool:
    """Whether a matrix of that shape has powers of its own."""
    return bool(shape) and (1 not in shape or shapes.same(*shape))


def _stands_behind(a: Node) -> bool:
    return a.op.name in BEHIND or (a.op.name == "pow" and bool(a.operands[0].operands))


def _index_latex(place: Any) -> str:
    return size_in_latex(place).strip("{}") if place.is_Symbol else size_in_latex(place)


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


WORD = re.compile(r"\\math(rm|tt|bf)\{(\w|\\_){2}")  # a name of several letters


def juxtaposed(parts: Sequence[str]) -> str:
    """Factors side by side; a dot between two numbers, and a space between a word and a name,
    which would run together."""
    out = before = ""
    for part in parts:
        if out and part[0].isdigit() and out[-1].isdigit():
            out += rf" \cdot {part}"
        elif out and (WORD.match(before) or WORD.match(part)):
            out += rf" \, {part}"
        else:
            out += f" {part}" if out else part
        before = part
    return out


def latex_of(thing: object, notation: Notation | str | None = None) -> str:
    """An expression, or a line of a derivation, in LaTeX; large shared parts follow as ``where S
    = ...``.

    >>> import matcalc as mc
    >>> A, b = mc.matrix("A1", "n", "m"), mc.vector("b", "m")
    >>> print(latex_of(A * b, "bracketed-layers"))
    A^{[1]} b
    """
    own = getattr(thing, "to_latex", None)
    if own is not None:
        return own(notation=notation)
    writer = LatexWriter(notation)
    writer.long, writer.worth_a_name = BY_ITSELF
    return with_where(writer, read(thing))


# A formula by itself is not broken into lines: what it repeats gets a name sooner.
BY_ITSELF = (200, 60)


def with_where(writer: LatexWriter, node: Node) -> str:
    """``node``, and behind it the definitions of the parts that were given a name."""
    definitions, last = writer.line(node)
    if not definitions:
        return last
    where = ", ".join(f"{writer(name)} = {said}" for name, said in definitions)
    return rf"{last} \quad \text{{{writer.notation.say('where')} }} {where}"


BUILD["latex"] = latex_of
