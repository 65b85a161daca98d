"""The entrywise family as data: one row a function, with its value, its slope and its code.

Value and slopes are sympy formulas in the operands ``x``, ``u``, ``v``; a slope may also use the
output ``y``, where books write it so, and our own functions by name (``f("step")(x)``). A slope
holds almost everywhere and takes the documented value at the kink: relu'(0) = 0, step(0) = 0,
sign(0) = 0, and a tie in max or min goes to the first operand, but to a constant beside a formula.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import pi
from typing import Any

import sympy as sp

x, u, v, y = sp.symbols("x u v y", real=True)
OPERANDS = (x, u, v)

_FUNCTIONS: dict[str, Any] = {}


def f(name: str) -> Any:
    """The sympy function that stands for our operation ``name`` in a formula."""
    return _FUNCTIONS.setdefault(name, sp.Function(name, real=True))


@dataclass(frozen=True, kw_only=True)
class Row:
    """One entrywise function."""

    value: Any  # the definition
    slopes: tuple[Any, ...]  # one per operand
    slopes_beside_constant: tuple[Any, ...] = ()  # where another operand is a constant
    latex: str  # with {} for the operands
    code: str  # NumPy, with {} for the operands
    analytic: bool = True  # the code may be fed complex numbers
    kink: Callable[..., Any] | None = None  # operand values -> distance to the nearest kink
    domain: Callable[..., Any] | None = None  # operand values -> whether defined there
    names: tuple[str, ...] = ("A",)
    sympy: Any = None  # the sympy function that is read as this row


def _named(name: str) -> str:
    return rf"\operatorname{{{{{name}}}}}\left({{}}\right)"  # braces doubled for str.format


def _below_one(a: Any) -> Any:
    return abs(a) < 1


def _between_poles(a: Any) -> Any:
    return abs(a / pi % 1 - 0.5) > 0.02


def _usual(fn: Any, slope: Any, code: str, latex: str = "", **more: Any) -> Row:
    """A function that sympy and LaTeX know by name."""
    shown = latex or rf"\{fn.__name__}\left({{}}\right)"
    return Row(value=fn(x), slopes=(slope,), latex=shown, code=f"np.{code}({{}})", sympy=fn, **more)


# Klambauer et al. 2017, in double precision; the product of the two is the constant that is used.
SELU_SCALE, SELU_LOW = sp.Rational("1.0507009873554805"), sp.Rational("1.7580993408473766")
GELU_CUBE = sp.Rational("0.044715")
_density = sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)
_gelu_tanh = x * (1 + sp.tanh(sp.sqrt(2 / sp.pi) * (x + GELU_CUBE * x**3))) / 2

# log(1 + e^z) and its relatives without overflow, for complex z too.
_SOFTPLUS = (
    "(lambda z: np.where(z.real > 0, z, 0) + np.log1p(np.exp(np.where(z.real > 0, -z, z))))"
    "(np.asarray({}))"
)

TABLE: dict[str, Row] = {
    "exp": _usual(sp.exp, y, "exp"),
    "expm1": Row(value=sp.exp(x) - 1, slopes=(y + 1,), latex=_named("expm1"), code="np.expm1({})"),
    "log": _usual(sp.log, 1 / x, "log", domain=lambda a: a > 0),
    "log1p": Row(
        value=sp.log(1 + x),
        slopes=(1 / (1 + x),),
        latex=_named("log1p"),
        code="np.log1p({})",
        domain=lambda a: a > -1,
    ),
    "sqrt": Row(
        value=sp.sqrt(x),
        slopes=(1 / (2 * y),),
        latex=r"\sqrt{{{}}}",
        code="np.sqrt({})",
        domain=lambda a: a > 0,
    ),
    "abs": _usual(sp.Abs, f("sign")(x), "abs", r"\left|{}\right|", analytic=False, kink=abs),
    "sign": _usual(sp.sign, sp.S.Zero, "sign", _named("sign"), analytic=False, kink=abs),
    "step": Row(
        value=sp.Heaviside(x, 0),
        slopes=(sp.S.Zero,),
        latex=r"\mathbf{{1}}\left[{} > 0\right]",
        code="np.where({} > 0, 1.0, 0.0)",
        analytic=False,
        kink=abs,
    ),
    "sin": _usual(sp.sin, f("cos")(x), "sin"),
    "cos": _usual(sp.cos, -f("sin")(x), "cos"),
    "tan": _usual(sp.tan, 1 + y**2, "tan", domain=_between_poles),
    "asin": _usual(
        sp.asin, 1 / f("sqrt")(1 - x**2), "arcsin", r"\arcsin\left({}\right)", domain=_below_one
    ),
    "acos": _usual(
        sp.acos, -1 / f("sqrt")(1 - x**2), "arccos", r"\arccos\left({}\right)", domain=_below_one
    ),
    "atan": _usual(sp.atan, 1 / (1 + x**2), "arctan", r"\arctan\left({}\right)"),
    "sinh": _usual(sp.sinh, f("cosh")(x), "sinh"),
    "cosh": _usual(sp.cosh, f("sinh")(x), "cosh"),
    "tanh": _usual(sp.tanh, 1 - y**2, "tanh"),
    "sigmoid": Row(
        value=1 / (1 + sp.exp(-x)),
        slopes=(y * (1 - y),),
        latex=r"\sigma\left({}\right)",
        code="1 / (1 + np.exp(-({})))",
    ),
    "logsigmoid": Row(
        value=-sp.log(1 + sp.exp(-x)),
        slopes=(1 - f("sigmoid")(x),),
        latex=r"\log\sigma\left({}\right)",
        code=f"-{_SOFTPLUS.format('-({})')}",
    ),
    "relu": Row(
        value=sp.Max(0, x),
        slopes=(f("step")(x),),
        latex=_named("ReLU"),
        code="np.maximum({}, 0)",
        analytic=False,
        kink=abs,
    ),
    "elu": Row(
        value=sp.Piecewise((x, x > 0), (sp.exp(x) - 1, True)),
        slopes=(f("where")(f("step")(x), 1, y + 1),),
        latex=_named("ELU"),
        code="(lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))))({})",
        analytic=False,
        kink=abs,
    ),
    "selu": Row(
        value=sp.Piecewise((SELU_SCALE * x, x > 0), (SELU_LOW * (sp.exp(x) - 1), True)),
        slopes=(f("where")(f("step")(x), SELU_SCALE, y + SELU_LOW),),
        latex=_named("SELU"),
        code=(
            f"(lambda z: np.where(z > 0, {float(SELU_SCALE)!r} * z,"
            f" {float(SELU_LOW)!r} * np.expm1(np.minimum(z, 0))))({{}})"
        ),
        analytic=False,
        kink=abs,
    ),
    "softplus": Row(
        value=sp.log(1 + sp.exp(x)),
        slopes=(f("sigmoid")(x),),
        latex=_named("softplus"),
        code=_SOFTPLUS,
    ),
    "softsign": Row(
        value=x / (1 + sp.Abs(x)),
        slopes=(1 / (1 + f("abs")(x)) ** 2,),
        latex=_named("softsign"),
        code="(lambda z: z / (1 + np.abs(z)))({})",
        analytic=False,
        kink=abs,
    ),
    "silu": Row(
        value=x / (1 + sp.exp(-x)),
        slopes=(f("sigmoid")(x) + y * (1 - f("sigmoid")(x)),),
        latex=_named("SiLU"),
        code="(lambda z: z / (1 + np.exp(-z)))({})",
    ),
    "erf": Row(
        value=sp.erf(x),
        slopes=(2 * sp.exp(-(x**2)) / sp.sqrt(sp.pi),),
        latex=_named("erf"),
        code="erf({})",
        analytic=False,
        sympy=sp.erf,
    ),
    "gelu": Row(
        value=x * (1 + sp.erf(x / sp.sqrt(2))) / 2,
        slopes=((1 + f("erf")(x / sp.sqrt(2))) / 2 + x * _density,),
        latex=_named("GELU"),
        code="(lambda z: z * (1 + erf(z / np.sqrt(2))) / 2)({})",
        analytic=False,
    ),
    "gelu_tanh": Row(
        value=_gelu_tanh,
        slopes=(sp.diff(_gelu_tanh, x),),
        latex=r"\operatorname{{GELU}}_{{\tanh}}\left({}\right)",
        code="(lambda z: z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))) / 2)({})",
    ),
    "hardtanh": Row(
        value=sp.Max(-1, sp.Min(1, x)),
        slopes=(f("step")(1 - f("abs")(x)),),
        latex=_named("hardtanh"),
        code="np.clip({}, -1, 1)",
        analytic=False,
        kink=lambda a: abs(abs(a) - 1),
    ),
    "max": Row(
        value=sp.Max(x, u),
        slopes=(1 - f("step")(u - x), f("step")(u - x)),
        slopes_beside_constant=(f("step")(x - u), f("step")(u - x)),  # max(x, 0) is relu(x)
        latex=r"\max\left({}, {}\right)",
        code="np.maximum({}, {})",
        analytic=False,
        kink=lambda a, b: abs(a - b),
        names=("A", "B"),
    ),
    "min": Row(
        value=sp.Min(x, u),
        slopes=(1 - f("step")(x - u), f("step")(x - u)),
        slopes_beside_constant=(f("step")(u - x), f("step")(x - u)),
        latex=r"\min\left({}, {}\right)",
        code="np.minimum({}, {})",
        analytic=False,
        kink=lambda a, b: abs(a - b),
        names=("A", "B"),
    ),
    "where": Row(
        value=sp.Piecewise((u, sp.Ne(x, 0)), (v, True)),
        slopes=(sp.S.Zero, f("where")(x, 1, 0), f("where")(x, 0, 1)),
        latex=r"\operatorname{{where}}\left({}, {}, {}\right)",
        code="np.where({} != 0, {}, {})",
        analytic=False,
        kink=lambda c, a, b: abs(c),
        names=("C", "A", "B"),
    ),
    "leaky_relu": Row(
        value=sp.Piecewise((x, x > 0), (u * x, True)),
        slopes=(f("where")(f("step")(x), 1, u), x * (1 - f("step")(x))),
        latex=r"\operatorname{{LReLU}}_{{{1}}}\left({0}\right)",
        code="(lambda z, s: np.where(z > 0, z, s * z))({}, {})",
        analytic=False,
        kink=lambda a, s: abs(a),
        names=("A", "slope"),
    ),
    "huber": Row(
        value=sp.Piecewise((x**2 / 2, sp.Abs(x) <= u), (u * (sp.Abs(x) - u / 2), True)),
        slopes=(f("max")(-u, f("min")(u, x)), f("relu")(f("abs")(x) - u)),
        latex=r"\operatorname{{huber}}_{{{1}}}\left({0}\right)",
        code=("(lambda z, s: np.where(np.abs(z) <= s, z**2 / 2, s * (np.abs(z) - s / 2)))({}, {})"),
        analytic=False,
        kink=lambda a, d: abs(abs(a) - d),
        domain=lambda a, d: d > 0,
        names=("A", "delta"),
    ),
    # Written and computed by methods of their own, see entrywise.py.
    "pow": Row(
        value=x**u,
        slopes=(u * x ** (u - 1), y * f("log")(x)),
        latex="",
        code="",
        domain=lambda a, k: (a > 0) | ((k == k.round()) & ((a != 0) | (k >= 1))),
        names=("A", "k"),
    ),
}
SYMPY_FUNCTIONS = {row.sympy: name for name, row in TABLE.items() if row.sympy}
