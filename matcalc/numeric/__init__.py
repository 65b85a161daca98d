"""Values at numbers: evaluation, differences, sample points, and the oracle that compares them."""
