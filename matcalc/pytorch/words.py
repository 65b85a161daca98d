"""What the names of torch have in common: which are views, which keep yes and no, which may follow -inf."""

from matcalc.pytorch.questions import ASKS

# What looks at the same memory in another shape.
VIEWS = frozenset({
    "view", "reshape", "flatten", "transpose", "t", "T", "mT", "adjoint", "permute", "unsqueeze",
    "squeeze", "getitem", "select", "narrow", "chunk", "split", "unbind", "expand",
    "broadcast_to", "contiguous", "to", "float", "double", "type_as", "swapaxes", "swapdims",
    "movedim", "moveaxis", "unflatten", "view_as", "reshape_as", "expand_as", "ravel", "diagonal",
    "tensor_split", "Flatten", "Unflatten", "detach", "windows",
})  # fmt: skip
# What gives back the very tensor it got, where it is read at all.
SAME = frozenset({
    "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout",
    "Identity", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout",
    "FeatureAlphaDropout",
})  # fmt: skip
# Methods that are another thing than the function of their name.
METHODS = {"unfold": "windows"}
# Where an input may hold class numbers.
CLASSES = frozenset({
    "cross_entropy", "nll_loss", "embedding", "one_hot", "gather", "embedding_bag", "CrossEntropyLoss",
    "NLLLoss", "Embedding", "EmbeddingBag", "getitem", "index_select", "take_along_dim", "index_add",
    "scatter_add", "scatter",
})  # fmt: skip
# What leaves open whether an input holds numbers or classes.
OPEN = frozenset({
    "view", "reshape", "flatten", "squeeze", "unsqueeze", "getitem", "transpose", "t", "T", "mT",
    "permute", "contiguous", "clone", "long", "expand", "expand_as",
})  # fmt: skip
# What makes yes and no of yes and no.
LOGICAL = VIEWS | SAME | ASKS | frozenset({
    "tril", "triu", "cat", "concat", "concatenate", "stack", "flip", "roll", "repeat", "tile",
    "index_select", "repeat_interleave", "clone", "where", "masked_fill", "gather",
}) - {"to", "float", "double", "type_as"}  # fmt: skip
# Where a tensor filled with -inf may stand.
AFTER_MASK = SAME | VIEWS | frozenset({
    "add", "sub", "where", "tril", "triu", "scaled_dot_product_attention", "MultiheadAttention",
    "softmax", "log_softmax", "logsumexp", "contiguous", "clone", "to", "float", "double", "type_as",
    "cross_entropy", "nll_loss", "masked_fill", "Softmax", "LogSoftmax", "CrossEntropyLoss",
    "NLLLoss",
})  # fmt: skip
