"""A derivation worked in numbers, line by line: exactly, or rounded after every line as by hand.

What can't be computed from the values given stays a formula, and says what it needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from matcalc.errors import UnknownNameError
from matcalc.expr import Node, dimensions, is_symbol, postorder, symbol_name
from matcalc.numeric.evaluate import evaluate
from matcalc.record import Line, Record
from matcalc.shapes import SCALAR


@dataclass(frozen=True)
class WorkedLine:
    """One line in numbers: its value, or the names it still needs."""

    line: Line
    value: Any | None
    given: bool = False
    needs: tuple[str, ...] = ()


def worked(
    record: Record,
    values: Mapping[Any, Any],
    *,
    dims: Mapping[str, int] | None = None,
    digits: int | None = None,
    partial: bool = False,
) -> tuple[WorkedLine, ...]:
    """Every line at values of inputs, steps or adjoints.

    With ``digits`` every line is rounded to so many decimals and used so, as in a calculation by
    hand; otherwise nothing is rounded. With ``partial`` a line that can't be computed is no error.
    """
    functions = {str(name): value for name, value in values.items() if callable(value)}
    known = _by_symbol(record, {k: v for k, v in values.items() if not callable(v)})
    sizes = dict(dims or {})
    found: list[WorkedLine] = []
    for line in record.lines:
        if line.symbol in known:
            found.append(WorkedLine(line, known[line.symbol], given=True))
            continue
        undefined = _undefined(line.value)
        needs = (
            *_missing(line.value, known, sizes),
            *(name for name in undefined if name not in functions),
        )
        if needs and partial:
            found.append(WorkedLine(line, None, needs=needs))
            continue
        if needs:
            raise UnknownNameError(
                f"{line.name} needs {', '.join(needs)}; give values, or ask with partial=True"
            )
        used: dict[Any, Any] = {**_used(line.value, known, sizes)}
        used |= {name: functions[name] for name in undefined}
        value = evaluate(line.value, used, dims=_only(line.value, sizes))
        if line.symbol.shape and np.ndim(value) == 0:
            value = np.array([[value]])
        if digits is not None:
            value = np.round(value, digits)
        known[line.symbol] = value
        _learn(line.symbol, value, sizes)
        found.append(WorkedLine(line, value))
    return tuple(found)


def _by_symbol(record: Record, values: Mapping[Any, Any]) -> dict[Node, Any]:
    names = {**record.problem.names, **{symbol_name(s): s for s in record.adjoints.of}}
    names |= {line.name: line.symbol for line in record.backward()}
    if record.upstream is not None:
        names[symbol_name(record.upstream)] = record.upstream
    found: dict[Node, Any] = {}
    for key, value in values.items():
        name = key if isinstance(key, str) else symbol_name(key)
        if name not in names:
            raise UnknownNameError(f"there is no {name} here; there are {', '.join(names)}")
        node = names[name]
        array = np.asarray(value, dtype=float)
        if node.shape and array.ndim == 1:
            array = array[:, None] if node.shape[1] == 1 else array[None, :]
        if node.shape and array.ndim == 0:
            array = array.reshape(1, 1)
        found[node] = array if node.shape else float(array)
    return found


def _missing(root: Node, known: Mapping[Node, Any], sizes: Mapping[str, int]) -> tuple[str, ...]:
    names = [n for n in postorder(root) if is_symbol(n) and n not in known]
    dims = {s.name for s in dimensions(root)} | set(sizes)
    return tuple(
        dict.fromkeys(
            symbol_name(n) for n in names if n.shape != SCALAR or symbol_name(n) not in dims
        )
    )


def _undefined(root: Node) -> tuple[str, ...]:
    """The functions without a definition that an expression applies."""
    found = (n.params[0] for n in postorder(root) if n.op.name in ("function", "map"))
    return tuple(dict.fromkeys(map(str, found)))


def _used(root: Node, known: Mapping[Node, Any], sizes: Mapping[str, int]) -> dict[Node, Any]:
    return {n: known[n] for n in postorder(root) if n in known}


def _only(root: Node, sizes: Mapping[str, int]) -> dict[str, int]:
    """The dimensions that this expression mentions, as numbers or as shapes."""
    mentioned = {s.name for s in dimensions(root)}
    mentioned |= {symbol_name(n) for n in postorder(root) if is_symbol(n) and not n.shape}
    mentioned |= {s.name for n in postorder(root) for s in n.indices}
    return {k: v for k, v in sizes.items() if k in mentioned}


def _learn(node: Node, value: Any, sizes: dict[str, int]) -> None:
    for d, count in zip(node.shape, np.shape(value), strict=False):
        if d.is_Symbol:
            sizes.setdefault(d.name, int(count))
