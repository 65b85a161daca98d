"""How a program learns its dimensions: from the shapes of its arguments, the plain ones first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp

from matcalc.codegen.plan import Argument


def known_from(
    arguments: Sequence[Argument], words: Mapping[str, str], wanted: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Lines that read the wanted dimensions off the arguments, and the names no argument tells."""
    where: dict[str, tuple[str, int]] = {}
    for a in arguments:
        for axis in range(len(a.shape)):
            d: Any = a.shape[axis]
            if d.is_Symbol:
                where.setdefault(d.name, (a.word, axis))
    needed = {name for name in wanted if name in where}
    solved, missing = _solved(arguments, words, set(where), [w for w in wanted if w not in where])
    needed |= {name for _, used in solved for name in used if name in where}
    lines: list[str] = []
    for a in arguments:
        told = {axis: n for n, (word, axis) in where.items() if word == a.word and n in needed}
        if len(told) == 2:
            lines.append(f"{words[told[0]]}, {words[told[1]]} = {a.word}.shape")
        elif told:
            [(axis, name)] = told.items()
            lines.append(f"{words[name]} = {a.word}.shape[{axis}]")
    return lines + [line for line, _ in solved], missing


def _solved(
    arguments: Sequence[Argument], words: Mapping[str, str], known: set[str], wanted: list[str]
) -> tuple[list[tuple[str, list[str]]], list[str]]:
    """Dimensions that stand in sums and products only, one unknown at a time."""
    found: list[tuple[str, list[str]]] = []
    progress = True
    while wanted and progress:
        progress = False
        for a in arguments:
            for axis in range(len(a.shape)):
                d: Any = a.shape[axis]
                unknown = [s for s in d.free_symbols if s.name not in known]
                if len(unknown) != 1 or unknown[0].name not in wanted:
                    continue
                text = _solution(d, unknown[0], f"{a.word}.shape[{axis}]", words)
                if text is None:
                    continue
                name = unknown[0].name
                found.append((f"{words[name]} = {text}", [s.name for s in d.free_symbols]))
                known.add(name)
                wanted.remove(name)
                progress = True
    return found, wanted


def _solution(d: Any, s: Any, size: str, words: Mapping[str, str]) -> str | None:
    """s from d(s) = size, where d is linear in s."""
    poly = sp.Poly(d, s)
    if poly.degree() != 1:
        return None
    slope, offset = poly.all_coeffs()
    swaps = {x: sp.Symbol(words[x.name]) for x in d.free_symbols}
    top = size if offset == 0 else f"({size} - ({offset.xreplace(swaps)}))"
    return top if slope == 1 else f"{top} // ({slope.xreplace(swaps)})"
