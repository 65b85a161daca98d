"""The views of one derivation: what each shows, and how lines are chosen."""

from __future__ import annotations

import time

import pytest

import matcalc as mc
from matcalc.errors import MatcalcError, UnknownNameError
from matcalc.indexform import entry_form
from matcalc.render.progressions import general, progressed
from tests.render.networks import deep, two_layers


@pytest.fixture(scope="module")
def D() -> mc.Derivation:
    return mc.derive(two_layers())


def shown(D: mc.Derivation, view: str = "backprop", **options) -> str:
    """The page as Unicode text."""
    return D.to_text(view, **options)


def test_backprop_names_what_arrives(D: mc.Derivation):
    """Adjoint by adjoint, each through a step, by a rule, with earlier lines."""
    said = shown(D)
    assert "∂L/∂W₂ = A₁ᵀ ∂L/∂Z₂" in said
    assert "Through (3) by d(AB) = (dA) B + A (dB) with (7):" in said


def test_shapes_stand_under_the_factors(D: mc.Derivation):
    """Each factor of a gradient shows its shape, unless not wanted."""
    assert r"\underbrace{X^{\top}}_{d \times n}" in D.to_latex()
    assert r"\underbrace" not in D.to_latex(detail="brief")
    assert r"\underbrace" not in D.to_latex(shapes=False)


def test_full_detail_shows_the_cancellation(D: mc.Derivation):
    """From what arrives to P - Y in the steps a person writes."""
    lines = [
        line.strip().split("    ")[0]
        for line in shown(D, detail="full", lines=["dZ2"]).splitlines()
    ]
    steps = [line for line in lines if line.startswith(("∂L/∂Z₂ =", "="))]
    assert len(steps) == 5
    assert steps[:2] == ["∂L/∂Z₂ = ∂L/∂P ⊙ σ'(Z₂)", "= ∂L/∂P ⊙ P ⊙ (1 − P)"]
    assert "(1 − Y) ⊘ (1 − P)" in steps[2]
    assert "⊘" not in steps[3]
    assert steps[4] == "= 1/n (P − Y)"


def test_every_step_of_a_trace_keeps_the_value():
    """Each law's line before and after is the same number at random values."""
    D = mc.derive(two_layers())
    at = {"Y": [[1.0], [0.0]], "P": [[0.3], [0.6]], "dP": [[0.2], [-0.4]]}
    for line in D.lines:
        if line.name != "dZ2":
            continue
        at["dP"] = mc.evaluate(D.line("dP").value, {k: at[k] for k in ("Y", "P")}, dims={"n": 2})
        values = [
            mc.evaluate(v, at, dims={"n": 2}) for law in line.steps for v in (law.before, law.after)
        ]
        assert all(abs(v - values[0]).max() < 1e-12 for v in values)
        assert line.steps[0].before is line.before
        assert line.steps[-1].after is line.value


def test_another_order_of_the_terms_is_no_step():
    """The last law of a softmax with cross-entropy ends in p - y, as the line does."""
    K = mc.dims("K")
    net = mc.Network("softmax")
    z, y = net.param("z", K, 1), net.input("y", K, 1)
    net.assume(mc.Q.cols_sum_to_one(y))
    p = net.let("p", mc.softmax(z))
    net.minimize(net.let("E", -(y.T * mc.log(p))))
    line = mc.derive(net).line("z")
    assert line.steps[-1].after is line.value
    assert "algebra" not in shown(mc.derive(net), detail="full", lines=["z"])
    assert "= p − y" in shown(mc.derive(net), detail="full", lines=["z"])


