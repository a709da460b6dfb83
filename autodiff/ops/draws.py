"""Numbers that are drawn at random for given parameters: they have no slope.

After this module a reader knows that a gradient through a count is zero, and not an error: PyTorch's programs pass by it.
"""

from __future__ import annotations

from autodiff._core.graph import flat, primitive


@primitive(flat, says="How often something happens is a whole number: no small change of its chance moves it.")
def counted(input, *, values):
    """The whole numbers that were drawn."""
    return values


@primitive(flat, flat, name="Normal", says="The number is drawn, not computed: nothing passes to its mean and its deviation.")
def drawn_around(mean, std, *, values):
    """The normal numbers that were drawn."""
    return values
