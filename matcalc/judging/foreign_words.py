"""Words of German, French, Spanish and Italian notes that bear on what a formula means.

Only what the reading of prose looks for is translated: properties of matrices, shapes, ranges. The
rest stays as it is.
"""

from __future__ import annotations

import re

WORDS = {
    r"symétriques?|symmetrische[rnms]?|symmetrisch|simétricas?|simmetric(?:a|he)": "symmetric",
    r"définies? positives?|positiv[- ]definite?[rnms]?|definidas? positivas?": "positive definite",
    r"orthogonal(?:e[rnms]?|es)|ortogonal(?:es|i)?": "orthogonal",
    r"diagonal(?:e[rnms]?|es)|Diagonalmatrix": "diagonal",
    r"inversibles?|invertierbare?[rnms]?|reguläre?[rnms]?|invertibles": "invertible",
    r"carrée|quadratische?[rnms]?|cuadrada|quadrata": "square",
    r"réelle|reelle[rnms]?": "real",
    r"est|ist|sei|soit|sea|sia|es|è": "is",
    r"sont|sind|seien|soient|sean|son|sono": "are",
    r"une|un|eine[rnms]?|ein|una": "a",
    r"matrices|Matrizen|matrici": "matrices",
    r"Matrix|matriz|matrice": "matrix",
    r"vecteur|Vektor|vettore": "vector",
    r"für|pour|para|per": "for",
    r"alle|tous?|tout|toutes|todos?": "all",
    r"et|und|e|y": "and",
    r"avec|mit|con": "with",
    r"où|wobei|donde|dove": "where",
    r"scalaire|Skalar|escalar|scalare": "scalar",
}
PATTERNS = [(re.compile(rf"(?<![\w$])(?:{old})(?![\w$])", re.I), new) for old, new in WORDS.items()]
FOREIGN = re.compile(r"\b(?:und|der|die|das|ist|sei|wir|et|les?|des?|est|soit|una?|el|los?|il)\b")


def in_english(prose: str) -> str:
    """The prose with the words that matter translated, where it looks foreign at all."""
    if not FOREIGN.search(prose):
        return prose
    for pattern, new in PATTERNS:
        prose = pattern.sub(new, prose)
    return prose
