"""Every block once on small sizes, and the same computation in torch, for the two test files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matcalc as mc

blocks = mc.blocks
n, d, h, k, T = mc.dims("n d h k T")
SIZES = {"n": 3, "d": 4, "h": 5, "k": 2, "T": 6}
EPS = 0.01

CASES: dict[str, Case] = {}


@dataclass(frozen=True)
class Case:
    """A block in a network of its own; ``torch`` computes the same from a dict of tensors."""

    make: Callable[[mc.Network], Any]
    torch: Callable[[Any, dict[str, Any]], Any]
    fixed: tuple[str, ...] = ()

    def network(self) -> mc.Network:
        net = mc.Network("block")
        net.output(self.make(net))
        return net

    def derivation(self) -> mc.Derivation:
        net = self.network()
        moving = [s for name, s in net.inputs.items() if name not in self.fixed]
        return mc.derive(net, [*net.params.values(), *moving])


def case(name: str, make: Callable[[Any], Any], fixed: tuple[str, ...] = ()) -> Callable[..., Any]:
    """Enter a case; the decorated function is its torch side."""

    def enter(fn: Callable[..., Any]) -> Callable[..., Any]:
        CASES[name] = Case(make, fn, fixed)
        return fn

    return enter


def X(net: Any, rows: Any = n, cols: Any = d, name: str = "X") -> Any:
    return net.input(name, rows, cols)


def images(Z: Any, count: int, channels: int, *size: int) -> Any:
    return Z.reshape(count, channels, *size)


@case("dense", lambda net: blocks.dense(net, X(net), h, activation="tanh"))
def _(torch: Any, v: Any) -> Any:
    return torch.tanh(v["X"] @ v["W"] + v["b"])


@case("dense, data in columns", lambda net: blocks.dense(net, X(net), h, columns=True))
def _(torch: Any, v: Any) -> Any:
    return v["W"] @ v["X"] + v["b"]


@case("dense, folded bias", lambda net: blocks.dense(net, X(net), h, bias="folded"))
def _(torch: Any, v: Any) -> Any:
    return torch.nn.functional.linear(v["X"], v["W"][:-1].T, v["W"][-1])


@case(
    "residual",
    lambda net: blocks.residual(net, X(net), lambda A: blocks.dense(net, A, d, activation="gelu")),
)
def _(torch: Any, v: Any) -> Any:
    return v["X"] + torch.nn.functional.gelu(v["X"] @ v["W"] + v["b"])


@case("dropout", lambda net: blocks.dropout(net, X(net), keep=0.8), fixed=("M",))
def _(torch: Any, v: Any) -> Any:
    return v["X"] * v["M"] / 0.8


@case("embedding", lambda net: blocks.embedding(net, h, d, n), fixed=("T",))
def _(torch: Any, v: Any) -> Any:
    return torch.nn.functional.embedding(v["T"].argmax(1), v["E"])


@case("batch norm", lambda net: blocks.batch_norm(net, X(net), epsilon=EPS))
def _(torch: Any, v: Any) -> Any:
    options = {"weight": v["gamma"][0], "bias": v["beta"][0], "training": True, "eps": EPS}
    return torch.nn.functional.batch_norm(v["X"], None, None, **options)


@case(
    "batch norm, n - 1",
    lambda net: blocks.batch_norm(net, X(net), epsilon=EPS, unbiased=True, affine=False),
)
def _(torch: Any, v: Any) -> Any:
    return (v["X"] - v["X"].mean(0)) / torch.sqrt(v["X"].var(0, correction=1) + EPS)


@case("layer norm", lambda net: blocks.layer_norm(net, X(net), epsilon=EPS))
def _(torch: Any, v: Any) -> Any:
    return torch.nn.functional.layer_norm(v["X"], (4,), v["gamma"][0], v["beta"][0], EPS)


@case("RMS norm", lambda net: blocks.rms_norm(net, X(net), epsilon=EPS))
def _(torch: Any, v: Any) -> Any:
    return torch.nn.functional.rms_norm(v["X"], (4,), v["gamma"][0], EPS)


@case(
    "attention",
    lambda net: blocks.attention(net, X(net, n, d, "Q"), X(net, T, d, "K"), X(net, T, h, "V")),
)
def _(torch: Any, v: Any) -> Any:
    return torch.nn.functional.scaled_dot_product_attention(v["Q"], v["K"], v["V"])


@case(
    "attention with a mask",
    lambda net: blocks.attention(
        net, X(net, n, d, "Q"), X(net, T, d, "K"), X(net, T, h, "V"), mask=net.input("M", n, T)
    ),
    fixed=("M",),
)
def _(torch: Any, v: Any) -> Any:
    attend = torch.nn.functional.scaled_dot_product_attention
    return attend(v["Q"], v["K"], v["V"], attn_mask=v["M"] > 0)


def heads(torch: Any, v: Any, of: Any, mark: str, count: int = 2) -> Any:
    attend = torch.nn.functional.scaled_dot_product_attention
    total = 0
    for i in range(1, count + 1):
        Q, K, V = (of @ v[f"W_{letter}_{i}{mark}"] for letter in "QKV")
        total = total + attend(Q, K, V, is_causal=True) @ v[f"W_O_{i}{mark}"]
    return total


@case(
    "multi-head attention", lambda net: blocks.multi_head(net, X(net, T), 2, width=k, causal=True)
)
def _(torch: Any, v: Any) -> Any:
    return heads(torch, v, v["X"], "")


@case(
    "transformer, pre-norm",
    lambda net: blocks.transformer(
        net, X(net, T), 2, h, width=k, causal=True, epsilon=EPS, name="1"
    ),
)
def _(torch: Any, v: Any) -> Any:
    return pre_norm(torch, v, v["X"], "1")


def pre_norm(torch: Any, v: Any, of: Any, i: str) -> Any:
    F = torch.nn.functional
    first = F.layer_norm(of, (4,), v[f"gamma_n_{i}"][0], v[f"beta_n_{i}"][0], EPS)
    U = of + heads(torch, v, first, f"_a_{i}")
    second = F.layer_norm(U, (4,), v[f"gamma_m_{i}"][0], v[f"beta_m_{i}"][0], EPS)
    A = F.gelu(second @ v[f"W_1_f_{i}"] + v[f"b_1_f_{i}"])
    return U + A @ v[f"W_2_f_{i}"] + v[f"b_2_f_{i}"]


def stack(net: Any) -> Any:
    A = X(net, T)
    for i in "123":
        A = blocks.transformer(net, A, 2, h, width=k, causal=True, epsilon=EPS, name=i)
    return A


def stacked(torch: Any, v: Any) -> Any:
    A = v["X"]
    for i in "123":
        A = pre_norm(torch, v, A, i)
    return A


STACK = Case(stack, stacked)  # too many parameters for differences: against torch alone


@case(
    "multi-head attention to other places",
    lambda net: blocks.multi_head(
        net, X(net), 3, width=k, context=X(net, T, h, "C"), mask=net.input("M", n, T), bias=True
    ),
    fixed=("M",),
)
def _(torch: Any, v: Any) -> Any:
    attend, total = torch.nn.functional.scaled_dot_product_attention, v["b_O"]
    for i in (1, 2, 3):
        Q = v["X"] @ v[f"W_Q_{i}"] + v[f"b_Q_{i}"]
        K, V = (v["C"] @ v[f"W_{letter}_{i}"] + v[f"b_{letter}_{i}"] for letter in "KV")
        total = total + attend(Q, K, V, attn_mask=v["M"] > 0) @ v[f"W_O_{i}"]
    return total


@case(
    "dense, columns, folded bias",
    lambda net: blocks.dense(net, X(net), h, columns=True, bias="folded", activation="sigmoid"),
)
def _(torch: Any, v: Any) -> Any:
    return torch.sigmoid(v["W"][:, :-1] @ v["X"] + v["W"][:, -1:])


@case(
    "layer norm, n - 1, epsilon varied",
    lambda net: blocks.layer_norm(net, X(net), unbiased=True, epsilon=net.input("e")),
)
def _(torch: Any, v: Any) -> Any:
    mean, var = v["X"].mean(1, keepdim=True), v["X"].var(1, keepdim=True)
    return (v["X"] - mean) / torch.sqrt(var + v["e"]) * v["gamma"] + v["beta"]


@case(
    "transformer, post-norm",
    lambda net: blocks.transformer(
        net,
        X(net, T),
        2,
        h,
        width=k,
        causal=True,
        epsilon=EPS,
        first=False,
        norm="rms",
        activation="swiglu",
    ),
)
def _(torch: Any, v: Any) -> Any:
    F = torch.nn.functional
    U = F.rms_norm(v["X"] + heads(torch, v, v["X"], "_a"), (4,), v["gamma_n"][0], EPS)
    return F.rms_norm(
        U + (F.silu(U @ v["W_g_f"]) * (U @ v["W_u_f"])) @ v["W_d_f"], (4,), v["gamma_m"][0], EPS
    )


@case("SwiGLU", lambda net: blocks.gated(net, X(net), h))
def _(torch: Any, v: Any) -> Any:
    return (torch.nn.functional.silu(v["X"] @ v["W_g"]) * (v["X"] @ v["W_u"])) @ v["W_d"]


@case("LoRA", lambda net: blocks.lora(net, X(net), h, k, scale=2))
def _(torch: Any, v: Any) -> Any:
    return v["X"] @ (v["W"] + 2 * v["A"] @ v["B"])


@case("RNN cell", lambda net: blocks.rnn(net, X(net), X(net, n, h, "h0"), time=1))
def _(torch: Any, v: Any) -> Any:
    return torch.rnn_tanh_cell(v["X"], v["h0"], v["W"].T, v["R"].T, v["b"][0], 0 * v["b"][0])


@case("GRU cell", lambda net: blocks.gru(net, X(net), X(net, n, h, "h0"), time=1))
def _(torch: Any, v: Any) -> Any:
    W, R = (torch.cat([v[f"{letter}_{g}"] for g in "ruc"], 1).T for letter in "WR")
    b = torch.cat([v[f"b_{g}"] for g in "ruc"], 1)[0]
    return torch.gru_cell(
        v["X"], v["h0"], W, R, b, torch.cat([0 * v["b_r"], 0 * v["b_u"], v["s_c"]], 1)[0]
    )


@case(
    "LSTM cell",
    lambda net: blocks.lstm(net, X(net), X(net, n, h, "h0"), X(net, n, h, "c0"), time=1)[0],
)
def _(torch: Any, v: Any) -> Any:
    W, R = (torch.cat([v[f"{letter}_{g}"] for g in "ifgo"], 1).T for letter in "WR")
    b = torch.cat([v[f"b_{g}"] for g in "ifgo"], 1)[0]
    return torch.lstm_cell(v["X"], (v["h0"], v["c0"]), W, R, b, 0 * b)[0]


def unrolled(net: Any) -> Any:
    state = X(net, n, h, "h0")
    for t in (1, 2, 3):
        state = blocks.rnn(net, X(net, n, d, f"x{t}"), state, time=t)
    return state


@case("RNN over three times", unrolled)
def _(torch: Any, v: Any) -> Any:
    state = v["h0"]
    for t in (1, 2, 3):
        state = torch.tanh(v[f"x{t}"] @ v["W"] + state @ v["R"] + v["b"])
    return state


@case(
    "convolution, 2-D",
    lambda net: blocks.conv2d(net, X(net, n, 40), (2, 5, 4), 3, (3, 2), stride=(2, 1), padding=1),
)
def _(torch: Any, v: Any) -> Any:
    W = v["W"].T.reshape(3, 2, 3, 2)
    pixels = images(v["X"], 3, 2, 5, 4)
    return torch.nn.functional.conv2d(pixels, W, v["b"][0], stride=(2, 1), padding=1).flatten(1)


@case(
    "convolution, 1-D",
    lambda net: blocks.conv1d(
        net, X(net, n, 14), (2, 7), 3, 3, stride=2, padding=1, activation="tanh"
    ),
)
def _(torch: Any, v: Any) -> Any:
    W = v["W"].T.reshape(3, 2, 3)
    Z = torch.nn.functional.conv1d(images(v["X"], 3, 2, 7), W, v["b"][0], stride=2, padding=1)
    return torch.tanh(Z).flatten(1)


@case(
    "transposed convolution",
    lambda net: blocks.conv_transpose2d(net, X(net, n, 12), (3, 2, 2), 2, 3, out=(5, 5), stride=2),
)
def _(torch: Any, v: Any) -> Any:
    W = v["W"].T.reshape(3, 2, 3, 3)
    return torch.nn.functional.conv_transpose2d(images(v["X"], 3, 3, 2, 2), W, stride=2).flatten(1)


@case(
    "average pooling",
    lambda net: blocks.average_pool(net, X(net, n, 40), (2, 5, 4), (2, 3), stride=1),
)
def _(torch: Any, v: Any) -> Any:
    return torch.nn.functional.avg_pool2d(images(v["X"], 3, 2, 5, 4), (2, 3), 1).flatten(1)


@case("max pooling", lambda net: blocks.max_pool(net, X(net, n, 48), (2, 4, 6), 2))
def _(torch: Any, v: Any) -> Any:
    return torch.nn.functional.max_pool2d(images(v["X"], 3, 2, 4, 6), 2).flatten(1)


@case(
    "graph convolution", lambda net: blocks.graph_conv(net, X(net), h, bias=True, activation="relu")
)
def _(torch: Any, v: Any) -> Any:
    return torch.relu(v["S"] @ v["X"] @ v["W"] + v["b"])
