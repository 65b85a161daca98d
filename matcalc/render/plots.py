"""Plots of a worked derivation, with matplotlib where it is installed (the extra ``plots``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from matcalc.errors import MatcalcError, wants, wants_whole
from matcalc.expr import symbol_name
from matcalc.numeric.evaluation import evaluate_record
from matcalc.record import Record
from matcalc.render.dress import Dress, Style


def _figure() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MatcalcError("plots need matplotlib: pip install matcalc[plots]") from error
    return Figure(figsize=(6, 3.2), layout="constrained")


def gradient_sizes(record: Record, values: Mapping[Any, Any], **options: Any) -> dict[str, float]:
    """The largest entry of each gradient, in the order of the parameters."""
    found = evaluate_record(record, values, **options).gradients
    return {symbol_name(p): float(np.abs(found[symbol_name(p)]).max()) for p in record.wrt}


def plot_gradients(record: Record, style: Style, values: Mapping[Any, Any], **options: Any) -> Any:
    """The largest entry of each gradient on a logarithmic axis."""
    sizes = gradient_sizes(record, values, **options)
    figure = _figure()
    axes = figure.subplots()
    axes.semilogy(range(1, len(sizes) + 1), list(sizes.values()), marker="o", markersize=3)
    axes.set_xlabel(style.notation.say("parameter, from the input on"))
    axes.set_ylabel(style.notation.say("largest entry of the gradient"))
    if len(sizes) <= 12:
        dress = Dress(record, style)
        names = [f"${dress(p)}$" for p in record.wrt]
        axes.set_xticks(range(1, len(sizes) + 1), names)
    return figure


def losses(
    record: Record, values: Mapping[Any, Any], rate: float, steps: int, **options: Any
) -> list[float]:
    """The output before and after each of so many steps against the gradient."""
    wants(Mapping, values, "values map names to arrays")
    wants((int, float), rate, "the rate is a number")
    wants_whole(steps, "the number of steps")
    moved = {k if isinstance(k, str) else symbol_name(k): v for k, v in values.items()}
    found = []
    for _ in range(steps + 1):
        at = evaluate_record(record, moved, **options)
        found.append(float(at.value))
        for name, gradient in at.gradients.items():
            start = np.asarray(moved[name], dtype=float).reshape(np.asarray(gradient).shape)
            moved[name] = start - rate * np.asarray(gradient)
    return found


def plot_loss(
    record: Record,
    style: Style,
    values: Mapping[Any, Any],
    rate: float,
    steps: int,
    **options: Any,
) -> Any:
    """The output over the steps of gradient descent."""
    figure = _figure()
    axes = figure.subplots()
    axes.plot(losses(record, values, rate, steps, **options), marker="o", markersize=3)
    axes.set_xlabel(style.notation.say("step"))
    axes.set_ylabel(f"${Dress(record, style)(record.problem.output)}$")
    return figure
