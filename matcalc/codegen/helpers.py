"""The functions that generated NumPy brings along, each only where it is used.

``{m}`` stands for the module. What overflows or cancels as the textbook writes it is written in its
stable form here, and its docstring says so. SciPy is used where it is installed.
"""

from __future__ import annotations

from matcalc.ops.table import SELU_LOW, SELU_SCALE

SIMPLE = {
    "exp": "exp", "expm1": "expm1", "log": "log", "log1p": "log1p", "sqrt": "sqrt", "abs": "abs",
    "sign": "sign", "sin": "sin", "cos": "cos", "tan": "tan", "asin": "arcsin", "acos": "arccos",
    "atan": "arctan", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh",
    "max": "maximum", "min": "minimum", "logaddexp": "logaddexp", "atanh": "arctanh",
    "asinh": "arcsinh",
}  # fmt: skip

ENTRYWISE_FORMS = {
    # Operands are written as atoms; what stands twice is given a name by the helper instead.
    "step": "{m}.heaviside({0}, 0.0)",
    "relu": "{m}.maximum({0}, 0)",
    "hardtanh": "{m}.clip({0}, -1, 1)",
    "where": "{m}.where({0} != 0, {1}, {2})",
}

HELPERS = {
    "softplus": """
def softplus(z):
    \"\"\"log(1 + e^z), without overflow.\"\"\"
    return {m}.maximum(z, 0) + {m}.log1p({m}.exp(-{m}.abs(z)))
""",
    "logsigmoid": """
def logsigmoid(z):
    \"\"\"log(1 / (1 + e^-z)), without overflow.\"\"\"
    return {m}.minimum(z, 0) - {m}.log1p({m}.exp(-{m}.abs(z)))
""",
    "softsign": """
def softsign(z):
    \"\"\"z / (1 + |z|).\"\"\"
    return z / (1 + {m}.abs(z))
""",
    "silu": """
def silu(z):
    \"\"\"z / (1 + e^-z).\"\"\"
    return z / (1 + {m}.exp(-z))
""",
    "elu": """
def elu(z):
    \"\"\"z where positive, e^z - 1 elsewhere.\"\"\"
    return {m}.where(z > 0, z, {m}.expm1({m}.minimum(z, 0)))
""",
    "selu": f"""
def selu(z):
    \"\"\"Scaled exponential linear unit.\"\"\"
    low = {float(SELU_LOW)!r} * {{m}}.expm1({{m}}.minimum(z, 0))
    return {{m}}.where(z > 0, {float(SELU_SCALE)!r} * z, low)
""",
    "gelu": """
def gelu(z):
    \"\"\"z times the normal distribution function.\"\"\"
    return z * (1 + erf(z / 1.4142135623730951)) / 2
""",
    "gelu_tanh": """
def gelu_tanh(z):
    \"\"\"GELU by tanh.\"\"\"
    return z * (1 + {m}.tanh(0.7978845608028654 * (z + 0.044715 * z**3))) / 2
""",
    "leaky_relu": """
def leaky_relu(z, slope):
    \"\"\"z where positive, slope z elsewhere.\"\"\"
    return {m}.where(z > 0, z, slope * z)
""",
    "huber": """
def huber(z, delta):
    \"\"\"Quadratic within delta, linear beyond.\"\"\"
    size = {m}.abs(z)
    return {m}.where(size <= delta, z * z / 2, delta * (size - delta / 2))
""",
    "softmax": """
def softmax(z, axis):
    \"\"\"e^z over its sum; the largest z is taken off first, so that nothing overflows.\"\"\"
    e = {m}.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)
""",
    "masked_softmax": """
def masked_softmax(z, mask, axis):
    \"\"\"Softmax over the entries that the mask shows.\"\"\"
    top = {m}.where(mask != 0, z, -{m}.inf).max(axis=axis, keepdims=True)
    e = mask * {m}.exp({m}.where(mask != 0, z - top, 0))
    return e / e.sum(axis=axis, keepdims=True)
""",
    "log_softmax": """
def log_softmax(z, axis):
    \"\"\"log of softmax, without forming softmax.\"\"\"
    z = z - z.max(axis=axis, keepdims=True)
    return z - {m}.log({m}.exp(z).sum(axis=axis, keepdims=True))
""",
    "logsumexp": """
def logsumexp(z, axis):
    \"\"\"log of the sum of e^z; the largest z is taken off first.\"\"\"
    top = z.max(axis=axis, keepdims=True)
    top = {m}.where({m}.isfinite(top), top, 0)
    return top + {m}.log({m}.exp(z - top).sum(axis=axis, keepdims=True))
""",
    "largest_of": """
def largest_of(w, z, axis):
    \"\"\"The largest z whose weight w is not 0.\"\"\"
    top = {m}.where(w != 0, z, -{m}.inf).max(axis=axis, keepdims=True)
    return {m}.where({m}.isfinite(top), top, 0)
""",
    "log1mexp": """
def log1mexp(z):
    \"\"\"log(1 - e^-z), where that is near 0 and where it is near 1.\"\"\"
    near = {m}.minimum(z, 0.7)
    return {m}.where(z > 0.7, {m}.log1p(-{m}.exp(-{m}.maximum(z, 0.7))), {m}.log(-{m}.expm1(-near)))
""",
    "log_product": """
@{m}.errstate(over="ignore", divide="ignore")
def log_product(above, below):
    \"\"\"log of a product, by logarithms of its factors where it overflows or underflows.\"\"\"
    whole, size, sign = 1, 0, 1
    for a in above:
        whole, size, sign = whole * a, size + {m}.log({m}.abs(a)), sign * {m}.sign(a)
    for b in below:
        whole, size, sign = whole / b, size - {m}.log({m}.abs(b)), sign * {m}.sign(b)
    kind = {m}.finfo(whole.dtype)
    fits = (kind.tiny <= whole) & (whole <= kind.max)
    return {m}.where(fits, {m}.log(whole), size + {m}.log(sign))
""",
    "norm": """
def norm(x):
    \"\"\"The square root of the sum of squares, where the squares overflow or underflow too.\"\"\"
    square = np.vdot(x, x)
    if 1e-30 < square < 1e30:  # of single precision too
        return np.sqrt(square)
    top = np.abs(x).max(initial=0)
    scale = top if 0 < top < np.inf else x.dtype.type(1)
    return scale * np.sqrt(np.vdot(x / scale, x / scale))
""",
    "kron_apply": """
def kron_apply(a, b, x):
    \"\"\"(a kron b) x, without the Kronecker product.\"\"\"
    k = x.shape[1]
    x = b @ x.reshape(a.shape[1], b.shape[1], k)
    return (a @ x.reshape(a.shape[1], -1)).reshape(-1, k)
""",
    "kron_block": """
def kron_block(a, b, top, left, height, width):
    \"\"\"A part of a kron b, without the Kronecker product.\"\"\"
    i, j = {m}.arange(top, top + height), {m}.arange(left, left + width)
    p, q = b.shape
    return a[i // p][:, j // q] * b[i % p][:, j % q]
""",
    "apply_to_blocks": """
def apply_to_blocks(b, x, n):
    \"\"\"(I kron b) x for an identity of size n.\"\"\"
    k = x.shape[1]
    return (b @ x.reshape(n, b.shape[1], k)).reshape(-1, k)
""",
    "apply_across": """
def apply_across(a, x, n):
    \"\"\"(a kron I) x for an identity of size n.\"\"\"
    k = x.shape[1]
    return (a @ x.reshape(a.shape[1], n * k)).reshape(-1, k)
""",
    "repeat_on_diagonal": """
def repeat_on_diagonal(b, n):
    \"\"\"I kron b for an identity of size n.\"\"\"
    p, q = b.shape
    out = {m}.zeros((n, p, n, q), b.dtype)
    k = {m}.arange(n)
    out[k, :, k, :] = b
    return out.reshape(n * p, n * q)
""",
    "kron_identity": """
def kron_identity(a, n):
    \"\"\"a kron I for an identity of size n.\"\"\"
    p, q = a.shape
    out = {m}.zeros((p, n, q, n), a.dtype)
    k = {m}.arange(n)
    out[:, k, :, k] = a
    return out.reshape(p * n, q * n)
""",
    "kron_contract": """
def kron_contract(g, b, slot, rows, cols):
    \"\"\"The blocks of g summed against b: the adjoint of the Kronecker product.\"\"\"
    p, q = b.shape
    if slot == 0:
        return {m}.einsum("iajb,ab->ij", g.reshape(rows, p, cols, q), b)
    return {m}.einsum("aibj,ab->ij", g.reshape(p, rows, q, cols), b)
""",
    "by_sample": """
def by_sample(t, a, r):
    \"\"\"Each sample's r rows of t (or the same r for all) times its row of a.\"\"\"
    q = a.shape[1]
    return (t.reshape(-1, r, q) * a[:, None]).reshape(-1, q)
""",
    "sample_products": """
def sample_products(a, b, r):
    \"\"\"The transpose of each sample's r rows of a times its r rows of b.\"\"\"
    p, q = a.shape[1], b.shape[1]
    return (a.reshape(-1, r, p).swapaxes(1, 2) @ b.reshape(-1, r, q)).reshape(-1, q)
""",
    "sum_of_samples": """
def sum_of_samples(x, t, y, p, as_rows, symmetric):
    \"\"\"The sum over samples of t_i kron x_i y_i' (or x_i y_i' kron t_i).\"\"\"
    (m, j), k, q = x.shape, y.shape[1], t.shape[1]
    out = np.empty((p, j, q, k) if as_rows else (j, p, k, q), t.dtype)
    blocks = out.transpose(0, 2, 1, 3) if as_rows else out.transpose(1, 3, 0, 2)
    if m * j * k < 200_000:  # all x_i y_i' at once are small: one product
        outer = (x[:, :, None] * y[:, None]).reshape(m, j * k)
        blocks[...] = (t.reshape(m, p * q).T @ outer).reshape(p, q, j, k)
        return out.reshape(out.shape[0] * out.shape[1], -1)
    t = np.ascontiguousarray(t.reshape(m, p, q).transpose(1, 2, 0))
    x = np.ascontiguousarray(x.T)
    step = max(1, 60_000 // max(m * j, 1))  # what is scaled at once stays in the cache
    for a in range(q):
        end = a + 1 if symmetric else p
        for b in range(0, end, step):
            c = min(b + step, end)
            scaled = (t[b:c, a, None] * x).reshape((c - b) * j, m)
            part = (scaled @ y).reshape(c - b, j, k)
            blocks[b:c, a] = part
            if symmetric:
                blocks[a, b:c] = part.transpose(0, 2, 1)
    return out.reshape(out.shape[0] * out.shape[1], -1)
""",
    "blocks_of_samples": """
def blocks_of_samples(x, w, y, as_rows):
    \"\"\"x' diag(w_a) y for each column of w, in blocks (or in every p-th row and column).\"\"\"
    j, k, p = x.shape[1], y.shape[1], w.shape[1]
    out = np.zeros((p, j, p, k) if as_rows else (j, p, k, p), w.dtype)
    blocks = out.transpose(0, 2, 1, 3) if as_rows else out.transpose(1, 3, 0, 2)
    for a in range(p):
        blocks[a, a] = (w[:, a, None] * x).T @ y
    return out.reshape(p * j, p * k)
""",
    "indexed": """
def indexed(shape, rows, *sums):
    \"\"\"Sums of products of entries, each named by its indices; a repeated one marks a diagonal.\"\"\"
    out = np.zeros(shape, np.result_type(*(a for s in sums for a in s[2:])))
    for spec, scale, *arrays in sums:
        left, right = spec.split("->")
        names, free = left.split(","), "".join(dict.fromkeys(right))
        place = np.einsum(right + "->" + free, out)
        met = "".join(i for i in free if i in left)
        if set(left) - {",", *free} or any(len(set(s)) < len(s) for s in names):
            value = scale * np.einsum(left + "->" + met, *arrays, optimize=True)
            place += value.reshape([s if i in met else 1 for i, s in zip(free, place.shape)])
            continue
        value = scale  # nothing is summed: the small factors first
        for a, s in sorted(zip(arrays, names), key=lambda x: x[0].size):
            a = np.einsum(s + "->" + "".join(i for i in free if i in s), a)
            value = value * a.reshape([n if i in s else 1 for i, n in zip(free, place.shape)])
        place += value
    return out.reshape(rows, -1)
""",
    "commute": """
def commute(x, n, m):
    \"\"\"Rows of x rearranged from vec(A) to vec(A'), for A of n x m.\"\"\"
    return x.reshape(m, n, -1).swapaxes(0, 1).reshape(n * m, -1)
""",
    "unpick": """
def unpick(x, n):
    \"\"\"Rows of x put where vec of an n x n matrix has its diagonal.\"\"\"
    out = {m}.zeros((n * n, x.shape[1]), x.dtype)
    out[:: n + 1] = x
    return out
""",
    "plus_diagonal": """
def plus_diagonal(a, v):
    \"\"\"a with v added to its diagonal.\"\"\"
    out = a.copy()
    out.reshape(-1)[:: out.shape[1] + 1] += {m}.ravel(v)
    return out
""",
    "onto_diagonal": """
def onto_diagonal(a, v):
    \"\"\"v added to the diagonal of a, in place.\"\"\"
    place = {m}.einsum("ii->i", a)
    place += {m}.ravel(v)
    return a
""",
    "placed": """
def placed(a, top, left, rows, cols):
    \"\"\"a in a matrix of zeros, from row top and column left.\"\"\"
    out = {m}.zeros((rows, cols), a.dtype)
    out[top : top + a.shape[0], left : left + a.shape[1]] = a
    return out
""",
    "adjugate": """
def adjugate(a):
    \"\"\"The transposed cofactors, by singular values: right for singular matrices too.\"\"\"
    u, s, vt = {m}.linalg.svd(a)
    rest = {m}.array([{m}.prod({m}.delete(s, k)) for k in range(len(s))])
    return {m}.linalg.det(u) * {m}.linalg.det(vt) * (vt.T * rest) @ u.T
""",
    "nonzero": """
def nonzero(v):
    \"\"\"Entries that are divided by.\"\"\"
    if not v.all():
        raise ZeroDivisionError("a zero on the diagonal")
    return v
""",
    "where_largest": """
def where_largest(z, axis):
    \"\"\"1 at the first largest entry along an axis, 0 elsewhere.\"\"\"
    out = {m}.zeros_like(z)
    {m}.put_along_axis(out, z.argmax(axis=axis, keepdims=True), 1, axis)
    return out
""",
    "unfold": """
def unfold(x, c, h, w, a, b, s, r, p, q):
    \"\"\"The a x b patches of images c x h x w, a row each; strides s, r, padding p, q.\"\"\"
    x = {m}.pad(x.reshape(-1, c, h, w), ((0, 0), (0, 0), (p, p), (q, q)))
    below, beside = x.shape[2] - a + 1, x.shape[3] - b + 1
    parts = [x[:, :, i : i + below : s, j : j + beside : r] for i in range(a) for j in range(b)]
    return {m}.stack(parts, 4).transpose(0, 2, 3, 1, 4).reshape(-1, c * a * b)
""",
    "fold": """
def fold(x, c, h, w, a, b, s, r, p, q):
    \"\"\"Patches added up where they lie in the images: the adjoint of unfold.\"\"\"
    down, across = (h + 2 * p - a) // s + 1, (w + 2 * q - b) // r + 1
    x = x.reshape(-1, down, across, c, a, b).transpose(0, 3, 1, 2, 4, 5)
    out = {m}.zeros((x.shape[0], c, h + 2 * p, w + 2 * q), x.dtype)
    for i in range(a):
        for j in range(b):
            out[:, :, i : i + s * down : s, j : j + r * across : r][:, :, :down, :across] += x[
                ..., i, j
            ]
    return out[:, :, p : p + h, q : q + w].reshape(-1, c * h * w)
""",
    "erf": """
try:
    from scipy.special import erf
except ImportError:  # NumPy has no error function
    import math

    def erf(z):
        return {m}.vectorize(math.erf, otypes=[float])(z).astype({m}.result_type(z))
""",
    "lu": """
try:  # one factorisation for all solves
    from scipy.linalg import lu_factor as factored
    from scipy.linalg import lu_solve
except ImportError:

    def factored(a):
        return a

    def lu_solve(a, b, trans=0):
        return {m}.linalg.solve(a.T if trans else a, b)
""",
    "lu_logdet": """
def lu_logdet(factor):
    \"\"\"log of the determinant, never the determinant itself; nan if that is negative.\"\"\"
    return lu_logabsdet(factor) + {m}.log(lu_signdet(factor))
""",
    "signed_logdet": """
def signed_logdet(pair):
    \"\"\"log of the determinant from its sign and the log of its size; nan if it is negative.\"\"\"
    return pair[1] + {m}.log(pair[0])
""",
    "lu_logabsdet": """
def lu_logabsdet(factor):
    \"\"\"log of the size of the determinant, never the determinant itself.\"\"\"
    if not isinstance(factor, tuple):
        return {m}.linalg.slogdet(factor)[1]
    return {m}.log({m}.abs({m}.diagonal(factor[0]))).sum()
""",
    "lu_signdet": """
def lu_signdet(factor):
    \"\"\"The sign of the determinant.\"\"\"
    if not isinstance(factor, tuple):
        return {m}.linalg.slogdet(factor)[0]
    swaps = int({m}.count_nonzero(factor[1] != {m}.arange(len(factor[1]))))
    return {m}.prod({m}.sign({m}.diagonal(factor[0]))) * (-1.0) ** swaps
""",
    "lu_det": """
def lu_det(factor):
    \"\"\"The determinant from a factorisation that serves a solve too.\"\"\"
    if not isinstance(factor, tuple):
        return {m}.linalg.det(factor)
    swaps = int({m}.count_nonzero(factor[1] != {m}.arange(len(factor[1]))))
    return {m}.prod({m}.diagonal(factor[0])) * (-1.0) ** swaps
""",
    "chol": """
try:  # symmetric positive definite: half the work of a general solve
    from scipy.linalg import cho_factor, cho_solve
except ImportError:

    def cho_factor(a):
        return {m}.linalg.cholesky(a), True, a

    def cho_solve(c, b):
        return {m}.linalg.solve(c[2], b)
""",
    "chol_logdet": """
def cho_logdet(c):
    \"\"\"log of the determinant from its Cholesky factor.\"\"\"
    return 2 * {m}.log({m}.diagonal(c[0])).sum()
""",
    "cho_det": """
def cho_det(c):
    \"\"\"The determinant from a Cholesky factor that serves a solve too.\"\"\"
    return {m}.prod({m}.diagonal(c[0])) ** 2
""",
    "triangular": """
try:
    from scipy.linalg import solve_triangular
except ImportError:

    def solve_triangular(a, b, lower=False, trans=0):
        return {m}.linalg.solve(a.T if trans else a, b)
""",
}  # fmt: skip

NEEDS = {
    "gelu": ("erf",),
    "lu_logdet": ("lu_logabsdet", "lu_signdet"),
    "lu_logabsdet": ("lu",),
    "lu_signdet": ("lu",),
    "lu_det": ("lu",),
    "chol_logdet": ("chol",),
}
