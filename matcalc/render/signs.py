"""Names of letters and signs in LaTeX, and what they look like in Unicode."""

from __future__ import annotations


def words(text: str) -> tuple[str, ...]:
    """The words of a table."""
    return tuple(text.split())


def pairs(text: str) -> dict[str, str]:
    """A table of words that stand side by side, as a mapping."""
    found = words(text)
    return dict(zip(found[::2], found[1::2], strict=True))


LETTERS = pairs("""
    alpha α  beta β  gamma γ  delta δ  epsilon ϵ  varepsilon ε  zeta ζ  eta η  theta θ  iota ι
    kappa κ  lambda λ  mu μ  nu ν  xi ξ  pi π  rho ρ  sigma σ  tau τ  upsilon υ  phi φ  chi χ
    psi ψ  omega ω  Gamma Γ  Delta Δ  Theta Θ  Lambda Λ  Xi Ξ  Pi Π  Sigma Σ  Upsilon Υ  Phi Φ
    Psi Ψ  Omega Ω  ell ℓ
""")
# Greek letters as they may stand in names, by their words; capitals that look Latin are Latin.
WORDS_OF = {sign: word for word, sign in LETTERS.items()} | {"ς": "varsigma", "ϑ": "vartheta"}
LATIN = pairs("Α A  Β B  Ε E  Ζ Z  Η H  Ι I  Κ K  Μ M  Ν N  Ο O  Ρ P  Τ T  Υ Y  Χ X  ο o")
SIGNS = (
    LETTERS
    | pairs("""
    odot ⊙  oslash ⊘  circ ∘  bullet •  otimes ⊗  cdot ·  times ×  partial ∂  nabla ∇  sum ∑
    prod ∏  top ᵀ  intercal ᵀ  prime ′  in ∈  dots …  ldots …  cdots ⋯  mid |  langle ⟨  rangle ⟩
    le ≤  leq ≤  ge ≥  geq ≥  ne ≠  neq ≠  approx ≈  to →  gets ←  leftarrow ←  rightarrow →
    Rightarrow ⇒  infty ∞  forall ∀  ast ∗  lfloor ⌊  rfloor ⌋  mapsto ↦  vdots ⋮  bmod mod
    { {  } }  | ‖  _ _  $ $  % %  # #  & &
""")
    | dict.fromkeys(words("Bigl Bigr bigl bigr displaystyle !"), "")
    | {"quad": "  ", "qquad": "    ", ",": " ", ";": " ", " ": " ", "\\": "\n"}
)
ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307", "vec": "\u20d7"}
FONTS = frozenset(
    words(
        "mathrm mathtt mathbf mathbb mathsf mathcal boldsymbol operatorname text mathit textbf bm"
    )
)
SUPER = pairs("""
    0 ⁰  1 ¹  2 ²  3 ³  4 ⁴  5 ⁵  6 ⁶  7 ⁷  8 ⁸  9 ⁹  + ⁺  - ⁻  = ⁼  ( ⁽  ) ⁾  i ⁱ  j ʲ  k ᵏ  l ˡ
    n ⁿ  T ᵀ  ᵀ ᵀ  ' '  ′ '  m ᵐ  a ᵃ  b ᵇ  c ᶜ  d ᵈ  e ᵉ  r ʳ  s ˢ  t ᵗ
""")
SUB = pairs("""
    0 ₀  1 ₁  2 ₂  3 ₃  4 ₄  5 ₅  6 ₆  7 ₇  8 ₈  9 ₉  + ₊  - ₋  = ₌  ( ₍  ) ₎  a ₐ  e ₑ  h ₕ  i ᵢ
    j ⱼ  k ₖ  l ₗ  m ₘ  n ₙ  o ₒ  p ₚ  r ᵣ  s ₛ  t ₜ  u ᵤ  v ᵥ  x ₓ  , ,
""")
