"""What is known while a module is read: declared inputs and parameters, constants, named steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp

from matcalc.errors import NameClashError, NoRuleError, ShapeError
from matcalc.expr import Node, is_number, is_symbol, number, postorder, symbol_name
from matcalc.network import Network
from matcalc.ops.algebra import eye, minus, ones, zeros
from matcalc.ops.blocks import place, vstack
from matcalc.pytorch.constants import as_array, exact, is_binary, recognised
from matcalc.pytorch.entrywise import multiplied
from matcalc.pytorch.table import FUNCTIONS
from matcalc.pytorch.tensors import Axis, Tensor, combined, count, laid_out, placed, tensor
from matcalc.shapes import Dim

# The letter of a step, as in books: products Z, activations A, probabilities P, ...
LETTERS = {
    "linear": "Z", "conv": "Z", "kernel": "K", "matmul": "M", "softmax": "P", "scores": "S", "norm": "N", "s": "s",
    "normed": "Xhat", "centred": "Xtilde", "patches": "U", "pool": "C", "h": "h", "c": "c",
    "loss": "L", "mse": "L", "bce": "L", "l1": "L", "huber": "L", "cat": "C", "pixels": "U",
    "add": "T", "sub": "T", "mul": "T", "div": "T", "sum": "s", "mean": "m", "var": "v", "std": "s",
}  # fmt: skip
CONSTANT = frozenset(["zeros", "ones", "eye", "tril", "triu"])
LAYING_OUT = frozenset(
    ["reshape_rows", "transpose", "slice", "hstack", "vstack", "kron", "place", "unfold", "product"]
)


@dataclass(frozen=True)
class Placeholder:
    """An input that is not declared yet: as numbers or as classes, its use decides."""

    name: str
    sizes: tuple[Dim, ...]
    moves: tuple[tuple[str, Any], ...] = ()  # views taken before the use is known
    whole: bool = False  # cut to whole numbers: classes only


class NumbersClasses(Exception):
    """An input that was asked about before it was known to number classes."""

    def __init__(self, name: str, classes: Dim) -> None:
        super().__init__(name)
        self.name, self.classes = name, classes


class Reader:
    """Declares what is met in the network and gives names to the steps."""

    def __init__(
        self, network: Network, shapes: dict[str, tuple[Any, ...]], yes_no: Iterable[str] = ()
    ) -> None:
        self.network, self.shapes, self.yes_no = network, shapes, {*yes_no}
        self.known: dict[str, Any] = {}  # values of parameters, buffers and constants
        self.classes: dict[str, Dim] = {}  # inputs that are one-hot, and how many classes
        self.leading: dict[str, int] = {}  # axes folded into the rows
        self.origins: dict[str, str] = {}
        self.where = ""
        self.binary: set[Node] = set()
        self.masks: set[str] = set()  # inputs of zeros and ones
        self.hints: dict[str, Dim] = {}  # how many classes inputs number, as an earlier trace found
        self.open_questions: dict[str, int] = {}  # what inputs were compared with before that
        self.ignored: dict[str, int] = {}  # class numbers that stand for no class
        self.holds: dict[str, Node] = {}  # inputs that stand for a value held fixed
        self.reserved: set[str] = set()  # names of parameters, which no step gets
        self._declared: dict[str, Tensor] = {}
        self._constants: list[tuple[Any, int, Tensor]] = []  # with the version that was read
        self._matrices: dict[Any, Any] = {}
        self._counts: dict[str, int] = {}

    def say(self, remark: str) -> None:
        """What a reader of the formulas has to know."""
        if remark not in self.network.assumed:
            self.network.assumed += (remark,)

    def reserve(self, paths: Iterable[str]) -> None:
        """The names of parameters and buffers, each of one of them."""
        seen: dict[str, str] = {}
        for path in paths:
            name = identifier(path)
            if seen.setdefault(name, path) != path:
                raise NameClashError(f"{seen[name]} and {path} would both be called {name}")
        self.reserved.update(seen)

    def cast(self, where: str, dtype: Any) -> None:
        """Another type of numbers: floating ones are exact here, others are refused."""
        if dtype is None:
            return
        if not dtype.is_floating_point or dtype.itemsize < 4:
            raise NoRuleError(f"{where} casts to {dtype}, which rounds")
        self.say("casts between floating types are left out: the formulas are of exact numbers")

    # -- values ------------------------------------------------------------------------------------

    def tensor(self, value: Any) -> Tensor:
        """Whatever stands in an operation, as a tensor."""
        value = getattr(value, "value", value) if hasattr(value, "tracer") else value
        if isinstance(value, Tensor):
            return value
        if isinstance(value, Placeholder):
            return self.declared(value)
        if value is None:
            raise NoRuleError(
                "None stands where a tensor is wanted: the weights of attention and the places of "
                "largest entries are not read"
            )
        if isinstance(value, bool):
            raise NoRuleError("a truth value stands where a number is wanted")
        if isinstance(value, (int, float)):
            return tensor(exact(value), (), (), ())
        if isinstance(value, sp.Expr):
            from matcalc.expr import read

            return tensor(read(value), (), (), ())
        if hasattr(value, "detach"):
            return self.constant(value)
        raise NoRuleError(f"{type(value).__name__} stands where a tensor is wanted")

    def declared(self, holder: Placeholder) -> Tensor:
        """An input of numbers."""
        if holder.name in self.classes:
            raise NoRuleError(f"{holder.name} is used both as numbers and as class numbers")
        found = self._declared.get(holder.name)
        if holder.whole:
            raise NoRuleError(f"{holder.name} is cut to whole numbers, and used as numbers")
        if found is None:
            axes = tuple(Axis(s) for s in self.shapes[holder.name])
            found = self._declared[holder.name] = self._symbol(holder.name, axes, False)
            if holder.name in self.yes_no:
                self._is_a_mask(holder.name, found)
        for word, given in holder.moves:
            found = FUNCTIONS[word](self, found, given)
        return replace(found, logical=holder.name in self.yes_no)

    def _is_a_mask(self, name: str, T: Tensor) -> None:
        self.binary.add(T.node)
        self.masks.add(name)
        self.say(f"{name} is read as a mask of zeros and ones")

    def moved(
        self, holder: Placeholder, word: str, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Placeholder:
        """A view of an input whose use is not known yet."""
        if word in ("contiguous", "clone", "long"):
            return replace(holder, whole=holder.whole or word == "long")
        axes = tuple(Axis(s) for s in holder.sizes)
        shown = placed(axes)
        frame = tensor(zeros(1, count(shown)), (), shown, axes)
        found: Tensor = FUNCTIONS[word](self, frame, *args, **kwargs)
        given: Any = list(found.sizes)
        if word == "getitem":
            key = args[0] if isinstance(args[0], tuple) else (args[0],)
            if any(k is Ellipsis for k in key):
                at = next(i for i, k in enumerate(key) if k is Ellipsis)
                used = sum(1 for k in key if k is not None and k is not Ellipsis)
                key = (*key[:at], *[slice(None)] * (len(axes) - used), *key[at + 1 :])
            given = key
        elif word in ("expand", "expand_as"):
            word = "expand"
        elif word in ("transpose", "t", "T", "mT", "permute"):
            given = [axes.index(a) for a in found.axes]
            word = "permute"
        else:
            word = "reshape"
        return replace(holder, sizes=found.sizes, moves=(*holder.moves, (word, given)))

    def binary_input(self, holder: Placeholder) -> Tensor:
        """An input that is asked which of its entries are 0: a mask."""
        found = self.declared(holder)
        self._is_a_mask(holder.name, self._declared[holder.name])
        return found

    def one_class(self, holder: Placeholder, number: int) -> Tensor | None:
        """Where an input of class numbers has this one; None if it is not known to be such."""
        classes = self.classes.get(holder.name, self.hints.get(holder.name))
        if classes is None:
            return None
        rows = self._class_input(holder, classes)
        if not 0 <= number < classes:
            raise NoRuleError(f"{holder.name} is compared with {number}, which is no class")
        at = (*[slice(None)] * (len(rows.axes) - 1), number)
        found: Tensor = FUNCTIONS["getitem"](self, rows, at)
        self.binary.update(found.parts.values())
        return found

    def masked(self, T: Tensor, shown: Tensor) -> Tensor:
        """A tensor that is -inf where ``shown`` is 0."""
        if len(shown.axes) > len(T.axes):
            raise ShapeError("a mask with more axes than what it hides")
        if T.mask is not None:
            shown = combined(T.mask, shown, multiplied)
        return replace(T, mask=shown)

    def _symbol(self, name: str, axes: tuple[Axis, ...], learnt: bool) -> Tensor:
        """A symbol for a tensor: a vector of parameters is a row, a vector of data a column."""
        shown = placed(axes)
        cut = len(shown) - 1 if len(shown) <= 3 else 1
        if learnt:
            cut = 1 if len(shown) > 1 else 0
        elif len(shown) == 1:
            cut = 1
        self.leading[name] = cut
        declare = self.network.param if learnt else self.network.input
        sizes = (count(shown[:cut]), count(shown[cut:])) if shown else ()
        node = declare(name, *sizes)
        return tensor(node, shown[:cut], shown[cut:], axes)

    def parameter(self, path: str, value: Any, learnt: bool) -> Tensor:
        """A parameter or buffer under its own name, dots as underscores."""
        name = identifier(path)
        found = self._declared.get(name)
        if found is None:
            plain = None if learnt else self._plain_buffer(value)
            if plain is not None:
                return replace(plain, logical=_is_logical(value))
            if name in self.shapes:
                raise NoRuleError(f"an input and the parameter {path} have one name")
            axes = tuple(Axis(sp.Integer(s)) for s in value.shape)
            found = replace(self._symbol(name, axes, learnt), logical=_is_logical(value))
            self._declared[name] = found
            self.known[name] = value
            if not learnt:
                self._said_binary(found, value)
        return found

    def matrix(self, value: np.ndarray) -> Node:
        """A fixed matrix, by what it is or as a constant under a name."""
        found = self.constant_array(value)
        node: Node = laid_out(found, placed(found.axes[:1]), placed(found.axes[1:])).node
        return node

    def constant_array(self, value: np.ndarray) -> Tensor:
        """A fixed tensor that the module does not hold itself."""
        import torch

        key = (value.shape, value.tobytes())
        if key not in self._matrices:
            self._matrices[key] = torch.tensor(value)
        return self.constant(self._matrices[key])

    def constant(self, value: Any) -> Tensor:
        """A tensor that the module made itself, with the entries it has now."""
        if value.requires_grad:
            raise NoRuleError(
                "a parameter is used outside of the traced module, or worked on before the trace "
                "sees it: use it as an attribute of its module, self.weight"
            )
        for seen, version, found in self._constants:
            if seen is value and version == value._version:
                return found
        found = replace(self._constant(value), logical=_is_logical(value))
        self._constants.append((value, value._version, found))
        return found

    def _constant(self, value: Any) -> Tensor:
        hidden = as_array(value) == float("-inf")
        if hidden.any():
            shown = self.constant_array(~hidden)
            return self.masked(self.constant_array(np.where(hidden, 0.0, as_array(value))), shown)
        plain = recognised(value)
        if plain is not None:
            return self._said_binary(plain, value)
        axes = tuple(Axis(sp.Integer(s)) for s in value.shape)
        name = self.fresh("c")
        self.known[name] = value.detach().clone()
        return self._said_binary(self._symbol(name, axes, False), value)

    def _said_binary(self, T: Tensor, value: Any) -> Tensor:
        if is_binary(value):
            self.binary.update(T.parts.values())
        return T

    def _plain_buffer(self, value: Any) -> Tensor | None:
        """A buffer that is a triangle or the identity says what it is; others keep their name."""
        if value.numel() < 2 or not is_binary(value):
            return None
        found = recognised(value)
        if found is None or found.node.op.name in ("zeros", "ones"):
            return None
        return self._said_binary(found, value)

    def is_mask(self, value: Any) -> bool:
        """Whether a tensor is known to hold zeros and ones that mean no and yes."""
        if not hasattr(value, "tracer") and hasattr(value, "detach"):
            return _is_logical(value)
        found = self.tensor(value)
        return all(self._is_binary(n) for n in found.parts.values())

    def _is_binary(self, node: Node) -> bool:
        """Zeros and ones, or made of such by being laid out in another way."""
        if node in self.binary or node.op.name in CONSTANT:
            return True
        if node.op.name == "product" and not all(1 in a.shape for a in node.operands):
            return False
        return node.op.name in LAYING_OUT and all(map(self._is_binary, node.operands))

    def one_hot(self, value: Any, classes: Dim, ignored: int | None = None) -> Tensor:
        """Class numbers as one-hot rows, classes last; for what is ignored a row of zeros."""
        value = getattr(value, "value", value) if hasattr(value, "tracer") else value
        if isinstance(value, Placeholder):
            if ignored is not None:
                self.ignored[value.name] = ignored
            return self._class_input(value, classes)
        if isinstance(value, Tensor):
            return value  # probabilities
        if value.is_floating_point():
            return self.tensor(value)
        axes = tuple(Axis(sp.Integer(s)) for s in value.shape)
        wide = Axis(classes)
        numbers = [int(v) for v in as_array(value).ravel()]
        wrong = [v for v in numbers if v != ignored and not 0 <= v < classes]
        if wrong:
            raise NoRuleError(f"class numbers run from 0 to {classes - 1}; {wrong[0]} is met")
        if numbers == list(range(len(numbers))):
            node = place(eye(len(numbers)), 0, 0, len(numbers), classes)
        else:
            node = vstack(*(self._unit(k, classes) for k in numbers))
        return tensor(node, placed(axes), placed((wide,)), (*axes, wide))

    def _unit(self, k: int, classes: Dim) -> Node:
        return zeros(1, classes) if not 0 <= k < classes else place(number(1), 0, k, 1, classes)

    def _class_input(self, holder: Placeholder, classes: Dim) -> Tensor:
        if holder.name in self._declared and holder.name not in self.classes:
            if holder.name in self.masks:
                raise NumbersClasses(holder.name, classes)
            raise NoRuleError(f"{holder.name} is used both as numbers and as class numbers")
        if self.classes.setdefault(holder.name, classes) != classes:
            raise ShapeError(
                f"{holder.name} numbers {classes} and {self.classes[holder.name]} classes"
            )
        axes = tuple(Axis(s) for s in self.shapes[holder.name])
        wide = Axis(classes)
        node = self._one_hots(holder, axes, wide)
        found = tensor(node, placed(axes), placed((wide,)), (*axes, wide))
        for word, given in holder.moves:
            last = {"reshape": classes, "expand": classes, "permute": len(found.axes) - 1}
            extra = [last[word]] if word in last else None
            found = FUNCTIONS[word](self, found, given if extra is None else [*given, *extra])
        return found

    def _one_hots(self, holder: Placeholder, axes: tuple[Axis, ...], wide: Axis) -> Node:
        if holder.name in self.network:
            return self.network[holder.name]
        self.leading[holder.name] = len(placed(axes))
        found: Node = self.network.input(holder.name, count(axes), wide.size)
        return found

    # -- steps -------------------------------------------------------------------------------------

    def size(self, value: Any) -> Dim:
        """A size given to view or reshape."""
        if isinstance(value, int):
            return sp.Integer(value)
        if isinstance(value, sp.Expr):
            return value
        raise NoRuleError(f"a size is a number or a dimension, not {type(value).__name__}")

    def fresh(self, stem: str) -> str:
        """A name that nothing has yet."""
        taken = self.network._names
        while True:
            self._counts[stem] = self._counts.get(stem, 0) + 1
            name = f"{stem}{self._counts[stem]}"
            used = (taken.symbols, taken.dims, self.shapes, self.reserved)
            if not any(name in names for names in used):
                return name

    def step(self, word: str, node: Node) -> Node:
        """A node under a name, unless it is as short as one."""
        if is_symbol(node) or is_number(node) or node.op.name in CONSTANT:
            return node
        name = self.fresh(LETTERS.get(word, "A"))
        self.origins[name] = self.where
        found: Node = self.network.let(name, node)
        return found

    def named(self, word: str, T: Tensor) -> Tensor:
        """A tensor whose matrices have names."""
        return T.each(lambda node: self.step(word, node))

    def noise(self, sizes: tuple[Dim, ...]) -> Tensor:
        """A random draw: an input whose value is given."""
        name = self.fresh("noise")
        return self._symbol(name, tuple(Axis(s) for s in sizes), False)

    def held(self, T: Tensor) -> Tensor:
        """The same value, through which no gradient passes: inputs in the place of the steps."""
        if T.mask is not None:
            raise NoRuleError("detach of a tensor that is filled with -inf is not read")
        return T.each(self._held)

    def _held(self, node: Node) -> Node:
        if not any(is_symbol(part) for part in postorder(node)):
            return node
        named = node if is_symbol(node) else self.step("held", node)
        of = symbol_name(named)
        if (of in self.known and of not in self.network.params) or of in self.holds:
            return named
        name = f"{of}_held"
        if name not in self.network:
            self.network.input(name, *named.shape)
            self.holds[name] = named
            self.say(f"{name} is the value of {of}, held fixed: no gradient passes through it")
        return self.network[name]

    def complement(self, T: Tensor) -> Tensor:
        """1 - T of zeros and ones."""
        found = T.each(lambda a: minus(ones(*a.shape), a))
        self.binary.update(found.parts.values())
        return found


def identifier(path: str) -> str:
    """The path of a parameter as a name: dots are underscores, and a number gets a letter."""
    name = path.replace(".", "_")
    return f"m{name}" if name[:1].isdigit() else name


def _is_logical(value: Any) -> bool:
    return str(value.dtype) == "torch.bool"
