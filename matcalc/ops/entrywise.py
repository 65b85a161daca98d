"""The entrywise family as one table, and the way from a scalar formula to entrywise nodes.

A row gives a function's value and its slope (in its operands ``x``, ``u`` and its output ``y``,
where books write it so) as sympy expressions, its LaTeX and its NumPy code. Kinks: a slope holds
almost everywhere and takes the documented value at the kink: relu'(0) = step(0) = sign(0) = 0, and
a tie in max or min goes to the first operand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import sympy as sp

from matcalc.errors import NoRuleError, ShapeError
from matcalc.expr import BUILD, Node, as_number, is_number, make, number
from matcalc.ops.algebra import add, had, mul, one_of
from matcalc.ops.base import (
    ATOM,
    FUNCTIONS,
    POW,
    Entries,
    Op,
    Writer,
    Written,
    operand,
    register,
    same_shapes,
)
from matcalc.shapes import Shape

x, u, v, y = sp.symbols("x u v y", real=True)
_OPERANDS = (x, u, v)

# In scalar formulas our own functions are undefined sympy functions of the same name.
_F: dict[str, Any] = {}


def f(name: str) -> Any:
    """The sympy function that stands for our operation ``name`` in scalar formulas."""
    return _F.setdefault(name, sp.Function(name, real=True))


@dataclass(frozen=True)
class Row:
    """One entrywise function."""

    value: Any  # sympy expression in x (and u, v): the definition
    slopes: tuple[Any, ...]  # one per operand, in x, u, v and y
    latex: str  # with {} for operands
    code: str  # NumPy
    analytic: bool = True
    kink: Callable[..., Any] | None = None  # operand values -> distance to the kink
    domain: Callable[..., Any] | None = None  # operand values -> where defined
    names: tuple[str, ...] = ("A",)
    sympy: Any = None  # the sympy function read as this row
    law: str = ""
    also: tuple[str, ...] = field(default=())


def _call(name: str) -> str:
    return rf"\operatorname{{{name}}}\left({{}}\right)"


_near0 = abs
_inside1 = lambda a: abs(a) < 1  # noqa: E731
_half = sp.Rational(1, 2)
_gelu_c = sp.sqrt(2 / sp.pi)
_phi = sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)
_SELU_A, _SELU_L = sp.Rational("1.6732632423543772"), sp.Rational("1.0507009873554805")

TABLE: dict[str, Row] = {
    "exp": Row(sp.exp(x), (y,), r"\exp\left({}\right)", "np.exp({})", sympy=sp.exp),
    "expm1": Row(sp.exp(x) - 1, (y + 1,), _call("expm1"), "np.expm1({})"),
    "log": Row(sp.log(x), (1 / x,), r"\log\left({}\right)", "np.log({})", domain=lambda a: a > 0, sympy=sp.log),
    "log1p": Row(sp.log(1 + x), (1 / (1 + x),), _call("log1p"), "np.log1p({})", domain=lambda a: a > -1),
    "sqrt": Row(sp.sqrt(x), (1 / (2 * y),), r"\sqrt{{{}}}", "np.sqrt({})", domain=lambda a: a > 0),
    "abs": Row(sp.Abs(x), (f("sign")(x),), r"\left|{}\right|", "np.abs({})", False, _near0, sympy=sp.Abs),
    "sign": Row(sp.sign(x), (sp.S.Zero,), _call("sign"), "np.sign({})", False, _near0, sympy=sp.sign),
    "step": Row(sp.Heaviside(x, 0), (sp.S.Zero,), r"\mathbf{{1}}\left[{} > 0\right]", "np.where({} > 0, 1.0, 0.0)", False, _near0),
    "sin": Row(sp.sin(x), (f("cos")(x),), r"\sin\left({}\right)", "np.sin({})", sympy=sp.sin),
    "cos": Row(sp.cos(x), (-f("sin")(x),), r"\cos\left({}\right)", "np.cos({})", sympy=sp.cos),
    "tan": Row(sp.tan(x), (1 + y**2,), r"\tan\left({}\right)", "np.tan({})", kink=lambda a: abs(abs((a / 3.141592653589793) % 1 - 0.5) - 0.0), domain=lambda a: abs((a / 3.141592653589793) % 1 - 0.5) > 0.02, sympy=sp.tan),
    "asin": Row(sp.asin(x), (1 / sp.sqrt(1 - x**2),), r"\arcsin\left({}\right)", "np.arcsin({})", domain=_inside1, sympy=sp.asin),
    "acos": Row(sp.acos(x), (-1 / sp.sqrt(1 - x**2),), r"\arccos\left({}\right)", "np.arccos({})", domain=_inside1, sympy=sp.acos),
    "atan": Row(sp.atan(x), (1 / (1 + x**2),), r"\arctan\left({}\right)", "np.arctan({})", sympy=sp.atan),
    "sinh": Row(sp.sinh(x), (f("cosh")(x),), r"\sinh\left({}\right)", "np.sinh({})", sympy=sp.sinh),
    "cosh": Row(sp.cosh(x), (f("sinh")(x),), r"\cosh\left({}\right)", "np.cosh({})", sympy=sp.cosh),
    "tanh": Row(sp.tanh(x), (1 - y**2,), r"\tanh\left({}\right)", "np.tanh({})", sympy=sp.tanh),
    "sigmoid": Row(1 / (1 + sp.exp(-x)), (y * (1 - y),), r"\sigma\left({}\right)", "1 / (1 + np.exp(-({})))"),
    "logsigmoid": Row(-sp.log(1 + sp.exp(-x)), (1 - f("sigmoid")(x),), r"\log\sigma\left({}\right)", "(lambda z: np.where(z.real > 0, -np.log1p(np.exp(np.where(z.real > 0, -z, 0))), z - np.log1p(np.exp(np.where(z.real > 0, 0, z)))))(np.asarray({}))"),
    "relu": Row(sp.Max(0, x), (f("step")(x),), _call("ReLU"), "np.maximum({}, 0)", False, _near0),
    "elu": Row(sp.Piecewise((x, x > 0), (sp.exp(x) - 1, True)), (f("where")(f("step")(x), 1, y + 1),), _call("ELU"), "(lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))))({})", False, _near0),
    "selu": Row(_SELU_L * sp.Piecewise((x, x > 0), (_SELU_A * (sp.exp(x) - 1), True)), (f("where")(f("step")(x), _SELU_L, y + _SELU_A * _SELU_L),), _call("SELU"), "1.0507009873554805 * (lambda z: np.where(z > 0, z, 1.6732632423543772 * np.expm1(np.minimum(z, 0))))({})", False, _near0),
    "softplus": Row(sp.log(1 + sp.exp(x)), (f("sigmoid")(x),), _call("softplus"), "(lambda z: np.where(z.real > 0, z + np.log1p(np.exp(np.where(z.real > 0, -z, 0))), np.log1p(np.exp(np.where(z.real > 0, 0, z)))))(np.asarray({}))"),
    "softsign": Row(x / (1 + sp.Abs(x)), (1 / (1 + f("abs")(x)) ** 2,), _call("softsign"), "(lambda z: z / (1 + np.abs(z)))({})", False, _near0),
    "silu": Row(x / (1 + sp.exp(-x)), (f("sigmoid")(x) + y * (1 - f("sigmoid")(x)),), _call("SiLU"), "(lambda z: z / (1 + np.exp(-z)))({})"),
    "erf": Row(sp.erf(x), (2 * sp.exp(-(x**2)) / sp.sqrt(sp.pi),), r"\operatorname{{erf}}\left({}\right)", "erf({})", False, sympy=sp.erf),
    "gelu": Row(x * (1 + sp.erf(x / sp.sqrt(2))) / 2, ((1 + f("erf")(x / sp.sqrt(2))) / 2 + x * _phi,), _call("GELU"), "(lambda z: z * (1 + erf(z / np.sqrt(2))) / 2)({})", False),
    "gelu_tanh": Row(x * (1 + sp.tanh(_gelu_c * (x + sp.Rational(44715, 10**6) * x**3))) / 2, (), r"\operatorname{{GELU_{{tanh}}}}\left({}\right)", "(lambda z: z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))) / 2)({})"),
    "hardtanh": Row(sp.Max(-1, sp.Min(1, x)), (f("step")(1 - f("abs")(x)),), _call("hardtanh"), "np.clip({}, -1, 1)", False, lambda a: abs(abs(a) - 1)),
    "pow": Row(x**u, (u * x ** (u - 1), y * f("log")(x)), "", "", domain=None, names=("A", "B")),
    "max": Row(sp.Max(x, u), (1 - f("step")(u - x), f("step")(u - x)), r"\max\left({}, {}\right)", "np.maximum({}, {})", False, lambda a, b: abs(a - b), names=("A", "B")),
    "min": Row(sp.Min(x, u), (1 - f("step")(x - u), f("step")(x - u)), r"\min\left({}, {}\right)", "np.minimum({}, {})", False, lambda a, b: abs(a - b), names=("A", "B")),
    "where": Row(sp.Piecewise((u, sp.Ne(x, 0)), (v, True)), (sp.S.Zero, f("where")(x, 1, 0), f("where")(x, 0, 1)), r"\operatorname{{where}}\left({}, {}, {}\right)", "np.where({} != 0, {}, {})", False, names=("C", "A", "B")),
    "leaky_relu": Row(sp.Piecewise((x, x > 0), (u * x, True)), (f("where")(f("step")(x), 1, u), x * (1 - f("step")(x))), r"\operatorname{{LReLU}}_{{{1}}}\left({0}\right)", "(lambda z, s: np.where(z > 0, z, s * z))({}, {})", False, lambda a, b: abs(a), names=("A", "slope")),
    "huber": Row(sp.Piecewise((x**2 / 2, sp.Abs(x) <= u), (u * (sp.Abs(x) - u / 2), True)), (f("max")(-u, f("min")(u, x)), f("relu")(f("abs")(x) - u)), r"\operatorname{{huber}}_{{{1}}}\left({0}\right)", "(lambda z, s: np.where(np.abs(z) <= s, z**2 / 2, s * (np.abs(z) - s / 2)))({}, {})", False, lambda a, b: abs(abs(a) - b), names=("A", "delta"), domain=lambda a, b: b > 0),
}  # fmt: skip
# The tanh form of GELU has no short slope in its output; sympy writes the plain one.
TABLE["gelu_tanh"] = Row(
    TABLE["gelu_tanh"].value,
    (sp.diff(TABLE["gelu_tanh"].value, x),),
    TABLE["gelu_tanh"].latex,
    TABLE["gelu_tanh"].code,
)
TABLE["tan"] = Row(
    sp.tan(x), (1 + y**2,), r"\tan\left({}\right)", "np.tan({})",
    domain=lambda a: abs((a / 3.141592653589793) % 1 - 0.5) > 0.05, sympy=sp.tan,
)  # fmt: skip


class Entrywise(Op):
    """One row of the table as an operation; scalar operands broadcast."""

    def __init__(self, name: str, row: Row) -> None:
        self.name = name  # type: ignore[misc]
        self.row = row
        self.arity = len(row.slopes)
        self.analytic = row.analytic  # type: ignore[misc]
        self.__doc__ = f"Entrywise {name}: ${sp.latex(row.value)}$."
        self.law = rf"d\,{_law_name(name, row)} = \text{{slope}} \odot dA"  # type: ignore[misc]
        full, mixed = "n m", ["n m"] + [""] * (self.arity - 1)
        self.samples = (", ".join([full] * self.arity), ", ".join(mixed), ", ".join([""] * self.arity))  # type: ignore[misc]

    def shape_of(self, A: tuple[Node, ...], params: tuple[Any, ...]) -> Shape:
        if len(A) != self.arity:
            wanted = ", ".join(self.row.names)
            raise ShapeError(f"{self.name} takes {self.arity} operand(s) ({wanted}), not {len(A)}")
        return same_shapes(A, f"apply {self.name} to")

    def build(self, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        return power(*A) if self.name == "pow" else make(self, tuple(A))

    def entry(self, x: Entries, i: Any, j: Any, params: tuple[Any, ...]) -> Any:
        return x.function(self.name, *(x(k, i, j) for k in range(self.arity)))

    def change(self, slot: int, dA: Node, F: Node, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        slope = lower(self.row.slopes[slot], dict(zip((*_OPERANDS[: self.arity], y), (*A, F), strict=True)), F.shape)
        return had(slope, spread(dA, F.shape))

    def latex(self, node: Node, w: Writer) -> Written:
        return w.entrywise(node)

    def text(self, node: Node, w: Writer) -> Written:
        if self.name != "pow":
            return f"{self.name}({', '.join(w(a) for a in node.operands)})", ATOM
        base, exponent = node.operands
        if is_number(exponent) and as_number(exponent) < 0:
            top = "1" if not node.shape else w(one_of(node.shape), 21)
            below = power(base, number(-as_number(exponent)))
            return f"{top}{'./' if node.shape else '/'}{w(below, 21)}", 20
        return f"{w(base, ATOM)}{'.^' if node.shape else '^'}{w(exponent, ATOM)}", POW

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        if self.name == "pow":
            return f"{a[0]} ** {a[1]}"
        return self.row.code.format(*a)

    def margin(self, values: Sequence[Any]) -> float:
        import numpy as np

        return float(np.min(self.row.kink(*values))) if self.row.kink else float("inf")

    def in_domain(self, values: Sequence[Any]) -> bool:
        import numpy as np

        if self.name == "pow":
            base, exponent = values
            return bool(np.all((np.asarray(base) > 0) | (np.asarray(exponent) == np.round(exponent)) & (np.asarray(base) != 0)))
        return bool(np.all(self.row.domain(*values))) if self.row.domain else True


def _law_name(name: str, row: Row) -> str:
    return rf"\operatorname{{{name.replace('_', '-')}}}({', '.join(row.names)})"


def spread(A: Node, shape: Shape) -> Node:
    """A scalar in every entry of that shape; a matrix stays."""
    return A if A.shape or not shape else mul(A, one_of(shape))


def _entrywise_function(op: Entrywise) -> Callable[..., Node]:
    def fn(*operands: Any) -> Node:
        return op.build(tuple(operand(a) for a in operands), ())

    fn.__name__ = op.name
    fn.__doc__ = f"{op.__doc__}\n\n    >>> import matcalc as mc"
    return fn


def power(base: Any, exponent: Any) -> Node:
    """Entrywise power. Folded: exponents 0 and 1, powers of numbers, integer powers of scalar products."""
    A, e = operand(base), operand(exponent)
    same_shapes([a for a in (A, e) if a.shape], "raise")
    if is_number(e):
        value = as_number(e)
        if value == 0:
            return one_of(A.shape)
        if value == 1:
            return A
        if is_number(A):
            if as_number(A) == 0 and value < 0:
                raise ShapeError("division by zero")
            if value.is_Integer and abs(value) <= 4096:
                return number(as_number(A) ** value, bool(A.params[1]) and value > 0)
        if A.op.name == "times" and not A.shape and not A.operands[-1].shape and value.is_Integer:
            return mul(*(power(a, e) for a in A.operands))
        if A.op is POWER and is_number(A.operands[1]) and as_number(A.operands[1]).is_Integer and value.is_Integer:
            return power(A.operands[0], number(as_number(A.operands[1]) * value))
    return make(POWER, (A, e))


ENTRYWISE: dict[str, Entrywise] = {}
for _name, _row in TABLE.items():
    ENTRYWISE[_name] = _op = Entrywise(_name, _row)
    register(_op)
    if _name != "pow":
        FUNCTIONS[_name] = _entrywise_function(_op)
        BUILD[_name] = FUNCTIONS[_name]
POWER = ENTRYWISE["pow"]
BUILD["pow"] = power
SYMPY_FUNCTIONS = {row.sympy: name for name, row in TABLE.items() if row.sympy}


def square(A: Any) -> Node:
    """Entrywise square."""
    return power(A, 2)


def reciprocal(A: Any) -> Node:
    """Entrywise reciprocal."""
    return power(A, -1)


def divide(A: Any, B: Any) -> Node:
    """Entrywise quotient."""
    top, bottom = operand(A), operand(B)
    same_shapes([a for a in (top, bottom) if a.shape], "divide entry by entry")
    return had(spread(top, bottom.shape), power(bottom, -1))


FUNCTIONS.update(square=square, reciprocal=reciprocal)


# -- from a scalar formula to entrywise nodes -------------------------------------------------------


def lower(formula: Any, atoms: Mapping[Any, Node], shape: Shape) -> Node:
    """The node whose every entry is ``formula`` of the entries of the atoms.

    ``atoms`` maps sympy symbols to nodes of ``shape`` or to scalars. The result has ``shape``.
    """
    image: dict[Any, Node] = dict(atoms)
    for part in sp.postorder_traversal(formula):
        if part not in image and isinstance(part, sp.Expr):
            image[part] = _lower_one(part, image)
    return spread(image[formula], shape)


def _lower_one(part: Any, image: Mapping[Any, Node]) -> Node:
    if part.is_Rational:
        return number(part)
    if part.is_number and part.is_Atom:
        return number(part)  # pi and its like stay exact
    if part.is_Add:
        terms = [image[a] for a in part.args]
        shape = same_shapes([a for a in terms if a.shape], "add")
        return add(*(spread(a, shape) for a in terms))
    if part.is_Mul:
        return had(*(image[a] for a in part.args))
    if part.is_Pow:
        base, exponent = (image[a] for a in part.args)
        if part.exp == sp.S.Half:
            return BUILD["sqrt"](base)
        if part.exp == -sp.S.Half:
            return power(BUILD["sqrt"](base), -1)
        return power(base, exponent)
    if isinstance(part, sp.Piecewise):
        return _lower_piecewise(part, image)
    if isinstance(part, (sp.Max, sp.Min)):
        name = "max" if isinstance(part, sp.Max) else "min"
        first, *rest = (image[a] for a in part.args)
        for other in rest:
            if name == "max" and is_number(first) and as_number(first) == 0:
                first = BUILD["relu"](other)
            else:
                first = BUILD[name](first, other)
        return first
    if isinstance(part, sp.Heaviside):
        return BUILD["step"](image[part.args[0]])
    name = SYMPY_FUNCTIONS.get(part.func) or getattr(part.func, "__name__", "")
    if name in ENTRYWISE and part.args:
        return ENTRYWISE[name].build(tuple(image[a] for a in part.args), ())
    if part.is_Function and isinstance(part, sp.core.function.AppliedUndef) and len(part.args) == 1:
        return BUILD["function"](name)(image[part.args[0]])
    if isinstance(part, sp.exp):
        return BUILD["exp"](image[part.args[0]])
    known = ", ".join(sorted(TABLE))
    raise NoRuleError(f"no rule for {part.func.__name__} in {part}; entrywise functions are {known}")


def _lower_piecewise(part: Any, image: Mapping[Any, Node]) -> Node:
    cases = list(part.args)
    if cases[-1].cond != True:  # noqa: E712 - sympy's own true
        raise NoRuleError(f"{part} is not defined everywhere: end it with (value, True)")
    result = image[cases[-1].expr]
    for case in reversed(cases[:-1]):
        result = BUILD["where"](condition(case.cond, image), image[case.expr], result)
    return result


def condition(cond: Any, image: Mapping[Any, Node]) -> Node:
    """A comparison as a matrix of zeros and ones."""

    def side(e: Any) -> Node:
        return image[e] if e in image else lower(e, image, ())

    def positive(a: Any, b: Any) -> Node:
        return BUILD["step"](BUILD["minus"](side(a), side(b)))

    if isinstance(cond, sp.StrictGreaterThan):
        return positive(cond.lhs, cond.rhs)
    if isinstance(cond, sp.StrictLessThan):
        return positive(cond.rhs, cond.lhs)
    if isinstance(cond, sp.GreaterThan):
        return BUILD["minus"](number(1), positive(cond.rhs, cond.lhs))
    if isinstance(cond, sp.LessThan):
        return BUILD["minus"](number(1), positive(cond.lhs, cond.rhs))
    if isinstance(cond, sp.Ne):
        return BUILD["abs"](BUILD["sign"](BUILD["minus"](side(cond.lhs), side(cond.rhs))))
    if isinstance(cond, sp.And):
        return had(*(condition(a, image) for a in cond.args))
    if isinstance(cond, sp.Or):
        parts = [condition(a, image) for a in cond.args]
        first = parts[0]
        for other in parts[1:]:
            first = BUILD["max"](first, other)
        return first
    raise NoRuleError(f"no rule for the condition {cond}; use <, <=, >, >=, And, Or")


@lru_cache(maxsize=1024)
def slope_formula(name: str, slot: int) -> Any:
    """The slope of a table row as a scalar formula in x, u, v and y."""
    return TABLE[name].slopes[slot]
