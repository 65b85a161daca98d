# ruff: noqa: B018 - a cell ends with what it shows
# %% [markdown]
# # A tour in ten minutes
#
# Install it first, once, from a checkout: `pip install .`; in a notebook, `%pip install .`.
# Every cell below runs; so do the tests of this page.

# %%
import numpy as np

import matcalc as mc

# %% [markdown]
# ## A formula
#
# `*` is the matrix product, `'` the transpose, `.^` a power entry by entry. Shapes are inferred
# where they follow, and what was assumed is said.

# %%
f = mc.parse("sum((X*w - y).^2)/2")
print(f.assumed)
print(mc.gradient(f, "w"))
print(mc.hessian(f, "w"))

# %% [markdown]
# ## A network
#
# Named steps, one a line. The backward pass names what arrives at every step.

# %%
net = mc.parse("""
X : n x d
Y : n x 1
param W1 : d x h
param b1 : 1 x h
param W2 : h x 1
Z1 = X*W1 + ones(n,1)*b1
A1 = tanh(Z1)
Z2 = A1*W2
P = sigmoid(Z2)
L = -sum(Y.*log(P) + (1 - Y).*log(1 - P))/n
minimize L
""")
D = mc.derive(net)
D

# %% [markdown]
# Each line knows where it comes from. Here is one of them in full:

# %%
print(D.to_text(view="backprop", lines=["dZ1"], detail="full"))

# %% [markdown]
# ## Is it right?
#
# The closed form against differences of the forward pass, at random sizes:

# %%
report = D.check()
print(bool(report), "by", report.method)

# %% [markdown]
# ## Other views of the same thing
#
# The chain of Jacobians, and one entry with its sums.

# %%
print(D.to_text(view="chain", of="W2"))

# %%
print(mc.text(D.entry("W1", 0, 0)))

# %% [markdown]
# ## Layouts
#
# A layout is a change of dress at the end. In denominator layout (the default) a gradient has the
# shape of its variable.

# %%
A, x = mc.matrix("A", "m", "n"), mc.vector("x", "n")
print(mc.jacobian(A * x, x))
print(mc.jacobian(A * x, x, layout="numerator"))

# %% [markdown]
# ## A Python function
#
# Say the shapes; `@` is the matrix product, `*` goes entry by entry, and a row is broadcast in
# plain sight. The function still runs on arrays. (Linters take shapes for types: `noqa` helps.)


# %%
@mc.model(params="W b")
def layer(X: "n d", W: "d h", b: "1 h"):  # noqa: F722
    Z = X @ W + b
    return np.tanh(Z)


print(layer.to_text())
print(layer(np.ones((2, 3)), np.ones((3, 4)), np.zeros((1, 4))).shape)

# %%
mc.derive(layer)

# %% [markdown]
# ## Your own derivation
#
# Is this line right? If not, what happened?

# %%
print(D.verify("W2", "A1'*(P - Y)/n"))
print(D.verify("W2", "A1'*(P - Y)"))

# %% [markdown]
# ## For the lecture
#
# LaTeX that needs amsmath only, in the notation of your course.

# %%
print(D.to_latex(detail="brief", notation=mc.Notation(transpose="T", layer="(l)")))

# %% [markdown]
# ## Numbers
#
# Every step, every adjoint, every gradient.

# %%
rng = np.random.default_rng(0)
at = D.evaluate(
    {
        "X": rng.normal(size=(4, 2)),
        "Y": np.array([0, 1, 1, 0]),
        "W1": rng.normal(size=(2, 3)),
        "b1": np.zeros((1, 3)),
        "W2": rng.normal(size=3),
    }
)
print(round(at.value, 6))
print(at.gradients["W2"].round(6))

# %% [markdown]
# ## Where to go on
#
# [The mathematics](mathematics.md) in six moves, [conventions](conventions.md) and layouts,
# [from paper to code](paper-to-code.md), [verify your notes](verify-your-notes.md), and
# `matcalc gallery` for worked networks.
