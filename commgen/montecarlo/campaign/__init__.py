"""Many experiments from one file, and what is done with finished ones."""

from commgen._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
