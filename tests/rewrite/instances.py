"""Small expressions on which each law applies at the root. A law without one fails its tests."""

from __future__ import annotations

from typing import Any

import sympy as sp

import matcalc as mc
from matcalc.expr import BUILD, Node, make
from matcalc.facts import with_implied
from matcalc.ops.base import OPS
from matcalc.ops.binder import isum
from matcalc.rewrite.template import placeholder

n, m, k, p = mc.dims("n m k p")
A, B, C, D = (mc.matrix(s, n, n) for s in "ABCD")
R, S = mc.matrix("R", n, m), mc.matrix("S", n, m)
T, U = mc.matrix("T", m, k), mc.matrix("U", k, p)
u, v, w = (mc.vector(s, n) for s in "uvw")
x = mc.vector("x", m)
B_m = mc.matrix("B_m", m, m)
a, b, c = (mc.scalar(s) for s in "abc")
one = mc.ones(n, 1)
r = sp.Symbol("_r?", integer=True, positive=True)
q = sp.Symbol("_q?", integer=True, positive=True)
i, j = sp.Integer(0), sp.Integer(0)
first = sp.Symbol("_k1", integer=True, positive=True)  # a bound index


def assumed(number: int, fact: str, rows: Any = n, cols: Any = n) -> Node:
    """A symbol with a fact, as laws see it."""
    return placeholder(number, (rows, cols), with_implied((fact,), (rows, cols)))


def raw(name: str, *operands: Any, params: tuple[Any, ...] = ()) -> Node:
    """An operation that its constructor does not fold."""
    return make(OPS[name], tuple(map(mc.read, operands)), params)


Q, Z, P = assumed(90, "orthogonal"), assumed(91, "symmetric"), assumed(92, "idempotent")
Y = assumed(93, "rows_sum_to_one", n, m)
Yt = assumed(94, "cols_sum_to_one", m, n)
Cr, Cc = assumed(98, "rows_sum_to_zero", n, m), assumed(99, "cols_sum_to_zero", n, m)
L, E, V = assumed(95, "lower_triangular"), assumed(96, "diagonal"), assumed(97, "invertible")
One, Label = assumed(89, "one_hot", n, m), assumed(88, "one_hot", m, sp.Integer(1))
picked = mc.rowsum(mc.hadamard(One, R))
diag, kron, vec, inv, det, tr, H = mc.diag, mc.kron, mc.vec, mc.inv, mc.det, mc.tr, mc.hadamard
block = mc.hstack(R, A)
pick = mc.parse("diagonal_pick(n)*vec(A)", {"A": ("n", "n")}).expression.operands[0]

