r"""Which sign opens and which closes.

Bars are told apart (norm, absolute value, ``p(x|y)``, evaluation ``|_{x=0}``), brackets are matched
so that an error names the one left open, blanks inside square brackets become separators, an
operator without operands becomes a slot and a relation without a side gets a blank one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from matcalc.errors import ParseError
from matcalc.reading.assemble import BigHead, DerivativeHead
from matcalc.reading.cursor import Unit
from matcalc.reading.scripts import Script
from matcalc.reading.signs import PARTNER
from matcalc.reading.tree import Blank, Mark, Missing, Node, Number, Slot, Text

FINISHED = frozenset({"ATOM", "CLOSE", "SCRIPT", "TEXT"})
SEPARATORS = frozenset({"COMMA", "SEMI", "GIVEN", "SPACER", "WIDE", "LINK", "COND", "ROW", "TAG"})
CUTS = SEPARATORS | {"REL"}
INTERVALS = {("(", "]"), ("[", ")"), ("]", "["), ("[", "["), ("]", "]")}


def resolve(units: list[Unit], source: str) -> list[Unit]:
    """The units with every bracket matched."""
    return _complete(_inside(_bars(_mend(units), source), source), source)


def _mend(units: list[Unit]) -> list[Unit]:
    r"""``\left[ a \right. + \left. b \right]`` is one bracket, as long lines have it."""
    stack: list[int] = []
    halves: list[tuple[int, int, object]] = []
    dropped: set[int] = set()
    for position, unit in enumerate(units):
        if unit.type == "OPEN":
            stack.append(position)
        elif unit.type == "CLOSE" and stack:
            opening = stack.pop()
            sign = units[opening].value
            if unit.value == "." and sign != ".":
                halves.append((position, len(stack), PARTNER.get(str(sign))))
            elif sign == "." and halves and halves[-1][1:] == (len(stack), unit.value):
                dropped |= {halves.pop()[0], opening}
    return [unit for position, unit in enumerate(units) if position not in dropped]


# ---------------------------------------------------------------- bars


def _bars(units: list[Unit], source: str) -> list[Unit]:
    if not any(u.type == "BAR" or (u.type == "CLOSE" and u.value in ("|", r"\|")) for u in units):
        return units
    units = _stray_closers(units)
    keys = _keys(units)
    left = Counter((key, u.value) for key, u in zip(keys, units, strict=True) if u.type == "BAR")
    out: list[Unit] = []
    opened: dict[tuple[int, int], list[str]] = {}
    queue = list(zip(keys, units, strict=True))[::-1]
    while queue:
        key, unit = queue.pop()
        if unit.type != "BAR":
            out.append(unit)
            continue
        assert isinstance(unit.value, tuple), "a bar holds its sign and how it was typed"
        sign, typed = str(unit.value[0]), str(unit.value[1])
        left[(key, unit.value)] -= 1
        stack = opened.setdefault(key, [])
        finished = bool(out) and out[-1].type in FINISHED
        following = queue[-1][1] if queue else None
        if finished and stack and stack[-1] == sign:
            stack.pop()
            out.append(replace(unit, type="CLOSE", value=sign))
        elif finished and stack and typed == "||":
            # |x||y|: the pair is a closing and an opening bar.
            middle = unit.start + 1
            left[(key, ("|", "|"))] += 2
            queue.append((key, replace(unit, value=("|", "|"), start=middle)))
            queue.append((key, replace(unit, value=("|", "|"), end=middle)))
        elif not finished or (left[(key, unit.value)] > 0 and not _subscript(following)):
            stack.append(sign)
            out.append(replace(unit, type="OPEN", value=sign))
        elif _subscript(following):
            out.append(_evaluation(unit, queue))
        else:
            out.append(replace(unit, type="GIVEN", value=sign))
    return out


def _stray_closers(units: list[Unit]) -> list[Unit]:
    r"""``\bigr|_{x=0}`` without an opening bar is no closing bracket."""
    out: list[Unit] = []
    opened: list[str] = []
    for unit in units:
        if unit.type == "OPEN":
            opened.append(str(unit.value))
        elif unit.type == "CLOSE":
            if unit.value in ("|", r"\|") and (not opened or opened[-1] not in (unit.value, ".")):
                unit = replace(unit, type="BAR", value=(unit.value, ""))
            elif opened:
                opened.pop()
        out.append(unit)
    return out


def _keys(units: list[Unit]) -> list[tuple[int, int]]:
    """The bracket and the stretch between two separators that each unit stands in."""
    keys: list[tuple[int, int]] = []
    stack, counter = [(0, 0)], 0
    for unit in units:
        if unit.type == "CLOSE" and len(stack) > 1:
            stack.pop()
        keys.append(stack[-1])
        if unit.type == "OPEN":
            counter += 1
            stack.append((counter, 0))
        elif unit.type in CUTS:
            stack[-1] = (stack[-1][0], stack[-1][1] + 1)
    return keys


def _subscript(unit: Unit | None) -> bool:
    return unit is not None and isinstance(unit.value, Script) and unit.value.kind == "subscript"


def _evaluation(unit: Unit, queue: list[tuple[tuple[int, int], Unit]]) -> Unit:
    """The bar with its scripts as one script."""
    below = queue.pop()[1].value
    assert isinstance(below, Script), "the caller saw the subscript"
    nodes: tuple[Node, ...] = below.nodes
    end = below.span[1]
    above = queue[-1][1].value if queue else None
    if isinstance(above, Script) and above.nodes and above.kind in ("power", "superscript"):
        nodes += (Mark("^", above.nodes[0], span=above.span),)
        end = above.span[1]
        queue.pop()
    script = Script("evaluated", nodes, "", (unit.start, end))
    return Unit("SCRIPT", script, unit.start, end)


# ---------------------------------------------------------------- brackets


def _inside(units: list[Unit], source: str) -> list[Unit]:
    """Match brackets and settle the signs whose meaning depends on the bracket around them."""
    out: list[Unit] = []
    stack: list[Unit] = []
    for position, unit in enumerate(units):
        following = units[position + 1] if position + 1 < len(units) else None
        if unit.type == "OPEN":
            stack.append(unit)
        elif unit.type == "CLOSE":
            _close(stack, unit, source)
        elif unit.type in ("OP", "COLON", "DOT") and _alone(out, following):
            value = Slot(str(unit.value), span=(unit.start, unit.end))
            unit = replace(unit, type="ATOM", value=value)
        elif stack:
            settled = _settled(unit, stack[-1], out, following)
            if settled is None:
                continue
            unit = settled
        elif unit.type in ("GIVEN", "COLON"):
            unit = replace(unit, type="OP", value=":" if unit.type == "COLON" else r"\mid")
        if stack and stack[-1].value == "[" and _two_numbers(out, unit):
            out.append(Unit("SPACER", " ", unit.start, unit.start))
        out.append(unit)
    if stack:
        sign = stack[-1].value or "{"
        raise ParseError(f"this {sign} is never closed", source, stack[-1].start)
    return out


def _close(stack: list[Unit], unit: Unit, source: str) -> None:
    if not stack:
        raise ParseError(f"this {unit.value} closes nothing", source, unit.start)
    opening = stack.pop()
    pair = (str(opening.value), str(unit.value))
    if PARTNER.get(pair[0]) == pair[1] or "." in pair or pair in INTERVALS:
        return
    raise ParseError(f"{pair[1] or '}'} closes the {pair[0] or '{'} before it", source, unit.start)


def _alone(out: list[Unit], following: Unit | None) -> bool:
    before = out[-1].type if out else "OPEN"
    after = following.type if following is not None else "CLOSE"
    opens = before == "OPEN" or before in SEPARATORS
    return opens and (after == "CLOSE" or after in SEPARATORS) and (bool(out) or after == "CLOSE")


def _settled(unit: Unit, opening: Unit, out: list[Unit], following: Unit | None) -> Unit | None:
    """A unit inside a bracket; None drops it."""
    kind = unit.type
    if kind == "WIDE":
        starts = following is not None and following.type in ("ATOM", "OPEN", "PREFIX", "SIGN")
        if opening.value in ("[", r"\{") and starts and out and out[-1].type in FINISHED:
            return replace(unit, type="SPACER", value=" ") if opening.value == "[" else None
        return None
    if kind in ("ROW", "AMP"):
        return None
    if kind in ("COND", "LINK"):
        return within(unit)
    if kind == "COLON":
        return replace(unit, type="GIVEN" if opening.value == r"\{" else "OP")
    if kind == "DOT":
        return None if following is None or following.type == "CLOSE" else unit
    return unit


def within(unit: Unit) -> Unit:
    """What joins or restricts statements, met inside a group: words, a comma, a relation sign."""
    if unit.type == "LINK" and str(unit.value).startswith("\\"):
        return replace(unit, type="REL")
    if unit.type == "LINK" and unit.value == "and":
        return replace(unit, type="COMMA", value=",")
    if unit.type in ("LINK", "COND"):
        words = Text(str(unit.value), span=(unit.start, unit.end))
        return replace(unit, type="TEXT", value=words)
    return unit


def _two_numbers(out: list[Unit], unit: Unit) -> bool:
    return bool(out) and all(
        u.type == "ATOM" and isinstance(u.value, Number) for u in (out[-1], unit)
    )


# ---------------------------------------------------------------- sides


def _complete(units: list[Unit], source: str) -> list[Unit]:
    """A blank for every side of a relation that nobody wrote; signs that belong to a scope."""
    out: list[Unit] = []
    for position, unit in enumerate(units):
        if unit.type == "REL":
            before = out[-1] if out else None
            if before is not None and before.type == "REL":
                if before.value == unit.value or unit.value == "=":
                    continue
                out.append(_blank(unit.start))
            elif before is None or before.type in SEPARATORS or before.type in ("OPEN", "COLON"):
                span = (unit.start, unit.start)
                out.append(Unit("ATOM", Missing(span=span), *span))
        if unit.type == "SIGN" and out and _governs(out[-1]):
            unit = replace(unit, type="NEGATION")
        if unit.type == "DOT" and _in_the_middle(out, units, position):
            raise ParseError("a point in the middle of a formula", source, unit.start)
        out.append(unit)
        following = units[position + 1] if position + 1 < len(units) else None
        ends = following is None or following.type in SEPARATORS or following.type == "CLOSE"
        if unit.type == "REL" and (ends or (following is not None and following.type == "DOT")):
            out.append(_blank(unit.end))
    return out


def _governs(unit: Unit) -> bool:
    """A sum sign or a differential operator: a minus behind it is the minus of its operand."""
    head = unit.value
    operator = isinstance(head, DerivativeHead) and head.form == "operator"
    return unit.type == "PREFIX" and (operator or isinstance(head, BigHead))


def _in_the_middle(out: list[Unit], units: list[Unit], position: int) -> bool:
    """``np.sum``: code, no end of a sentence."""
    following = units[position + 1] if position + 1 < len(units) else None
    touches = following is not None and following.glued and following.type in ("ATOM", "PREFIX")
    return touches and units[position].glued and bool(out)


def _blank(position: int) -> Unit:
    return Unit("ATOM", Blank("", span=(position, position)), position, position)