def test_the_chain_turns_round_with_the_layout():
    """Denominator layout multiplies from the variable, numerator layout from the output."""
    p, r, n = mc.dims("p r n")
    net = mc.Network("maps")
    y = net.let("y", mc.map("f", r)(net.param("x", p, 1)))
    net.output(net.let("z", mc.map("g", n)(y)))
    D = mc.derive(net)
    assert "∂z/∂x = ∂y/∂x ∂z/∂y" in shown(D, "chain")
    assert "∂z/∂x = ∂z/∂y ∂y/∂x" in shown(D, "chain", layout="numerator")
    assert r"\underbrace{J_{f}\left(x\right)^{\top}}_{p \times r}" in D.to_latex(view="chain") or (
        r"_{p \times r} \cdot" in D.to_latex(view="chain")
    )


def test_the_chain_says_why_its_forms_agree():
    """The diagonal form and the entrywise form, and the law between them."""
    n = mc.dims("n")
    net = mc.Network("tanh")
    a, v = net.param("a", n, 1), net.input("v", n, 1)
    net.minimize(v.T * net.let("z", mc.tanh(a)))
    said = shown(mc.derive(net), "chain")
    assert "diag(1 − z^⊙2)" in said
    assert "diag(u) v = u ⊙ v" in said


def test_differentials_end_in_the_gradient(D: mc.Derivation):
    """dL as a trace with dW, then the identification."""
    said = shown(D, "differential", lines=["W2"])
    assert "tr((∂L/∂Z₂)ᵀ dZ₂)" in said or "(∂L/∂Z₂)ᵀ dZ₂" in said
    assert "Hence:\n  ∂L/∂W₂ = A₁ᵀ ∂L/∂Z₂" in said


def test_a_differential_and_a_gradient_do_not_share_a_name(D: mc.Derivation):
    """Where code calls the gradient dZ, the view of differentials calls it by its ratio."""
    said = shown(D, "differential", lines=["W2"], notation="programmer")
    assert "dL = (∂L/∂Z^[2])ᵀ dZ^[2]" in said
    assert "∂L/∂W^[2] = A^[1]ᵀ ∂L/∂Z^[2]" in said
    assert "the gradient that is elsewhere called dX is written ∂L/∂X" in said
    assert "∂L" not in shown(D, "backprop", opening=False, notation="programmer")


def test_a_line_that_no_line_uses_is_dropped():
    """What arrives at the mean and the deviation of a norm is not in its three-term rule."""
    n, d = mc.dims("n d")
    net = mc.Network("norm")
    X = net.param("X", n, d)
    mu = net.let("mu", mc.mean(X, axis=1))
    C = net.let("C", X - mu * mc.ones(1, d))
    s = net.let("s", mc.sqrt(mc.mean(mc.square(C), axis=1)))
    net.output(net.let("N", mc.divide(C, s * mc.ones(1, d))))
    D = mc.derive(net)
    assert {"dmu", "ds"} <= {line.name for line in D.lines}
    assert [row.name for row in D.page().rows()][-2:] == ["dN", "dX"]
    assert {"dmu", "ds"} <= {row.name for row in D.page(detail="full").rows()}
    assert "dmu" in {row.name for row in D.page(lines=["dmu"]).rows()}


def test_a_line_brings_the_parts_that_it_mentions():
    """What has no name of its own is never left undefined."""
    net = mc.Network("inside")
    x, w = net.input("x"), net.param("w")
    net.minimize(net.let("f", 1 / (1 + mc.exp(-(w * x + net.param("b"))))))
    D = mc.derive(net)
    assert [row.name for row in D.page(lines=["w"]).rows()] == ["S1", "dw"]


def test_what_the_author_spells_out_stays_so():
    """1/(1 + exp(u)) has its derivative with exp, not with a function nobody introduced."""
    net = mc.Network("spelled out")
    x, w = net.input("x"), net.param("w")
    net.minimize(net.let("f", 1 / (1 + mc.exp(net.let("u", -(w * x))))))
    D = mc.derive(net)
    for view in ("backprop", "chain", "paths"):
        for detail in ("brief", "normal", "full"):
            said = shown(D, view, detail=detail)
            assert "exp(u)" in said
            assert "σ" not in said
    assert "(x exp(−w x))/((1 + exp(−w x))²)" in shown(D, "index", evaluated=True)


