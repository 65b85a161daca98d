r"""A constant factor between a side and the truth: 2, 1/2, 1/n, a sign, a number of the page."""

from __future__ import annotations

from collections.abc import Iterator

from matcalc.judging import spelling as s
from matcalc.judging import vocabulary as o
from matcalc.judging.environment import Environment
from matcalc.judging.probing import Diagnosis, Probe, confirmed
from matcalc.reading import tree as t
from matcalc.reading.writer import write


def scaled_side(
    env: Environment,
    line: t.Relation,
    layout: tuple[str, bool],
    probe: Probe,
    node: t.Node,
    factor: float,
    slip: str,
) -> Diagnosis | None:
    """A constant factor between the side and the truth."""
    for name, new in factors_of(env, probe, node, factor):
        if confirmed(env, line, layout, new):
            return Diagnosis(f"{slip}; {name}" if slip else name, new)
    return None


def factors_of(
    env: Environment, probe: Probe, node: t.Node, ratio: float
) -> Iterator[tuple[str, t.Node]]:
    """What to multiply the side by: (the slip, the side multiplied)."""
    sizes = probe.scope.world.sizes
    node = o.opened(node, env)
    one, two = t.Number("1"), t.Number("2")
    sign = -1 if ratio < 0 else 1
    size = abs(ratio)

    def signed(new: t.Node) -> t.Node:
        return o.negated(new) if sign < 0 else new

    also = "sign; " if sign < 0 else ""
    if abs(size - 1) < 1e-6 and sign < 0:
        yield "sign", o.negated(node)
    if abs(size - 2) < 1e-6:
        whole = _without(node, "half")
        name = "lost factor 2" if whole is None else "extra factor 1/2"
        yield f"{also}{name}", signed(whole or o.times(node, two))
    if abs(size - 0.5) < 1e-6:
        rest = _without(node, "two")
        name = "lost factor 1/2" if rest is None else "extra factor 2"
        yield f"{also}{name}", signed(rest or o.times(node, t.Fraction(one, two)))
    for name in sorted({*env.dims, *env.sizes}):
        n = sizes.get(name)
        if n is None or n < 2:
            continue
        dim = t.Symbol(name, name)
        if abs(size * n - 1) < 1e-6:
            rest = _without_symbol(node, dim)
            if rest is not None:
                yield f"{also}extra factor {name}", signed(rest)
            yield f"{also}lost 1/{name}", signed(o.times(node, t.Fraction(one, dim)))
        if abs(size - n) < 1e-6:
            yield f"{also}extra 1/{name}", signed(_without(node, name) or o.times(node, dim))
        if abs(size * n - 2) < 1e-6:
            yield f"{also}lost 2/{name}", signed(o.times(node, t.Fraction(two, dim)))
        if abs(size - n / 2) < 1e-6:
            yield f"{also}extra 2/{name}", signed(o.times(node, t.Fraction(dim, two)))
        if abs(size * 2 * n - 1) < 1e-6:
            both = t.Fraction(one, t.Product((two, dim), ("",)))
            yield f"{also}lost 1/(2{name})", signed(o.times(node, both))
        if abs(size - 2 * n) < 1e-6:
            yield f"{also}extra 1/(2{name})", signed(o.times(node, two, dim))
    yield from _constants(env, probe, node, size, also)
    count = round(size)
    if count > 2 and abs(size - count) < 1e-6 and not sizes:
        yield f"{also}lost factor {count}", signed(o.times(node, t.Number(str(count))))


def _constants(
    env: Environment, probe: Probe, node: t.Node, size: float, also: str
) -> Iterator[tuple[str, t.Node]]:
    r"""Numbers of the page, as ``1 / \sqrt{d}``, with which its definitions begin."""
    seen: set[t.Node] = set()
    for definition in env.definitions.values():
        for part in t.walk(definition.body):
            if part in seen or not isinstance(part, (t.Fraction, t.Root)):
                continue
            seen.add(part)
            found = probe.value(part, {})
            if found is None or not found[0].is_scalar or found[0].array.size != 1:
                continue
            value = abs(float(found[0].array.real.flat[0]))
            if abs(size - value) < 1e-6 * value:
                new = o.times(node, part)
                yield f"{also}lost factor {write(part)}", o.negated(new) if also else new
            elif abs(size * value - 1) < 1e-6:
                inverse = t.Fraction(t.Number("1"), part)
                new = o.times(node, inverse)
                there = any(p == part for p in t.walk(node))
                name = f"extra factor {write(part)}" if there else f"lost factor {write(inverse)}"
                yield f"{also}{name}", o.negated(new) if also else new


def _without_symbol(node: t.Node, symbol: t.Symbol) -> t.Node | None:
    """The side without a size among its factors."""
    parts = o.listed(node)
    if parts is None or symbol not in parts[0]:
        return None
    k = parts[0].index(symbol)
    factors = [*parts[0][:k], *parts[0][k + 1 :]]
    operators = list(parts[1])
    del operators[max(0, k - 1)]
    return o.joined(factors, operators)


def _without(node: t.Node, what: str) -> t.Node | None:
    """The side without a factor 2, 1/2 or 1/n that stands in front."""
    if isinstance(node, t.Sum) and len(node.terms) == 1:
        inner = _without(node.terms[0], what)
        return None if inner is None else t.Sum((inner,), node.signs)
    parts = o.listed(node)
    if parts is None:
        return None
    factors, operators = parts
    first = factors[0]
    rest = o.joined(factors[1:], operators[1:])
    if what == "two" and first == t.Number("2"):
        return rest
    if isinstance(first, t.Fraction) and first.numerator == t.Number("1"):
        beneath = s.said(first.denominator, {})
        if beneath == ("2" if what == "half" else what):
            return rest
    return None
