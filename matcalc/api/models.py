"""``mc.model``: a Python function that is a network, and still a function of NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import update_wrapper
from typing import Any, overload

from matcalc.language.functions import numerically, read_function
from matcalc.network import Network


class Model(Network):
    """The network that a function computes. Called, it is the function.

    >>> import matcalc as mc
    >>> @mc.model(params="w")
    ... def ridge(X: "n d", w: "d 1", y: "n 1", c: ""):
    ...     r = X @ w - y
    ...     return (r * r).sum() / 2 + c * (w * w).sum() / 2
    >>> ridge.steps[0].definition
    X*w - y
    >>> mc.expand(mc.gradient(ridge, "w"))
    X'*(X*w - y) + c*w
    """

    function: Callable[..., Any]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return numerically(self.function, args, kwargs)

    @property
    def program(self) -> str:
        """The function's own source as LaTeX."""
        from matcalc.render.algorithm import algorithm  # latexify takes a while to import

        declared = [*self.inputs.items(), *self.params.items()]
        steps = [(step.name, step.symbol) for step in self.steps]
        numbers = {name for name, node in declared + steps if not node.shape}
        return algorithm(self.function, scalars={*self._names.dims, *numbers})

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.program}$"


@overload
def model(fn: Callable[..., Any], /) -> Model: ...
@overload
def model(
    *, params: str | Iterable[str] = (), name: str | None = None, assume: Any = ()
) -> Callable[[Callable[..., Any]], Model]: ...
def model(
    fn: Callable[..., Any] | None = None,
    /,
    *,
    params: str | Iterable[str] = (),
    name: str | None = None,
    assume: Any = (),
) -> Any:
    """Read a Python function as a network; it still runs on NumPy arrays, unchanged.

    Every argument says its shape: ``X: "n d"``, ``y: "n"`` (a 1-D array), ``c: ""`` (a scalar),
    ``W: "param d h"`` for what is learnt (or ``params="W b"``). ``@`` is the matrix product, ``*``
    goes entry by entry, and a row, a column or a scalar is broadcast as in NumPy, in plain sight.

    >>> import matcalc as mc
    >>> @mc.model
    ... def layer(X: "n d", W: "param d h", b: "param 1 h"):
    ...     Z = X @ W + b
    ...     return mc.relu(Z)
    >>> print(layer.to_text())
    X : n x d
    param W : d x h
    param b : 1 x h
    Z = X*W + ones(n, 1)*b
    Out = relu(Z)
    """
    if fn is None:
        return lambda f: _model(f, params, name, assume)
    return _model(fn, params, name, assume)


def _model(fn: Any, params: str | Iterable[str], name: str | None, assume: Any) -> Model:
    made = Model(name or str(getattr(fn, "__name__", "model")))
    wanted = params.replace(",", " ").split() if isinstance(params, str) else list(params)
    value = read_function(fn, made, wanted)
    if all(s == 1 for s in value.sizes) and not value.node.shape:
        made.minimize(value.node)
    else:
        made.output(value.node)
    made.assume(assume)
    made.function = fn
    update_wrapper(made, fn)
    return made
