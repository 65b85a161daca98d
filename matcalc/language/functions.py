"""A Python function as a network: it is run once on symbolic arrays.

Steps take the names of local variables. They are found while the function runs, by looking at its
frame before every operation, so nothing is rewritten and nothing is evaluated; a name that is bound
more than once, or in a loop, is numbered. Also here: what the words of ``mc`` do when they meet
arrays.
"""

from __future__ import annotations

import ast
import dis
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from functools import lru_cache, wraps
from types import CodeType, FrameType
from typing import Any, TypeVar

import sympy as sp

from matcalc import shapes
from matcalc.errors import KindError, MatcalcError, NoRuleError, ShapeError
from matcalc.expr import BUILD, is_symbol, postorder, symbol
from matcalc.language.arrays import Array
from matcalc.language.broadcasting import by_word, entrywise_word, plain, result_sizes
from matcalc.language.declared import given_shape
from matcalc.language.signatures import known_words
from matcalc.network import Network
from matcalc.ops.entrywise import ENTRYWISE

Word = TypeVar("Word", bound=Callable[..., Any])

# What mc's words are to do inside a model: nothing special, note symbols, or calculate.
_MODE: ContextVar[Ledger | str | None] = ContextVar("matcalc_mode", default=None)


# -- a word of mc ---------------------------------------------------------------------------------


def spoken(name: str, fn: Word) -> Word:
    """A word that also takes arrays: NumPy's, and the symbolic ones of a model."""

    @wraps(fn)
    def word(*operands: Any, **options: Any) -> Any:
        mode = _MODE.get()
        if mode is None and not any(map(_numeric, operands)):
            return fn(*operands, **options)
        if any(isinstance(a, Array) for a in operands):
            if name in ENTRYWISE:
                return entrywise_word(name, *operands, **options)
            return by_word(name, operands, options, fn)
        if isinstance(mode, Ledger):
            node = fn(*map(plain, operands), **options)
            return Array(mode, node, node.shape, f"{name}(...)")
        return _calculated(name, fn, operands, options)

    return word  # type: ignore[return-value]


def _numeric(value: Any) -> bool:
    return hasattr(value, "__array_function__")


def _calculated(
    name: str, fn: Callable[..., Any], operands: Sequence[Any], options: Mapping[str, Any]
) -> Any:
    """A word at numbers: the same definition, evaluated."""
    import numpy as np

    if not any(map(_numeric, operands)) and not _only_numbers(operands):
        return fn(*operands, **options)
    if odd := [a for a in operands if not (_numeric(a) or isinstance(a, (int, float)))]:
        raise KindError(f"mc.{name} takes arrays, or symbols, not both: {repr(odd[0])[:60]}")
    for option, value in options.items():
        if not isinstance(value, (int, float, str, type(None))):
            raise KindError(f"mc.{name}: {option} is {repr(value)[:60]}, no number or word")
    given = [np.asarray(a, dtype=float) if _numeric(a) else a for a in operands]
    flat = [tuple(map(sp.Integer, a.shape)) for a in given if _numeric(a)]
    if name in ENTRYWISE:
        given = _same_shape(name, given)
    shapes_ = tuple(a.shape if _numeric(a) else a for a in given)
    program, root, symbols = _program(name, fn, shapes_, tuple(sorted(options.items())))
    values = [a for a in given if _numeric(a)]
    if any(a.ndim > 2 for a in values):
        raise ShapeError(
            f"mc.{name} takes matrices, not arrays with {max(a.ndim for a in values)} axes"
        )
    at = {
        s: (v if v.ndim == 2 else v.reshape(-1, 1) if v.ndim else v[()])
        for s, v in zip(symbols, values, strict=True)
        if s is not None
    }
    value = np.asarray(program.run(at, {})[root])
    if name in ENTRYWISE:
        return (
            value.reshape(np.broadcast_shapes(*(a.shape for a in values)))
            if values
            else float(value)
        )
    wanted = tuple(map(int, result_sizes(name, flat, root.shape)))
    return value.reshape(wanted) if wanted else float(value)


def _only_numbers(operands: Sequence[Any]) -> bool:
    import numpy as np

    return all(isinstance(a, (int, float, np.generic)) for a in operands)


def _same_shape(name: str, given: Sequence[Any]) -> list[Any]:
    """Operands of an entrywise word, spread as NumPy does, but for silent outer products."""
    import numpy as np

    full = [a for a in given if _numeric(a) and a.ndim]
    try:
        wanted = np.broadcast_shapes(*(a.shape for a in full))
    except ValueError as error:
        raise ShapeError(f"cannot apply {name}: {error}") from None
    if full and all(a.size != np.prod(wanted, dtype=int) for a in full):
        said = " and ".join(str(a.shape) for a in full)
        raise ShapeError(
            f"cannot apply {name} to {said}: NumPy would spread both to {wanted} in silence"
        )
    return [np.broadcast_to(a, wanted) if _numeric(a) and a.size > 1 else a for a in given]


