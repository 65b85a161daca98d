"""Helpers as JAX and PyTorch write them, where their words differ from NumPy's."""

from __future__ import annotations

from matcalc.codegen.helpers import HELPERS

JAX_HELPERS = {
    **HELPERS,
    "log_product": HELPERS["log_product"].replace(
        '@{m}.errstate(over="ignore", divide="ignore")\n', ""
    ),
    "norm": """
def norm(x):
    \"\"\"The square root of the sum of squares, where the squares overflow or underflow too.\"\"\"
    top = {m}.abs(x).max(initial=0)
    scale = {m}.where((top > 0) & {m}.isfinite(top), top, {m}.ones_like(top))
    return scale * {m}.sqrt(((x / scale) ** 2).sum())
""",
    "blocks_of_samples": """
def blocks_of_samples(x, w, y, as_rows):
    \"\"\"x' diag(w_a) y for each column of w, in blocks (or in every p-th row and column).\"\"\"
    p, one = w.shape[1], {m}.eye(w.shape[1], dtype=w.dtype)
    out = {m}.einsum("ia,ij,ik,ab->ajbk" if as_rows else "ia,ij,ik,ab->jakb", w, x, y, one)
    return out.reshape(p * x.shape[1], p * y.shape[1])
""",
    "indexed": """
def indexed(shape, rows, *sums):
    \"\"\"Sums of products of entries, each named by its indices; a repeated one marks a diagonal.\"\"\"
    out = 0
    for spec, scale, *arrays in sums:
        left, right = spec.split("->")
        names, free = [], ""
        for i, size in zip(right, shape):  # a second index, and a matrix that says they are equal
            same = i in free
            free += "ABCD"[len(names)] if same else i
            names.append((i, size) if same else None)
        met = "".join(i for i in free if i in left)
        value = {m}.einsum(left + "->" + met, *arrays)
        value = scale * value.reshape([s if i in met else 1 for i, s in zip(free, shape)])
        for k, pair in enumerate(names):
            if pair is not None:
                at = free.index(pair[0])
                one = {m}.eye(pair[1], dtype=value.dtype)
                value = value * one.reshape(
                    [s if j in (at, k) else 1 for j, s in enumerate(shape)]
                )
        out = out + value
    return {m}.broadcast_to(out, shape).reshape(rows, -1)
""",
    "sum_of_samples": """
def sum_of_samples(x, t, y, p, as_rows, symmetric):
    \"\"\"The sum over samples of t_i kron x_i y_i' (or x_i y_i' kron t_i).\"\"\"
    t = t.reshape(x.shape[0], p, -1)
    out = {m}.einsum("iab,ij,ik->ajbk" if as_rows else "iab,ij,ik->jakb", t, x, y)
    return out.reshape(out.shape[0] * out.shape[1], -1)
""",
    "softplus": """
def softplus(z):
    \"\"\"log(1 + e^z), without overflow.\"\"\"
    return jax.nn.softplus(z)
""",
    "logsigmoid": """
def logsigmoid(z):
    \"\"\"log(1 / (1 + e^-z)), without overflow.\"\"\"
    return jax.nn.log_sigmoid(z)
""",
    "unpick": """
def unpick(x, n):
    \"\"\"Rows of x put where vec of an n x n matrix has its diagonal.\"\"\"
    return jnp.zeros((n * n, x.shape[1]), x.dtype).at[:: n + 1].set(x)
""",
    "repeat_on_diagonal": HELPERS["repeat_on_diagonal"].replace(
        "out[k, :, k, :] = b", "out = out.at[k, :, k, :].set(b)"
    ),
    "kron_identity": HELPERS["kron_identity"].replace(
        "out[:, k, :, k] = a", "out = out.at[:, k, :, k].set(a)"
    ),
    "plus_diagonal": """
def plus_diagonal(a, v):
    \"\"\"a with v added to its diagonal.\"\"\"
    k = jnp.arange(a.shape[0])
    return a.at[k, k].add(jnp.ravel(v))
""",
    "onto_diagonal": """
def onto_diagonal(a, v):
    \"\"\"a with v added to its diagonal.\"\"\"
    k = jnp.arange(a.shape[0])
    return a.at[k, k].add(jnp.ravel(v))
""",
    "placed": """
def placed(a, top, left, rows, cols):
    \"\"\"a in a matrix of zeros, from row top and column left.\"\"\"
    out = jnp.zeros((rows, cols), a.dtype)
    return out.at[top : top + a.shape[0], left : left + a.shape[1]].set(a)
""",
    "adjugate": """
def adjugate(a):
    \"\"\"The transposed cofactors, by singular values: right for singular matrices too.\"\"\"
    u, s, vt = jnp.linalg.svd(a)
    rest = jnp.stack([jnp.prod(jnp.delete(s, k)) for k in range(s.shape[0])])
    return jnp.linalg.det(u) * jnp.linalg.det(vt) * (vt.T * rest) @ u.T
""",
    "erf": """
from jax.scipy.special import erf
""",
    "lu": """
from jax.scipy.linalg import lu_factor as factored
from jax.scipy.linalg import lu_solve
""",
    "lu_signdet": """
def lu_signdet(factor):
    \"\"\"The sign of the determinant.\"\"\"
    if not isinstance(factor, tuple):
        return jnp.linalg.slogdet(factor)[0]
    swaps = jnp.count_nonzero(factor[1] != jnp.arange(len(factor[1])))
    return jnp.prod(jnp.sign(jnp.diagonal(factor[0]))) * (-1.0) ** swaps
""",
    "lu_det": """
def lu_det(factor):
    \"\"\"The determinant from a factorisation that serves a solve too.\"\"\"
    swaps = jnp.count_nonzero(factor[1] != jnp.arange(len(factor[1])))
    return jnp.prod(jnp.diagonal(factor[0])) * (-1.0) ** swaps
""",
    "chol": """
from jax.scipy.linalg import cho_factor, cho_solve
""",
    "triangular": """
from jax.scipy.linalg import solve_triangular
""",
    "nonzero": """
def nonzero(v):
    \"\"\"Entries that are divided by; a zero among them gives nan.\"\"\"
    return v
""",
    "where_largest": """
def where_largest(z, axis):
    \"\"\"1 at the first largest entry along an axis, 0 elsewhere.\"\"\"
    place = jnp.arange(z.shape[axis]).reshape((-1, 1) if axis == 0 else (1, -1))
    return (place == z.argmax(axis=axis, keepdims=True)).astype(z.dtype)
""",
    "fold": """
def fold(x, c, h, w, a, b, s, r, p, q):
    \"\"\"Patches added up where they lie in the images: the adjoint of unfold.\"\"\"
    down, across = (h + 2 * p - a) // s + 1, (w + 2 * q - b) // r + 1
    x = x.reshape(-1, down, across, c, a, b).transpose(0, 3, 1, 2, 4, 5)
    out = jnp.zeros((x.shape[0], c, h + 2 * p, w + 2 * q), x.dtype)
    for i in range(a):
        for j in range(b):
            rows, cols = i + s * jnp.arange(down)[:, None], j + r * jnp.arange(across)
            out = out.at[:, :, rows, cols].add(x[..., i, j])
    return out[:, :, p : p + h, q : q + w].reshape(-1, c * h * w)
""",
}

