"""The signs of operations: between operands, as Python writes them, and in a picture."""

from __future__ import annotations

__all__ = ["drawn", "infix"]

_SIGNS = {
    # by the public name: what stands between two operands, or "", and what stands in a picture
    "add": ("+", "+"),
    "sub": ("-", "−"),
    "mul": ("*", "×"),
    "div": ("/", "÷"),
    "pow": ("**", "uⁿ"),
    "mm": ("@", "@"),
    "matmul": ("@", "@"),
    "rsub": ("", "−"),
    "neg": ("", "−"),
    "square": ("", "u²"),
    "sqrt": ("", "√u"),
    "reciprocal": ("", "1/u"),
    "linear": ("", "x wᵀ + b"),
}


def infix(name: str) -> str:
    """What Python writes between two operands; "" for an operation that is a call."""
    return _SIGNS.get(name, ("", ""))[0]


def drawn(name: str) -> str:
    """What a picture writes: a sign, or the name."""
    return _SIGNS[name][1] if name in _SIGNS else name.replace("_", " ")
