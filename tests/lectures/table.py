"""The page docs/lectures.md: every exercise and every claim, where it is worked, and how it
stands."""

from __future__ import annotations

from tests.lectures.bench import CLAIMS

DOCUMENTS = {
    "S0": "A logistic classifier, and one hidden layer",
    "S1": "A neuron, and two hidden layers of any kind",
    "S2": "The shape convention, and tanh regression in numbers",
    "S3": "Backpropagation for data in rows",
    "S4": "Thirteen weights, and softmax",
}

# Claims that are wrong as the documents print them, or deliberately wrong readings; the engine
# gives the correct form.
CORRECTED = {
    "S0-1a-sum-n",
    "S0-1b-n",
    "S0-1c-missing-n",
    "S0-2-plainloss",
    "S0-3-relu0",
    "S1-2.4",
    "S1-2.5-W2-plugged",
    "S1-2.5-b2",
    "S1-2.5-b2-after",
    "S1-2.5-Z2",
    "S1-2.5-Z2-square",
    "S1-2.6-b1",
    "S2-1.3-swapped",
    "S2-2.3-tanhdim",
    "S2-3.2-beta4",
    "S2-T1-tanh7",
    "S2-T1-tanh8",
    "S2-T1-tanh9",
    "S2-4.2-alpha11-table",
    "S2-4.3-dbeta",
    "S2-4.3-da-had",
    "S2-4.3-diagnum",
    "S3-drop-sum",
    "S3-1-sum-N",
    "S3-1-nohad",
    "S3-1-odot",
    "S3-1-layout",
    "S3-2-kron1-num",
    "S3-2-kron2-den",
    "S3-2-n-lr",
    "S3-2-n-lr-x",
    "S3-2-all-lr",
    "S3-2-N3",
    "S3-reg-identity",
    "S3-bin-mean",
    "S3-sum-Z",
    "S3-2-n-jac-den",
    "S4-1b-w1-onepath",
}

# Exercises: what is asked, the page that works it, and what there is to say.
EXERCISES = [
    (
        "S0-1, S0-1a",
        "forward model and the three derivatives for one datum",
        "one_layer_classifier",
        "worked",
    ),
    (
        "S0-1b",
        "the whole gradient as a column",
        "one_layer_classifier",
        "worked, for any number of data too",
    ),
    (
        "S0-1c",
        "any number of data",
        "one_layer_classifier",
        "worked; the notebook to compare with is missing",
    ),
    (
        "S0-1d",
        "weighted classes",
        "one_layer_classifier",
        "worked, with the gradient that was not asked for",
    ),
    (
        "S0-2",
        "entry (1, 1) of a hidden layer, no derivative left",
        "relu_classifier",
        "worked, both readings of the loss",
    ),
    (
        "S0-3a, S0-3b",
        "fifty layers: logistic against ReLU",
        "fifty_layers",
        "measured with weights of our own: the notebook is missing",
    ),
    ("S1-1.1 to 1.4", "a neuron: graph, derivatives, loss, one step", "single_neuron", "worked"),
    (
        "S1-2.1 to 2.6",
        "two hidden layers: graph, forward pass, every derivative with its range",
        "two_hidden_layers",
        "worked, and a bias that is one number",
    ),
    (
        "S1-2.7",
        "what backpropagation costs",
        "two_hidden_layers",
        "worked: it grows with the connections",
    ),
    (
        "S2-1.1 to 1.4",
        "the chain rule for vectors: shapes, order, one element",
        "shape_convention",
        "worked, in both layouts",
    ),
    (
        "S2-2.1 to 2.3",
        "why a bias, why a nonlinearity, the forward pass",
        "tanh_regression",
        "worked",
    ),
    (
        "S2-3.1",
        "the graph of a scalar function with shared parts",
        "computation_graph",
        "worked, with the gradient",
    ),
    ("S2-3.2", "the graph of the network with shapes", "tanh_regression", "worked"),
    (
        "S2-4.1 to 4.3",
        "all gradients in formulas and numbers",
        "tanh_regression",
        "worked, exact and rounded at every step",
    ),
    (
        "S3-FP4, S3-FP4b",
        "forward pass of five layers, without and with biases",
        "row_data",
        "worked, with the bias gradients",
    ),
    ("S3-loss, S3-par, S3-curse", "losses, parameter count, grid search", "row_data", "worked"),
    (
        "S3-step1, S3-step2, S3-sum12",
        "both gradients: one datum, the sum, the matrix form",
        "row_data",
        "worked",
    ),
    (
        "S3-num",
        "the printed gradient of a script",
        "row_data",
        "cannot be reproduced: the weights are not given",
    ),
    ("S3-reg, S3-bin", "regression and classification side by side", "row_data", "worked"),
    ("S3-why, S3-matrix", "how the errors flow back; the rule for layer l", "row_data", "worked"),
    (
        "S4-1a",
        "forward values",
        "scalar_network",
        "the weights are in a missing figure: what the table determines is computed",
    ),
    (
        "S4-1b",
        "all thirteen derivatives, one step",
        "scalar_network",
        "worked as formulas; three of them in numbers",
    ),
    (
        "S4-2",
        "softmax of four scores, cross-entropy, two classes",
        "softmax",
        "worked; the label is in a missing picture, so every class is given",
    ),
]


def page() -> str:
    """The Markdown of docs/lectures.md."""
    right = len(CLAIMS) - len(CORRECTED)
    parts = [
        "# The lecture exercises",
        "Generated by `pytest --update-golden tests/test_lectures.py`: what five lecture "
        "documents ask, where it "
        f"is worked, and how their claims stand. All {len(CLAIMS)} claims that are formulas or "
        f"numbers are held "
        f"against the engine; {right} are right as they stand, and for {len(CORRECTED)} that "
        f"are not (slips, and "
        "readings that do not carry over) the engine gives the correct form.",
        "## Exercises",
        _table(
            ("exercise", "asked", "worked in", "status"),
            [(i, a, _link(p), s) for i, a, p, s in EXERCISES],
        ),
    ]
    for mark, title in DOCUMENTS.items():
        rows = [
            (name, _link(page), "corrected" if name in CORRECTED else "right")
            for name, (page, _) in CLAIMS.items()
            if name.startswith(mark + "-")
        ]
        parts += [f"## {title}", _table(("claim", "worked in", "status"), rows)]
    return "\n\n".join(parts) + "\n"


def _link(name: str) -> str:
    return f"[{name}](../derivations/{name}.md)"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
