r"""Which entries scripts and ranges name: ``W_{2j}``, ``x_{1:3}``, ``i = 1, \dots, n``."""

from __future__ import annotations

from matcalc.judging import spelling as s
from matcalc.judging.environment import Environment
from matcalc.judging.values import OutOfRange, Unread
from matcalc.judging.worlds import World
from matcalc.reading import tree as t


class Positions:
    """Scripts as positions, in a world with sizes and with values of index letters."""

    env: Environment
    world: World
    indices: dict[str, int]

    def selection(
        self,
        array: str,
        parts: tuple[t.Node, ...],
        shape: tuple[int, int],
        symbol: t.Symbol | None = None,
    ) -> tuple[tuple[int, ...] | None, tuple[int, ...] | None]:
        """Rows and columns, counted from 0."""
        vector = 1 in shape
        if len(parts) == 1 and isinstance(parts[0], t.Number) and len(parts[0].text) == 2:
            text = parts[0].text
            fits = vector and text[0] != "0" and int(text) <= max(shape)
            if not fits:
                parts = tuple(t.Number(d) for d in text)
        if len(parts) == 1:
            axis = (
                0 if shape[1] == 1 else 1 if shape[0] == 1 else self._sample_axis(array, parts[0])
            )
            picked = self._picked(array, axis, parts[0], shape)
            return (picked, None) if axis == 0 else (None, picked)
        if len(parts) != 2:
            raise Unread(f"{array} has {len(parts)} indices")
        return self._picked(array, 0, parts[0], shape), self._picked(array, 1, parts[1], shape)

    def _sample_axis(self, array: str, part: t.Node) -> int:
        """Whether one index of a matrix counts its rows or its columns."""
        dims = self.env.shapes.get(array)
        letter = part.name if isinstance(part, t.Symbol) else ""
        data = self.env.shapes.get("X")
        for candidate in (dims, data):
            if candidate is None:
                continue
            names = [s.said(d, {}) for d in candidate]
            for axis in (0, 1):
                if letter and names[axis].lower() == letter and names[1 - axis].lower() != letter:
                    return axis
        if data is not None:
            names = [s.said(d, {}) for d in data]
            if names[1] in ("n", "m", "N", "M") and names[0] not in ("n", "m", "N", "M"):
                return 1
        return 0

    def _picked(
        self, array: str, axis: int, part: t.Node, shape: tuple[int, int]
    ) -> tuple[int, ...] | None:
        if isinstance(part, t.Slot):
            return None
        known = {**self.world.sizes, **self.indices}
        if isinstance(part, t.Product) and part.operators == (":",):
            first, last = (s.integer(end, known) for end in part.factors)
            base = self.env.base_of(array, axis)
            if first is None or last is None or first < base or last - base >= shape[axis]:
                raise Unread(f"the slice {s.said(part, {})} of {array} has no value")
            return tuple(range(first - base, last - base + 1))
        value = s.integer(part, known)
        if value is None:
            raise Unread(f"the index {s.said(part, {})} of {array} has no value")
        base = self.env.base_of(array, axis)
        if not 0 <= value - base < shape[axis]:
            side = "rows" if axis == 0 else "columns"
            raise OutOfRange(
                f"{array} is {shape[0]} x {shape[1]}: its {side} are numbered {base} to "
                f"{base + shape[axis] - 1}, {value} does not exist"
            )
        return (value - base,)

    # ------------------------------------------------------------ ranges

    def range_of(self, node: t.Node) -> list[int]:
        r"""``1, 2, 3``, ``\{1, \dots, n\}``, a number alone."""
        items: tuple[t.Node, ...] = (node,)
        if isinstance(node, (t.Listing, t.Bracket)):
            items = node.items
        found: list[int] = []
        dots = False
        for item in items:
            if isinstance(item, t.Ellipsis):
                dots = True
                continue
            value = s.integer(item, {**self.world.sizes, **self.indices})
            if value is None:
                raise Unread(f"the range {s.said(node, {})} is not known")
            if dots and found:
                step = 1 if value >= found[-1] else -1
                if len(found) > 1 and (value - found[-1]) % (found[-1] - found[-2] or 1) == 0:
                    step = found[-1] - found[-2]
                # With a small size the dots may have nothing to stand for.
                found = [f for f in found if (f <= value if step > 0 else f >= value)]
                found += range(found[-1] + step, value + step, step) if found else [value]
                dots = False
            else:
                found.append(value)
        return list(dict.fromkeys(found))
