"""What a user without PyTorch meets."""

from __future__ import annotations

import builtins
from typing import Any

import pytest

import matcalc as mc


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    """No traceback of an import: the way to mend it."""
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.split(".")[0] == "torch":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(mc.MatcalcError, match=r"matcalc\[torch\]"):
        mc.from_torch(object(), {})
