"""The page on your own machine: a small server on the loopback address, and nothing else."""
