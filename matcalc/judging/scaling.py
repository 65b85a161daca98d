r"""A constant factor between a side and the truth: 2, 1/2, 1/n, a sign, a number of the page."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from matcalc.judging import spelling as s
from matcalc.judging import vocabulary as o
from matcalc.judging.environment import Environment
from matcalc.judging.probing import Diagnosis, Probe, confirmed
from matcalc.judging.values import Array
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


def varying_factor(
    env: Environment, line: t.Relation, layout: tuple[str, bool], probe: Probe
) -> Diagnosis | None:
    """A factor that is a number of the page, another at every point: ``s``, ``1 / s``, ``1 / s^2``."""
    side = line.sides[1]
    found = [_ratios(a, b) for a, b in _pairs(probe, side)]
    ratio = [x for x in found if x is not None]
    if not ratio or len(ratio) < len(found):
        return None
    defined = [d.left for d in env.definitions.values() if not d.letters]
    for name in dict.fromkeys([*defined, *o.scalar_names(env, line)]):
        value = probe.value(name, {})
        if value is None or value[0].array.shape[-2:] != (1, 1):
            continue
        own = value[0].array.real[..., 0, 0]
        for power in (-1, 1, -2, 2):
            with np.errstate(all="ignore"):
                rest = [x / own**power for x in ratio]
            number = float(rest[0].flat[0])
            if not all(np.allclose(x, number, rtol=1e-6) for x in rest):
                continue
            base = name if abs(power) == 1 else t.Postfix(name, "power", (t.Number("2"),))
            factor = t.Fraction(t.Number("1"), base) if power < 0 else base
            new = o.times(o.opened(side, env), factor)
            slip = f"lost factor {write(factor)}"
            if abs(number - 1) > 1e-6:
                return scaled_side(env, line, layout, probe, new, number, slip)
            if confirmed(env, line, layout, new):
                return Diagnosis(slip, new)
    return None


def _pairs(probe: Probe, side: t.Node) -> Iterator[tuple[Array, Array]]:
    """The truth and a side, for every choice of indices; nothing if they cannot be compared."""
    for choice, truth in zip(probe.choices, probe.truths, strict=True):
        mine = probe.value(side, choice)
        if mine is None or truth[0].shape != mine[0].shape:
            return
        a, b = np.broadcast_arrays(truth[0].array.real, mine[0].array.real)
        yield (a[None], b[None]) if a.ndim == 2 else (a, b)


def _ratios(a: Array, b: Array) -> Array | None:
    """At each point the one number that takes b to a."""
    square = np.sum(b * b, axis=(-2, -1))
    if not np.all(np.isfinite(a)) or not np.all(square > 1e-12):
        return None
    ratio = np.sum(a * b, axis=(-2, -1)) / square
    gap = np.max(np.abs(a - ratio[..., None, None] * b))
    return ratio if gap < 1e-8 * max(1.0, float(np.max(np.abs(a)))) else None


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
