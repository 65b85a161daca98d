"""Building blocks: layers that expand into named steps of a network.

Every block takes the network and its input, declares its parameters and names its steps with
``name`` at the end (``W1``, ``Z1``), and returns the symbol of its last step. A parameter given as
a symbol is used instead of declared, so weights can be shared. Data lies in rows unless said
otherwise: an example, or a position of a sequence, is a row. Nothing is remembered between calls.

>>> import matcalc as mc
>>> n, d, h = mc.dims("n d h")
>>> net = mc.Network("mlp")
>>> X = net.input("X", n, d)
>>> A1 = mc.blocks.dense(net, X, h, name="1", activation="tanh")
>>> print(net.to_text())
X : n x d
param W1 : d x h
param b1 : 1 x h
Z1 = X*W1 + ones(n, 1)*b1
A1 = tanh(Z1)
"""

from matcalc.blocks.attention import attention, feed_forward, multi_head, transformer
from matcalc.blocks.cells import gru, lstm, rnn
from matcalc.blocks.images import average_pool, conv1d, conv2d, conv_transpose2d, max_pool
from matcalc.blocks.layers import dense, dropout, embedding, gated, graph_conv, lora, residual
from matcalc.blocks.norms import batch_norm, layer_norm, rms_norm

__all__ = [
    "attention",
    "average_pool",
    "batch_norm",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "dense",
    "dropout",
    "embedding",
    "feed_forward",
    "gated",
    "graph_conv",
    "gru",
    "layer_norm",
    "lora",
    "lstm",
    "max_pool",
    "multi_head",
    "residual",
    "rms_norm",
    "rnn",
    "transformer",
]
