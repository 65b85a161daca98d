"""Reading hand-written LaTeX. Syntax here; what a name means is settled by whoever asks."""
