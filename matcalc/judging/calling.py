"""A function that somebody else wrote, called with arrays: by name, in torch if it wants that."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import numpy as np

from matcalc.errors import MatcalcError

Array = Any
PREFIXES = ("", "d", "d_", "grad_", "g_", "delta_", "grad", "dL_d", "dLd", "dL_", "dJ_d", "dJd")
BUNDLES = frozenset({"params", "parameters", "param", "weights", "theta", "model", "net", "p"})
SUFFIXES = ("_grad", "_g", ".grad", "grad")


class Call:
    """One backward function, and what was noticed while it was called."""

    def __init__(self, function: Callable[..., Any], wanted: list[str], order: list[str]) -> None:
        self.function, self.wanted, self.order = function, wanted, order
        self.changed: set[str] = set()
        self.torch = False
        self.in_a_row = False  # parameters in one argument come as a tuple, not by name
        self.bundles = False

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is no slip, and yet unwise."""
        if not self.changed:
            return ()
        return (f"the function changes {', '.join(sorted(self.changed))} in place",)

    def __call__(self, values: Mapping[str, Any]) -> dict[str, Array]:
        """The gradients that the function returns at a point, by name."""
        given = {name: as_array(value) for name, value in values.items()}
        return by_name(self._result(given), self.wanted)

    def _result(self, given: dict[str, Any]) -> Any:
        if self.torch:
            return self._run(given, tensors(given))
        try:
            return self._by_name_or_in_a_row(given)
        except (TypeError, AttributeError) as error:
            if "torch" not in sys.modules:
                raise self._raised(error, given) from error
            try:
                found = self._run(given, tensors(given))
            except (TypeError, AttributeError):
                raise self._raised(error, given) from error
            self.torch = True
            return found

    def _by_name_or_in_a_row(self, given: dict[str, Any]) -> Any:
        """Parameters in one argument are tried as a dictionary, then as a tuple."""
        try:
            return self._run(given, deepcopy(given))
        except (MatcalcError, TypeError, AttributeError):
            if self.in_a_row or not self.bundles:
                raise
            self.in_a_row = True
            try:
                return self._run(given, deepcopy(given))
            except (MatcalcError, TypeError, AttributeError):
                self.in_a_row = False
            raise

    def _run(self, given: dict[str, Any], arrays: dict[str, Any]) -> Any:
        positional, named = self._arguments(arrays)
        try:
            result = self.function(*positional, **named)
        except (TypeError, AttributeError):
            raise  # torch may be what the function wants
        except (Exception, SystemExit) as error:
            raise self._raised(error, given) from error
        self.changed |= {name for name in given if not _same(given[name], arrays[name])}
        return result

    def _raised(self, error: BaseException, given: dict[str, Any]) -> MatcalcError:
        sizes = ", ".join(f"{k} {np.shape(v)}" for k, v in given.items() if np.shape(v))
        what = f"{type(error).__name__}: {error}"
        return MatcalcError(f"the function raised {what}; it was called with {sizes}")

    def _arguments(self, given: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Arguments by name; by place where the function names none."""
        try:
            parameters = list(inspect.signature(self.function).parameters.values())
        except (TypeError, ValueError):
            return [], given
        named = [p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        if any(p.kind is p.VAR_KEYWORD for p in parameters):
            return [], given
        if not named and parameters:
            return [given[name] for name in self.order], {}
        lower = {name.lower(): name for name in given}
        spoken = {p.name: p.name if p.name in given else lower.get(p.name.lower()) for p in named}
        twice = len(set(spoken.values())) < len(spoken)
        bundle = self._bundle(named, spoken, given)
        beyond = [
            p.name for p in named if p.name not in bundle
            and p.default is p.empty and (spoken[p.name] is None or (twice and p.name not in given))
        ]  # fmt: skip
        if beyond:
            raise MatcalcError(
                f"the function asks for {', '.join(beyond)}; it gets {', '.join(sorted(given))} by "
                "name"
            )
        by_place = {p.name for p in named if p.kind is p.POSITIONAL_ONLY}
        met = {ours: given[name] for ours, name in spoken.items() if name is not None}
        met.update(bundle)
        first = [met[p.name] for p in named if p.name in by_place and p.name in met]
        return first, {k: v for k, v in met.items() if k not in by_place}

    def _bundle(
        self, named: list[Any], spoken: Mapping[str, str | None], given: Mapping[str, Any]
    ) -> dict[str, Any]:
        """``params``: one argument for all the arrays that no other argument takes."""
        needed = [p.name for p in named if p.default is p.empty and spoken[p.name] is None]
        rest = [name for name in self.order if name not in spoken.values()]
        if len(needed) != 1 or needed[0].lower() not in BUNDLES or not set(self.wanted) & set(rest):
            return {}
        self.bundles = True
        together = {name: given[name] for name in rest}
        return {needed[0]: tuple(together.values()) if self.in_a_row else together}


def tensors(given: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays as tensors of torch, in double precision."""
    torch = sys.modules["torch"]

    def tensor(value: Any) -> Any:
        if isinstance(value, list):
            return [tensor(v) for v in value]
        return value if isinstance(value, int) else torch.tensor(value, dtype=torch.float64)

    return {name: tensor(value) for name, value in given.items()}


def _plain(value: Any) -> Any:
    return value if hasattr(value, "shape") else 0


def as_numpy(value: Any) -> Array:
    """An array of whatever a function returns."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    return np.asarray(value)


def _same(before: Any, after: Any) -> bool:
    """Whether an argument is what it was."""
    if isinstance(before, list):
        return len(before) == len(after) and all(map(_same, before, after))
    return bool(np.array_equal(np.asarray(before), as_numpy(after)))


def called(
    function: Callable[..., Any], given: Mapping[str, Any], wanted: list[str]
) -> dict[str, Array]:
    """The gradients that a function returns for arrays by name."""
    return Call(function, wanted, list(given))(given)


def as_array(value: Any) -> Any:
    """An argument: an array, a number, or a list of them."""
    if isinstance(value, list):
        return [as_array(v) for v in value]
    if isinstance(value, int):
        return value
    array = np.asarray(value, dtype=float)
    small = array.ndim == 0 or (array.size == 1 and array.ndim < 2)
    return float(array.reshape(-1)[0]) if small else array


# ---------------------------------------------------------------- results


def by_name(result: Any, wanted: list[str]) -> dict[str, Array]:
    """``{"W1": ...}``, ``{"dW1": ...}``, ``(loss, {...})``, or the gradients in their order."""
    result = _without_loss(result, len(wanted))
    if isinstance(result, tuple) and hasattr(result, "_asdict"):
        fields = result._asdict()
        result = fields if any(_found(fields, name) is not None for name in wanted) else result
    if not isinstance(result, (Mapping, tuple, list, str)) and hasattr(result, "__dict__"):
        fields = {**vars(type(result)), **vars(result)}
        if any(_found(fields, name) is not None for name in wanted):
            result = fields
    if isinstance(result, Mapping):
        found = {name: _found(result, name) for name in wanted}
        inner = next((v for v in result.values() if isinstance(v, Mapping)), None)
        if inner is not None and all(value is None for value in found.values()):
            found = {name: _found(inner, name) for name in wanted}
        if all(value is None for value in found.values()):
            listed = ", ".join(map(str, result)) or "nothing"
            wants = ", ".join(f"d{name}" for name in wanted)
            raise MatcalcError(f"the function returned {listed}, none of {wants}")
        return {k: real(v, k) for k, v in found.items() if v is not None}
    if result is None:
        raise MatcalcError("the function returned None: is a return missing?")
    parts = list(result) if isinstance(result, (tuple, list)) else [result]
    if len(parts) == len(wanted) + 1:
        parts = parts[1:]
    if len(parts) != len(wanted):
        raise MatcalcError(
            f"the function returned {len(parts)} results for {len(wanted)} gradients "
            f"({', '.join(wanted)}); return a dictionary by name"
        )
    return {name: real(part, name) for name, part in zip(wanted, parts, strict=True)}


def _without_loss(result: Any, count: int) -> Any:
    """The gradients of ``(loss, gradients)`` and ``(gradients, loss)``."""
    if not isinstance(result, tuple) or len(result) != 2 or hasattr(result, "_asdict"):
        return result
    for part, other in (result, result[::-1]):
        if isinstance(other, Mapping):
            return other
        several = isinstance(other, (tuple, list)) and len(other) == count > 1
        if several and np.ndim(_plain(part)) == 0 and not isinstance(part, (tuple, list, Mapping)):
            return other
    return result


def _found(result: Mapping[str, Any], name: str) -> Any:
    for key in (*(p + name for p in PREFIXES), *(name + s for s in SUFFIXES)):
        if result.get(key) is not None:
            return result[key]
    return None


def real(value: Any, name: str) -> Array:
    """A result as an array of real numbers; a list of matrices stays a list."""
    if isinstance(value, (list, tuple)) and all(np.ndim(v) == 2 for v in map(_plain, value)):
        return [real(member, name) for member in value]
    try:
        array = as_numpy(value)
        if np.iscomplexobj(array) and not np.any(array.imag):
            array = array.real
        if np.iscomplexobj(array):
            raise MatcalcError(f"d{name} is no array of real numbers: it is complex")
        short = array.dtype in (np.float32, np.float16)  # judged by what it can hold
        return array if short else np.asarray(array, dtype=float)
    except (TypeError, ValueError) as error:
        raise MatcalcError(f"d{name} is no array of real numbers: {error}") from error