TORCH_HELPERS = {
    **HELPERS,
    "log_product": JAX_HELPERS["log_product"],
    "blocks_of_samples": JAX_HELPERS["blocks_of_samples"],
    "indexed": JAX_HELPERS["indexed"],
    "sum_of_samples": JAX_HELPERS["sum_of_samples"],
    "norm": """
def norm(x):
    \"\"\"The square root of the sum of squares, where the squares overflow or underflow too.\"\"\"
    top = x.abs().max() if x.numel() else x.sum()
    scale = {m}.where((top > 0) & {m}.isfinite(top), top, {m}.ones_like(top))
    return scale * {m}.sqrt(((x / scale) ** 2).sum())
""",
    "vdot": """
def vdot(a, b):
    \"\"\"The sum of the products of corresponding entries.\"\"\"
    return (a * b).sum()
""",
    "maximum": """
def maximum(a, b):
    \"\"\"The larger of two, numbers or tensors.\"\"\"
    like = a if torch.is_tensor(a) else b
    a, b = (torch.as_tensor(x, dtype=like.dtype, device=like.device) for x in (a, b))
    return torch.maximum(a, b)
""",
    "minimum": """
def minimum(a, b):
    \"\"\"The smaller of two, numbers or tensors.\"\"\"
    like = a if torch.is_tensor(a) else b
    a, b = (torch.as_tensor(x, dtype=like.dtype, device=like.device) for x in (a, b))
    return torch.minimum(a, b)
""",
    "kron": """
def kron(a, b):
    \"\"\"The Kronecker product; torch's own refuses some views.\"\"\"
    rows, cols = a.shape[0] * b.shape[0], a.shape[1] * b.shape[1]
    return (a[:, None, :, None] * b[None, :, None, :]).reshape(rows, cols)
""",
    "number": """
def number(value, like):
    \"\"\"A number as a tensor of the kind of another.\"\"\"
    return torch.as_tensor(value, dtype=like.dtype, device=like.device)
""",
    "step": """
def step(z, like):
    \"\"\"1 where positive, 0 elsewhere.\"\"\"
    return (torch.as_tensor(z, dtype=like.dtype, device=like.device) > 0).to(like.dtype)
""",
    "full": """
def full(shape, value, like):
    \"\"\"A matrix of equal entries, rows or columns, of the kind of another tensor.\"\"\"
    return torch.as_tensor(value, dtype=like.dtype, device=like.device).expand(shape).clone()
""",
    "softplus": """
def softplus(z):
    \"\"\"log(1 + e^z), without overflow.\"\"\"
    return z.clamp(min=0) + torch.log1p(torch.exp(-torch.abs(z)))
""",
    "logsigmoid": """
def logsigmoid(z):
    \"\"\"log(1 / (1 + e^-z)), without overflow.\"\"\"
    return torch.nn.functional.logsigmoid(z)
""",
    "elu": """
def elu(z):
    \"\"\"z where positive, e^z - 1 elsewhere.\"\"\"
    return torch.where(z > 0, z, torch.expm1(z.clamp(max=0)))
""",
    "selu": HELPERS["selu"].replace("{m}.minimum(z, 0)", "z.clamp(max=0)"),
    "gelu": HELPERS["gelu"].replace("erf(", "torch.erf("),
    "softmax": """
def softmax(z, axis):
    \"\"\"e^z over its sum; torch takes the largest z off first, so that nothing overflows.\"\"\"
    return torch.softmax(z, axis)
""",
    "masked_softmax": """
def masked_softmax(z, mask, axis):
    \"\"\"Softmax over the entries that the mask shows.\"\"\"
    top = z.masked_fill(mask == 0, -torch.inf).amax(axis, keepdim=True)
    e = mask * torch.exp((z - top).masked_fill(mask == 0, 0.0))
    return e / e.sum(axis, keepdim=True)
""",
    "largest_of": """
def largest_of(w, z, axis):
    \"\"\"The largest z whose weight w is not 0.\"\"\"
    w, z = torch.broadcast_tensors(w, z)
    top = z.masked_fill(w == 0, -torch.inf).amax(axis, keepdim=True)
    return torch.where(torch.isfinite(top), top, torch.zeros_like(top))
""",
    "log1mexp": """
def log1mexp(z):
    \"\"\"log(1 - e^-z), where that is near 0 and where it is near 1.\"\"\"
    far, near = torch.log1p(-torch.exp(-z.clamp(min=0.7))), z.clamp(max=0.7)
    return torch.where(z > 0.7, far, torch.log(-torch.expm1(-near)))
""",
    "log_softmax": """
def log_softmax(z, axis):
    \"\"\"log of softmax, without forming softmax.\"\"\"
    return torch.log_softmax(z, axis)
""",
    "logsumexp": """
def logsumexp(z, axis):
    \"\"\"log of the sum of e^z, without overflow.\"\"\"
    return torch.logsumexp(z, axis, keepdim=True)
""",
    "unpick": """
def unpick(x, n):
    \"\"\"Rows of x put where vec of an n x n matrix has its diagonal.\"\"\"
    out = x.new_zeros((n * n, x.shape[1]))
    out[:: n + 1] = x
    return out
""",
    "plus_diagonal": """
def plus_diagonal(a, v):
    \"\"\"a with v added to its diagonal.\"\"\"
    out = a.clone()
    out.diagonal().add_(torch.as_tensor(v, dtype=a.dtype, device=a.device).reshape(-1))
    return out
""",
    "onto_diagonal": """
def onto_diagonal(a, v):
    \"\"\"v added to the diagonal of a, in place.\"\"\"
    a.diagonal().add_(torch.as_tensor(v, dtype=a.dtype, device=a.device).reshape(-1))
    return a
""",
    "repeat_on_diagonal": HELPERS["repeat_on_diagonal"].replace(
        "{m}.zeros((n, p, n, q), b.dtype)", "b.new_zeros((n, p, n, q))"
    ),
    "kron_identity": HELPERS["kron_identity"].replace(
        "{m}.zeros((p, n, q, n), a.dtype)", "a.new_zeros((p, n, q, n))"
    ),
    "placed": """
def placed(a, top, left, rows, cols, like):
    \"\"\"a in a matrix of zeros, from row top and column left.\"\"\"
    a = torch.atleast_2d(torch.as_tensor(a, dtype=like.dtype, device=like.device))
    out = a.new_zeros((rows, cols))
    out[top : top + a.shape[0], left : left + a.shape[1]] = a
    return out
""",
    "adjugate": """
def adjugate(a):
    \"\"\"The transposed cofactors, by singular values: right for singular matrices too.\"\"\"
    u, s, vt = torch.linalg.svd(a)
    others = [torch.cat([s[:k], s[k + 1 :]]) for k in range(s.shape[0])]
    rest = torch.stack([torch.prod(x) for x in others])
    return torch.linalg.det(u) * torch.linalg.det(vt) * (vt.T * rest) @ u.T
""",
    "erf": "",
    "lu": """
def factored(a):
    \"\"\"One factorisation for all solves.\"\"\"
    return torch.linalg.lu_factor(a)


def lu_solve(factor, b, trans=0):
    \"\"\"A solve by a factorisation that serves many.\"\"\"
    return torch.linalg.lu_solve(*factor, b, adjoint=bool(trans))
""",
    "lu_logabsdet": """
def lu_logabsdet(factor):
    \"\"\"log of the size of the determinant, never the determinant itself.\"\"\"
    if torch.is_tensor(factor):
        return torch.linalg.slogdet(factor)[1]
    return torch.log(torch.abs(torch.diagonal(factor[0]))).sum()
""",
    "lu_signdet": """
def lu_signdet(factor):
    \"\"\"The sign of the determinant.\"\"\"
    if torch.is_tensor(factor):
        return torch.linalg.slogdet(factor)[0]
    return torch.prod(torch.sign(torch.diagonal(factor[0]))) * sign_of_swaps(factor[1])


def sign_of_swaps(places):
    \"\"\"-1 for an odd number of rows that change places.\"\"\"
    swaps = torch.count_nonzero(places != torch.arange(1, len(places) + 1, device=places.device))
    return 1 - 2 * (swaps % 2)
""",
    "lu_det": """
def lu_det(factor):
    \"\"\"The determinant from a factorisation that serves a solve too.\"\"\"
    places = torch.arange(1, len(factor[1]) + 1, device=factor[1].device)
    swaps = torch.count_nonzero(factor[1] != places)
    return torch.prod(torch.diagonal(factor[0])) * (1 - 2 * (swaps % 2))
""",
    "chol": """
def cho_factor(a):
    \"\"\"The Cholesky factor.\"\"\"
    return torch.linalg.cholesky(a)


def cho_solve(c, b):
    \"\"\"A solve by a Cholesky factor.\"\"\"
    return torch.cholesky_solve(b.contiguous(), c)
""",
    "chol_logdet": """
def cho_logdet(c):
    \"\"\"log of the determinant from its Cholesky factor.\"\"\"
    return 2 * torch.log(torch.diagonal(c)).sum()
""",
    "cho_det": """
def cho_det(c):
    \"\"\"The determinant from a Cholesky factor that serves a solve too.\"\"\"
    return torch.prod(torch.diagonal(c)) ** 2
""",
    "triangular": """
def solve_triangular(a, b, lower=False, trans=0):
    \"\"\"A solve by substitution.\"\"\"
    if trans:
        return torch.linalg.solve_triangular(a.T, b, upper=lower)
    return torch.linalg.solve_triangular(a, b, upper=not lower)
""",
    "nonzero": """
def nonzero(v):
    \"\"\"Entries that are divided by; a zero among them gives nan.\"\"\"
    return v
""",
    "where_largest": """
def where_largest(z, axis):
    \"\"\"1 at the first largest entry along an axis, 0 elsewhere.\"\"\"
    return torch.zeros_like(z).scatter_(axis, z.argmax(axis, keepdim=True), 1.0)
""",
    "unfold": """
def unfold(x, c, h, w, a, b, s, r, p, q):
    \"\"\"The a x b patches of images c x h x w, a row each; strides s, r, padding p, q.\"\"\"
    x = torch.nn.functional.pad(x.reshape(-1, c, h, w), (q, q, p, p))
    below, beside = x.shape[2] - a + 1, x.shape[3] - b + 1
    parts = [x[:, :, i : i + below : s, j : j + beside : r] for i in range(a) for j in range(b)]
    return torch.stack(parts, 4).permute(0, 2, 3, 1, 4).reshape(-1, c * a * b)
""",
    "fold": HELPERS["fold"]
    .replace(".transpose(0, 3", ".permute(0, 3")
    .replace("{m}.zeros((x.shape[0], c, h + 2 * p, w + 2 * q), x.dtype)",
             "x.new_zeros((x.shape[0], c, h + 2 * p, w + 2 * q))"),
}  # fmt: skip
