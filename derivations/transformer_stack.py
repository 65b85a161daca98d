"""A stack of L transformer blocks with H heads each: one block, one rule."""

import sympy as sp

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """Tokens as rows; each block is attention and two dense layers, both with a way around them."""
    return mc.parse(
        """
        X : n x d
        Y : n x d
        param W_Q[l,h], W_K[l,h], W_V[l,h] : d x p
        param W_O[l,h] : p x d
        param W_1[l] : d x m
        param W_2[l] : m x d
        for l = 1..L:
            for h = 1..H:
                Q[l,h] = A[l-1]*W_Q[l,h]
                K[l,h] = A[l-1]*W_K[l,h]
                V[l,h] = A[l-1]*W_V[l,h]
                P[l,h] = softmax(Q[l,h]*K[l,h]'/sqrt(p))
                O[l,h] = P[l,h]*V[l,h]
            B[l] = A[l-1] + isum(O[l,h]*W_O[l,h], h, 1, H)
            A[l] = B[l] + relu(B[l]*W_1[l])*W_2[l]
            A[0] = X
        J = norm2(A[L] - Y)^2/(2*n)
        minimize J
        """
    )


def notes() -> Notes:
    """What to look at, the derivation, its check, and what a step costs."""
    D = mc.derive(network())
    page = Notes("A stack of L transformer blocks with H heads", "bracketed-layers")
    page.say(
        r"""
        Twelve blocks of twelve heads are the same page as one. What arrives at $A^{[l]}$ is what
        arrives at $B^{[l+1]}$ by the way around attention, and a sum over the heads. Each head
        has its own line, softmax included, and no line speaks of more than one block.
        """
    )
    page.derivation(D, detail="brief").check(D)
    forward, backward = (sp.latex(part.flops) for part in (D.cost().forward, D.cost().backward))
    return page.heading("Cost").say(f"Operations forwards: ${forward}$; backwards: ${backward}$.")


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
