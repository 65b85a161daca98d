"""Operands that do not fit, in the words and the spelling of the text language.

Every function answers with the sentence for one operation; operands are named as they were typed,
and only repairs whose shapes fit are offered.
"""

from __future__ import annotations

from matcalc import shapes
from matcalc.shapes import Dim

Size = tuple[Dim, ...]  # () or (rows, columns)


def _named(said: str, shape: Size) -> str:
    return f"{said} ({shapes.show((shape[0], shape[1]))})" if shape else f"the scalar {said}"


def _tight(said: str) -> str:
    """An operand in brackets, unless it is short enough to stand without."""
    closed = said.startswith("(") and said.endswith(")") and said.count("(") == 1
    return said if said.replace("_", "").isalnum() or closed else f"({said})"


def product(a: str, A: Size, b: str, B: Size) -> str:
    """``a*b`` of two matrices whose inner dimensions differ."""
    said = (
        f"cannot multiply {_named(a, A)} by {_named(b, B)}: {shapes.show_dim(A[1])} columns meet "
        f"{shapes.show_dim(B[0])} rows"
    )
    ta, tb = _tight(a), _tight(b)
    repairs = []
    if shapes.same(A[0], B[0]):
        repairs.append(f"{ta}'*{tb}")
    if shapes.same(A[1], B[1]):
        repairs.append(f"{ta}*{tb}'")
    if shapes.same(A[0], B[1]) and not shapes.same(A[1], B[1]):
        repairs.append(f"{tb}*{ta}")
    if shapes.same_shape(A, B):
        repairs.append(f"{ta}.*{tb} (entry by entry)")
    return said + (f"; did you mean {_either(repairs)}?" if repairs else "")


def total(a: str, A: Size, b: str, B: Size, sign: str) -> str:
    """``a + b`` or ``a - b`` of different shapes."""
    verb, link = ("add", "and") if sign == "+" else ("subtract", "from")
    first, second = (_named(a, A), _named(b, B)) if sign == "+" else (_named(b, B), _named(a, A))
    said = f"cannot {verb} {first} {link} {second}"
    if not A or not B:
        small, big, shape = (a, b, B) if not A else (b, a, A)
        rows, cols = map(shapes.show_dim, shape)
        filled = f"{_tight(small)}*ones({rows}, {cols})"
        return f"{said}: write {filled} to add it to every entry of {big}"
    return f"{said}: the shapes differ{_broadcast(a, A, b, B)}"


def _broadcast(a: str, A: Size, b: str, B: Size) -> str:
    for big, shape, small, other in ((a, A, b, B), (b, B, a, A)):
        rows, cols = map(shapes.show_dim, shape)
        t = _tight(small)
        if other[0] == 1 and shapes.same(shape[1], other[1]):
            return f"; to add the row {small} to every row of {big} write ones({rows},1)*{t}"
        if other[1] == 1 and shapes.same(shape[0], other[0]):
            return f"; to add the column {small} to every column of {big} write {t}*ones(1,{cols})"
    if shapes.same_shape(A, (B[1], B[0])):
        return f"; did you mean {_tight(b)}' or {_tight(a)}'?"
    for big, shape, small, other in ((a, A, b, B), (b, B, a, A)):
        if other[1] == 1 and shapes.same(shape[1], other[0]):
            rows = shapes.show_dim(shape[0])
            return f"; to add {small} to every row of {big} write ones({rows},1)*{_tight(small)}'"
    return ""


def entrywise(a: str, A: Size, b: str, B: Size, sign: str) -> str:
    """``a .* b``, ``a ./ b`` or ``a .^ b`` of different shapes."""
    said = (
        f"cannot take {_named(a, A)} {sign} {_named(b, B)}: entry by entry the shapes must be equal"
    )
    if shapes.same_shape(A, (B[1], B[0])):
        return f"{said}; did you mean {_tight(b)}' or {_tight(a)}'?"
    if sign == ".*" and shapes.same(A[1], B[0]):
        return f"{said}; did you mean the matrix product {_tight(a)}*{_tight(b)}?"
    return said


def division(a: str, A: Size, b: str, B: Size) -> str:
    """``a/b`` by a matrix."""
    said = f"/ divides by a scalar, but {_named(b, B)} is a matrix"
    ta, tb = _tight(a), _tight(b)
    repairs = []
    if not A or shapes.same_shape(A, B):
        repairs.append(f"{ta}./{tb} entry by entry")
    if shapes.same(*B):
        if A and shapes.same(A[0], B[0]):
            repairs.append(f"solve({b}, {a}) for inv({b})*{ta}")
        if not A or shapes.same(A[1], B[0]):
            repairs.append(f"{ta}*inv({b})")
    return said + (f": write {_either(repairs)}" if repairs else "")


def power(a: str, A: Size, exponent: str) -> str:
    """``a^k`` of a matrix that is not square."""
    return (
        f"{a}^{exponent} is a product of {a} with itself, which needs a square matrix, but {a} is "
        f"{shapes.show(A)}: write {_tight(a)}.^{exponent} for powers entry by entry"
    )


def exponent(b: str, B: Size) -> str:
    """``a^b`` with a matrix b."""
    return f"an exponent is a number, but {_named(b, B)} is a matrix"


def not_scalar(said: str, shape: Size) -> str:
    """``minimize`` of something that is not a number."""
    return (
        f"minimize takes a scalar, but {said} is {shapes.show(shape)}: write minimize sum({said}) "
        f"or another scalar of it, or write output {said} and name what arrives with upstream G"
    )


def _either(repairs: list[str]) -> str:
    return " or ".join([", ".join(repairs[:-1]), repairs[-1]] if len(repairs) > 1 else repairs)
