"""``from_torch``: a module is traced, and every operation is read at once, with known shapes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from matcalc.errors import DomainError, MatcalcError, NoRuleError, ShapeError, UnknownNameError
from matcalc.expr import Node
from matcalc.network import Network
from matcalc.numeric.evaluate import evaluate
from matcalc.pytorch.tensors import Tensor, together
from matcalc.shapes import dim

if TYPE_CHECKING:
    from matcalc.pytorch.reader import Reader


class TorchNetwork(Network):
    """The network of a module. ``values`` puts arrays where the formulas want them."""

    reader: Reader

    def values(self, **inputs: Any) -> dict[str, np.ndarray]:
        """The module's parameters and buffers, and the given inputs, as our matrices.

        Inputs are arrays or tensors in torch's shape; class numbers become one-hot rows.
        """
        known, holds = self.reader.known, self.reader.holds
        missing = sorted({*self.inputs} - {*known} - {*holds} - {*inputs})
        if missing:
            raise UnknownNameError(f"no value for {', '.join(missing)}")
        sizes = self._sizes(inputs)
        found = {name: self.folded(name, value, sizes) for name, value in (known | inputs).items()}
        for name, node in holds.items():
            if name not in inputs:
                found[name] = np.asarray(evaluate(node, found))
        return found

    def _sizes(self, inputs: Mapping[str, Any]) -> dict[Any, int]:
        """The dimensions as the shapes of the given arrays tell them."""
        found: dict[Any, int] = {}
        for name, value in inputs.items():
            for wanted, size in zip(
                self.reader.shapes.get(name, ()), np.shape(value), strict=False
            ):
                if wanted.is_Symbol:
                    found[wanted] = int(size)
        return found

    def folded(self, name: str, value: Any, sizes: Mapping[Any, int] | None = None) -> np.ndarray:
        """An array in torch's shape as the matrix ``name``."""
        array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
        node = self[name]
        classes = self.reader.classes.get(name)
        if classes is not None:
            classes = classes.subs(dict(sizes or {}))
            if not classes.is_Integer:
                raise DomainError(f"how many classes {name} numbers is not known: {classes}")
            array = self._one_hot(name, array.astype(int).ravel(), int(classes))
        if array.dtype.kind == "b" and name not in {*self.reader.known, *self.reader.masks}:
            raise DomainError(
                f"{name} is given as yes and no, but read as numbers: say so in shapes, "
                f'{{"{name}": (..., bool)}}'
            )
        array = array.astype(float)
        if name in self.reader.masks and not np.isin(array, (0, 1)).all():
            raise DomainError(f"{name} is read as a mask of zeros and ones")
        if not node.shape:
            return array.reshape(())
        rows, cols = (int(d) if d.is_Integer else None for d in node.shape)
        if rows is None and cols is None:
            leading = int(np.prod(array.shape[: self.reader.leading.get(name, 1)]))
            return array.reshape(leading, -1)
        return array.reshape(-1 if rows is None else rows, -1 if cols is None else cols)

    def _one_hot(self, name: str, numbers: np.ndarray, classes: int) -> np.ndarray:
        """A row for every class number; for one that is ignored, a row of zeros."""
        beyond = (numbers < 0) | (numbers >= classes)
        wrong = beyond & (numbers != self.reader.ignored.get(name, 0))
        if wrong.any():
            raise DomainError(
                f"{name} numbers classes from 0 to {classes - 1}, and {numbers[wrong][0]} is met; "
                "what is to be left out is named by ignore_index=, other than -100"
            )
        found = np.eye(classes)[np.where(beyond, 0, numbers)]
        found[beyond] = 0
        return found

    @property
    def origins(self) -> Mapping[str, str]:
        """Step to the path of the module in which it stands."""
        return dict(self.reader.origins)