INSTANCES: dict[str, list[Node]] = {
    # products
    "collect_powers": [a * b * mc.power(a, 2), mc.power(a, -1) * R * a],
    "norm_from_square": [(u.T * u) / mc.norm2(u)],
    "cancel_inverse": [A * inv(A) * R, inv(A).T * A.T],
    "cancel_inverse_of_run": [inv(R.T * R) * R.T * R, R.T * R * inv(R.T * R) * T],
    "quotient_meets_its_denominator": [
        u.T * mc.divide(v, u),
        mc.divide(w, u).T * H(v, u),
        a * R.T * v * u.T * mc.power(u, -1),
    ],
    "cancel_in_inverse": [inv(A * B) * A, B * inv(A * B), inv(A * B).T * B.T],
    "powers_of_one_matrix": [A * A**3, inv(A**3) * A],
    "constant_out_of_sum": [raw("isum", a * mc.read(first) * A, params=(first, sp.Integer(0), k))],
    "powers_that_commute": [isum(A**r * A ** (k - r), r, 0, k)],
    "power_of_root": [mc.power(mc.sqrt(a), 2), mc.power(mc.sqrt(R), -4)],
    "root_of_square": [
        mc.sqrt(a * mc.norm2(u) ** 2),
        mc.sqrt(mc.norm2(u) ** 2 / mc.read(n)),
        raw("sqrt", 1 / a),
    ],
    "roots_of_numbers": [
        mc.sqrt(mc.read(2)) * R / mc.sqrt(mc.read(3)),
        a * mc.sqrt(mc.read(2)) * mc.sqrt(mc.read(sp.pi)),
        1 / (mc.sqrt(mc.read(2)) * mc.sqrt(mc.read(sp.pi))),
    ],
    "size_of_scaled": [mc.norm2(-2 * u), mc.abs(-3 * R)],
    # sums
    "like_terms": [tr(A * B) + tr(B * A), u.T * v + v.T * u, tr(A.T * B) + tr(B.T * A)],
    "distribute_where_shorter": [A * (inv(A) + mc.eye(n))],
    "minus_into_bracket": [-(A - B), -a * (R - S)],
    "brackets_alike": [(u - v) * (v - u).T, a * A * (u - v) * (v - u).T * B],
    "common_scalars": [a * A + a * B, A / 3 + B / 3],
    "perfect_square": [mc.power(u, 2) + 2 * H(u, v) + mc.power(v, 2), a**2 - 2 * a + 1],
    "one_minus_the_rest": [
        R - H(S, R),
        a - a**3 * b,
        H(R, mc.power(S, 2)) - S,
        3 * u - 3 * mc.power(u, 2),
    ],
    "left_from_inverse": [mc.eye(n) - inv(A + B) * A, 2 * mc.eye(n) - 2 * A * inv(A + B)],
    "woodbury": [
        inv(A) - inv(A) * R * inv(mc.eye(m) + R.T * inv(A) * R) * R.T * inv(A),
        mc.eye(n) - R * inv(mc.eye(m) + S.T * R) * S.T,
    ],
    "read_well": [-A + B, A.T + A],
    "twice_symmetric": [Z + raw("transpose", Z), A.T * A + raw("transpose", A.T * A)],
    # transposes
    "push_transpose": [
        raw("transpose", A.T * B),
        raw("transpose", kron(R.T, A.T)),
        raw("transpose", mc.commutation(n, m)),
    ],
    "sums_of_symmetric": [raw("transpose", mc.colsum(Z)), raw("transpose", mc.rowsum(A.T * A))],
    "inverse_of_symmetric": [inv((R - one * mc.colmean(R)).T * R).T],
    "pull_transpose": [A.T * B.T * C.T * D.T, raw("times", raw("transpose", A * B), C.T)],
    "turn_inner_product": [u.T * A.T * B.T * v],
    "pull_transpose_of_sum": [A.T - B.T],
    "pull_transpose_of_function": [mc.tanh(T.T * R.T), mc.max(A.T * B.T, C.T)],
    "of_transpose": [raw("det", A.T), mc.norm2(R.T), mc.adj(A.T)],
    # traces
    "trace_of_rank_one": [tr(A * u * v.T), tr(u * v.T)],
    "trace_turned": [tr(A.T * B.T * C), tr(A * B * inv(A))],
    "trace_of_bracket_with_itself": [
        tr((R / mc.norm2(R) + S).T * R),
        tr(A * B * (a * B.T * A.T / mc.norm2(A * B) ** 2 - C)),
    ],
    "trace_of_sum": [tr(A * inv(A) + inv(A) * B * A), tr(mc.eye(n) + u * v.T)],
    "diagonal_of_bracket": [mc.diag(inv(A + B) * (mc.eye(n) - u * u.T * inv(A + B).T))],
    "trace_of_kron": [tr(kron(A, mc.matrix("F", m, m)))],
    "trace_of_diagonal": [tr(diag(u)), tr(diag(u) * diag(v) * diag(w))],
    "sum_of_diagonal": [mc.sum(diag(A)), mc.sum(u - 2 * diag(A))],
    "sum_against_transpose": [mc.sum(H(inv(A).T, B)), mc.sum(H(A, (B * C).T))],
    "trace_against_itself": [tr(R.T * H(R, S))],
    # inverses and determinants
    "inverse_of_transpose": [inv(A.T)],
    "inverse_of_scaled": [inv(2 * A), inv(a * A * B)],
    "scalar_into_inverse": [inv(mc.eye(n) + R * R.T / a) * R / a],
    "inverse_into_inverse": [
        inv(mc.eye(n) + inv(A) * B) * inv(A) * R,
        inv(A).T * inv(mc.eye(n) + inv(A) * B).T,
    ],
    "inverse_of_product": [inv(A * inv(B))],
    "inverse_of_kron": [inv(kron(A, mc.matrix("F", m, m)))],
    "inverse_of_permutation": [inv(mc.commutation(n, m))],
    "logdet_of_inverse": [mc.logdet(inv(A))],
    "det_of_inverse": [det(inv(A))],
    "det_of_product": [det(inv(A) * B * A)],
    "adjugate_meets_factor": [A * mc.adj(A), A.T * mc.adj(A * B).T, B * mc.adj(A * B)],
    "determinant_times_inverse": [
        det(A) * inv(A),
        mc.adj(A).T / det(A),
        mc.adj(A) / mc.power(det(A), 2),
        mc.adj(R.T * R) / mc.sqrt(det(R.T * R)),
    ],
    "determinant_into_bracket": [det(A) * (B * inv(A) + C * inv(A).T)],
    "determinant_split": [det(A) / det(A * B)],
    "log_of_det": [mc.log(det(A))],
    "solve_with_inverse": [raw("solve", inv(A), R), raw("solve", A, A * R)],
    "rank_one_update_meets_vector": [inv(mc.eye(n) + u * v.T) * u],
    "push_through": [inv(mc.eye(n) + A * inv(B) * inv(A)) * A],
    # diagonals
    "diag_times": [
        diag(u) * v,
        diag(u) * diag(v) * R,
        v.T * diag(u),
        diag(u) * (mc.eye(n) + a * diag(v)),
    ],
    "sum_of_diagonals": [diag(u) + diag(v), A - 2 * diag(u) + a * diag(v)],
    "inverse_of_diagonal": [inv(diag(u)), inv(diag(u) + a * mc.eye(n))],
    "division_by_diagonal": [
        diag(mc.power(u, -1)) * R,
        diag(mc.power(u, -1)) * R * x,
        R * diag(mc.power(x, -2)),
        diag(mc.power(u, -1)) * R * diag(mc.power(x, -1)),
    ],
    "diag_times_ones": [diag(u) * mc.ones(n, m), mc.ones(m, n) * diag(u)],
    "scaling_by_rank_one": [H(u * mc.ones(1, m), R), H(one * x.T, R)],
    "rank_one_meets_vector": [H(u * v.T, A) * w],
    "denominators_last": [H(mc.power(R, -1), S)],
    "sum_against_rank_one": [mc.sum(H(u * x.T, R))],
    "sum_against_differences": [
        mc.rowsum(H(u * mc.ones(1, m) - one * x.T, R)),
        mc.sum(H(u * mc.ones(1, m) - one * x.T, R)),
    ],
    "hadamard_with_eye": [H(mc.eye(n), A), H(diag(u), A)],
    "diagonal_of_product": [diag(u * v.T), diag(diag(u) * A), diag(A * diag(u))],
    "diagonal_of_ones": [raw("diagonal", mc.ones(n, n))],
    "diagonal_of_entrywise": [
        diag(u * v.T + diag(w)),
        diag(H(u * v.T, diag(w))),
        diag(mc.power(u * mc.ones(1, n), -1)),
        diag(mc.exp(u * v.T)),
    ],
    # ones
    "ones_times_ones": [mc.ones(n, m) * mc.ones(m, k)],
    "ones_sum": [
        R * mc.ones(m, 1),
        mc.ones(1, n) * R,
        R * mc.ones(m, k),
        mc.ones(k, n) * R,
        A * mc.ones(n, m) * T,
    ],
    "ones_inside": [A * one * x.T, x * mc.ones(1, n) * A],
    "sum_of_product": [mc.rowsum(R * diag(x)), mc.colsum(diag(u) * R)],
    "scaling_out_of_sum": [
        mc.rowsum(H(R, diag(u) * S)),
        mc.colsum(H(S * diag(x), mc.exp(R))),
    ],
    "diagonals_together": [H(mc.diag(A), mc.diag(mc.power(A, -1))), H(mc.diag(A), u, mc.diag(B))],
    "sums_of_products": [mc.diag(R * S.T), mc.diag(R.T * S).T],
    "sum_of_diag": [mc.rowsum(diag(u)), mc.colsum(diag(u)), mc.sum(diag(u)), mc.sum(mc.eye(n))],
    "sum_of_transpose": [mc.sum(R.T), mc.rowsum(R.T), mc.colsum(R.T)],
    "sum_of_flipped": [mc.sum(H(R.T, S.T))],
    "sum_of_sum": [
        mc.colsum(R - one * mc.colsum(R) / mc.read(n)),
        mc.rowsum(u * mc.ones(1, m) + v * mc.ones(1, m)),
    ],
    "sum_of_sums": [mc.sum(mc.rowsum(R)), mc.sum(mc.colsum(R))],
    "sum_of_entrywise_product": [mc.sum(H(u, v))],
    "quotients_summed": [raw("times", mc.power(u, -1).T, v), u.T * mc.power(v, -2)],
    # functions
    "cancel_factors": [H(R, S, mc.power(R, -1)), raw("hadamard", mc.power(u, 3), mc.power(u, -1))],
    "equal_factors": [H(u, v, u), H(R, mc.power(R, 2))],
    "powers_of_one_base": [raw("hadamard", mc.power(u, a - 1), v, u)],
    "inner_product_of_powers": [
        mc.power(u, a - 1).T * u,
        u.T * mc.power(u, 2),
        mc.power(u / b, a - 1).T * u,
    ],
    # kinks
    "choice_of_one": [
        mc.where(mc.step(a), 1, 0),
        mc.where(mc.step(R), mc.ones(n, m), mc.zeros(n, m)),
        mc.where(mc.step(u), 0, 1),
    ],
    "choices_alike": [
        H(mc.where(mc.step(R), 0, S), R, mc.where(mc.step(R), S, 2)),
        mc.where(a, b, 1) * R * mc.where(a, 2, b),
    ],
    "sign_of_multiple": [mc.step(2 * R - 4 * S), mc.sign(u / 6 + one / 2), mc.step(3 * a)],
    "step_of_extremum": [
        mc.step(mc.max(R, -2) + 1),
        mc.step(mc.max(R, -2) + 1 + 1),
        mc.step(mc.max(a, 3) - 2),
        mc.step(mc.min(u, 1) + 1),
        mc.step(mc.min(u, 1) - 1),
        mc.step(6 - mc.relu(R)),
        mc.step(6 - mc.min(a, 2)),
        mc.step(-2 - mc.relu(a)),
    ],
    "function_undone": [mc.log(mc.exp(R)), mc.tan(mc.atan(a))],
    "exponential_of_log1p": [mc.exp(mc.log1p(R)), mc.exp(mc.log1p(a))],
    "power_of_exponential": [mc.power(mc.exp(R), 2), mc.power(mc.exp(a), -2)],
    "reciprocal_of_exponential": [R + mc.power(mc.exp(R), -1), mc.sum(mc.power(mc.exp(u), -1))],
    "sign_seen": [
        mc.abs(mc.exp(R) + 1),
        mc.relu(mc.power(u, 2)),
        mc.sign(mc.sigmoid(a)),
        mc.step(mc.softplus(u)),
    ],
    "of_diagonal_matrix": [mc.norm2(diag(u)), mc.logdet(diag(mc.exp(u)))],
    # softmax
    "softmax_sums_to_one": [mc.rowsum(mc.softmax(R)), mc.colsum(mc.softmax(R, axis=0))],
    "constant_beside_softmax": [
        mc.rowsum(H(mc.softmax(R), S + 1)),
        mc.sum(H(mc.softmax(u), 1 - v)),
    ],
    "known_sum_apart": [
        mc.rowsum(R - 2 * mc.softmax(R)),
        mc.sum(Y + a * mc.exp(R)),
        mc.colsum(H(mc.exp(R), S) - mc.softmax(R, axis=0)),
    ],
    "softmax_sum": [mc.sum(mc.softmax(u)), mc.sum(mc.softmax(R))],
    "exponential_over_sum": [
        mc.exp(u) / mc.sum(mc.exp(u)),
        diag(mc.power(mc.rowsum(mc.exp(R)), -1)) * mc.exp(R),
        mc.exp(R) * diag(mc.power(mc.colsum(mc.exp(R)), -1).T),
    ],
    "exponential_over_spread_sum": [
        mc.divide(mc.exp(R), mc.rowsum(mc.exp(R)) * mc.ones(1, m)),
        mc.divide(H(mc.exp(R), S), one * mc.colsum(mc.exp(R))),
    ],
    "log_of_sum_of_exponentials": [mc.log(mc.sum(mc.exp(u))), mc.log(mc.rowsum(mc.exp(R)))],
    "log_of_softmax": [mc.log(mc.softmax(R))],
    "exponential_of_logarithm": [
        mc.exp(mc.log(R)),
        mc.exp(mc.log_softmax(R)),
        mc.exp(mc.logdet(A)),
    ],
    # Kronecker
    "kron_mixed": [kron(A, R) * kron(B, T), kron(A, R).T * kron(B, S)],
    "kron_with_vector": [kron(u, mc.eye(m)) * T, A * kron(x.T, mc.eye(n))],
    "kron_times_vec": [kron(A, B) * vec(C), kron(A, R).T * vec(B)],
    "vec_times_kron": [vec(C).T * kron(A, B), vec(S.T).T * kron(R.T, B_m).T],
    "inner_of_vecs": [vec(R).T * vec(S)],
    "commutation_times_vec": [mc.commutation(n, m) * vec(R)],
    "commutation_around_kron": [mc.commutation(n, n) * kron(A, B) * mc.commutation(n, n)],
    "contraction_of_kron": [
        raw("kron_contract", kron(A, R), B, params=(1, n, m)),
        raw("kron_contract", kron(A, R.T).T, B, params=(1, n, m)),
    ],
    "contraction_of_constant": [
        raw("kron_contract", mc.ones(n * m, m), u, params=(1, m, m)),
        raw("kron_contract", mc.eye(n * m), A, params=(1, m, m)),
    ],
    "kron_of_vectors": [kron(u, x.T), kron(x.T, u)],
    # blocks
    "slice_of_stack": [
        block[:, 0:m],
        block[:, m : m + n],
        mc.vstack(R, S)[0:n, :],
        mc.block([[A, R], [R.T, mc.ones(m, m)]])[n : n + m, 0:n],
    ],
    "slice_of_known": [
        raw("slice", mc.eye(2 * n), params=(n, n, n, n)),
        raw("slice", mc.eye(n + m), params=(sp.Integer(0), n, n, m)),
        R[1:n, :][:, 1:m],
        raw("slice", BUILD["place"](R, m, 0, n + m, m + 1), params=(m, sp.Integer(0), n, m)),
        (1 - mc.tanh(block))[:, m : m + n],
        (1 - 2 * a * block.T)[0:m, :],
        H(mc.vstack(R, S), mc.power(mc.vstack(S, R), 2))[n : 2 * n, :],
    ],
    "constant_operand": [
        mc.max(R, mc.zeros(n, m)),
        mc.min(mc.ones(n, m), R),
        mc.where(mc.step(R), R, mc.zeros(n, m)),
    ],
    # vec
    "vec_of_entries": [
        mc.exp(vec(R)),
        mc.sin(vec(one * x.T)),
        H(vec(R), vec(S)),
        vec(R) - 2 * vec(S),
        mc.power(vec(R), 2) * 1,
        mc.ones(n * m, 1) - a * vec(R),
    ],
    "diagonal_picked": [
        pick * kron(u, A),
        pick * kron(A, u),
        pick * mc.commutation(n, n),
        pick * vec(A),
        pick * pick.T,
        kron(u.T, A) * pick.T,
    ],
    "diagonal_turned": [raw("diagonal", A.T * B.T)],
    # sums over an index
    "sum_as_product": [
        isum(R[i, r] * T[r, j], r, 0, m - 1),
        isum(R[r, i] * S[r, j] * a, r, 0, n - 1),
        isum(u[r, 0] * v[r, 0] * w[r, 0], r, 0, n - 1),
        isum(u[r, 0] ** 2, r, 0, n - 1),
        isum(A[r, r], r, 0, n - 1),
        isum(mc.exp(R[r, i]) + 1, r, 0, n - 1),
        isum(mc.tanh(R[:, r]) * T[r, :], r, 0, m - 1),
        isum(u[r, 0] * A[:, r], r, 0, n - 1),
        isum(u[r, 0] * R[r, :], r, 0, n - 1),
        isum(BUILD["place"](u[r, 0] * v[r, 0], r, 0, n, m), r, 0, n - 1),
        isum(BUILD["place"](x[r, 0], j, r, k, m), r, 0, m - 1),
        isum(BUILD["place"](u[r, 0], r, r, n, n), r, 0, n - 1),
        isum(BUILD["place"](u[r, 0] * R[r, :], r, 0, n, m), r, 0, n - 1),
        isum(BUILD["place"](A * R[:, r], 0, r, n, m), r, 0, m - 1),
        isum(u[r, 0] * BUILD["place"](x, j, 1, m, 2), r, 0, n - 1),
        isum(u[r, 0] * BUILD["place"](R[r, :], j, 0, k, m), r, 0, n - 1),
        isum(mc.sum(mc.exp(R[r, :])) * u[r, 0], r, 0, n - 1),
        isum(R[r, :] * B_m * R[r, :].T, r, 0, n - 1),
        isum(BUILD["place"](1, r, 0, n, 1) * (x.T * R[r, :].T), r, 0, n - 1),
        isum(isum((u[r, 0] - v[q, 0]) ** 2, r, 0, n - 1), q, 0, n - 1),
        isum(isum(A[r, q] * u[r, 0] * u[q, 0], r, 0, n - 1), q, 0, n - 1),
        isum(u[r, 0] * isum(R[r, q] ** 2, q, 0, m - 1), r, 0, n - 1),
    ],
    "slice_of_all": [raw("slice", R, params=(sp.Integer(0), sp.Integer(0), n, m))],
    "places_side_by_side": [
        BUILD["place"](R, 0, 0, n, m + 1) + 2 * BUILD["place"](u, 0, m, n, m + 1),
        BUILD["place"](R, 0, 0, n + 1, m) + BUILD["place"](x.T, n, 0, n + 1, m),
    ],
    "stack_of_slices": [mc.hstack(block[:, 0:m], block[:, m : m + n])],
    # facts
    "symmetric": [raw("transpose", Z)],
    "orthogonal_product": [Q.T * Q * R, Q * Q.T],
    "orthogonal_inverse": [inv(Q)],
    "orthogonal_out_of_inverse": [inv(Q * A), inv(Q.T * A * Q)],
    "orthogonal_frame": [
        inv(Q * A * Q.T + a * mc.eye(n)),
        mc.logdet(Q.T * A * Q + a * mc.eye(n)),
        det(Q * A * Q.T),
    ],
    "determinant_of_orthogonal": [mc.power(det(Q), 2)],
    "orthogonal_keeps_norm": [
        mc.norm2(Q * R),
        mc.norm2(R.T * Q),
        mc.sum(mc.power(Q * R, 2)),
    ],
    "idempotent_product": [P * P * R, P.T * P.T],
    "idempotent_power": [P**3],
    "rows_sum_to_one": [mc.rowsum(Y)],
    "all_rows_sum_to_one": [mc.sum(Y), mc.colsum(Y.T)],
    "columns_sum_to_one": [mc.colsum(Yt), mc.sum(Yt), mc.rowsum(Yt.T)],
    "centred_rows": [mc.rowsum(Cr), mc.colsum(Cr.T), mc.sum(Cr)],
    "centred_columns": [mc.colsum(Cc), mc.rowsum(Cc.T), mc.sum(Cc)],
    "triangle_of_triangular": [mc.tril(L), mc.triu(L.T)],
    "diagonal_hadamard": [H(mc.eye(n), E)],
    "diagonal_of_diagonal": [raw("diag", raw("diagonal", E))],
    "power_of_labels": [raw("pow", One, 2)],
    "labels_choose": [
        raw("hadamard", One, One, R),
        H(One, 1 - One),
        H(R, One, R - mc.power(One, 2)),
        H(One, S - 2 * H(One, R)),
        mc.divide(One, mc.rowsum(H(One, mc.exp(R))) * mc.ones(1, m)),
        H(One, mc.log(mc.exp(picked) * mc.ones(1, m)), S),
    ],
    "labels_choose_scaling": [
        diag(mc.exp(-picked)) * One,
        a * diag(H(u, mc.power(1 + picked, b))) * H(One, S),
    ],
    "labels_under_their_sum": [
        diag(mc.rowsum(H(One, R))) * S - H(One, R),
        a * A * R + 2 * diag(mc.rowsum(H(One, R))) * S + H(One, R) / 3,
    ],
    "label_by_label": [
        H(R, One - picked * mc.ones(1, m)),
        H(R, mc.exp(S), mc.rowsum(H(One, S, R, mc.exp(S))) * mc.ones(1, m) - H(One, S)),
        H(x, Label / (Label.T * x) - 1),
        H(x, mc.exp(x), (Label.T * H(x, mc.exp(x))) * mc.ones(m, 1) - Label),
    ],
    "adjugate_of_invertible": [V ** (k - 1) * mc.adj(V**k)],
    "power_of_mask": [mc.power(1 - mc.eye(n), 2), mc.power(mc.step(R), 3)],
    "mask_meets_mask": [
        raw("hadamard", R, mc.step(R), mc.step(R)),
        H(mc.step(R), S, 1 - mc.step(R)),
    ],
    "bracket_among_terms": [
        A * (B * R - S) - B * R + S,
        (R.T - S.T) * A + 2 * R.T - 2 * S.T + T * U * mc.matrix("J", p, n),
    ],
    "scalar_into_quotient": [
        R.T * mc.divide(u, one + mc.square(u) / b) / b,
        R.T * mc.divide(u - w, one + mc.square((u - w) / a)) / mc.power(a, 2),
    ],
}
