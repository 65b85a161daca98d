"""Recurrent cells: one step in time. A sequence of the batch is a row of the state.

Called for every time t with the same ``name`` and ``time=t``, a cell declares its parameters once
and numbers its steps: the weights are shared over time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matcalc.blocks.parts import activated, one_minus, sizes, tag, under
from matcalc.expr import Node, read
from matcalc.network import Network
from matcalc.ops.algebra import had, mul
from matcalc.ops.base import FUNCTIONS
from matcalc.shapes import Dim


def _weights(net: Network, gates: str, columns: Dim, hidden: Dim, name: str) -> dict[str, Node]:
    """W (input), R (state) and b of every gate: declared, or those declared before."""
    found: dict[str, Node] = {}
    for gate in gates:
        for letter, rows in (("W", columns), ("R", hidden), ("b", 1)):
            key = tag(letter if len(gates) == 1 else f"{letter}_{gate}", name)
            found[f"{letter}{gate}"] = net[key] if key in net else net.param(key, rows, hidden)
    return found


def _pre(x: Node, h: Node, weights: Mapping[str, Node], gate: str) -> Node:
    rows = x.shape[0]
    W, R, b = (weights[f"{letter}{gate}"] for letter in "WRb")
    return mul(x, W) + mul(h, R) + under(b, rows)


def rnn(
    net: Network, x: Any, h: Any, *, activation: str = "tanh", time: Any = "", name: str = ""
) -> Node:
    """``h_t = tanh(x*W + h*R + 1*b)``; the pre-activation is the step ``z``."""
    data, _, cols = sizes(net, x)
    state, _, hidden = sizes(net, h)
    weights = _weights(net, "h", cols, hidden, name)
    z = net.let(tag("z", name, time), _pre(data, state, weights, "h"))
    return net.let(tag("h", name, time), activated(activation, z))


def gru(net: Network, x: Any, h: Any, *, time: Any = "", name: str = "") -> Node:
    """``h_t = (1 - u) .* c + u .* h`` with gates r, u = sigmoid and ``c = tanh(x*W_c + 1*b_c + r .*
    (h*R_c + 1*s_c))``, as in cuDNN and PyTorch (the reset gate after the product)."""
    data, rows, cols = sizes(net, x)
    state, _, hidden = sizes(net, h)
    weights = _weights(net, "ruc", cols, hidden, name)
    key = tag("s_c", name)
    inner = net[key] if key in net else net.param(key, 1, hidden)
    sigmoid, tanh = FUNCTIONS["sigmoid"], FUNCTIONS["tanh"]
    zr = net.let(tag("z_r", name, time), _pre(data, state, weights, "r"))
    r = net.let(tag("r", name, time), sigmoid(zr))
    zu = net.let(tag("z_u", name, time), _pre(data, state, weights, "u"))
    u = net.let(tag("u", name, time), sigmoid(zu))
    recalled = net.let(tag("m", name, time), mul(state, weights["Rc"]) + under(inner, rows))
    fresh = mul(data, weights["Wc"]) + under(weights["bc"], rows)
    zc = net.let(tag("z_c", name, time), fresh + had(r, recalled))
    c = net.let(tag("c", name, time), tanh(zc))
    return net.let(tag("h", name, time), had(one_minus(u), c) + had(u, state))


def lstm(
    net: Network, x: Any, h: Any, c: Any, *, time: Any = "", name: str = ""
) -> tuple[Node, Node]:
    """Gates i, f, o = sigmoid and g = tanh of the steps ``z = x*W + h*R + 1*b``; then
    ``c_t = f .* c + i .* g`` and ``h_t = o .* tanh(c_t)``. Returns ``(h_t, c_t)``."""
    data, _, cols = sizes(net, x)
    state, _, hidden = sizes(net, h)
    cell = net.adopt(read(c))
    weights = _weights(net, "ifgo", cols, hidden, name)
    gates = {}
    for gate in "ifgo":
        squash = FUNCTIONS["tanh" if gate == "g" else "sigmoid"]
        z = net.let(tag(f"z_{gate}", name, time), _pre(data, state, weights, gate))
        gates[gate] = net.let(tag(gate, name, time), squash(z))
    kept = had(gates["f"], cell) + had(gates["i"], gates["g"])
    new = net.let(tag("c", name, time), kept)
    shown = net.let(tag("h", name, time), had(gates["o"], FUNCTIONS["tanh"](new)))
    return shown, new
