"""matcalc: matrix gradients derived the way a good lecturer does."""
from matcalc.expr import matrix as matrix, scalar as scalar, vector as vector
from matcalc.shapes import dims as dims
import matcalc.ops, matcalc.door
import matcalc.render.latex
from matcalc.ops.linalg import inv as inv
