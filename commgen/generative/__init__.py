"""Distributions of complex channels that one can fit, sample and invert."""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
