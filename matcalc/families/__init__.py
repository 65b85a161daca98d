"""Networks with families: the backward sweep through recurrences, its lines, numbers and code."""