def test_an_entry_has_its_sum_and_its_range(D: mc.Derivation):
    """The generic entry, counted from 1 or from 0."""
    said = shown(D, "index", of="W1")
    assert "∑ᵣ₌₁ⁿ Xᵣᵢ" in said
    assert "i = 1, …, d, j = 1, …, h" in said
    assert "∑ᵣ₌₀ⁿ⁻¹" in shown(D, "index", of="W1", notation=mc.Notation(index_base=0))


def test_sums_inside_sums_count_by_letters_of_their_own(rng):
    """An entry of a nested product has the value of the entry, and no letter stands for two."""
    A, B, C = (mc.matrix(name, 3, 3) for name in "ABC")
    x = mc.vector("x", 3)
    at = {name: rng.normal(size=(3, 3)) for name in "ABC"} | {"x": rng.normal(size=3)}
    for whole in (A * B * C, A * mc.tanh(B * mc.exp(C * x)), mc.tanh(A * B) * mc.tanh(B * C)):
        one = mc.evaluate(entry_form(whole, 1, 0), at)
        assert one == pytest.approx(mc.evaluate(whole, at)[1, 0])
    number = x.T * B * mc.tanh(C * x)
    assert mc.evaluate(entry_form(number, 0, 0), at) == pytest.approx(mc.evaluate(number, at))


def test_a_free_index_is_no_letter_of_a_sum():
    """Where the sums of an entry need i, the entry itself is counted by other letters."""
    net = mc.Network("nested")
    x, W, v = net.input("x", 3, 1), net.param("W", 3, 3), net.input("v", 1, 3)
    y = net.let("y", v * mc.tanh(net.let("z", W * x)))
    net.minimize(mc.power(y, 2))
    said = shown(mc.derive(net), "index", of="W", evaluated=True)
    assert "∂L/∂Wⱼₖ" in said
    assert "∑ᵢ₌₁³ vᵢ tanh(∑ᵣ₌₁³ Wᵢᵣ xᵣ)" in said


def test_an_entry_can_be_opened(D: mc.Derivation):
    """With the remaining derivatives evaluated nothing is left to look up."""
    said = shown(D, "index", of="W2", evaluated=True)
    assert "σ(" in said


def test_two_paths_make_a_sum():
    """A variable that enters twice collects a term from each path."""
    net = mc.Network("paths")
    x = net.param("x")
    a, b = net.let("a", mc.sin(x)), net.let("b", mc.exp(x))
    net.minimize(net.let("L", a * b))
    said = shown(mc.derive(net), "paths")
    assert "along 2 paths" in said
    assert "∂L/∂a ∂a/∂x + ∂L/∂b ∂b/∂x" in said


def test_a_chain_of_what_arrives_from_above():
    """A residual block has no loss: its branches are those of what arrives at its output."""
    n = mc.dims("n")
    net = mc.Network("residual")
    x, W = net.param("x", n, 1), net.param("W", n, n)
    net.output(net.let("y", x + net.let("z", mc.tanh(W * x))))
    said = shown(mc.derive(net), "chain", of="x")
    assert "∂L/∂x = ∂z/∂x ∂L/∂z + ∂y/∂x ∂L/∂y" in said


def test_paths_to_an_output_that_is_no_number():
    """Each path ends with what arrives at the entry of the output that it leads to."""
    net = mc.Network("open")
    x, W = net.input("x", 2, 1), net.param("W", 2, 2)
    net.output(net.let("y", mc.tanh(net.let("z", W * x))))
    said = shown(mc.derive(net), "paths", of="W", entry=(0, 1))
    assert "∂L/∂W₁₂ = ∂L/∂y₁ ∂y₁/∂z₁ ∂z₁/∂W₁₂" in said
    assert "G₁ (1 − (y₁)²) x₂" in said


