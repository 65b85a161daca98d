"""From formulas to programs: a plan that knows linear algebra, and sources written from it.

``lower`` turns the interned graph of value, adjoints and gradients into terms that broadcast;
``algebra`` rewrites them (traces, diagonals, sums and entries of products without the product);
``chains`` orders products and puts solves for inverses; ``plan`` makes the straight-line program;
the writers make sources for NumPy, JAX and PyTorch. ``runtime`` is the only place that runs one.
"""
