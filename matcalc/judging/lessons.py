"""What each class of slip means, in a sentence or two for the one who made it."""

from __future__ import annotations

from matcalc.judging import slips as e

LESSONS: dict[str, str] = {
    e.TRANSPOSE: "One factor is transposed where it should not be, or not where it should: the "
    "shapes of neighbours must meet, and the result has the shape of the left side.",
    e.LAYOUT: "The line gives the transpose of the whole: it is written in another layout than "
    "the rest of the page.",
    e.ORDER: "The factors stand in the wrong order: a matrix product does not commute, and what "
    "stood on the left in the forward formula comes back transposed on the left.",
    e.SIGN: "A sign is wrong: an inner derivative of -1 was forgotten, or a difference was turned "
    "round.",
    e.BRACKET: "A bracket is missing: as it stands the product takes only its nearest neighbour, "
    "not the whole sum or product that is meant.",
    e.HADAMARD: "These two meet entry by entry, not as a matrix product: an activation acts on "
    "every entry for itself.",
    e.MATRIX: "This is a matrix product, not an entrywise one: the forward formula sums over the "
    "inner index, so does its derivative.",
    e.SLOPE_MISSING: "The function itself stands where its derivative belongs: the chain rule "
    "multiplies by the slope f'.",
    e.SLOPE_EXTRA: "The derivative stands where the function itself belongs.",
    e.ARGUMENT: "The function is taken at the wrong argument: a slope is taken at the "
    "pre-activation, where the function was applied in the forward pass.",
    "wrong variable": "Another quantity stands where this one belongs: look up in the forward pass "
    "what the variable is multiplied with.",
    e.LAYER: "A layer is off by one: follow the forward pass and see which layer's value the "
    "factor was multiplied with.",
    e.INDEX: "The two indices are swapped: check which of them counts the rows.",
    e.WRONG_INDEX: "A wrong index: an index that is summed over may not stand outside its sum, and "
    "the free indices of both sides are the same.",
    e.RANGE: "The sum runs over the wrong range: some terms are left out or do not exist.",
    e.LOST: "A factor of the chain rule got lost.",
    e.EXTRA: "There is a factor too many.",
    e.LOST_TERM: "A term got lost: every term of what is differentiated that holds the variable "
    "gives one.",
    e.EXTRA_TERM: "There is a term too many.",
    e.BATCH: "The sum over the data is missing: what is used by every row collects a contribution "
    "from every row.",
    e.SUM_MISSING: "The sum is missing: the variable acts on several entries, and the chain rule "
    "adds up what comes back from all of them.",
    e.SUM_EXTRA: "Nothing is to be summed here: the variable acts on this one entry only.",
    e.DIAG: "A vector stands where the diagonal matrix of it belongs: the Jacobian of a function "
    "that acts entry by entry is diagonal.",
    e.TRACE: "The trace is missing: the left side is a number, what stands inside is a matrix.",
    e.SUM_FOR_PRODUCT: "There is a product where a sum belongs.",
    e.PRODUCT_FOR_SUM: "There is a sum where a product belongs.",
    e.PRODUCT_RULE: "One half of the product rule is missing: the variable occurs more than once, "
    "and every occurrence gives a term.",
    e.ONE_PATH: "The variable acts along several paths, and the chain rule adds up all of them; "
    "one is missing.",
    e.DIAGONAL_ONLY: "The softmax mixes its entries: every output depends on every input, so the "
    "entries off the diagonal, -p_i p_j, do not vanish.",
    e.INVERSE: "An inverse is missing, or there is one too many.",
    e.POWER: "An exponent is wrong.",
    e.SHAPE: "The shape is that of the forward formula, or that of the variable for the gradient of "
    "a number: rows first, then columns.",
    e.OTHER: "No single small change makes the line true; the correction says what the left side "
    "comes to.",
    "lost 1/": "The mean over the data was lost: the factor of the loss stays in front of every "
    "gradient.",
    "lost factor ": "A factor got lost on the way: what stands in front stays there, and an outer "
    "power or root brings a factor of its own.",
    "extra factor ": "There is a factor too many: nothing in the forward formula brings it in.",
    "extra 1/": "It is divided once too often.",
    "range too short": "Right entry by entry, but the index runs further.",
    "range too long": "Some of the entries do not exist.",
}


def lesson(slip: str) -> str:
    """The sentence for a class of slip; for several, the sentence for the first."""
    first = slip.split("; ")[0].partition(":")[0]
    if first in LESSONS:
        return LESSONS[first]
    fitting = [key for key in LESSONS if first.startswith(key)]
    return LESSONS[max(fitting, key=len)] if fitting else ""