def test_a_direct_path_holds_the_others_fixed():
    """Where a variable enters the loss itself too, that partial derivative says what it holds."""
    net = mc.Network("direct")
    x, w = net.input("x"), net.param("w")
    s = net.let("s", w * x)
    net.minimize(net.let("E", mc.power(s, 2) / 2 + w**2))
    D = mc.derive(net)
    assert "∂E/∂w = ∂E/∂s ∂s/∂w + ∂E/∂w|ₛ" in shown(D, "chain")
    assert "∂E/∂w = ∂E/∂s ∂s/∂w + ∂E/∂w|ₛ" in shown(D, "paths")
    assert "dE = s x dw + 2 w dw" in shown(D, "differential")


def test_paths_of_an_entry_visit_only_what_depends_on_it():
    """Entry (1, 1) of the first layer passes through one hidden unit."""
    net = mc.Network("relu")
    X, W1, W2 = net.input("X", 3, 1), net.param("W1", 3, 2), net.param("W2", 2, 1)
    a = net.let("a", mc.relu(net.let("f", W1.T * X)))
    net.minimize(net.let("L", W2.T * a))
    assert "along one path" in shown(mc.derive(net), "paths", of="W1", entry=(1, 1))


def test_the_batch_is_a_sum_of_data(D: mc.Derivation):
    """One datum, the sum over all, the product that takes it, and where 1/n went."""
    said = shown(D, "batch")
    assert "∂L/∂W⁽" not in said
    assert "= ∑ᵣ₌₁ⁿ" in said
    assert "The mean puts 1/n" in said


def test_the_batch_of_a_loss_with_a_penalty():
    """What is no sum over the data stands behind the sum; a number in front goes to each term."""
    n, d = mc.dims("n d")
    net = mc.Network("ridge")
    X, w = net.input("X", n, d), net.param("w", d, 1)
    r = net.let("r", X * w - net.input("y", n, 1))
    net.minimize(net.let("J", r.T * r + w.T * w))
    said = shown(mc.derive(net), "batch")
    assert "∂J/∂w = ∑ᵢ₌₁ⁿ 2 X_{i,:}ᵀ rᵢ + 2 w" in said
    assert "The loss is a sum" in said


def test_the_paths_of_too_many_entries_are_refused():
    """Nobody follows a thousand entries; the message names the view for them."""
    net = mc.Network("wide")
    x = net.param("x", 40, 1)
    z = net.let("z", net.input("W", 40, 40) * x * x.T)
    net.minimize(net.let("L", mc.sum(z)))
    with pytest.raises(MatcalcError, match="index view"):
        shown(mc.derive(net), "paths", of="x", entry=(0, 0))


def test_vec_states_its_order(D: mc.Derivation):
    """Kronecker forms say that vec stacks columns, and in which layout they are."""
    said = shown(D, "vec", of="W1")
    assert "vec stacks columns" in said
    assert "⊗" in said


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"lines": ["W1", "W2"]}, ["dW2", "dW1"]),
        ({"lines": ["Z1"]}, ["Z1"]),
        ({"hide": ["P", "dP"], "stop_at": "dZ2"}, ["Z1", "A1", "Z2", "L", "dZ2"]),
    ],
)
def test_lines_are_chosen_by_name(D: mc.Derivation, options: dict, names: list[str]):
    """A variable means its gradient, a step its forward line; stop_at is the last line."""
    assert [row.name for row in D.page(**options).rows()] == names


def test_an_unknown_line_is_refused(D: mc.Derivation):
    """The message lists the lines."""
    with pytest.raises(UnknownNameError, match="dW1"):
        D.page(lines=["dQ"])


@pytest.mark.parametrize("options", [{"view": "tree"}, {"detail": "more"}, {"numbered": "some"}])
def test_an_unknown_option_is_refused(D: mc.Derivation, options: dict):
    """What there is stands in the message."""
    with pytest.raises(MatcalcError):
        D.page(**options)


