"""From formulas to programs: a plan that knows linear algebra, and sources written from it.

``lower`` turns the interned graph of value, adjoints and gradients into terms that broadcast, by
constructors that know the algebra: ``products``, ``kronecker``, ``blocks`` and ``reductions``
(traces, sums and entries without the product), ``centring``, ``stable`` and ``logs`` (what would
cancel or overflow); ``chains`` orders products and puts solves for inverses; ``plan`` makes the
straight-line program; the writers make sources for NumPy, JAX and PyTorch. ``runtime`` is the only
place that runs one, on what ``given`` reads.
"""
