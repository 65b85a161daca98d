"""Networks from PyTorch modules: ``mc.from_torch(module, shapes)`` (needs the extra ``[torch]``).

``torch.fx`` traces the module; every operation it meets is read at once with known shapes, and what
has no reading is named with the path of the module in which it stands. torch is imported only when
``from_torch`` is called.
"""

from matcalc.pytorch.network import TorchNetwork, from_torch

__all__ = ["TorchNetwork", "from_torch"]
