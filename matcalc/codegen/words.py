"""Terms as text: one table of operations for NumPy, on which the other languages build.

A word is written with its level of binding, so that brackets stand where Python needs them and
nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

from matcalc.codegen.arrays import Arrays
from matcalc.codegen.helpers import ENTRYWISE_FORMS, HELPERS, NEEDS, SIMPLE
from matcalc.codegen.solving import ATOM, PRODUCT, Text
from matcalc.codegen.terms import MATH, Term, is_full

SUM, MINUS, POWER = 1, 3, 4
EXACT = 2**53


class Words(Arrays):
    """Writes terms as NumPy."""

    module = "np"
    blocks = True  # there is a word for a matrix of blocks
    helpers: Mapping[str, str] = HELPERS

    def __init__(
        self, names: Mapping[Term, str], dims: Mapping[str, str], uses: Mapping[Term, int]
    ) -> None:
        self.names, self.dims, self.uses = names, dims, uses
        self.used: dict[str, None] = {}  # helpers, in the order met
        self.indices: dict[str, str] = {}  # loop index -> word
        self.inputs: dict[str, str] = {}
        self.kind = ""  # `, dtype=X.dtype`: new arrays are of the kind of an argument

    # -- writing -------------------------------------------------------------------------------

    def __call__(self, t: Term, level: int = 0) -> str:
        found = self.names.get(t)
        if found is not None:
            return found
        text, own = self.text(t)
        return text if own >= level else f"({text})"

    def definition(self, t: Term) -> str:
        """A term written out although it has a name."""
        return self.text(t)[0]

    def text(self, t: Term) -> Text:
        method: Callable[[Term], Text] | None = getattr(self, f"_{t.op}", None)
        if method is not None:
            return method(t)
        return self._function_of(t)

    def need(self, helper: str) -> None:
        for other in NEEDS.get(helper, ()):
            self.need(other)
        self.used.setdefault(helper)

    def call(self, function: str, *arguments: str) -> Text:
        return f"{self.module}.{function}({', '.join(arguments)})", ATOM

    def helper(self, name: str, *arguments: str) -> Text:
        self.need(name)
        return f"{name}({', '.join(arguments)})", ATOM

    def _function_of(self, t: Term) -> Text:
        inside = [self(a) for a in t.args]
        if t.op == "sqrt" and t.args[0].op in ("number", "dim"):
            return f"{self(t.args[0], ATOM)} ** 0.5", POWER
        if t.op in MATH and not t.shape and self.is_static(t):
            return f"math.{t.op}({inside[0]})", ATOM
        if t.op in SIMPLE:
            return self.plain(t, self.call(SIMPLE[t.op], *inside))
        if t.op in ENTRYWISE_FORMS:
            form = ENTRYWISE_FORMS[t.op]
            text = form.format(*(self(a, SUM + 1) for a in t.args), m=self.module)
            return self.plain(t, (text, ATOM))
        return self.plain(t, self.helper(t.op, *inside))

    # -- integers ------------------------------------------------------------------------------

    def integer(self, value: Any) -> str:
        """An integer expression in dimensions and indices."""
        if not isinstance(value, sp.Expr):
            return str(value)
        above, below = value.as_numer_denom()
        if below != 1:
            return f"({self._integer_text(above)}) // ({self._integer_text(below)})"
        return self._integer_text(above)

    def _integer_text(self, value: Any) -> str:
        swaps = {
            s: sp.Symbol(self.indices.get(s.name) or self.dims.get(s.name, s.name))
            for s in value.free_symbols
        }
        text = _Integers().doprint(value.xreplace(swaps) if swaps else value)
        return text[1:-1] if value.func in (sp.floor, sp.Mod) else text

    def shape(self, shape: Any) -> str:
        return f"({', '.join(self.integer(d) for d in shape)})"

    # -- leaves --------------------------------------------------------------------------------

    def _in(self, t: Term) -> Text:
        return self.inputs[t.params[0]], ATOM

    def _number(self, t: Term) -> Text:
        value = t.params[0]
        if value.is_Integer and abs(value) <= EXACT:
            return str(value), ATOM if value >= 0 else MINUS
        if value.is_Rational:
            p, q = int(value.p), int(value.q)
            if abs(p) <= EXACT and q <= EXACT and not _is_short(p / q):
                return f"{p} / {q}", PRODUCT
        number = float(value)
        return repr(number), ATOM if number >= 0 else MINUS

    def _dim(self, t: Term) -> Text:
        d = t.params[0]
        text = self.integer(d)
        return text, ATOM if d.is_Symbol or d.is_Integer else SUM

    # -- entrywise -----------------------------------------------------------------------------

    def _add(self, t: Term) -> Text:
        terms = sorted(t.args, key=self.leads_minus)  # stable: what is subtracted comes later
        out = self(terms[0], SUM)
        for a in terms[1:]:
            if self.leads_minus(a):
                out += f" - {self.without_minus(a)}"
            else:
                out += f" + {self(a, SUM + 1)}"
        return out, SUM

    def leads_minus(self, t: Term) -> bool:
        if t in self.names:
            return False
        first = t.args[0] if t.op == "mul" else t
        return first.op == "number" and bool(first.params[0] < 0)

    def without_minus(self, t: Term) -> str:
        if t.op == "number":
            return self._positive(t)
        text, level = self.factors(t.args, minus=True)
        return text if level > SUM else f"({text})"

    def _positive(self, t: Term) -> str:
        text = self(t)
        return text[1:] if text.startswith("-") else text

    def _mul(self, t: Term) -> Text:
        first = t.args[0]
        if first.op == "number" and first.params[0] < 0 and first not in self.names:
            text, level = self.factors(t.args, minus=True)
            return f"-{text}", MINUS if level > MINUS else PRODUCT
        return self.factors(t.args)

    def factors(self, args: tuple[Term, ...], minus: bool = False) -> Text:
        above, below = [], []
        number = args[0] if args[0].op == "number" and args[0] not in self.names else None
        rest = args[1:] if number is not None else args
        if number is not None:
            value = abs(number.params[0]) if minus else number.params[0]
            if value.is_Rational and value.p in (1, -1) and value.q != 1:
                below.append(str(value.q))
                if value.p == -1:
                    above.append("-1")
            elif value != 1:
                text = self.text_of_number(value)
                above.append(text)
        for a in rest:
            if a.op == "pow" and a not in self.names and _negative(a.args[1]):
                below.append(self._power(a.args[0], -a.args[1].params[0], POWER))
            else:
                above.append(self(a, PRODUCT + 1 if above or a.op in ("mm",) else PRODUCT))
        scalars_last = list(below)
        out = " * ".join(above) or "1"
        for b in scalars_last:
            out += f" / {b}"
        level = PRODUCT if len(above) + len(below) > 1 else ATOM
        if level == ATOM:
            level = (
                min((self.text(a)[1] if a not in self.names else ATOM) for a in rest)
                if rest
                else ATOM
            )
        return out, level

    def text_of_number(self, value: Any) -> str:
        if value.is_Integer and abs(value) <= EXACT:
            return str(value)
        if value.is_Rational and not _is_short(float(value)):
            return f"({value.p} / {value.q})"
        return repr(float(value))

    def _power(self, base: Term, exponent: Any, level: int) -> str:
        if exponent == 1:
            return self(base, PRODUCT + 1)
        below = self(base, ATOM)
        # As formatters write it: x**2, but h[t] ** 2 and f(x) ** 2.
        sign = "**" if re.fullmatch(r"[\w.]+", below) else " ** "
        text = f"{below}{sign}{self.text_of_number(exponent)}"
        return text

    def _pow(self, t: Term) -> Text:
        base, exponent = t.args
        if exponent.op == "number":
            e = exponent.params[0]
            if e.is_Integer and e < 0:
                return f"1 / {self._power(base, -e, POWER)}", PRODUCT
            if e.is_Integer or e > 0:
                return self._power(base, e, POWER), POWER
        return f"{self(base, ATOM)} ** {self(exponent, ATOM)}", POWER

    def _sigmoid(self, t: Term) -> Text:
        z = t.args[0]
        inside = self.without_minus(z) if self.leads_minus(z) else f"-{self(z, POWER)}"
        return f"1 / (1 + {self.module}.exp({inside}))", PRODUCT

    # -- products and sums ---------------------------------------------------------------------

    def _T(self, t: Term) -> Text:
        a = t.args[0]
        inside = self(a, ATOM)
        twice = a.op == "unvec" and a not in self.names  # which ends in one
        return (inside.removesuffix(".T") if twice else f"{inside}.T"), ATOM

    def _mm(self, t: Term) -> Text:
        a, b = t.args
        return f"{self(a, PRODUCT)} @ {self(b, PRODUCT + 1)}" if not self._mixes(a) else (
            f"{self(a, PRODUCT + 1)} @ {self(b, PRODUCT + 1)}"
        ), PRODUCT

    def _mixes(self, t: Term) -> bool:
        """Whether a left operand is written with * or /, which would read badly before @."""
        return t not in self.names and t.op != "mm" and self.text(t)[1] == PRODUCT

    def _dot(self, t: Term) -> Text:
        a, b = t.args
        if is_full(a) and (a.op == "T" or b.op == "T"):
            first, second = (a, b) if b.op == "T" else (b, a)
            return self.call("einsum", '"ij,ji->"', self(first), self(second.args[0]))
        return self.call("vdot", self(a), self(b))

    def _total(self, t: Term) -> Text:
        return f"{self(t.args[0], ATOM)}.sum()", ATOM

    def _rowsum(self, t: Term) -> Text:
        return self._along(t, 1)

    def _colsum(self, t: Term) -> Text:
        return self._along(t, 0)

    def _along(self, t: Term, axis: int) -> Text:
        a = t.args[0]
        pair = self.pair(a)
        if pair is not None:
            keep = "[:, None]" if axis else "[None, :]"
            pattern = '"ij,ij->i"' if axis else '"ij,ij->j"'
            return self.call("einsum", pattern, *map(self, pair))[0] + keep, ATOM
        return f"{self(a, ATOM)}.sum(axis={axis}, keepdims=True)", ATOM

    def pair(self, a: Term) -> tuple[Term, Term] | None:
        """Two matrices whose entrywise product is summed: it need not be formed."""
        if a in self.names:
            return None
        if a.op == "mul" and len(a.args) == 2 and all(map(is_full, a.args)):
            return a.args[0], a.args[1]
        if a.op == "pow" and is_full(a) and a.args[1].op == "number" and a.args[1].params[0] == 2:
            return a.args[0], a.args[0]
        return None

    def _trace(self, t: Term) -> Text:
        return self.call("trace", self(t.args[0]))

    def _diagonal(self, t: Term) -> Text:
        return f"{self.call('diagonal', self(t.args[0]))[0]}[:, None]", ATOM

    def _product_of(self, t: Term) -> Text:
        return f"{self(t.args[0], ATOM)}.prod()", ATOM

    def _cumsum(self, t: Term) -> Text:
        axis, backwards = t.params
        inside = self(t.args[0], ATOM)
        if not backwards:
            return f"{inside}.cumsum(axis={axis})", ATOM
        flip = "[:, ::-1]" if axis else "[::-1]"
        return f"{inside}{flip}.cumsum(axis={axis}){flip}", ATOM

    # -- softmax -------------------------------------------------------------------------------

    def _softmax(self, t: Term) -> Text:
        if len(t.args) == 2:
            return self.helper("masked_softmax", *map(self, t.args), str(t.params[0]))
        return self.helper("softmax", self(t.args[0]), str(t.params[0]))

    def _log_softmax(self, t: Term) -> Text:
        text, level = self.helper(t.op, self(t.args[0]), str(t.params[0]))
        return (text if t.shape else f"{text}[0, 0]"), level

    _logsumexp = _log_softmax

    def _log_product(self, t: Term) -> Text:
        above, below = t.args[: t.params[0]], t.args[t.params[0] :]
        return self.helper(t.op, *(f"[{', '.join(map(self, part))}]" for part in (above, below)))

    def _largest(self, t: Term) -> Text:
        along = f"axis={t.params[0]}, keepdims=True" if t.shape else ""
        return f"{self(t.args[0], ATOM)}.max({along})", ATOM

    def _largest_of(self, t: Term) -> Text:
        text, level = self.helper(t.op, *map(self, t.args), str(t.params[0]))
        return (text if t.shape else f"{text}[0, 0]"), level

    def _where_largest(self, t: Term) -> Text:
        return self.helper("where_largest", self(t.args[0]), str(t.params[0]))

    def _reshape_rows(self, t: Term) -> Text:
        return f"{self(t.args[0], ATOM)}.reshape({', '.join(map(self.integer, t.params))})", ATOM

    def _unfold(self, t: Term) -> Text:
        return self.helper(t.op, self(t.args[0]), *map(self.integer, t.params))

    _fold = _unfold

    def _other(self, t: Term) -> Text:
        """An operation without algebra here: its own NumPy, on whole operands."""
        node = t.params[0].node
        operands = [self(a, ATOM) for a in t.args]
        params = [self.integer(p) for p in node.op.code_params(node)]
        text = re.sub(r"\bnp(?=\.)", self.module, node.op.code(operands, params))
        if re.search(r"\berf(?=\()", text):
            self.need("erf")
        if not t.shape and node.op.shape_of(node.operands, node.params):
            return f"({text})[0, 0]", ATOM
        return f"({text})", ATOM

    # -- undefined functions -------------------------------------------------------------------

    def _function(self, t: Term) -> Text:
        name, order = t.params
        return f"{self.inputs[name]}({self(t.args[0])}, {order})", ATOM

    def _map(self, t: Term) -> Text:
        name, r, slots, is_scalar = t.params
        operands = ", ".join(map(self, t.args))
        made = f"{self.inputs[name]}([{operands}], {self.integer(r)}, {slots!r}, {is_scalar!r})"
        return (made, ATOM) if t.shape else self.call("reshape", made, "()")


class _Integers(StrPrinter):
    """Whole quotients and remainders as Python has them."""

    def _print_floor(self, expr: Any) -> str:
        above, below = expr.args[0].as_numer_denom()
        return self._between(above, "//", below)

    def _print_Mod(self, expr: Any) -> str:
        number, divisor = expr.args
        return self._between(number, "%", divisor)

    def _between(self, a: Any, sign: str, b: Any) -> str:
        left, right = (self.parenthesize(x, PRECEDENCE["Pow"]) for x in (a, b))
        return f"({left} {sign} {right})"


def _negative(exponent: Term) -> bool:
    return exponent.op == "number" and bool(
        exponent.params[0].is_Integer and exponent.params[0] < 0
    )


def _is_short(value: float) -> bool:
    """Whether a float reads as the decimal it is."""
    return len(repr(value)) <= 8
