"""The words of the text language as functions of ``mc``: one name, one meaning at every door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from matcalc.expr import Node
from matcalc.language.functions import spoken
from matcalc.ops import losses, reduce
from matcalc.ops.base import FUNCTIONS
from matcalc.ops.entrywise import divide as _divide
from matcalc.ops.entrywise import power as _power

Word = Callable[..., Any]


def _word(name: str) -> Word:
    return spoken(name, FUNCTIONS[name])


exp: Word = _word("exp")
expm1: Word = _word("expm1")
log: Word = _word("log")
log1p: Word = _word("log1p")
sqrt: Word = _word("sqrt")
abs: Word = _word("abs")
sign: Word = _word("sign")
step: Word = _word("step")
sin: Word = _word("sin")
cos: Word = _word("cos")
tan: Word = _word("tan")
asin: Word = _word("asin")
acos: Word = _word("acos")
atan: Word = _word("atan")
sinh: Word = _word("sinh")
cosh: Word = _word("cosh")
tanh: Word = _word("tanh")
sigmoid: Word = _word("sigmoid")
logsigmoid: Word = _word("logsigmoid")
relu: Word = _word("relu")
elu: Word = _word("elu")
selu: Word = _word("selu")
softplus: Word = _word("softplus")
softsign: Word = _word("softsign")
silu: Word = _word("silu")
erf: Word = _word("erf")
gelu: Word = _word("gelu")
gelu_tanh: Word = _word("gelu_tanh")
hardtanh: Word = _word("hardtanh")
max: Word = _word("max")
min: Word = _word("min")
where: Word = _word("where")
leaky_relu: Word = _word("leaky_relu")
square: Word = _word("square")
reciprocal: Word = _word("reciprocal")
hadamard: Word = _word("hadamard")
inv: Word = _word("inv")
tr: Word = _word("tr")
det: Word = _word("det")
logdet: Word = _word("logdet")
adj: Word = _word("adj")
solve: Word = _word("solve")
norm1: Word = _word("norm1")
norm2: Word = _word("norm2")
dot: Word = _word("dot")
outer: Word = _word("outer")
rowsum: Word = _word("rowsum")
colsum: Word = _word("colsum")
rowmean: Word = _word("rowmean")
colmean: Word = _word("colmean")
cumsum: Word = _word("cumsum")
revcumsum: Word = _word("revcumsum")
softmax: Word = _word("softmax")
log_softmax: Word = _word("log_softmax")
logsumexp: Word = _word("logsumexp")
diag: Word = _word("diag")
kron: Word = _word("kron")
vec: Word = _word("vec")
unvec: Word = _word("unvec")
commutation: Word = _word("commutation")
hstack: Word = _word("hstack")
vstack: Word = _word("vstack")
tril: Word = _word("tril")
triu: Word = _word("triu")
largest: Word = _word("largest")
where_largest: Word = _word("where_largest")
reshape_rows: Word = _word("reshape_rows")
unfold: Word = _word("unfold")
fold: Word = _word("fold")
zeros: Word = _word("zeros")
ones: Word = _word("ones")
eye: Word = _word("eye")


power: Word = spoken("power", _power)
divide: Word = spoken("divide", _divide)
sum: Word = spoken("sum", reduce.total)
mean: Word = spoken("mean", reduce.mean)
squared_error: Word = spoken("squared_error", losses.squared_error)
binary_cross_entropy: Word = spoken("binary_cross_entropy", losses.binary_cross_entropy)
cross_entropy: Word = spoken("cross_entropy", losses.cross_entropy)
hinge: Word = spoken("hinge", losses.hinge)
kl: Word = spoken("kl", losses.kl)


def _huber(A: Any, *rest: Any, **options: Any) -> Node:
    """Huber's loss of a prediction, ``huber(P, Y, delta=1)``; entrywise ``huber(X, 2)``."""
    if len(rest) == 1 and not options and not getattr(FUNCTIONS["transpose"](rest[0]), "shape", ()):
        return FUNCTIONS["huber"](A, rest[0])
    return losses.huber(A, *rest, **options)


huber: Word = spoken("huber_loss", _huber)
