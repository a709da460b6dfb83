"""Where a nan or an infinity comes from: what each operation does at the edge of what it takes, and what to write.

After this module a reader knows why a gradient becomes nan though the loss is a number: a slope is infinite at a single point,
as that of sqrt is at 0, and 0 times infinity is nan.
"""

from __future__ import annotations

__all__ = ["cure_of", "reason_of"]

_REASONS = {
    **dict.fromkeys(
        ("sqrt", "norm", "vector_norm", "linalg_norm", "linalg_vector_norm", "std", "pow", "cdist", "pairwise_distance"),
        "its slope at 0 is infinite, and infinity times 0 is nan. Keep what goes into it above 0, as by clamp(min=1e-12)",
    ),
    **dict.fromkeys(
        ("log", "log2", "log10", "log1p", "logit", "xlogy"),
        "its slope at 0 is infinite. Keep what goes into it above 0, as by clamp(min=1e-12), or use log_softmax or a loss of "
        "logits",
    ),
    **dict.fromkeys(
        ("div", "true_divide", "reciprocal", "rsqrt"),
        "something is divided by 0. Add a small number below, as in x / (y + 1e-12)",
    ),
    **dict.fromkeys(
        ("acos", "arccos", "asin", "arcsin", "atanh", "arctanh"),
        "its slope at -1 and 1 is infinite. Keep what goes into it between them, as by clamp(-1 + 1e-6, 1 - 1e-6)",
    ),
    **dict.fromkeys(
        ("exp", "exp2", "expm1", "sinh", "cosh"),
        "its numbers are too large for the dtype. Subtract the largest first, or use logsumexp, softmax or log_softmax",
    ),
}


def cure_of(name: str) -> str:
    """What to write where an operation's result is nan or infinite already, as far as that is known; else ""."""
    return _REASONS.get(name, "").partition(". ")[2]


def reason_of(name: str) -> str:
    """Why the slope of an operation is nan or infinite, and what to write, as far as that is known; else ""."""
    reason = _REASONS.get(name, "")
    return f"{reason}. A where() around it comes too late: both of its branches are computed" if reason else ""
