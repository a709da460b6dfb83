"""The graph's own type, for those who want to ask whether something is a node."""

from autodiff._node import Node

__all__ = ["Node"]
