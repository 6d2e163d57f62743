"""Comparisons that a command repeats: families, estimators, receivers, validation."""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