def test_equal_layers_are_written_once():
    """Fifty layers are the first, the last and layer l; unfolded on request."""
    D = mc.derive(deep(50))
    said = shown(D)
    assert "For l = 2, …, 50:" in said
    assert "For l = 49, 48, …, 2:" in said
    assert len(list(D.page().rows())) < 20
    assert len(list(D.page(fold=False).rows())) > 200


def shows(D: mc.Derivation, view: str, **options) -> set[str]:
    """The variables that a view has a formula for."""
    names = (row.name for row in D.page(view, **options).rows())
    return {name.partition("_")[2].removeprefix("d") for name in names if name}


def test_a_very_long_chain_shows_its_ends():
    """Of a hundred factors the first and the last; all of them on request."""
    D = mc.derive(deep(50))
    row = next(r for r in D.page("chain").rows() if r.name == "chain_W1")
    assert r"\cdots" in row.latex
    assert row.latex.count(r"\underbrace") < 12
    row = next(r for r in D.page("chain", of="W1", fold=False).rows() if r.name == "chain_W1")
    assert r"\cdots" not in row.latex


def test_one_of_equal_layers_stands_for_all():
    """Chains, entries and Kronecker forms are shown of the first equal layer only; all on request."""
    D = mc.derive(deep(12))
    for view in ("chain", "index", "vec"):
        assert "The layers l = 11, 10, …, 2 are alike" in shown(D, view)
        assert shows(D, view) == {"W12", "W11", "W1"}
        assert shows(D, view, fold=False) == {f"W{k}" for k in range(1, 13)}
        assert shows(D, view, of="W5") == {"W5"}


def test_a_layer_of_nested_steps_is_folded():
    """What arrives inside a step has the number of the step, and is folded with it."""
    n, d = mc.dims("n d")
    net = mc.Network("nested")
    a, Y = net.input("X", n, d), net.input("Y", n, d)
    for k in range(1, 9):
        a = net.let(f"A{k}", mc.tanh(a * net.param(f"W{k}", d, d)))
    net.minimize(net.let("L", mc.squared_error(a, Y)))
    said = shown(mc.derive(net))
    assert "For l = 7, 6, …, 2:" in said
    assert "Sₗ = ∂L/∂Aₗ ⊙ (1 − Aₗ^⊙2)" in said
    assert "∂L/∂Wₗ = Aₗ₋₁ᵀ Sₗ" in said


def test_fifty_layers_are_rendered_in_every_format():
    """Every format of a document of fifty layers; the seconds together are printed."""
    D = mc.derive(deep(50))
    start = time.process_time()
    D.to_latex(document=True, detail="full")
    D.to_html()
    D.to_markdown(layout="numerator")
    D.to_text("index")
    print(f"fifty layers in four formats: {time.process_time() - start:.2f} s")


def test_a_page_in_numerator_layout_lies_on_its_side(D: mc.Derivation):
    """Every line is transposed as a whole, and the page says so."""
    said = shown(D, layout="numerator", detail="brief")
    assert "∂L/∂W₂ = ∂L/∂Z₂ A₁" in said
    assert "Numerator layout" in said


def stack(blocks: int, heads: int) -> mc.Network:
    """Transformer blocks on top of one another."""
    T, d, h = mc.dims("T d h")
    net = mc.Network("stack")
    X = net.input("X", T, heads * d)
    for k in range(blocks):
        X = mc.blocks.transformer(
            net, X, heads, h, width=heads * d, causal=True, norm="rms", name=str(k + 1)
        )
    net.output(X, upstream="G")
    return net


