"""matcalc: matrix gradients derived the way a good lecturer does, and never silently wrong.

>>> import matcalc as mc
>>> A = mc.matrix("A", "n", "n")
>>> mc.gradient(mc.logdet(A) + mc.tr(A), A)
eye(n) + inv(A)'
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matcalc import blocks as blocks
    from matcalc.api.compiled import compile as compile
    from matcalc.api.compiled import gauss_newton_product as gauss_newton_product
    from matcalc.api.compiled import hessian_function as hessian_function
    from matcalc.api.compiled import hessian_product as hessian_product
    from matcalc.api.compiled import source as source
    from matcalc.api.derivation import Derivation as Derivation
    from matcalc.api.judges import read_latex as read_latex
    from matcalc.api.judges import verify as verify
    from matcalc.api.judges import verify_document as verify_document
    from matcalc.api.models import Model as Model
    from matcalc.api.models import model as model
    from matcalc.api.notes import Notes as Notes
    from matcalc.api.parsing import parse as parse
    from matcalc.api.verbs import check as check
    from matcalc.api.verbs import derive as derive
    from matcalc.api.verbs import differential as differential
    from matcalc.api.verbs import evaluate as evaluate
    from matcalc.api.verbs import expand as expand
    from matcalc.api.verbs import gradient as gradient
    from matcalc.api.verbs import hessian as hessian
    from matcalc.api.verbs import jacobian as jacobian
    from matcalc.api.verbs import simplify as simplify
    from matcalc.api.words import abs as abs
    from matcalc.api.words import acos as acos
    from matcalc.api.words import adj as adj
    from matcalc.api.words import asin as asin
    from matcalc.api.words import atan as atan
    from matcalc.api.words import binary_cross_entropy as binary_cross_entropy
    from matcalc.api.words import colmean as colmean
    from matcalc.api.words import colsum as colsum
    from matcalc.api.words import commutation as commutation
    from matcalc.api.words import cos as cos
    from matcalc.api.words import cosh as cosh
    from matcalc.api.words import cross_entropy as cross_entropy
    from matcalc.api.words import cumsum as cumsum
    from matcalc.api.words import det as det
    from matcalc.api.words import diag as diag
    from matcalc.api.words import divide as divide
    from matcalc.api.words import dot as dot
    from matcalc.api.words import elu as elu
    from matcalc.api.words import erf as erf
    from matcalc.api.words import exp as exp
    from matcalc.api.words import expm1 as expm1
    from matcalc.api.words import eye as eye
    from matcalc.api.words import fold as fold
    from matcalc.api.words import gelu as gelu
    from matcalc.api.words import gelu_tanh as gelu_tanh
    from matcalc.api.words import hadamard as hadamard
    from matcalc.api.words import hardtanh as hardtanh
    from matcalc.api.words import hinge as hinge
    from matcalc.api.words import hstack as hstack
    from matcalc.api.words import huber as huber
    from matcalc.api.words import inv as inv
    from matcalc.api.words import kl as kl
    from matcalc.api.words import kron as kron
    from matcalc.api.words import largest as largest
    from matcalc.api.words import leaky_relu as leaky_relu
    from matcalc.api.words import log as log
    from matcalc.api.words import log1p as log1p
    from matcalc.api.words import log_softmax as log_softmax
    from matcalc.api.words import logdet as logdet
    from matcalc.api.words import logsigmoid as logsigmoid
    from matcalc.api.words import logsumexp as logsumexp
    from matcalc.api.words import max as max
    from matcalc.api.words import mean as mean
    from matcalc.api.words import min as min
    from matcalc.api.words import norm1 as norm1
    from matcalc.api.words import norm2 as norm2
    from matcalc.api.words import ones as ones
    from matcalc.api.words import outer as outer
    from matcalc.api.words import power as power
    from matcalc.api.words import reciprocal as reciprocal
    from matcalc.api.words import relu as relu
    from matcalc.api.words import reshape_rows as reshape_rows
    from matcalc.api.words import revcumsum as revcumsum
    from matcalc.api.words import rowmean as rowmean
    from matcalc.api.words import rowsum as rowsum
    from matcalc.api.words import selu as selu
    from matcalc.api.words import sigmoid as sigmoid
    from matcalc.api.words import sign as sign
    from matcalc.api.words import silu as silu
    from matcalc.api.words import sin as sin
    from matcalc.api.words import sinh as sinh
    from matcalc.api.words import softmax as softmax
    from matcalc.api.words import softplus as softplus
    from matcalc.api.words import softsign as softsign
    from matcalc.api.words import solve as solve
    from matcalc.api.words import sqrt as sqrt
    from matcalc.api.words import square as square
    from matcalc.api.words import squared_error as squared_error
    from matcalc.api.words import step as step
    from matcalc.api.words import sum as sum
    from matcalc.api.words import tan as tan
    from matcalc.api.words import tanh as tanh
    from matcalc.api.words import tr as tr
    from matcalc.api.words import tril as tril
    from matcalc.api.words import triu as triu
    from matcalc.api.words import unfold as unfold
    from matcalc.api.words import unvec as unvec
    from matcalc.api.words import vec as vec
    from matcalc.api.words import vstack as vstack
    from matcalc.api.words import where as where
    from matcalc.api.words import where_largest as where_largest
    from matcalc.api.words import zeros as zeros
    from matcalc.door import entrywise as entrywise
    from matcalc.door import read as read
    from matcalc.door import to_sympy as to_sympy
    from matcalc.errors import DomainError as DomainError
    from matcalc.errors import KindError as KindError
    from matcalc.errors import MatcalcError as MatcalcError
    from matcalc.errors import NameClashError as NameClashError
    from matcalc.errors import NoRuleError as NoRuleError
    from matcalc.errors import ParseError as ParseError
    from matcalc.errors import ShapeError as ShapeError
    from matcalc.errors import UnknownNameError as UnknownNameError
    from matcalc.expr import Node as Node
    from matcalc.expr import matrix as matrix
    from matcalc.expr import scalar as scalar
    from matcalc.expr import vector as vector
    from matcalc.facts import Q as Q
    from matcalc.layout import Layout as Layout
    from matcalc.network import Network as Network
    from matcalc.notation import Notation as Notation
    from matcalc.ops.blocks import block as block
    from matcalc.ops.undefined import function as function
    from matcalc.ops.undefined import map_ as map  # noqa: F401
    from matcalc.ops.undefined import scalar_function as scalar_function
    from matcalc.pytorch import from_torch as from_torch
    from matcalc.render.latex import latex_of as latex  # noqa: F401
    from matcalc.render.writer import text as text
    from matcalc.shapes import dims as dims

__version__ = "0.1.0"

# Public name -> where it lives. Loaded when first used, so that `import matcalc` costs next to nothing.
_WHERE = {
    "abs": ("matcalc.api.words", "abs"),
    "acos": ("matcalc.api.words", "acos"),
    "adj": ("matcalc.api.words", "adj"),
    "asin": ("matcalc.api.words", "asin"),
    "atan": ("matcalc.api.words", "atan"),
    "binary_cross_entropy": ("matcalc.api.words", "binary_cross_entropy"),
    "blocks": ("matcalc.blocks", ""),
    "block": ("matcalc.ops.blocks", "block"),
    "check": ("matcalc.api.verbs", "check"),
    "colmean": ("matcalc.api.words", "colmean"),
    "colsum": ("matcalc.api.words", "colsum"),
    "commutation": ("matcalc.api.words", "commutation"),
    "compile": ("matcalc.api.compiled", "compile"),
    "cos": ("matcalc.api.words", "cos"),
    "cosh": ("matcalc.api.words", "cosh"),
    "cross_entropy": ("matcalc.api.words", "cross_entropy"),
    "cumsum": ("matcalc.api.words", "cumsum"),
    "Derivation": ("matcalc.api.derivation", "Derivation"),
    "derive": ("matcalc.api.verbs", "derive"),
    "det": ("matcalc.api.words", "det"),
    "diag": ("matcalc.api.words", "diag"),
    "differential": ("matcalc.api.verbs", "differential"),
    "dims": ("matcalc.shapes", "dims"),
    "divide": ("matcalc.api.words", "divide"),
    "DomainError": ("matcalc.errors", "DomainError"),
    "dot": ("matcalc.api.words", "dot"),
    "elu": ("matcalc.api.words", "elu"),
    "entrywise": ("matcalc.door", "entrywise"),
    "erf": ("matcalc.api.words", "erf"),
    "evaluate": ("matcalc.api.verbs", "evaluate"),
    "exp": ("matcalc.api.words", "exp"),
    "expand": ("matcalc.api.verbs", "expand"),
    "expm1": ("matcalc.api.words", "expm1"),
    "eye": ("matcalc.api.words", "eye"),
    "from_torch": ("matcalc.pytorch", "from_torch"),
    "function": ("matcalc.ops.undefined", "function"),
    "gelu": ("matcalc.api.words", "gelu"),
    "gelu_tanh": ("matcalc.api.words", "gelu_tanh"),
    "gradient": ("matcalc.api.verbs", "gradient"),
    "hadamard": ("matcalc.api.words", "hadamard"),
    "hardtanh": ("matcalc.api.words", "hardtanh"),
    "gauss_newton_product": ("matcalc.api.compiled", "gauss_newton_product"),
    "hessian_function": ("matcalc.api.compiled", "hessian_function"),
    "hessian_product": ("matcalc.api.compiled", "hessian_product"),
    "hessian": ("matcalc.api.verbs", "hessian"),
    "hinge": ("matcalc.api.words", "hinge"),
    "hstack": ("matcalc.api.words", "hstack"),
    "huber": ("matcalc.api.words", "huber"),
    "inv": ("matcalc.api.words", "inv"),
    "jacobian": ("matcalc.api.verbs", "jacobian"),
    "kl": ("matcalc.api.words", "kl"),
    "kron": ("matcalc.api.words", "kron"),
    "latex": ("matcalc.render.latex", "latex_of"),
    "Layout": ("matcalc.layout", "Layout"),
    "leaky_relu": ("matcalc.api.words", "leaky_relu"),
    "log": ("matcalc.api.words", "log"),
    "log1p": ("matcalc.api.words", "log1p"),
    "log_softmax": ("matcalc.api.words", "log_softmax"),
    "logdet": ("matcalc.api.words", "logdet"),
    "logsigmoid": ("matcalc.api.words", "logsigmoid"),
    "logsumexp": ("matcalc.api.words", "logsumexp"),
    "map": ("matcalc.ops.undefined", "map_"),
    "Model": ("matcalc.api.models", "Model"),
    "model": ("matcalc.api.models", "model"),
    "MatcalcError": ("matcalc.errors", "MatcalcError"),
    "matrix": ("matcalc.expr", "matrix"),
    "max": ("matcalc.api.words", "max"),
    "mean": ("matcalc.api.words", "mean"),
    "min": ("matcalc.api.words", "min"),
    "KindError": ("matcalc.errors", "KindError"),
    "NameClashError": ("matcalc.errors", "NameClashError"),
    "Network": ("matcalc.network", "Network"),
    "Node": ("matcalc.expr", "Node"),
    "norm1": ("matcalc.api.words", "norm1"),
    "norm2": ("matcalc.api.words", "norm2"),
    "Notes": ("matcalc.api.notes", "Notes"),
    "NoRuleError": ("matcalc.errors", "NoRuleError"),
    "Notation": ("matcalc.notation", "Notation"),
    "ones": ("matcalc.api.words", "ones"),
    "outer": ("matcalc.api.words", "outer"),
    "parse": ("matcalc.api.parsing", "parse"),
    "ParseError": ("matcalc.errors", "ParseError"),
    "power": ("matcalc.api.words", "power"),
    "Q": ("matcalc.facts", "Q"),
    "read": ("matcalc.door", "read"),
    "read_latex": ("matcalc.api.judges", "read_latex"),
    "reciprocal": ("matcalc.api.words", "reciprocal"),
    "relu": ("matcalc.api.words", "relu"),
    "revcumsum": ("matcalc.api.words", "revcumsum"),
    "rowmean": ("matcalc.api.words", "rowmean"),
    "rowsum": ("matcalc.api.words", "rowsum"),
    "scalar": ("matcalc.expr", "scalar"),
    "scalar_function": ("matcalc.ops.undefined", "scalar_function"),
    "selu": ("matcalc.api.words", "selu"),
    "ShapeError": ("matcalc.errors", "ShapeError"),
    "sigmoid": ("matcalc.api.words", "sigmoid"),
    "sign": ("matcalc.api.words", "sign"),
    "silu": ("matcalc.api.words", "silu"),
    "simplify": ("matcalc.api.verbs", "simplify"),
    "sin": ("matcalc.api.words", "sin"),
    "sinh": ("matcalc.api.words", "sinh"),
    "softmax": ("matcalc.api.words", "softmax"),
    "softplus": ("matcalc.api.words", "softplus"),
    "softsign": ("matcalc.api.words", "softsign"),
    "solve": ("matcalc.api.words", "solve"),
    "source": ("matcalc.api.compiled", "source"),
    "sqrt": ("matcalc.api.words", "sqrt"),
    "square": ("matcalc.api.words", "square"),
    "squared_error": ("matcalc.api.words", "squared_error"),
    "step": ("matcalc.api.words", "step"),
    "sum": ("matcalc.api.words", "sum"),
    "tan": ("matcalc.api.words", "tan"),
    "tanh": ("matcalc.api.words", "tanh"),
    "text": ("matcalc.render.writer", "text"),
    "to_sympy": ("matcalc.door", "to_sympy"),
    "tr": ("matcalc.api.words", "tr"),
    "tril": ("matcalc.api.words", "tril"),
    "triu": ("matcalc.api.words", "triu"),
    "UnknownNameError": ("matcalc.errors", "UnknownNameError"),
    "unvec": ("matcalc.api.words", "unvec"),
    "vec": ("matcalc.api.words", "vec"),
    "vector": ("matcalc.expr", "vector"),
    "verify": ("matcalc.api.judges", "verify"),
    "verify_document": ("matcalc.api.judges", "verify_document"),
    "vstack": ("matcalc.api.words", "vstack"),
    "where": ("matcalc.api.words", "where"),
    "largest": ("matcalc.api.words", "largest"),
    "where_largest": ("matcalc.api.words", "where_largest"),
    "reshape_rows": ("matcalc.api.words", "reshape_rows"),
    "unfold": ("matcalc.api.words", "unfold"),
    "fold": ("matcalc.api.words", "fold"),
    "zeros": ("matcalc.api.words", "zeros"),
}
__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'matcalc' has no attribute {name!r}")
    from importlib import import_module

    import_module("matcalc.flat")  # opens what nodes rely on: reading, printing, .diff
    module, attribute = _WHERE[name]
    place = import_module(module)
    found = getattr(place, attribute) if attribute else place
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *_WHERE])