def from_torch(
    module: Any,
    shapes: Mapping[str, Sequence[Any]] | Sequence[Any],
    *,
    loss: Callable[..., Any] | None = None,
    output: int | str | None = None,
    name: str | None = None,
) -> TorchNetwork:
    """The network that a ``torch.nn.Module`` computes, with the module's own parameter names.

    ``shapes`` gives each input its shape, by name (``{"x": ("n", 784)}``) or, for one input, alone;
    a size is a number or the name of a dimension, and ``bool`` at the end, ``("n", "n", bool)``,
    says that an input holds yes and no. Dots in parameter names become underscores. A
    module with several outputs needs ``output=`` (a place or a key), or ``loss=``, a function of
    the output and of further inputs named in ``shapes``, ``lambda out, y: F.mse_loss(out, y)``.
    What can't be read is refused by the name of the operation and the path of its module.
    """
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise MatcalcError('from_torch needs PyTorch: pip install "matcalc[torch]"') from error
    from matcalc.pytorch.reader import NumbersClasses, Reader
    from matcalc.pytorch.tracing import ShapedTracer, traced

    module = getattr(module, "_orig_mod", module)  # what torch.compile wraps
    known, yes_no = _shapes(module, shapes)
    paths = [path for path, _ in (*module.named_parameters(), *module.named_buffers())]
    hints: dict[str, Any] = {}
    while True:
        network = TorchNetwork(name or type(module).__name__)
        reader = network.reader = Reader(network, known, yes_no)
        reader.reserve(paths)
        reader.hints.update(hints)
        try:
            result = traced(ShapedTracer(reader), module, loss)
        except NumbersClasses as found:  # known now, from the start
            hints[found.name] = found.classes
            continue
        for key, number in reader.open_questions.items():
            raise NoRuleError(f"{key} is compared with {number}, but it does not number classes")
        _finish(network, reader, result, output, loss is not None)
        return network


def _shapes(module: Any, shapes: Any) -> tuple[dict[str, tuple[Any, ...]], set[str]]:
    """The sizes of the inputs, and which of them hold yes and no."""
    if isinstance(shapes, Mapping):
        given = {str(k): v for k, v in shapes.items()}
    else:
        first = next(iter(inspect.signature(module.forward).parameters), None)
        if first is None:
            raise ShapeError("the module has no input")
        given = {first: shapes}
    sizes = {k: (v,) if isinstance(v, (str, int, type)) else tuple(v) for k, v in given.items()}
    yes_no = {k for k, v in sizes.items() if v and (v[-1] is bool or str(v[-1]) == "torch.bool")}
    cut = {k: v[:-1] if k in yes_no else v for k, v in sizes.items()}
    return {k: tuple(map(dim, v)) for k, v in cut.items()}, yes_no


def _finish(
    network: TorchNetwork, reader: Reader, result: Any, output: int | str | None, is_loss: bool
) -> None:
    if output is not None and not is_loss:
        try:
            result = result[output]
        except (TypeError, KeyError, IndexError):
            raise MatcalcError(f"the module has no output {output!r}") from None
    if isinstance(result, (tuple, list, dict)):
        kind = (
            f"keys {', '.join(map(repr, result))}" if isinstance(result, dict) else f"{len(result)}"
        )
        raise MatcalcError(
            f"the module has several outputs ({kind}): choose one with output=, or combine them "
            "with loss="
        )
    found = reader.tensor(result)
    if found.mask is not None:
        raise NoRuleError("the output is a masked tensor")
    node: Node = _in_order(together(found)).node
    if not node.shape:
        network.minimize(node)
    else:
        network.output(node)


def _in_order(T: Tensor) -> Tensor:
    """The entries of the output in torch's order."""
    from matcalc.pytorch.tensors import laid_out, placed

    axes = placed(T.axes)
    if T.rows + T.cols == axes:
        return T
    cut = 1 if len(axes) > 3 else max(len(axes) - 1, 1)
    return laid_out(T, axes[:cut], axes[cut:])