def test_a_stack_of_blocks_is_one_block_and_one_rule():
    """One block takes a page of sixty lines; twelve take less than two, and heads add a few."""
    one = mc.derive(stack(1, 1)).to_text(detail="brief").splitlines()
    twelve = mc.derive(stack(12, 1)).to_text(detail="brief").splitlines()
    both = mc.derive(stack(5, 4)).to_text(detail="brief")
    print(f"lines: 1 block {len(one)}, 12 blocks {len(twelve)}, 5 of 4 heads {both.count(chr(10))}")
    assert len(one) <= 60
    assert len(twelve) <= 120
    assert both.count("\n") <= 120
    assert "For l = 5, 4, …, 1 and i = 4, 3, …, 1:" in both
    assert "∑ⱼ₌₁⁴ Oⱼ,ₐ,ₗ W_{O,j,a,l}" in both


def test_what_is_folded_can_be_seen_in_full():
    """Without folding every layer and every head has its lines."""
    D = mc.derive(stack(4, 4))
    assert len(list(D.page(fold=False).rows())) > 200
    assert len(list(D.page().rows())) < 120


def test_numbers_that_do_not_move_with_the_layer_stay():
    """The layer is what changes from neighbour to neighbour; factors, parts and heads are not."""
    assert general(r"2 W_{3,1}^{2} A_{2}", r"2 W_{4,1}^{2} A_{3}", "l", 3) == (
        r"2 W_{l,1}^{2} A_{l-1}"
    )
    assert general(r"x_{a3}", r"x_{a4}", "l", 3) == r"x_{a,l}"
    assert progressed("a_{1} b_{5}", "a_{2} b_{4}") is None
    assert progressed("a_{1}", "a_{3}") is None
    assert progressed("a_{3} b_{2}", "a_{2} b_{1}") == (3, -1)


def test_layers_numbered_by_two_are_no_run():
    """Z2, Z4, Z6, ... are not layer l of l = 2, ..., 12: nothing is folded, nothing is lost."""
    n, d = mc.dims("n d")
    net = mc.Network("even")
    A = net.input("X", n, d)
    for k in range(2, 14, 2):
        W = net.param(f"W{k}", d, d)
        A = net.let(f"A{k}", mc.tanh(net.let(f"Z{k}", A * W)))
    net.minimize(net.let("L", mc.sum(mc.square(A)) / 2))
    D = mc.derive(net)
    assert "For l" not in D.to_text()
    assert len(list(D.page().rows())) == len(list(D.page(fold=False).rows()))


def test_the_number_of_a_datum_is_no_name() -> None:
    """Residuals called r are numbered by another letter, in sums too; and what has a row for each
    datum is no sum over them."""
    net = mc.parse("X : n x d; y : n x 1; param w : d x 1; r = X*w - y; L = r'*r/(2*n); minimize L")
    D = mc.derive(net)
    assert "∂L/∂w = ∑ᵢ₌₁ⁿ X_{i,:}ᵀ ∂L/∂rᵢ" in shown(D, "batch")
    assert "∂L/∂wᵢ = ∑ⱼ₌₁ⁿ Xⱼᵢ ∂L/∂rⱼ" in shown(D, "index")
    net = mc.parse(
        "X : n x d; Y : n x k; param W : d x k; Z = X*W; P = softmax(Z); L = -sum(Y.*log(P))"
    )
    assert "diag(" not in shown(mc.derive(net), "batch")


def test_vec_uses_the_factor_it_has_shown() -> None:
    """The Jacobian stands in the product as on the line above."""
    net = mc.parse("A : m x p; x : p x 1; param W : m x m; z = W*A*x; L = z'*z; minimize L")
    said = shown(mc.derive(net), "vec")
    assert "(∂vec z)/(∂vec W) = (A x) ⊗ Iₘ" in said
    assert "vec ∂L/∂W = 2 ((A x) ⊗ Iₘ) z" in said


def test_words_that_run_together_are_set_apart() -> None:
    """XWz would read as three factors."""
    net = mc.parse("X : n x d; param Wz : d x h; param Uz : h x h; Y = X*Wz*Uz")
    assert r"X \, \mathrm{Wz} \, \mathrm{Uz}" in mc.latex(net.expression)