@lru_cache(maxsize=512)
def _program(
    name: str, fn: Callable[..., Any], given: tuple[Any, ...], options: tuple[Any, ...]
) -> Any:
    from matcalc.numeric.evaluate import Program

    symbols: list[Any] = []
    operands: list[Any] = []
    for k, one in enumerate(given):
        if isinstance(one, tuple):
            rows_cols = (*one, 1)[:2] if one else ()
            made = symbol(f"_x{k}", tuple(map(shapes.dim, rows_cols)))
            symbols.append(made)
            operands.append(made)
        else:
            operands.append(plain(one))
    root = BUILD["read"](fn(*operands, **{key: plain(v) for key, v in options}))
    program = Program([root])
    needed = set(program.inputs())
    return program, root, tuple(s if s in needed else None for s in symbols)


def numerically(fn: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Run a model on numbers: the words of mc calculate."""
    token = _MODE.set("numbers")
    try:
        return fn(*args, **kwargs)
    finally:
        _MODE.reset(token)


# -- reading a function ---------------------------------------------------------------------------


class Ledger:
    """The network that grows while a function runs, and the names met in its frames."""

    def __init__(self, network: Network, code: CodeType) -> None:
        self.network, self.code = network, code
        self.variables = set(code.co_varnames) | set(code.co_cellvars)
        self.again = bound_again(code)
        self.latest: Array | None = None
        self.at: FrameType | None = None  # where the latest array was made

    def look(self) -> None:
        """Name every array that a local variable has come to hold."""
        frames = list(self.frames())
        for frame in frames:
            own = frame.f_code is self.code
            arguments = frame.f_code.co_varnames[: frame.f_code.co_argcount]
            for name, value in list(frame.f_locals.items()):
                if name.startswith(("_", ".")) or (not own and name in arguments):
                    continue
                if isinstance(value, Array):
                    self.name(value, name, name in self.again or not own)
                elif own and isinstance(value, list) and len(value) < 1000:
                    for item in value:
                        if isinstance(item, Array):
                            self.name(item, name, True)
        # What a helper has just returned goes by the helper's name for it.
        if self.latest is not None and self.at is not None and self.at not in frames:
            returned = returned_name(self.at.f_code)
            arguments = self.at.f_code.co_varnames[: self.at.f_code.co_argcount]
            if returned is not None and returned not in arguments:
                self.name(self.latest, returned, True)
        self.at = frames[-1] if frames else None

    def frames(self) -> Iterator[FrameType]:
        """The frames of the user's code, the model's own first."""
        found: list[FrameType] = []
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if not _ours(frame):
                found.append(frame)
            if frame.f_code is self.code:
                yield from reversed(found)
                return
            frame = frame.f_back

    def name(self, value: Array, wanted: str, numbered: bool) -> None:
        """Make a step of an array, once, unless it is a constant."""
        if value.known:
            return
        value.known = True
        node = value.node
        if is_symbol(node) or not any(is_symbol(s) and not self.is_dim(s) for s in postorder(node)):
            return
        step = self.fresh(wanted, numbered)
        value.node, value.said = self.network.let(step, node), wanted

    def is_dim(self, node: Any) -> bool:
        return not node.shape and node.params[0] in self.network._names.dims

    def fresh(self, wanted: str, numbered: bool) -> str:
        """A free name: the variable's own, or numbered where it is bound again."""
        others = {
            v
            for v in self.variables
            if v != wanted and v.startswith(wanted) and v[len(wanted) :].isdigit()
        }
        stem = wanted + ("_" if wanted[-1:].isdigit() or others else "")
        if not numbered and self.free(wanted):
            return wanted
        count = 1
        while not self.free(f"{stem}{count}"):
            count += 1
        return f"{stem}{count}"

    def free(self, name: str) -> bool:
        taken = name in self.network or name in self.network._names.dims
        return not taken and name not in known_words() and name not in _RESERVED


_RESERVED = {"param", "input", "assume", "minimize", "output", "upstream", "as", "x", "scalar"} - {
    "x"
}


def _ours(frame: FrameType) -> bool:
    """Whether a frame is of matcalc or NumPy, and not of the user's program."""
    return frame.f_code.co_filename.startswith(_folders())


@lru_cache(maxsize=1)
def _folders() -> tuple[str, ...]:
    import numpy as np

    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return ours + os.sep, os.path.dirname(np.__file__) + os.sep


def bound_again(code: CodeType) -> set[str]:
    """Variables that are bound more than once, or in a loop, or are rebound arguments."""
    again: set[str] = set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    seen: set[str] = set()
    loops: list[tuple[int, int]] = []
    stores: list[tuple[int, str]] = []
    for instruction in dis.get_instructions(code):
        if (
            "JUMP" in instruction.opname
            and isinstance(instruction.argval, int)
            and instruction.argval < instruction.offset
        ):
            loops.append((instruction.argval, instruction.offset))
        for name in _stored(instruction):
            stores.append((instruction.offset, name))
    for offset, name in stores:
        if name in seen or any(low <= offset <= high for low, high in loops):
            again.add(name)
        seen.add(name)
    return again


def _stored(instruction: dis.Instruction) -> list[str]:
    """What an instruction binds; from 3.13 on one instruction may do two things."""
    if not instruction.opname.startswith(("STORE_FAST", "STORE_DEREF")):
        return []
    given = instruction.argval
    if isinstance(given, tuple):
        return [given[0]] if "LOAD" in instruction.opname else list(given)
    return [given]


def returned_name(code: CodeType) -> str | None:
    """The variable that a function returns, where it returns just one."""
    found: set[str | None] = set()
    before: dis.Instruction | None = None
    for instruction in dis.get_instructions(code):
        if instruction.opname == "RETURN_VALUE" and before is not None:
            given = before.argval
            name = given[-1] if isinstance(given, tuple) and given else given
            loads = before.opname.startswith("LOAD_FAST") or before.opname.startswith(
                "STORE_FAST_LOAD"
            )
            found.add(name if loads and isinstance(name, str) else None)
        before = instruction
    return found.pop() if len(found) == 1 else None


def declared(annotation: Any, name: str) -> tuple[bool, tuple[Any, ...]]:
    """``"n d"``, ``"param n d"``, ``"n"``, ``""``, ``"scalar"``: whether learnt, and the sizes."""
    if not isinstance(annotation, str):
        raise ShapeError(f'the shape of {name} is a text such as "n d", not {annotation!r}')
    text = annotation.strip()
    if text[:1] in (
        "'",
        '"',
    ):  # under `from __future__ import annotations` the text is quoted twice
        try:
            text = str(ast.literal_eval(text)).strip()
        except (ValueError, SyntaxError):
            raise ShapeError(
                f'the shape of {name} is a text such as "n d", not {annotation}'
            ) from None
    words = text.replace(" x ", " ").replace("×", " ").replace(",", " ").split()
    is_param = words[:1] in (["param"], ["input"])
    learnt = words[:1] == ["param"]
    words = words[1:] if is_param else words
    if words in ([], ["scalar"]):
        return learnt, ()
    if len(words) > 2:
        raise ShapeError(f'{name}: "{text}" names {len(words)} axes; arrays have two at most')
    try:
        sizes = given_shape(name, tuple(words))
    except MatcalcError as error:
        raise ShapeError(
            f'{name}: "{text}" is no shape ({error}); write "n d", "n", "" or "scalar"'
        ) from None
    return learnt, sizes[: len(words)]


def read_function(fn: Callable[..., Any], network: Network, params: Sequence[str]) -> Any:
    """Run ``fn`` on symbolic arrays; its steps end in ``network``. Returns what it returned."""
    try:
        signature = inspect.signature(fn)
        code = fn.__code__
    except (AttributeError, TypeError, ValueError):
        raise NoRuleError(f"mc.model takes a Python function, not {fn!r}") from None
    if code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
        raise NoRuleError(f"mc.model takes a plain function, and {fn.__name__} yields or awaits")
    ledger = Ledger(network, code)
    given: dict[str, Any] = {}
    learnt = set(params)
    for name, parameter in signature.parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise NoRuleError(
                f"{fn.__name__}: name every argument and give its shape; *{name} has none"
            )
        if parameter.annotation is parameter.empty:
            if parameter.default is parameter.empty:
                raise ShapeError(
                    f'{fn.__name__}: what shape has {name}? Write {name}: "n d", or "scalar"'
                )
            continue  # an option of the program, such as a number of layers: it keeps its default
        if (
            parameter.annotation in (int, "int", "'int'")
            and parameter.default is not parameter.empty
        ):
            continue
        is_param, sizes = declared(parameter.annotation, name)
        declare = network.param if is_param or name in learnt else network.input
        learnt.discard(name)
        node = declare(name, *((*sizes, 1)[:2] if sizes else ()))
        given[name] = Array(ledger, node, sizes, name, known=True)
    if learnt:
        raise ShapeError(
            f"{fn.__name__} has no argument {shapes.listed(sorted(learnt))} with a shape"
        )
    token = _MODE.set(ledger)
    try:
        value = _called(fn, signature, given)
    finally:
        _MODE.reset(token)
    return _answer(fn, code, ledger, value)


def _called(fn: Callable[..., Any], signature: inspect.Signature, given: dict[str, Any]) -> Any:
    flat = [
        given.pop(n)
        for n, p in signature.parameters.items()
        if p.kind is p.POSITIONAL_ONLY and n in given
    ]
    try:
        return fn(*flat, **given)
    except MatcalcError as error:
        error.add_note(f"in the model {fn.__name__}")
        raise


def _answer(fn: Callable[..., Any], code: CodeType, ledger: Ledger, value: Any) -> Array:
    if isinstance(value, (tuple, list, dict)):
        raise NoRuleError(
            f"{fn.__name__} returns a {type(value).__name__}: a model returns one value, "
            "the loss or the output"
        )
    if not isinstance(value, Array):
        raise NoRuleError(
            f"{fn.__name__} returns {value!r}, which does not depend on its arguments"
        )
    name = returned_name(code)
    if name is not None and name not in code.co_varnames[: code.co_argcount]:
        ledger.name(value, name, name in ledger.again and not ledger.free(name))
    return value
